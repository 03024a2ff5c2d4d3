"""The routes to the gradients of a DNN of this package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from ms_dnn.dnn import DNN
from ms_dnn.errors import SubjectError
from ms_dnn.gradients import reference
from ms_dnn.gradients import reference_chain as chain
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.routes.base import (
    COMPILED,
    COMPLEX_STEP,
    GRAD_OPERATION,
    HANDWRITTEN,
    IN_FLOAT64,
    OPERATOR,
    GradientRoute,
    Gradients,
    Route,
    SlopeRoute,
)
from ms_dnn.judge.routes.cells import CellGradient, CentralDifferences
from ms_dnn.judge.routes.network_moves import terms_where_one_moves
from ms_dnn.judge.routes.slope import Array, Slope
from ms_dnn.judge.routes.subject import Subject, Variable
from ms_dnn.judge.routes.tensors import as_array, dtype_of, numbers
from ms_dnn.layers.cost import Cost
from ms_dnn.operators.call import operator_gradient


def network_routes(
    network: DNN,
    cost: Cost,
    x: Tensor,
    y: Tensor,
    device: str = "CPU",
    compiled: bool = False,
    operator: bool = False,
) -> list[Route]:
    """Return the routes: by hand, MindSpore's, central differences and the complex step.

    By hand and by MindSpore also in float64, where the network has less: without those on Ascend, whose MatMul takes
    none; and without the complex step where :func:`plain_layers` lacks a formula.
    """
    routes: list[Route] = [HandwrittenRoute(network, cost, x, y)]
    if compiled:
        routes.append(HandwrittenRoute(network, cost, x, y, compiled=True))
    if operator:
        routes.append(OperatorRoute(network, cost, x, y))
    routes.append(GradOperationRoute(network, cost, x, y))
    if device != "Ascend":
        try:
            wide = network_subject(network, cost, x, y).in_precision("float64")
        except SubjectError:
            pass
        else:
            if dtype_of(x) != "float64":
                routes.insert(len(routes) - 1, TwinRoute(network, cost, x, y))
                routes.append(CellGradient(GRAD_OPERATION + IN_FLOAT64, wide, witness=True))
            routes.append(CentralDifferences(wide))
    with suppress(SubjectError):
        routes.append(ComplexStepRoute(network, cost, x, y))
    return routes


class LossesOfNetwork(nn.Cell):
    """(x, y) → the loss of each sample, (N,), and the penalty: the terms of J."""

    def __init__(self, network: DNN, cost: Cost) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.cost = cost
        self.parameters = ms.ParameterTuple(network.trainable_params())

    def construct(self, x: Tensor, y: Tensor) -> Any:
        """Return (N,) for x (N, n[0]) and the target y (N, n[L]); and the penalty (0-d) where there is one."""
        losses = self.cost.of_samples(self.network.forward(x)[0], y)
        if self.cost.penalty is None:
            return losses
        return losses, self.cost.penalty(self.parameters)


class NetworkSubject(Subject):
    """J of a network, which moves a parameter in many steps at once; see :mod:`ms_dnn.judge.routes.network_moves`."""

    def terms_at(self, variable: Variable, values: Sequence[Array]) -> Array:
        """Return the terms for each of T values of one parameter: (T, M), float64."""
        losses: Any = self.function
        network, cost, parameter = losses.network, losses.cost, self.parameters[variable.place]
        owners = [n for n, layer in enumerate(network.layers) if any(parameter is p for p in layer.trainable_params())]
        if network.compute_dtype is not None or len(owners) != 1:
            return super().terms_at(variable, values)
        place = variable.place, owners[0]
        weights = [as_array(cotangent) for cotangent in self.cotangents]
        with self.restored(variable):
            move = partial(self.move, variable)
            of_losses, of_penalty = terms_where_one_moves(network, cost, place, self.inputs, values, move)
        return np.concatenate([of_losses * weights[0], *(of_penalty[:, None] * w for w in weights[1:])], axis=1)


def network_subject(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> Subject:
    """Return J as a function of the network's parameters: its terms, each with the weight that it has in J."""
    weight = 1.0 / len(x) if cost.reduction == "mean" else 1.0
    cotangents = [np.full(len(x), weight), *([] if cost.penalty is None else [np.ones(())])]
    return NetworkSubject(LossesOfNetwork(network, cost), (x, y), wrt="parameters", cotangents=cotangents)


class DeviceRoute(GradientRoute):
    """Gradients in the network's own precision on the device, one a parameter, from a Cell of (x, y)."""

    cell: Callable[[DNN, Cost], nn.Cell]

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor, compiled: bool = False) -> None:
        self.network, self.x, self.y = network, x, y
        self.dtype = dtype_of(x)
        cell = type(self).cell(network, cost)
        self.run = ms.jit(cell.construct) if compiled else cell
        if compiled:
            self.name = self.name + COMPILED

    def gradients(self) -> Gradients:
        """Return the gradients under the parameters' names; too few leave names out, which is found out later."""
        found = zip(self.network.parameter_names, self.computed(), strict=False)
        return {name: numbers(gradient) for name, gradient in found}

    def computed(self) -> tuple[Tensor, ...]:
        """Return one gradient a parameter."""
        gradients: tuple[Tensor, ...] = self.run(self.x, self.y)
        return gradients


