"""The routes to a gradient that are compared: each a name and a way to compute gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.gradients import reference
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.numerical import Elements, central_differences
from ms_dnn.layers.cost import Cost

Array = NDArray[Any]
Gradients = dict[str, Array]

HANDWRITTEN = "handwritten"
GRAD_OPERATION = "grad_operation"
CENTRAL_DIFFERENCES = "central_differences"
COMPLEX_STEP = "complex_step"


class Route(ABC):
    """A way to the gradients of J at one point.

    Attributes:
        name: what reports call it.
        dtype: what its gradients have, a NumPy name.
        witness: True for a route that trains nobody and is only asked for some elements. Where it alone
            disagrees, the run is inconclusive rather than failed.
    """

    name: str
    dtype: str = "float64"
    witness: bool = False

    @abstractmethod
    def gradients(self, elements: Elements | None = None) -> Gradients:
        """Return one array a parameter, each shaped as the parameter.

        A witness computes only the given elements (flat indices a parameter; None: all) and leaves 0 elsewhere.
        """

    def uncertainty(self) -> Gradients:
        """Return how far each element of the last answer may be off, shaped as the parameters.

        0: exact but for rounding; ∞: not known, because not asked for or not differentiable. {} is 0 everywhere.
        """
        return {}


class DeviceRoute(Route):
    """Gradients in the network's own precision on the device, from a Cell (x, y) → one gradient a parameter."""

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor) -> None:
        self.network, self.cost, self.x, self.y = network, cost, x, y
        self.dtype = str(x.dtype).lower()

    def named(self, gradients: tuple[Tensor, ...]) -> Gradients:
        """Return the gradients under the parameters' names; too few leave names out, which is found out later."""
        return {
            name: gradient.asnumpy().copy()
            for name, gradient in zip(self.network.parameter_names, gradients, strict=False)
        }


class HandwrittenRoute(DeviceRoute):
    """The backward pass of this project."""

    name = HANDWRITTEN

    def gradients(self, elements: Elements | None = None) -> Gradients:
        """Return all gradients."""
        return self.named(HandwrittenGradient(self.network, self.cost)(self.x, self.y)[1])


class GradOperationRoute(DeviceRoute):
    """MindSpore's automatic differentiation."""

    name = GRAD_OPERATION

    def gradients(self, elements: Elements | None = None) -> Gradients:
        """Return all gradients."""
        return self.named(GradOperationGradient(self.network, self.cost)(self.x, self.y))


class Witness(Route):
    """A route in float64 from the weights as they are, at chosen elements."""

    witness = True

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor) -> None:
        self.network, self.cost = network, cost
        self.x, self.y = x.asnumpy().astype(np.float64), y.asnumpy().astype(np.float64)
        self._uncertainty: Gradients = {}

    def uncertainty(self) -> Gradients:
        """Return the error estimate of the last answer."""
        return self._uncertainty

    def _spread(self, found: dict[str, tuple[Array, Array, Array]]) -> Gradients:
        """Put (indices, values, errors) of each parameter into arrays of its shape."""
        gradients: Gradients = {}
        self._uncertainty = {}
        shapes = [parameter.shape for parameter in self.network.trainable_params()]
        for (name, (indices, values, errors)), shape in zip(found.items(), shapes, strict=True):
            gradients[name], self._uncertainty[name] = np.zeros(shape), np.full(shape, np.inf)
            gradients[name].flat[indices] = values
            self._uncertainty[name].flat[indices] = errors
        return gradients

    def _asked(self, elements: Elements | None) -> dict[str, Array]:
        parameters = zip(self.network.parameter_names, self.network.trainable_params(), strict=True)
        return {name: np.arange(p.size) if elements is None else np.asarray(elements[name]) for name, p in parameters}


class CentralDifferencesRoute(Witness):
    """Central differences of the network's forward code; see :mod:`ms_dnn.gradients.numerical`."""

    name = CENTRAL_DIFFERENCES

    def gradients(self, elements: Elements | None = None) -> Gradients:
        """Return the gradients at the elements; an unsettled one has the value 0 and the uncertainty ∞."""
        asked = self._asked(elements)
        estimates = central_differences(self.network, self.cost, self.x, self.y, asked)
        return self._spread(
            {
                name: (asked[name], np.where(e.settled, e.values, 0.0), np.where(e.settled, e.errors, np.inf))
                for name, e in estimates.items()
            }
        )


class ComplexStepRoute(Witness):
    """The complex step through an independent forward in NumPy; see :mod:`ms_dnn.gradients.reference`."""

    name = COMPLEX_STEP

    def gradients(self, elements: Elements | None = None) -> Gradients:
        """Return the gradients at the elements."""
        asked = self._asked(elements)
        names = self.network.parameter_names
        chosen = [(asked[w], asked[b]) for w, b in zip(names[::2], names[1::2], strict=True)]
        loss, reduction = self.cost.loss.name, self.cost.reduction
        weights, biases, activations = plain_network(self.network)
        layers = reference.complex_step_gradient(weights, biases, activations, loss, reduction, self.x, self.y, chosen)
        values = [gradient for layer in layers for gradient in layer]
        return self._spread({name: (asked[name], v, np.zeros(v.shape)) for name, v in zip(names, values, strict=True)})


def plain_network(network: DNN) -> tuple[list[Array], list[Array], list[str]]:
    """Return weights and biases as float64, and the activations' names: the network as plain data."""
    arrays = [parameter.asnumpy().astype(np.float64) for parameter in network.trainable_params()]
    return arrays[::2], arrays[1::2], [layer.activation.name for layer in network.layers]


def standard_routes(network: DNN, cost: Cost, x: Tensor, y: Tensor, device: str) -> list[Route]:
    """Return the four routes; without central differences on Ascend, whose MatMul takes no float64."""
    point = (network, cost, x, y)
    routes: list[Route] = [HandwrittenRoute(*point), GradOperationRoute(*point)]
    if device != "Ascend":
        routes.append(CentralDifferencesRoute(*point))
    return [*routes, ComplexStepRoute(*point)]
