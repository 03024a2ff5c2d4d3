"""The workers of a run: processes, each with its own device, that train one network on shares of every mini-batch.

MindSpore's ``msrun`` starts them; each learns from its environment that it is one. They talk through MindSpore's
collective communication: HCCL on Ascend, NCCL on GPU, MindSpore's own ``mccl`` on CPU.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ms_dnn.errors import DeviceError

_ROLE = "MS_ROLE"
_SCHEDULER = "MS_SCHED"


@dataclass(frozen=True)
class Workers:
    """Which of how many workers this process is.

    Attributes:
        rank: number of this worker, 0 … number − 1; worker 0 writes the run folder and speaks.
        number: number of workers W.
    """

    rank: int = 0
    number: int = 1

    def least(self, value: int) -> int:
        """Return the least of the values that all workers call this with, on each of them; 0 ≤ value < 2²⁴.

        Returns when all have called it, so it is a barrier as well.
        """
        if self.number == 1:
            return value
        return int(self._gathered(value).min())

    def _gathered(self, value: int) -> Any:
        import numpy as np
        from mindspore import Tensor

        # By a sum, because MindSpore's CPU backend has no minimum; compiled, because its collective operations
        # outside a graph crash the process when it exits.
        mine = np.zeros(self.number, np.float32)
        mine[self.rank] = value
        return self._sum(Tensor(mine)).asnumpy()

    @cached_property
    def _sum(self) -> Any:
        import mindspore as ms
        from mindspore import ops

        return ms.jit(ops.AllReduce())


ALONE = Workers()


def is_worker() -> bool:
    """Whether ``msrun`` started this process."""
    return _ROLE in os.environ


def join_workers() -> Workers:
    """Meet the other workers and return this one's place. Call it once, after the device is chosen.

    In the process that ``msrun`` starts as scheduler it does not return before all workers have left, and then ends
    that process.

    Raises:
        DeviceError: when the others do not come, or their devices cannot talk.
    """
    from mindspore.communication import get_group_size, get_rank, init

    try:
        init()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise DeviceError(
            f"the workers did not find each other ({reason}): check that all of them were started, with the same "
            "--worker_num, --master_addr and --master_port"
        ) from error
    if os.environ[_ROLE] == _SCHEDULER:
        raise SystemExit(0)
    return Workers(get_rank(), get_group_size())


def leave_workers() -> None:
    """Take leave of the other workers, so that the scheduler need not wait for a sign of life."""
    from mindspore.communication import release

    release()
