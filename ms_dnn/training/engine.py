"""Which engine does the training steps: a compiled graph, or on CPU the operator written in C++."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from mindspore import Tensor, nn
from numpy.typing import ArrayLike, NDArray

from ms_dnn.errors import OperatorError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.operators.build import library
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.operator_epoch import OperatorEpoch
from ms_dnn.training.optimizers import Optimizer

GRAPH, OPERATOR = "graph", "operator"


@dataclass(frozen=True)
class Engine:
    """The engine in use and why it was chosen."""

    name: str
    reason: str


class Loop(Protocol):
    """Many training steps in one call; :class:`Epoch` says what the methods do."""

    dtype: Any

    def coefficients(self, rates: ArrayLike, first_step: int) -> Any:
        """Return what the optimizer needs in each step."""

    def run_steps(
        self,
        samples: tuple[Tensor, Tensor],
        batches: Tensor,
        coefficients: Any,
        first: int,
        last: int,
        total: float = 0.0,
        tolerance: float = 0.0,
    ) -> tuple[int, float, float]:
        """Train from step ``first`` to ``last``."""

    def run_epochs(
        self, samples: tuple[Tensor, Tensor], batches: NDArray[np.int32], rates: ArrayLike, first_step: int
    ) -> NDArray[np.float64]:
        """Train some epochs, each at one learning rate."""


def choose_engine(
    requested: str, device: str, precision: str = "float32", backprop: str = "handwritten", is_worker: bool = False
) -> Engine:
    """Return the engine for "auto", "graph" or "operator"; one that was named is never replaced by the other.

    Args:
        requested: the name. "auto" takes the operator where it does what the graph would.
        device: name of the device in use.
        precision: of the training.
        backprop: whose backward pass trains, "handwritten" or "framework".
        is_worker: whether other processes share each mini-batch.

    Raises:
        OperatorError: the operator was named, and cannot train this here.
    """
    if requested == GRAPH:
        return Engine(GRAPH, "as the configuration says")
    try:
        _require_operator(device, precision, backprop, is_worker)
    except OperatorError as error:
        if requested == OPERATOR:
            raise OperatorError(
                f"training.engine: got operator, but {error}; choose graph, or auto, which takes it here"
            ) from error
        return Engine(GRAPH, f"because {error}")
    return Engine(OPERATOR, "as the configuration says" if requested == OPERATOR else "chosen by 'auto'")


def _require_operator(device: str, precision: str, backprop: str, is_worker: bool) -> None:
    if device != "CPU":
        raise OperatorError(f"it computes on CPU, and the device is {device}")
    if precision not in ("float32", "float64"):
        raise OperatorError(f"it computes in float32 or float64, and the precision is {precision}")
    if backprop != "handwritten":
        raise OperatorError("it is the hand-written backward pass, and the framework's is to train")
    if is_worker:
        raise OperatorError("it trains in one process, and several workers share each mini-batch")
    library()


def make_loop(
    engine: str, gradient: nn.Cell, optimizer: Optimizer, watch_change: bool = False, clip_norm: float | None = None
) -> Loop:
    """Return the loop of training steps; its arguments are those of :class:`Epoch`.

    Raises:
        OperatorError: the engine is the operator, which does not cover this network, cost or optimizer.
    """
    if engine == GRAPH:
        return Epoch(gradient, optimizer, watch_change, clip_norm)
    if not isinstance(gradient, HandwrittenGradient):
        raise OperatorError("the operator is the hand-written backward pass, and another route is to train")
    return OperatorEpoch(gradient, optimizer, watch_change, clip_norm)
