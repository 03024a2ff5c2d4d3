"""Hypotheses about one part of a backward pass: what it would compute from its ingredients under a fault.

Notation as in SPEC.md: x (N, I), W (O, I), b (O,), z, a, da, dz (N, O); a prediction a and a target y (N, C). Every
formula is in NumPy, float64, with the derivatives that :mod:`ms_dnn.gradients.blog` writes by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from ms_dnn.gradients.blog import LOSS_SLOPES, SLOPES
from ms_dnn.gradients.reference import activate
from ms_dnn.judge.faults import names
from ms_dnn.judge.faults.evidence import Candidate, Evidence, Rank, fitted
from ms_dnn.judge.routes.slope import Array

if TYPE_CHECKING:
    from ms_dnn.judge.parts import PartResult
    from ms_dnn.layers.penalty import Penalty


NEAREST = 3
"""Samples or units to try: those whose share of a sum is nearest to what is missing."""


class LayerIngredients(NamedTuple):
    """The ingredients of a layer, all there; see :class:`ms_dnn.judge.parts.PartResult`."""

    x: Array
    z: Array
    a: Array
    da: Array
    dz: Array
    W: Array
    activation: str


def hypotheses(part: PartResult, evidence: Evidence) -> Iterator[Candidate]:
    """Yield what the part would compute under each fault that its place in the backward pass allows."""
    if part.penalty is not None and part.W is not None:
        yield from _of_penalty(part.W, part.penalty, evidence.where)
        return
    if part.y is not None:
        yield from _of_cost(part.x, part.y, part.loss, part.reduction, evidence)
        yield from _of_rows(evidence)
        return
    if part.z is None or part.a is None or part.da is None or part.dz is None or part.W is None:
        return
    layer = LayerIngredients(part.x, part.z, part.a, part.da, part.dz, part.W, part.activation)
    if part.tensor == "dz":
        yield from _of_activation(layer, evidence.where)
        yield from _dropped_unit(evidence)
    else:
        yield from _of_affine(layer, part.tensor, evidence)
    if part.tensor in ("dz", "dx"):
        yield from _of_rows(evidence)
    else:
        yield from _of_sums(layer, part.tensor, evidence)


# The cost -----------------------------------------------------------------------------------------------


def _per_sample(loss: str, a: Array, y: Array) -> Array:
    return np.array([LOSS_SLOPES[loss](prediction, target) for prediction, target in zip(a, y, strict=True)])


def _of_cost(a: Array, y: Array, loss: str, reduction: str, e: Evidence) -> Iterator[Candidate]:
    share = 1.0 / len(a) if reduction == "mean" else 1.0
    link = {
        "squared_error": lambda a: a,
        "binary_cross_entropy_with_logits": special.expit,
        "softmax_cross_entropy": lambda a: activate("softmax", a),
    }.get(loss)
    if link is not None:
        sentence = f"{e.where} is the prediction alone: the target is not subtracted"
        yield Candidate(names.TARGET_NOT_SUBTRACTED, share * link(a), sentence)
    if loss == "softmax_cross_entropy":
        sentence = f"{e.where} is the logits less the target: the softmax is missing"
        yield Candidate(names.SOFTMAX_MISSING, share * (a - y), sentence)
        over_samples = activate("softmax", a.T).T - y
        yield Candidate(names.WRONG_AXIS, share * over_samples, f"{e.where} has its softmax over the samples")
    if loss != "squared_error":
        sentence = f"{e.where} is right where the target is 1 and zero elsewhere"
        yield Candidate(names.TARGET_IS_ONE_ONLY, np.where(y == 1, e.expected, 0.0), sentence)
        swapped = link(y) - a if link is not None else _per_sample(loss, y, a)
        sentence = f"{e.where} has prediction and target in each other's place"
        yield Candidate(names.SWAPPED, share * swapped, sentence)
    for other in LOSS_SLOPES:
        is_named = loss == "softmax_cross_entropy" and other == "squared_error"  # the softmax is missing, see above
        if other != loss and not is_named:
            sentence = f"{e.where} is the derivative of {other}, not of {loss}"
            yield Candidate(names.ANOTHER_LOSS, share * _per_sample(other, a, y), sentence)
    if loss != "binary_cross_entropy":
        unlimited = (a - y) / (a * (1.0 - a))
        sentence = f"{e.where} is the derivative of binary_cross_entropy, not of {loss}"
        yield Candidate(names.ANOTHER_LOSS, share * unlimited, sentence)


def _of_penalty(w: Array, penalty: Penalty, where: str) -> Iterator[Candidate]:
    l1, l2, is_bias = penalty.l1 * np.sign(w), penalty.l2 * w, w.ndim == 1
    if is_bias and not penalty.biases:
        yield Candidate(names.BIASES_PENALISED, l1 + l2, f"{where} is penalised, but biases are not to be")
        return
    zero = np.zeros_like(w)
    if is_bias:
        sentence = f"{where} is not penalised, but biases are to be"
        yield Candidate(names.BIASES_NOT_PENALISED, zero, sentence)
    elif penalty.l2 and not penalty.l1:
        yield Candidate(names.L2_MISSING, zero, f"λ₂ w is missing in {where}")
    elif penalty.l1 and not penalty.l2:
        yield Candidate(names.L1_MISSING, zero, f"λ₁ sign(w) is missing in {where}")
    if penalty.l1 and penalty.l2:
        yield Candidate(names.L2_MISSING, l1, f"λ₂ w is missing in {where}")
        yield Candidate(names.L1_MISSING, l2, f"λ₁ sign(w) is missing in {where}")
    if penalty.l2:
        sentence = f"{where} has 2 λ₂ w: R has λ₂/2 Σ w², whose ½ cancels the 2"
        yield Candidate(names.L2_DOUBLED, l1 + 2 * l2, sentence)
    if penalty.l1:
        yield Candidate(names.L1_UNSIGNED, penalty.l1 + l2, f"{where} has λ₁ in place of λ₁ sign(w)")


# The activation -----------------------------------------------------------------------------------------


def _softmax_vjp(a: Array, da: Array, axis: int = -1) -> Array:
    return np.asarray(a * (da - np.sum(a * da, axis=axis, keepdims=True)))


def _vjp(activation: str, z: Array, da: Array) -> Array:
    return _softmax_vjp(activate("softmax", z), da) if activation == "softmax" else da * SLOPES[activation](z)


SLOPES_FROM_VALUE: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": lambda a: a * (1.0 - a),
    "tanh": lambda a: 1.0 - a * a,
    "elu": lambda a: np.where(a > 0, 1.0, a + 1.0),
}
"""σ′ as people write it in terms of a = σ(z)."""


def _of_activation(layer: LayerIngredients, where: str) -> Iterator[Candidate]:
    """Yield dz under each fault of the activation's derivative."""
    name, z, a, da = layer.activation, layer.z, layer.a, layer.da
    yield Candidate(names.DERIVATIVE_MISSING, da, f"{where} is da: the derivative of {name} is missing")
    sentence = f"{where} has the derivative of {name} at a, where it belongs at z"
    yield Candidate(names.DERIVATIVE_AT_A, _vjp(name, a, da), sentence)
    sentence = f"{where} has the derivative of {name} twice"
    yield Candidate(names.DERIVATIVE_TWICE, _vjp(name, z, _vjp(name, z, da)), sentence)
    yield Candidate(names.VALUE_INSTEAD_OF_DERIVATIVE, da * a, f"{where} is da times {name}(z), not its derivative")
    for order, words in _orders(len(z)):
        sentence = f"{where} has the derivative of {name} at the z of other samples: they come {words}"
        yield Candidate(names.SAMPLES_MISMATCHED, _vjp(name, z[order], da), sentence)
    if name == "softmax":
        yield from _of_softmax(layer, where)
        others = []
    else:
        yield Candidate(names.COTANGENT_MISSING, SLOPES[name](z), f"{where} is the derivative of {name} without da")
        if name in SLOPES_FROM_VALUE:
            sentence = f"{where} has z in the formula that gives the derivative of {name} from a"
            yield Candidate(names.Z_IN_FORMULA_OF_A, da * SLOPES_FROM_VALUE[name](z), sentence)
        others = [activate("softmax", z)]
    for other in (*SLOPES, *(["softmax"] if others else [])):
        if other in (name, "identity"):  # the identity's derivative: one that is missing
            continue
        wrong = _vjp(other, z, da)
        if (name, other) != ("sigmoid", "softplus"):  # softplus′ = sigmoid: the value is the likelier slip
            yield Candidate(names.ANOTHER_ACTIVATION, wrong, f"{where} has the derivative of {other}, not of {name}")