class HandwrittenRoute(DeviceRoute):
    """The backward pass of this project."""

    name = HANDWRITTEN
    cell = HandwrittenGradient

    def computed(self) -> tuple[Tensor, ...]:
        """Return one gradient a parameter, without J."""
        gradients: tuple[Tensor, ...] = self.run(self.x, self.y)[1]
        return gradients


class TwinRoute(GradientRoute):
    """The same backward pass in float64, in a copy of the network as it is when asked: float32 hides small errors."""

    name = HANDWRITTEN + IN_FLOAT64
    optional = True

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor) -> None:
        self.point = network, cost, x, y

    def gradients(self) -> Gradients:
        """Return the gradients under the parameters' names."""
        wide = network_subject(*self.point).in_precision("float64")
        copied: Any = wide.function
        return HandwrittenRoute(copied.network, copied.cost, *wide.inputs).gradients()


class OperatorRoute(GradientRoute):
    """The backward pass of this project as its operator for CPU has it, written in C++."""

    name = HANDWRITTEN + OPERATOR

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor) -> None:
        self.point = network, cost, x, y
        self.dtype = dtype_of(x)

    def gradients(self) -> Gradients:
        """Return the gradients under the parameters' names; raises an OperatorError where the operator has none."""
        self.value, found = operator_gradient(*self.point)
        names = self.point[0].parameter_names
        return {name: numbers(Tensor(gradient)) for name, gradient in zip(names, found, strict=True)}


class GradOperationRoute(DeviceRoute):
    """MindSpore's automatic differentiation."""

    name = GRAD_OPERATION
    cell = GradOperationGradient


class ComplexStepRoute(SlopeRoute):
    """The complex step through an independent forward in NumPy: Im J(θ + ih v) / h, exact but for rounding."""

    name = COMPLEX_STEP

    def __init__(self, network: DNN, cost: Cost, x: Tensor, y: Tensor) -> None:
        self.names = network.parameter_names
        self.layers, self.places = plain_layers(network), plain_places(network)
        self.loss, self.reduction, self.penalty = cost.loss.name, cost.reduction, plain_penalty(cost)
        self.x = as_array(x)
        self.y, self.weights = plain_targets(cost, y)

    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return d/dt J(θ + t v) at t = 0."""
        number, field = self.places[self.names.index(tensor)]
        layers = list(self.layers)
        formula, arguments = layers[number]
        layers[number] = formula, {**arguments, field: arguments[field] + 1j * reference.STEP * direction}
        value = chain.chain_cost(layers, self.loss, self.reduction, self.x, self.y, self.penalty, self.weights)
        found, nothing = float(np.imag(value) / reference.STEP), np.zeros(0)
        return Slope(found, 0.0, "smooth", found, found, 0.0, 0.0, nothing, nothing, nothing)


def plain_network(network: DNN) -> tuple[list[Array], list[Array], list[str]]:
    """Return weights and biases as float64, and the activations' names: a network of dense layers as plain data."""
    arrays = [as_array(parameter) for parameter in network.trainable_params()]
    return arrays[::2], arrays[1::2], [layer.activation.name for layer in network.layers]


def plain_layers(network: DNN) -> list[chain.LayerFormula]:
    """Return each layer as plain data, its numbers float64.

    Raises:
        SubjectError: a layer does not give its formula, or leaves a parameter out of it.
    """
    found = []
    for number, layer in enumerate(network.layers, start=1):
        plain = layer.plain()
        names = [parameter.name.split(".")[-1] for parameter in layer.trainable_params()]
        missing = [name for name in names if plain is None or name not in plain[1]]
        if plain is None or missing:
            what = f"gives no NumPy formula of {', '.join(missing) or 'itself'}"
            raise SubjectError(f"layer {number}, {layer}, {what}: add it to {type(layer).__name__}.plain")
        found.append(plain)
    return found


def plain_places(network: DNN) -> list[tuple[int, str]]:
    """Return for each parameter of the network which plain layer holds it, and in which field."""
    places = (name.split(".")[-2:] for name in network.parameter_names)
    return [(int(number), field) for number, field in places]


def plain_penalty(cost: Cost) -> reference.ReferencePenalty:
    """Return the penalty of a cost as plain data."""
    penalty = cost.penalty
    if penalty is None:
        return reference.NO_PENALTY
    return reference.ReferencePenalty(penalty.l1, penalty.l2, penalty.biases)


def plain_targets(cost: Cost, y: Tensor) -> tuple[Array, Array]:
    """Return the target (N, C) and the weights of the samples (N,), float64."""
    y64 = as_array(y)
    return (y64[:, :-1], y64[:, -1]) if cost.weighted else (y64, np.ones(len(y64)))
