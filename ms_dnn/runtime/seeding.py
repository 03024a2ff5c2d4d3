"""Random numbers from one seed through named streams.

A stream depends on the seed, its name and its counters alone, and not on how many random numbers were taken elsewhere:
that is what makes a resumed run bit-identical to an uninterrupted one.
"""

import zlib

import numpy as np


def stream(seed: int, name: str, *counters: int) -> np.random.Generator:
    """Return the generator of the stream ``name`` at ``counters`` (an epoch, a layer, …).

    Philox is a counter-based generator, so that making one costs microseconds.
    """
    # Their number belongs to the key: NumPy pads with zeros, and (1,) would be (1, 0).
    key = np.random.SeedSequence((seed, zlib.crc32(name.encode()), len(counters), *counters))
    return np.random.Generator(np.random.Philox(key))