def _orders(count: int) -> Iterator[tuple[Array, str]]:
    """Yield the orders in which samples come when they are paired wrongly."""
    samples = np.arange(count)
    yield samples[::-1], "in reverse order"
    yield np.roll(samples, 1), "one late"
    yield np.roll(samples, -1), "one early"


def _of_softmax(layer: LayerIngredients, where: str) -> Iterator[Candidate]:
    a, da = layer.a, layer.da
    sentence = f"{where} has only the diagonal a (1 − a) of the Jacobian of softmax"
    yield Candidate(names.DIAGONAL_ONLY, da * a * (1.0 - a), sentence)
    sentence = f"{where} sums over the samples where the Jacobian of softmax sums over the units"
    yield Candidate(names.WRONG_AXIS, _softmax_vjp(a, da, axis=0), sentence)
    sentence = f"{where} has z in the formula that gives the derivative of softmax from a"
    yield Candidate(names.Z_IN_FORMULA_OF_A, _softmax_vjp(layer.z, da), sentence)


def _dropped_unit(e: Evidence) -> Iterator[Candidate]:
    for unit in np.flatnonzero(np.any(e.wrong(), axis=0))[:1]:
        if e.got.shape[1] > 1 and len(e.got) > 1:
            array = e.expected.copy()
            array[:, unit] = 0.0
            yield Candidate(names.DROPPED_UNIT, array, f"{e.where} is right but for unit {unit}, whose column is zero")


