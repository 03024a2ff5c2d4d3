"""Which samples each step of a run sees, and where the run looks up to report."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ms_dnn.errors import DataError
from ms_dnn.runtime.seeding import stream


@dataclass(frozen=True)
class Plan:
    """The steps of a run: known from the start, a function of the seed alone.

    An epoch is ⌊samples / batch_size⌋ steps over a permutation of the samples drawn for that epoch; the few that
    are left over when the batch size does not divide are others in every epoch. If they are not to be dropped, they
    make one step more, filled up with the epoch's first samples: all batches have one size, for which the loop is
    compiled. Batch gradient descent (batch_size = samples) takes the samples in their order. A stretch is the steps
    from one report to the next.

    Attributes:
        samples: number M of training samples.
        batch_size: number N of samples of one step.
        total_steps: steps of the whole run (MAX, when the run counts iterations).
        epochs_per_report: epochs of a stretch.
        seed: seed of the run.
        drop_remainder: whether an epoch leaves out what does not fill a batch.

    Raises:
        DataError: when a batch is larger than the data.
    """

    samples: int
    batch_size: int
    total_steps: int
    epochs_per_report: int
    seed: int
    drop_remainder: bool = True

    def __post_init__(self) -> None:
        if self.batch_size > self.samples:
            raise DataError(
                f"training.batch_size: got {self.batch_size}, but there are only {self.samples} training samples: "
                f"expected at most {self.samples}, or 'all'"
            )

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        whole, remainder = divmod(self.samples, self.batch_size)
        return whole + (remainder > 0 and not self.drop_remainder)

    @property
    def stretch(self) -> int:
        """Steps from one report to the next, the last stretch of the run perhaps excepted."""
        return min(self.epochs_per_report * self.steps_per_epoch, self.total_steps)

    def stretch_of(self, step: int) -> tuple[int, int]:
        """Return the first step of the stretch that ``step`` lies in, and the first one after it."""
        first = step - step % self.stretch
        return first, min(first + self.stretch, self.total_steps)

    def batches(self, first: int, count: int | None = None) -> NDArray[np.int32]:
        """Return the samples of ``count`` steps from ``first`` on, (count, N); those of a stretch if not given.

        That is always of full length, so that the compiled loop sees one shape; a last, shorter stretch ends early.
        """
        steps = np.arange(first, first + (count or self.stretch))
        epochs = [self._epoch(epoch) for epoch in range(steps[0] // self.steps_per_epoch, self.epoch_of(steps[-1]))]
        return np.concatenate(epochs)[steps - steps[0] + steps[0] % self.steps_per_epoch]

    def epoch_of(self, step: int) -> int:
        """Return the number, counted from 1, of the epoch that ``step`` lies in."""
        return step // self.steps_per_epoch + 1

    def _epoch(self, epoch: int) -> NDArray[np.int32]:
        order = np.arange(self.samples, dtype=np.int32)
        if self.batch_size < self.samples:
            order = _order(self.seed, self.samples, epoch)
        used = self.steps_per_epoch * self.batch_size
        return np.resize(order, used).reshape(self.steps_per_epoch, self.batch_size)


@lru_cache(maxsize=2)  # a stream asks for a part of an epoch at a time
def _order(seed: int, samples: int, epoch: int) -> NDArray[np.int32]:
    order: NDArray[np.int32] = stream(seed, "batches", epoch).permutation(samples).astype(np.int32)
    order.flags.writeable = False
    return order
