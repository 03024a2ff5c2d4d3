"""The workers of a run: processes, each with its own device, that train one network on shards of every mini-batch.

MindSpore's ``msrun`` starts them; each learns from its environment that it is one. They exchange numbers by MindSpore's
collective communication: HCCL on Ascend, NCCL on GPU, MindSpore's own ``mccl`` on CPU.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ms_dnn.errors import DeviceError
from ms_dnn.presentation.notation import first_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TERMINAL = "MS_DNN_TERMINAL"
"""Environment variable with the file that worker 0 prints to; its own output goes to a log, with MindSpore's."""

_ROLE = "MS_ROLE"
_SCHEDULER = "MS_SCHED"
_SECONDS_FOR_WORKER_0 = 10.0


@dataclass(frozen=True)
class Workers:
    """Which of how many workers this process is.

    Attributes:
        rank: number of this worker, 0 … number − 1; worker 0 writes the run folder and prints.
        number: number of workers W.
    """

    rank: int = 0
    number: int = 1

    def shard_of(self, batches: "NDArray[np.int32]") -> "NDArray[np.int32]":
        """Return the samples r, r + W, r + 2 W, … of each mini-batch (steps, N), as (steps, N / W)."""
        return batches[:, self.rank :: self.number].copy()

    def all_reduce_min(self, value: int) -> int:
        """Return on every worker the minimum of the values that all of them give; 0 ≤ value < 2²⁴.

        It returns when all have called it, so it is a barrier as well.
        """
        if self.number == 1:
            return value
        return int(self._gathered(value).min())

    def _gathered(self, value: int) -> Any:
        import numpy as np
        from mindspore import Tensor

        # By a sum, because MindSpore's CPU backend has no minimum.
        mine = np.zeros(self.number, np.float32)
        mine[self.rank] = value
        return self._sum(Tensor(mine)).asnumpy()

    @cached_property
    def _sum(self) -> Any:
        from ms_dnn.runtime.collective import CompiledSum

        return CompiledSum()


ALONE = Workers()


def is_worker() -> bool:
    """Whether ``msrun`` started this process."""
    return _ROLE in os.environ


def is_main_process() -> bool:
    """Whether this process reports to the user: worker 0, or a process that is no worker."""
    return not is_worker() or (os.environ[_ROLE], os.environ.get("RANK_ID")) == ("MS_WORKER", "0")


def init_process_group() -> Workers:
    """Connect to the workers that ``msrun`` started and return this one's place; :data:`ALONE` where it started none.

    Call it once, after the device is chosen: MindSpore then allows no other choice. In the process that
    ``msrun`` starts as scheduler it does not return before all workers have left, and then ends that process.

    Raises:
        DeviceError: when the others do not connect, or their devices cannot communicate.
    """
    if not is_worker():
        return ALONE
    from mindspore.communication import get_group_size, get_rank, init

    try:
        init()
    except RuntimeError as error:
        raise DeviceError(
            f"the workers did not find each other ({first_line(error)}): check that all of them were started, with the "
            "same --worker_num, --master_addr and --master_port"
        ) from error
    if os.environ[_ROLE] == _SCHEDULER:
        raise SystemExit(0)
    return Workers(get_rank(), get_group_size())


def await_worker_0() -> None:
    """Give worker 0 time to end; msrun, or the launcher, then ends this one.

    A worker must not end first: what it sent last may not have gone out, and its error would keep worker 0 from saving.
    """
    time.sleep(_SECONDS_FOR_WORKER_0)


def end_worker(exit_code: int) -> None:
    """End this process at once, if it is a worker whose launcher watches it; else do nothing.

    MindSpore's own way out of a cluster on CPU crashes now and then, after all is done (2.10). A process that
    ends without it leaves the scheduler waiting, which the launcher then ends.
    """
    if TERMINAL not in os.environ or not is_worker():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