# The affine map -----------------------------------------------------------------------------------------


def _affine(layer: LayerIngredients, tensor: str, dz: Array) -> Array:
    if tensor == "dx":
        return np.asarray(dz @ layer.W)
    return np.asarray(dz.T @ layer.x if tensor == "dW" else dz.sum(axis=0))


def _of_affine(layer: LayerIngredients, tensor: str, e: Evidence) -> Iterator[Candidate]:
    """Yield dx, dW or db under each fault of its formula, and as made from each faulty dz."""
    for of_dz in _of_activation(layer, f"the dz in {e.where}"):
        array = _affine(layer, tensor, of_dz.array)
        if of_dz.fault == names.DERIVATIVE_MISSING:
            yield Candidate(names.DA_INSTEAD_OF_DZ, array, f"{e.where} is made from da instead of dz")
        else:
            yield Candidate(of_dz.fault, array, of_dz.sentence)
    if tensor == "dx":
        yield from _of_dx(layer, e)
    elif tensor == "dW":
        yield from _of_weight(layer, e)
    else:
        if layer.dz.shape[0] == layer.dz.shape[1]:
            sentence = f"{e.where} sums dz over the units, where it should sum over the samples"
            yield Candidate(names.WRONG_AXIS, layer.dz.sum(axis=1), sentence)
        sentence = f"{e.where} sums dz over the samples and the units"
        yield Candidate(names.WRONG_AXIS, np.full(e.got.shape, layer.dz.sum()), sentence)


def _of_dx(layer: LayerIngredients, e: Evidence) -> Iterator[Candidate]:
    if layer.W.shape[0] == layer.W.shape[1]:
        yield Candidate(names.TRANSPOSED_WEIGHT, layer.dz @ layer.W.T, f"{e.where} is dz Wᵀ, where it should be dz W")
    yield from _lacking_unit(layer, e)
    step = layer.dz @ (layer.dz.T @ layer.x)
    if e.fits(step):
        rate = -fitted(e.difference, step)
        sentence = f"{e.where} is made with W − {rate:.6g} dW: the weights of another step"
        yield Candidate(names.STALE_WEIGHTS, e.expected - rate * step, sentence, Rank.FITTED)


def _lacking_unit(layer: LayerIngredients, e: Evidence) -> Iterator[Candidate]:
    """Yield dx without one unit's term dz[:, o] W[o]."""
    size = np.sum(layer.dz**2, axis=0) * np.sum(layer.W**2, axis=1)
    inner = np.sum((layer.dz.T @ e.difference) * layer.W, axis=1)
    for unit in _nearest(inner, size, -1.0) if len(size) > 1 else []:
        array = e.expected - np.outer(layer.dz[:, unit], layer.W[unit])
        yield Candidate(names.DROPPED_UNIT, array, f"{e.where} lacks the term of unit {unit}")


