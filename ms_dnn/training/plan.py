"""Which samples each step of a run sees, and after which steps the run reports."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from ms_dnn.errors import DataError
from ms_dnn.runtime.seeding import stream


@dataclass(frozen=True)
class Plan:
    """The steps of a run: known from the start, a function of the seed alone.

    An epoch is ⌊samples / batch_size⌋ steps over a random permutation of the samples; the few that are left over when
    the batch size does not divide are others in every epoch. :meth:`evenly_batched` leaves none over. Batch gradient
    descent (batch_size = samples) takes the samples in their order. A report interval is the steps from one report to
    the next.

    Attributes:
        samples: number M of training samples.
        batch_size: number N of samples of one step.
        total_steps: steps of the whole run (MAX, when the run counts iterations).
        epochs_per_report: epochs of a report interval.
        seed: seed of the run.
        padding: rows M, M + 1, … that are no samples; each epoch has them among its batches, at most one a step.

    Raises:
        DataError: when a batch is larger than the data.
    """

    samples: int
    batch_size: int
    total_steps: int
    epochs_per_report: int
    seed: int
    padding: int = 0

    def __post_init__(self) -> None:
        if self.batch_size > self.samples:
            raise DataError(
                f"training.batch_size: got {self.batch_size}, but there are only {self.samples} training samples: "
                f"expected at most {self.samples}, or 'all'"
            )

    @classmethod
    def evenly_batched(cls, samples: int, most: int, epochs: int, seed: int) -> Self:
        """Return the plan that sees every sample once an epoch, in batches of one size, at most ``most``.

        An epoch is ⌈samples / most⌉ steps, and the samples are distributed over them as evenly as can be. What is
        missing for batches of one size, for which the loop is compiled, is padding.
        """
        steps = -(-samples // most)
        batch_size = -(-samples // steps)
        return cls(samples, batch_size, epochs * steps, 1, seed, steps * batch_size - samples)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        return (self.samples + self.padding) // self.batch_size

    @property
    def report_interval(self) -> int:
        """Steps from one report to the next, the last interval of the run perhaps excepted."""
        return min(self.epochs_per_report * self.steps_per_epoch, self.total_steps)

    def interval_of(self, step: int) -> tuple[int, int]:
        """Return the first step of the report interval that ``step`` lies in, and the first one after it."""
        first = step - step % self.report_interval
        return first, min(first + self.report_interval, self.total_steps)

    def batches(self, first: int, count: int | None = None) -> NDArray[np.int32]:
        """Return the samples of ``count`` steps from ``first`` on, (count, N).

        Without a count those of a report interval, and always as many, so that the compiled loop sees one shape; the
        last interval may end before.
        """
        steps = np.arange(first, first + (count or self.report_interval))
        epochs = [self._epoch(epoch) for epoch in range(steps[0] // self.steps_per_epoch, self.epoch_of(steps[-1]))]
        return np.concatenate(epochs)[steps - steps[0] + steps[0] % self.steps_per_epoch]

    def epoch_of(self, step: int) -> int:
        """Return the number, counted from 1, of the epoch that ``step`` lies in."""
        return step // self.steps_per_epoch + 1

    def _epoch(self, epoch: int) -> NDArray[np.int32]:
        order = np.arange(self.samples, dtype=np.int32)
        if self.batch_size < self.samples:
            order = _order(self.seed, self.samples, epoch)
        if self.padding:
            padding = np.arange(self.samples, self.samples + self.padding, dtype=np.int32)
            return np.append(order, padding).reshape(self.batch_size, self.steps_per_epoch).T
        return order[: self.steps_per_epoch * self.batch_size].reshape(self.steps_per_epoch, self.batch_size)


@lru_cache(maxsize=2)  # a stream asks for a part of an epoch at a time
def _order(seed: int, samples: int, epoch: int) -> NDArray[np.int32]:
    order: NDArray[np.int32] = stream(seed, "batches", epoch).permutation(samples).astype(np.int32)
    order.flags.writeable = False
    return order
