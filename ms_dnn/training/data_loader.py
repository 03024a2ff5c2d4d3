"""What the compiled loop trains on: all samples, which stay in memory, or chunks of a stream of them."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.runtime.distributed import ALONE, Workers
from ms_dnn.runtime.precision import numpy_dtype
from ms_dnn.training.plan import Plan

CHUNK_BYTES = 2**24
"""Of the inputs of a chunk, at most; a stream holds two, one in use and one in the making."""
VALUES_IN_CACHE = 2**18
"""Values that are fetched, encoded and cast at a time."""


@dataclass(frozen=True)
class Batches:
    """Steps that can be trained without another look at the host, in the dtype of the network.

    Attributes:
        first: number of the first step.
        end: number of the first step that is not in it.
        x: inputs, (K, n[0]).
        y: targets, (K, n[L]), with weights where the cost is weighted.
        rows: the rows of x and y of each step, int32 (steps, N).
    """

    first: int
    end: int
    x: Tensor
    y: Tensor
    rows: Tensor


class DataLoader:
    """Loads the mini-batches of a plan from samples that are all on the device, a report interval at a time.

    All that it returns has the same shapes, so that there is one graph.

    Args:
        plan: the steps.
        x: inputs, (M, n[0]).
        y: targets, (M, n[L]).
        workers: the processes that share each mini-batch; each loads its own share.

    Attributes:
        steps: loaded at a time; of the last ones of a report interval fewer may be due.
        dtype: MindSpore dtype of what is loaded.
    """

    def __init__(self, plan: Plan, x: Any, y: Any, workers: Workers = ALONE) -> None:
        self.plan, self.x, self.y, self.workers = plan, x, y, workers
        self.steps, self.dtype = plan.report_interval, x.dtype

    def load(self, step: int) -> Batches:
        """Return the mini-batches that ``step`` is among."""
        first, end = self.plan.interval_of(step)
        return Batches(first, end, self.x, self.y, Tensor(self.workers.shard_of(self.plan.batches(first))))

    def mini_batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return x and y of a step's whole mini-batch, with the samples of the other workers."""
        rows = Tensor(self.plan.batches(step, 1)[0])
        return self.x[rows], self.y[rows]

    def close(self) -> None:
        """End the threads, if there are any."""


class StreamingLoader(DataLoader):
    """Fetches the samples for the steps that need them, in the order in which they are needed.

    A report interval is divided into chunks of equally many steps. While one is trained on, a thread fetches, encodes
    and casts the samples of the next. The steps see what they would see of samples in memory, to the bit.
    """

    def __init__(self, plan: Plan, x: LazyRows, y: LazyRows, dtype: Any, workers: Workers = ALONE) -> None:
        self.plan, self.x, self.y, self.dtype, self.workers = plan, x, y, dtype, workers
        self._numpy_dtype = numpy_dtype(dtype)
        share = plan.batch_size // workers.number
        step_bytes = share * x.shape[1] * self._numpy_dtype.itemsize
        chunks = -(-plan.report_interval * step_bytes // CHUNK_BYTES)
        self.steps = -(-plan.report_interval // min(chunks, plan.report_interval))
        # Of each chunk its samples lie in the order of its steps.
        self._rows = Tensor(np.arange(self.steps * share, dtype=np.int32).reshape(self.steps, share))
        self._thread = ThreadPoolExecutor(1, "samples")
        self._next: tuple[int, Future[tuple[NDArray[Any], NDArray[Any]]]] | None = None

    def load(self, step: int) -> Batches:
        """Return the chunk that ``step`` lies in, and begin to fetch the one after it."""
        first = self._first(step)
        if self._next is None or self._next[0] != first:
            self._next = first, self._thread.submit(self._fetch, first)
        x, y = self._next[1].result()
        end = self._end(first)
        self._next = (end, self._thread.submit(self._fetch, end)) if end < self.plan.total_steps else None
        return Batches(first, end, Tensor(x), Tensor(y), self._rows)

    def mini_batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return x and y of a step's whole mini-batch."""
        rows = self.plan.batches(step, 1)[0]
        return Tensor(self._cast(self.x, rows, len(rows))), Tensor(self._cast(self.y, rows, len(rows)))

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _first(self, step: int) -> int:
        first, _ = self.plan.interval_of(step)
        return step - (step - first) % self.steps

    def _end(self, first: int) -> int:
        return min(first + self.steps, self.plan.interval_of(first)[1])

    def _fetch(self, first: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the samples of the chunk that begins at step ``first``; zeros where the interval ends before it."""
        rows = self.workers.shard_of(self.plan.batches(first, self._end(first) - first)).reshape(-1)
        return self._cast(self.x, rows, self._rows.size), self._cast(self.y, rows, self._rows.size)

    def _cast(self, source: LazyRows, rows: NDArray[np.int32], length: int) -> NDArray[Any]:
        cast = np.zeros((length, source.shape[1]), self._numpy_dtype)
        at_once = max(1, VALUES_IN_CACHE // source.shape[1])
        for begin in range(0, len(rows), at_once):
            part = rows[begin : begin + at_once]
            cast[begin : begin + len(part)] = source[part]
        return cast


def data_loader(plan: Plan, x: Any, y: Any, dtype: Any, workers: Workers = ALONE) -> DataLoader:
    """Return the data loader for samples x (M, n[0]) and y (M, n[L]): a stream where they are lazy."""
    if isinstance(x, LazyRows) and isinstance(y, LazyRows):
        return StreamingLoader(plan, x, y, dtype, workers)
    return DataLoader(plan, Tensor(x, dtype), Tensor(y, dtype), workers)