def _of_weight(layer: LayerIngredients, e: Evidence) -> Iterator[Candidate]:
    x, dz = layer.x, layer.dz
    if x.shape == layer.a.shape:
        sentence = f"{e.where} is dzᵀ a: made from the layer's output, not from its input"
        yield Candidate(names.OUTPUT_INSTEAD_OF_INPUT, dz.T @ layer.a, sentence)
        sentence = f"{e.where} is dzᵀ z: made from the weighted sum, not from the layer's input"
        if layer.activation != "identity":
            yield Candidate(names.WEIGHTED_SUM_INSTEAD_OF_INPUT, dz.T @ layer.z, sentence)
    for order, words in _orders(len(x)):
        sentence = f"{e.where} pairs dz of a sample with the input of another: the samples come {words}"
        yield Candidate(names.SAMPLES_MISMATCHED, dz.T @ x[order], sentence)


# Samples ------------------------------------------------------------------------------------------------


def _of_rows(e: Evidence) -> Iterator[Candidate]:
    """Yield arrays of one row a sample in which one sample is missing, doubled or alone."""
    if len(e.got) < 2:
        return
    others_gone = np.flatnonzero(np.any(e.got != 0.0, axis=1))
    if len(others_gone) == 1:
        array = np.zeros_like(e.expected)
        array[others_gone] = e.expected[others_gone]
        sentence = f"{e.where} is right for sample {others_gone[0]} and zero for the others"
        yield Candidate(names.ONE_SAMPLE_ONLY, array, sentence)
    wrong = np.flatnonzero(np.any(e.wrong(), axis=1))
    if len(wrong) == 1:
        sample = wrong[0]
        for times, fault, words in ((0.0, names.SAMPLE_DROPPED, "zero"), (2.0, names.SAMPLE_TWICE, "doubled")):
            array = e.expected.copy()
            array[sample] *= times
            yield Candidate(fault, array, f"{e.where} is right but for sample {sample}, which is {words}")


def _of_sums(layer: LayerIngredients, tensor: str, e: Evidence) -> Iterator[Candidate]:
    """Yield dW and db with one sample missing from the sum, twice in it, or alone in it."""
    count = len(layer.dz)
    if count < 2:
        return
    rest = count / (count - 1)
    for factor, share, fault, words in (
        (1.0, -1.0, names.SAMPLE_DROPPED, "lacks sample {}"),
        (rest, -rest, names.SAMPLE_DROPPED, f"lacks sample {{}}, and is averaged over the other {count - 1}"),
        (1.0, 1.0, names.SAMPLE_TWICE, "counts sample {} twice"),
        (0.0, 1.0, names.ONE_SAMPLE_ONLY, f"is of sample {{}} alone, not summed over the batch of {count}"),
        (0.0, count, names.ONE_SAMPLE_ONLY, f"is {count} × that of sample {{}} alone, not summed over the batch"),
    ):
        for sample in _nearest(*_shares(layer, tensor, e.got - factor * e.expected), share):
            one = layer.dz[sample]
            of_it = np.outer(one, layer.x[sample]) if tensor == "dW" else one
            if np.any(of_it):
                yield Candidate(fault, factor * e.expected + share * of_it, f"{e.where} {words.format(sample)}")


def _shares(layer: LayerIngredients, tensor: str, difference: Array) -> tuple[Array, Array]:
    """Return, for each sample, its gradient (its part of dW or db) times the difference, and times itself."""
    inner, size = layer.dz @ difference, np.sum(layer.dz**2, axis=1)
    if tensor == "dW":
        inner, size = np.sum(inner * layer.x, axis=1), size * np.sum(layer.x**2, axis=1)
    return inner, size


def _nearest(inner: Array, size: Array, share: float) -> Array:
    """Return those samples or units whose part inner / size of a difference is nearest to the share."""
    shares = np.divide(inner, size, out=np.full(len(size), np.inf), where=size > 0)
    return np.argsort(np.abs(shares - share), kind="stable")[:NEAREST]
