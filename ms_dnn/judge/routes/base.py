"""The routes to a gradient that are compared: each a name, and a way to gradients or to directional derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ms_dnn.judge.routes.slope import Array, Slope

Gradients = dict[str, Array]
"""One array a tensor, by the tensor's name, shaped as the tensor."""

HANDWRITTEN = "handwritten"
GRAD_OPERATION = "grad_operation"
CENTRAL_DIFFERENCES = "central_differences"
COMPLEX_STEP = "complex_step"
COMPILED = " (compiled)"
OPERATOR = " (operator)"
IN_FLOAT64 = " (float64)"


def family(route: str) -> str:
    """Return whose code a route runs: compiled or not, in whichever precision."""
    return route.removesuffix(IN_FLOAT64).removesuffix(COMPILED)


class Route(ABC):
    """A way to the gradients at one point.

    Attributes:
        name: what reports call it.
        witness: True for a reference route, which no training uses. Where it alone disagrees, the run is inconclusive.
        optional: True for a route that may not be able to run: that is noted, and the others decide.
    """

    name: str
    witness: bool = False
    optional: bool = False


class GradientRoute(Route):
    """A route that finds all elements of all gradients.

    Attributes:
        dtype: what its gradients have, a NumPy name.
        value: J, as it came out of the last call; None where the route does not compute it.
    """

    dtype: str = "float64"
    value: float | None = None

    @abstractmethod
    def gradients(self) -> Gradients:
        """Return one array a tensor, each shaped as the tensor."""


class SlopeRoute(Route):
    """A witness in float64 that finds directional derivatives of J in one tensor."""

    witness = True

    @abstractmethod
    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return d/dt J(θ + t v) at t = 0, for v shaped as the tensor."""


STOPPED = (Exception,)
"""What MindSpore and user code raise when a route cannot run: it may be anything."""
