"""Optimizers' update rules over eight steps with fixed gradients, against the published formulas.

Rates are powers of two, and decay rates are exact in binary: a float32 argument is then no source of error.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from ms_dnn.audit.catalogue.inputs import normal_arrays
from ms_dnn.audit.entry import Array, Case, Entry, Formula

CASES = (Case("eight steps", normal_arrays((4,), (8, 4))),)
LR, B1, B2, EPSILON = 0.125, 0.75, 0.875, 2.0**-10

Step = Callable[..., Any]


def _trajectory(step: Step, *initial: float) -> Formula:
    """The formula of an entry from ``step(w, g, t, *states) -> (w, *states)``, t = 1, 2, …; other states start at 0."""
    states = len(signature(step).parameters) - 3

    def formula(w: Array, gradients: Array) -> Array:
        kept = [np.full_like(w, value) for value in (*initial, *(0.0,) * (states - len(initial)))]
        steps = []
        for t, g in enumerate(gradients, start=1):
            w, *kept = step(w, g, t, *kept)
            steps.append(w)
        return np.stack(steps)

    return formula


def _sgd(momentum: float = 0.0, decay: float = 0.0, dampening: float = 0.0, nesterov: bool = False) -> Step:
    """v ← μ v + (1 − damping) g, the first time v ← g; w ← w − η v, or w − η (g + μ v): Sutskever et al., ICML 2013."""

    def step(w: Array, g: Array, t: int, v: Array) -> tuple[Array, Array]:
        g = g + decay * w
        v = g if t == 1 else momentum * v + (1 - dampening) * g
        return w - LR * (g + momentum * v if nesterov else v), v

    return step


def _adam(decay: float = 0.0, decoupled: float = 0.0, maximal: bool = False, epsilon: float = EPSILON) -> Step:
    """Kingma and Ba, 2015; with decoupled decay Loshchilov and Hutter, 2019; maximal: Reddi et al., 2018."""

    def step(w: Array, g: Array, t: int, m: Array, v: Array, top: Array) -> tuple[Array, Array, Array, Array]:
        g = g + decay * w
        w = w - LR * decoupled * w
        m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
        top = np.maximum(top, v)
        second = (top if maximal else v) / (1 - B2**t)
        return w - LR * m / (1 - B1**t) / (np.sqrt(second) + epsilon), m, v, top

    return step


def _adam_weight_decay(w: Array, g: Array, t: int, m: Array, v: Array) -> tuple[Array, Array, Array]:
    """Without bias correction, as the documentation of nn.AdamWeightDecay gives it."""
    m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
    return w - LR * (m / (np.sqrt(v) + EPSILON) + 0.25 * w), m, v


def _adagrad(epsilon: float, lr_decay: float = 0.0) -> Step:
    """Duchi et al., 2011."""

    def step(w: Array, g: Array, t: int, total: Array) -> tuple[Array, Array]:
        total = total + g**2
        return w - LR / (1 + (t - 1) * lr_decay) * g / (np.sqrt(total) + epsilon), total

    return step


def _adadelta(w: Array, g: Array, t: int, squares: Array, changes: Array) -> tuple[Array, Array, Array]:
    """Zeiler, 2012, with ρ = 7/8 and a learning rate."""
    squares = B2 * squares + (1 - B2) * g**2
    change = np.sqrt(changes + EPSILON) / np.sqrt(squares + EPSILON) * g
    return w - LR * change, squares, B2 * changes + (1 - B2) * change**2


def _rmsprop(momentum: float = 0.0, centred: bool = False, inside: bool = True) -> Step:
    """Tieleman and Hinton, 2012; ε inside the root as MindSpore's nn documents it, or outside as PyTorch does."""

    def step(w: Array, g: Array, t: int, s: Array, mean: Array, v: Array) -> tuple[Array, Array, Array, Array]:
        s, mean = B2 * s + (1 - B2) * g**2, B2 * mean + (1 - B2) * g
        variance = s - mean**2 if centred else s
        root = np.sqrt(variance + EPSILON) if inside else np.sqrt(variance) + EPSILON
        v = momentum * v + (LR * g / root if inside else g / root)
        return w - (v if inside else LR * v), s, mean, v

    return step


def _adamax(inside: bool) -> Step:
    """Kingma and Ba, 2015, section 7.1; ε inside the maximum as PyTorch has it, or added to it as nn.AdaMax has it."""

    def step(w: Array, g: Array, t: int, m: Array, u: Array) -> tuple[Array, Array, Array]:
        m = B1 * m + (1 - B1) * g
        u = np.maximum(B2 * u, np.abs(g) + (EPSILON if inside else 0.0))
        return w - LR / (1 - B1**t) * m / (u if inside else u + EPSILON), m, u

    return step


def _rprop(w: Array, g: Array, t: int, size: Array, before: Array) -> tuple[Array, Array, Array]:
    """Riedmiller and Braun, 1993, in the variant without backtracking: after a change of sign there is no step."""
    sign = np.sign(g * before)
    size = np.clip(size * np.where(sign > 0, 1.25, np.where(sign < 0, 0.5, 1.0)), 2.0**-20, 50.0)
    g = np.where(sign < 0, 0.0, g)
    return w - size * np.sign(g), size, g


