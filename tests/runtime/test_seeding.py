"""Streams depend on their seed, name and counters and on nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.runtime.seeding import stream

KEYS = st.tuples(st.integers(0, 2**63), st.text(max_size=8), st.lists(st.integers(0, 2**31), max_size=3).map(tuple))


def first_numbers(key):
    seed, name, counters = key
    return stream(seed, name, *counters).integers(0, 2**63, 4).tolist()


@given(KEYS, st.integers(0, 50))
def test_the_same_key_gives_the_same_numbers_whatever_was_taken_before(key, taken):
    wanted = first_numbers(key)
    stream(0, "somebody else").normal(size=taken)
    np.random.default_rng(0).normal(size=taken)
    assert first_numbers(key) == wanted


def test_another_seed_name_or_counter_gives_others():
    keys = [
        (0, "batches", (0,)),
        (1, "batches", (0,)),
        (0, "initial weight", (0,)),
        (0, "batches", (1,)),
        (0, "batches", (1, 0)),
        (0, "mask", (0, 1)),
        (0, "mask", (1, 0)),
        (0, "mask", (1, 1)),
    ]
    assert len({tuple(first_numbers(key)) for key in keys}) == len(keys)


def test_the_numbers_stay_those_of_the_first_release():
    """Otherwise an old run folder could not be resumed."""
    assert stream(0, "batches", 3).integers(0, 1000, 5).tolist() == [508, 283, 198, 789, 598]
