"""The DNN before the judge: four routes, an error analysis of its rounding, and its layers one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import DNN
from ms_dnn.errors import SubjectError
from ms_dnn.gradients import reference_chain as chain
from ms_dnn.gradients.framework import CostOfNetwork
from ms_dnn.gradients.rounding import cost_rounding, gradient_roundings
from ms_dnn.judge.judgement import Conditions, Finding, ForwardAgreement, Judgement
from ms_dnn.judge.judging import JudgedPoint, judge
from ms_dnn.judge.pairs import Allowance
from ms_dnn.judge.parts import faulty_layers
from ms_dnn.judge.routes.base import COMPLEX_STEP, GRAD_OPERATION, GradientRoute, Route, SlopeRoute
from ms_dnn.judge.routes.cells import CellGradient
from ms_dnn.judge.routes.network import (
    network_routes,
    network_subject,
    plain_layers,
    plain_network,
    plain_penalty,
    plain_targets,
)
from ms_dnn.judge.routes.rounding import Rounding, RoundingOfGradients
from ms_dnn.judge.routes.tensors import as_array, dtype_of
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.precision import comparison_tolerance


def check_network(
    network: DNN,
    cost: Cost,
    x: Tensor,
    y: Tensor,
    *,
    routes: Sequence[Route] | None = None,
    device: str = "CPU",
    directions: int = 2,
    compiled: bool = False,
    operator: bool = False,
    seed: int = 0,
) -> Judgement:
    """Judge the hand-written gradients of J at the network's weights and the samples (x, y).

    Args:
        network: in float32 or float64; judged is the forward pass of training, dropout at its present step. It is not
            changed.
        cost: the cost J.
        x: inputs (N, n[0]) in the dtype of the network.
        y: targets (N, n[L]) in the same dtype, as the loss wants them.
        routes: what to compare, the judged one first; None for :func:`network_routes`.
        device: the device in use, for its tolerance.
        directions: random directions in each parameter along which the witnesses look.
        compiled: run the hand-written route in one graph, too.
        operator: and by the operator for CPU.
        seed: of the directions.

    Raises:
        ShapeError: x does not fit the network, or y the loss.
        NoDerivativeError: an activation or the loss has no derivative.
        DeviceError: the device does not compute in the network's dtype.
        OperatorError: the operator was asked for, and does not cover the network.
    """
    network.check_input(x)
    network.require_derivative()
    tolerance = comparison_tolerance(dtype := dtype_of(x), device)
    subject = network_subject(network, cost, x, y)
    try:
        plain_layers(network)
        findings = []
    except SubjectError as error:
        message = f"the complex step is left out: {error}"
        findings = [Finding("unknown layer", "note", COMPLEX_STEP, None, message)]
    if routes is None:
        routes = network_routes(network, cost, x, y, device, compiled, operator)
    what = f"DNN {network}, {_described(cost)}, {len(x)} samples"
    return judge(
        JudgedPoint(
            conditions=Conditions(what, dtype, device, "float64", seed, directions, subject.fingerprint()),
            variables=subject.variables,
            gradient_routes=[route for route in routes if isinstance(route, GradientRoute)],
            slope_routes=[route for route in routes if isinstance(route, SlopeRoute)],
            allowance=Allowance(device),
            forward=lambda values: compare_forwards(network, cost, x, y, tolerance, device),
            rounding=lambda: _rounding(network, cost, x, y, device),
            localise=lambda: faulty_layers(network, cost, x, y, tolerance),
            findings=findings,
        )
    )


def _described(cost: Cost) -> str:
    weighted = ", weighted" if cost.weighted else ""
    penalty = "" if cost.penalty is None else f" + {cost.penalty}"
    return f"{cost.loss.name} ({cost.reduction}{weighted}){penalty}"


def compare_forwards(
    network: DNN, cost: Cost, x: Tensor, y: Tensor, tolerance: float, device: str = "CPU"
) -> ForwardAgreement:
    """Return J by MindSpore and by NumPy; ``tolerance`` is relative to the terms that J is summed from.

    Where NumPy does not know a layer, MindSpore's own float64 stands in for it, except on Ascend, which has none.
    """
    values = {"mindspore": float(CostOfNetwork(network, cost)(x, y).asnumpy())}
    y64, of_samples = plain_targets(cost, y)
    try:
        layers = plain_layers(network)
        output = chain.output(layers, as_array(x))
    except SubjectError:
        output = as_array(network.forward(x)[0])
        if device != "Ascend":
            values["float64"] = float(np.sum(network_subject(network, cost, x, y).in_precision("float64").terms()))
    else:
        setting = cost.loss.name, cost.reduction
        J = chain.chain_cost(layers, *setting, as_array(x), y64, plain_penalty(cost), of_samples)
        values["numpy"] = float(np.real(J))
    weights = [as_array(parameter) for parameter in network.trainable_params()]
    of_penalty = plain_penalty(cost).of([w for w in weights if w.ndim > 1], [w for w in weights if w.ndim == 1])
    of_losses = cost_rounding(output, y64, cost.loss.name, cost.reduction) * float(np.max(of_samples))
    allowed = tolerance * (of_losses + of_penalty)
    by_mindspore, *others = values.values()
    scale = max(abs(J) for J in values.values()) or 1.0
    difference = max((abs(by_mindspore - J) for J in others), default=0.0)
    within = bool(difference <= max(allowed, tolerance * scale))
    return ForwardAgreement(values, difference / scale, max(tolerance, allowed / scale), within)


def _rounding(network: DNN, cost: Cost, x: Tensor, y: Tensor, device: str) -> Mapping[str, Rounding]:
    if cost.weighted or not network.dense_only:
        subject = network_subject(network, cost, x, y)
        wide = subject if device == "Ascend" else subject.in_precision("float64")
        return RoundingOfGradients(wide, [CellGradient(GRAD_OPERATION, wide)], subject.dtype)()
    x64, y64 = as_array(x), as_array(y)
    found = gradient_roundings(*plain_network(network), cost.loss.name, cost.reduction, x64, y64, plain_penalty(cost))
    return dict(zip(network.parameter_names, map(Rounding, found), strict=True))