def _asgd(w: Array, g: Array, t: int) -> tuple[Array]:
    """Polyak and Juditsky, 1992, before averaging starts; η_t = η / (1 + λ η t)^α, λ = ¼, α = ¾."""
    rate = LR / (1 + 0.25 * LR * (t - 1)) ** 0.75
    return (w * (1 - 0.25 * rate) - rate * g,)


def _ftrl(l1: float) -> Step:
    """McMahan et al., KDD 2013, with l2 = 1/16 and learning-rate power −½; l2 counts twice as documented."""

    def step(w: Array, g: Array, t: int, n: Array, z: Array) -> tuple[Array, Array, Array]:
        after = n + g**2
        z = z + g - (np.sqrt(after) - np.sqrt(n)) / LR * w
        w = np.where(np.abs(z) > l1, (np.sign(z) * l1 - z) / (np.sqrt(after) / LR + 2 * 0.0625), 0.0)
        return w, after, z

    return step


def _lamb(w: Array, g: Array, t: int, m: Array, v: Array) -> tuple[Array, Array, Array]:
    """You et al., ICLR 2020, φ the identity, decay ¼."""
    m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
    ratio = m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + EPSILON) + 0.25 * w
    return w - LR * np.linalg.norm(w) / np.linalg.norm(ratio) * ratio, m, v


def _proximal_adagrad(w: Array, g: Array, t: int, total: Array) -> tuple[Array, Array]:
    """Duchi, Hazan and Singer, 2011, composite mirror descent: every element has its own rate; l1 = l2 = 1/16."""
    total = total + g**2
    rate = LR / np.sqrt(total)
    v = w - rate * g
    return np.sign(v) / (1 + rate * 0.0625) * np.maximum(np.abs(v) - rate * 0.0625, 0), total


def _nadam(w: Array, g: Array, t: int, m: Array, v: Array, product: Array) -> tuple[Array, Array, Array, Array]:
    """Dozat, 2016, with the momentum's schedule of PyTorch, ψ = 1/256."""
    mu, later = (B1 * (1 - 0.5 * 0.96 ** (k / 256)) for k in (t, t + 1))
    product = product * mu
    m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
    first = later * m / (1 - product * later) + (1 - mu) * g / (1 - product)
    return w - LR * first / (np.sqrt(v / (1 - B2**t)) + EPSILON), m, v, product


def _radam(w: Array, g: Array, t: int, m: Array, v: Array) -> tuple[Array, Array, Array]:
    """Liu et al., ICLR 2020; rectified from ρ_t > 5 on, as PyTorch has it."""
    m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
    longest = 2 / (1 - B2) - 1
    length = longest - 2 * t * B2**t / (1 - B2**t)
    first = m / (1 - B1**t)
    if length <= 5:
        return w - LR * first, m, v
    r = np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
    return w - LR * first * r * np.sqrt(1 - B2**t) / (np.sqrt(v) + EPSILON), m, v


def _update(name: str, arguments: str, step: Step, *initial: float) -> Entry:
    """An entry; ``name`` is the class with its module, and after a blank what is special."""
    call = name.split()[0].replace("experimental.", "ms.experimental.")
    return Entry(name, f"{call}(params, {arguments})", _trajectory(step, *initial), CASES, kind="update")


RATE = "learning_rate=0.125"
MOMENTUM = f"{RATE}, momentum=0.75"
ADAM = f"{RATE}, beta1=0.75, beta2=0.875"
BETAS = "lr=0.125, betas=(0.75, 0.875)"

CLASSIC = (
    _update("nn.SGD", RATE, _sgd()),
    _update("nn.SGD (momentum)", f"{MOMENTUM}, dampening=0.25", _sgd(0.75, dampening=0.25)),
    _update("nn.SGD (nesterov)", f"{MOMENTUM}, nesterov=True", _sgd(0.75, nesterov=True)),
    _update("nn.SGD (weight decay)", f"{MOMENTUM}, weight_decay=0.25", _sgd(0.75, 0.25)),
    _update("nn.Momentum", MOMENTUM, _sgd(0.75)),
    _update("nn.Momentum (weight decay)", f"{MOMENTUM}, weight_decay=0.25", _sgd(0.75, 0.25)),
    _update("nn.Momentum (Nesterov)", f"{MOMENTUM}, use_nesterov=True", _sgd(0.75, nesterov=True)),
    _update("nn.Adam", f"{ADAM}, eps=2.0**-30", _adam(epsilon=2.0**-30)),
    _update("nn.Adam (large epsilon)", f"{ADAM}, eps=0.5", _adam(epsilon=0.5)),
    _update("nn.Adam (weight decay)", f"{ADAM}, eps=2.0**-30, weight_decay=0.25", _adam(decay=0.25, epsilon=2.0**-30)),
    _update("nn.Adam (amsgrad)", f"{ADAM}, eps=2.0**-30, use_amsgrad=True", _adam(maximal=True, epsilon=2.0**-30)),
    _update("nn.LazyAdam", f"{ADAM}, eps=2.0**-30", _adam(epsilon=2.0**-30)),
    _update("nn.AdamWeightDecay", f"{ADAM}, eps=2.0**-10, weight_decay=0.25", _adam_weight_decay),
    _update("nn.Adagrad", f"accum=0.125, {RATE}", _adagrad(0.0), 0.125),
    _update("nn.Adadelta", f"{RATE}, rho=0.875, epsilon=2.0**-10", _adadelta),
    _update("nn.RMSProp", f"{RATE}, decay=0.875, epsilon=2.0**-10", _rmsprop(), 1.0),
    _update("nn.RMSProp (momentum)", f"{RATE}, decay=0.875, momentum=0.75, epsilon=2.0**-10", _rmsprop(0.75), 1.0),
    _update(
        "nn.RMSProp (centered)",
        f"{RATE}, decay=0.875, momentum=0.75, epsilon=2.0**-10, centered=True",
        _rmsprop(0.75, centred=True),
        1.0,
    ),
    _update("nn.AdaMax", f"{ADAM}, eps=2.0**-10", _adamax(False)),
    _update("nn.Rprop", f"{RATE}, etas=(0.5, 1.25), step_sizes=(2.0**-20, 50.0)", _rprop, LR),
    _update("nn.ASGD", f"{RATE}, lambd=0.25, alpha=0.75", _asgd),
    _update("nn.FTRL", f"initial_accum=0.125, {RATE}, l2=0.0625", _ftrl(0.0), 0.125),
    _update("nn.FTRL (l1)", f"initial_accum=0.125, {RATE}, l1=0.0625, l2=0.0625", _ftrl(0.0625), 0.125),
    _update("nn.Lamb", f"{ADAM}, eps=2.0**-10, weight_decay=0.25", _lamb),
    _update("nn.ProximalAdagrad", f"accum=0.125, {RATE}, l1=0.0625, l2=0.0625", _proximal_adagrad, 0.125),
)

MINT = (
    _update("mint.optim.SGD", "lr=0.125, momentum=0.75", _sgd(0.75)),
    _update("mint.optim.Adam", f"{BETAS}, eps=2.0**-10", _adam()),
    _update("mint.optim.AdamW", f"{BETAS}, eps=2.0**-10, weight_decay=0.25", _adam(decoupled=0.25)),
)

EXPERIMENTAL = (
    _update("experimental.optim.SGD", "lr=0.125, momentum=0.75", _sgd(0.75)),
    _update(
        "experimental.optim.SGD (nesterov)",
        "lr=0.125, momentum=0.75, nesterov=True, weight_decay=0.25",
        _sgd(0.75, 0.25, nesterov=True),
    ),
    _update(
        "experimental.optim.Adam", f"{BETAS}, eps=2.0**-30, weight_decay=0.25", _adam(decay=0.25, epsilon=2.0**-30)
    ),
    _update("experimental.optim.Adam (large epsilon)", f"{BETAS}, eps=0.5", _adam(epsilon=0.5)),
    _update(
        "experimental.optim.Adam (amsgrad)",
        f"{BETAS}, eps=2.0**-30, amsgrad=True",
        _adam(maximal=True, epsilon=2.0**-30),
    ),
    _update("experimental.optim.AdamW", f"{BETAS}, eps=2.0**-10, weight_decay=0.25", _adam(decoupled=0.25)),
    _update("experimental.optim.Adagrad", "lr=0.125, lr_decay=0.25, eps=2.0**-10", _adagrad(EPSILON, 0.25)),
    _update("experimental.optim.Adadelta", "lr=0.125, rho=0.875, eps=2.0**-10", _adadelta),
    _update("experimental.optim.Adamax", f"{BETAS}, eps=2.0**-10", _adamax(True)),
    _update("experimental.optim.NAdam", f"{BETAS}, eps=2.0**-10, momentum_decay=2.0**-8", _nadam, 0.0, 0.0, 1.0),
    _update("experimental.optim.RAdam", f"{BETAS}, eps=2.0**-10", _radam),
    _update(
        "experimental.optim.RMSprop", "lr=0.125, alpha=0.875, eps=2.0**-10, momentum=0.75", _rmsprop(0.75, inside=False)
    ),
    _update(
        "experimental.optim.RMSprop (centered)",
        "lr=0.125, alpha=0.875, eps=2.0**-10, centered=True",
        _rmsprop(centred=True, inside=False),
    ),
    _update("experimental.optim.Rprop", "lr=0.125, etas=(0.5, 1.25), step_sizes=(2.0**-20, 50.0)", _rprop, LR),
    _update("experimental.optim.ASGD", "lr=0.125, lambd=0.25, alpha=0.75", _asgd),
)

ENTRIES = CLASSIC + MINT + EXPERIMENTAL
