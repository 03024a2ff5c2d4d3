"""What to know of an experiment before it is trained: does it start where it should, can it learn, and how fast."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Literal

import mindspore as ms
import numpy as np
import pandas as pd
from mindspore import Tensor, ops
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.dnn import DNN
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.presentation.document import Block, Shown
from ms_dnn.presentation.notation import counted
from ms_dnn.runtime.device import Device
from ms_dnn.runtime.environment import describe_environment
from ms_dnn.runtime.seeding import stream
from ms_dnn.training.engine import choose_engine, make_loop
from ms_dnn.training.optimizers import Adam, Optimizer
from ms_dnn.training.trainer import copies_of, load_parameters, stored_parameters

Array = NDArray[Any]

TESTED = "2.10"
"""The version of MindSpore that the tests run with."""

PROBE = 256
"""Samples, at most, that the units and the first cost are measured on."""
OVERFITTED = 20
"""Samples that a network must be able to overfit."""
OVERFIT_STEPS = 400
OVERFIT_RATES = (1e-2, 1e-3)
"""Of Adam; one of them suits any network that can learn at all."""
REMAINS = 0.05
"""Part of the first cost that may be left of it."""
DEAD = 1e-6
"""A unit whose |σ′(z)| is below this on every sample passes no gradient on."""
UPDATES = (1e-5, 0.5)
"""‖ΔW‖ / ‖W‖ of the first step; 1e-3 to 1e-1 is usual."""
TESTED_RATES = (1e-6, 10.0)
TEST_STEPS = 120
SMOOTHING = 0.8
"""Of the costs of the range test: the part of the average that each step keeps."""
CUBE = 16
"""Rows and columns of the blocks that Ascend's matrix unit multiplies, in float16."""
BLOWN_UP = 4.0
"""Times the first cost at which the range test ends."""


@dataclass(frozen=True)
class PreflightFinding:
    """One result: its subject, how good it is, and a sentence with the numbers and, if it is bad, the cure."""

    subject: str
    verdict: Literal["good", "warning", "bad"]
    sentence: str


@dataclass(frozen=True)
class LayerState:
    """A layer at the start.

    Attributes:
        number: place in the network, counted from 1; dropout has one, too.
        units: n[l].
        activation: its name.
        dead: share of the units that pass no gradient on for any sample; None for softmax, which mixes its units.
        gradient: ‖∂J/∂W‖ / √(number of elements); of a normalisation, the scale's.
        update: ‖ΔW‖ / ‖W‖ of the first step; ∞ where W is 0.
    """

    number: int
    units: int
    activation: str
    dead: float | None
    gradient: float
    update: float


@dataclass(frozen=True)
class RangeTest:
    """Learning-rate range test: the rate grows with each step (Smith, "Cyclical learning rates", WACV 2017).

    Attributes:
        rates: one a step, (K,), ending where the cost blew up.
        costs: of the mini-batch before each step, (K,).
        smoothed: their moving average, (K,).
        recommended: a tenth of the rate where that average is lowest; None where it never fell by a tenth.
    """

    rates: Array
    costs: Array
    smoothed: Array
    recommended: float | None


@dataclass(frozen=True, repr=False)
class Preflight(Shown):
    """What was found of an experiment before its training."""

    findings: tuple[PreflightFinding, ...]
    layers: tuple[LayerState, ...]
    range_test: RangeTest

    def __repr__(self) -> str:
        verdicts = [finding.verdict for finding in self.findings]
        counts = ", ".join(f"{verdicts.count(one)} {one}" for one in ("good", "warning", "bad") if one in verdicts)
        return f"Preflight({counts}; {counted(len(self.layers), 'layer')})"

    def blocks(self) -> Sequence[Block]:
        """Return what ``ms-dnn doctor`` prints of an experiment."""
        from ms_dnn.experiment.preflight_report import preflight_report

        return preflight_report(self.findings, self.layers)


def examine_environment(device: Device) -> list[PreflightFinding]:
    """Return what is known of the versions and the device in use."""
    versions = describe_environment("mindspore", "numpy")
    mindspore = ms.__version__
    found = []
    packages = sorted({*packages_distributions().get("mindspore", [])})
    if packages != ["mindspore"] or versions["mindspore"] != mindspore:
        known = f"the package {', '.join(packages)}" if packages else "no package that pip knows"
        sentence = (
            f"{mindspore} is {known}, in {Path(ms.__file__).parent}: so that pip does not put another one beside it, "
            "install ms-dnn by pip install --no-deps (see the page on Ascend)"
        )
        found.append(PreflightFinding("MindSpore", "warning", sentence))
    if mindspore.startswith(TESTED + "."):
        sentence = f"MindSpore {mindspore}, NumPy {versions['numpy']}, Python {versions['python']}"
        found.append(PreflightFinding("versions", "good", sentence))
    else:
        sentence = f"MindSpore {mindspore}; this project was tested with {TESTED} alone: run its tests first"
        found.append(PreflightFinding("versions", "warning", sentence))
    found.append(PreflightFinding("device", "good", f"{device.name}, {device.reason}"))
    if device.name != "CPU":
        sentence = f"nothing was run on {device.name} before a release: compare with --device CPU first"
        found.append(PreflightFinding("device", "warning", sentence))
    engine = choose_engine("auto", device.name)
    found.append(PreflightFinding("engine", "good", f"{engine.name}, {engine.reason}"))
    cores = os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads and not threads.isdigit():
        sentence = f"OMP_NUM_THREADS: got {threads!r}, expected a whole number: unset it"
        found.append(PreflightFinding("threads", "warning", sentence))
    elif threads and int(threads) > cores:
        sentence = f"OMP_NUM_THREADS={threads} on {cores} cores: threads wait for each other; unset it"
        found.append(PreflightFinding("threads", "warning", sentence))
    return found


def examine(config: ExperimentConfig) -> Preflight:
    """Examine an experiment on its training set; the device must be in use.

    Raises:
        DataError: the data cannot be used.
        NoDerivativeError: an activation has no derivative.
    """
    experiment = Experiment(config)
    train = experiment.data.train
    network = experiment.network()
    order = stream(config.seed, "preflight").permutation(len(train.x))
    seen, few = order[:PROBE], order[:OVERFITTED]
    rate = float(experiment.rates[0])
    layers = _layers(experiment, network, train.x[seen], train.weighted_y[seen], rate)
    findings = [_first_cost(config.loss, network, train.x[seen], train.y[seen]), *_about_layers(layers)]
    findings.append(_about_widths(network))
    findings.append(_overfitting(experiment, train.x[few], train.y[few]))
    test = _range_test(experiment)
    findings.append(_about_rate(test, rate))
    return Preflight(tuple(findings), layers, test)


class Stepper:
    """A network that is trained step by step, each step's cost known; and put back to its start."""

    def __init__(
        self, network: DNN, cost: Cost, optimizer: Optimizer, x: Array, y: Array, clip: float | None, engine: str
    ) -> None:
        gradient = HandwrittenGradient(network, cost)
        self.loop = make_loop(engine, gradient, optimizer, clip_norm=clip)
        self.samples = Tensor(x, self.loop.dtype), Tensor(y, self.loop.dtype)
        self.parameters = stored_parameters(gradient, optimizer)
        self.start = copies_of(self.parameters)

    def restart(self) -> None:
        """Put weights, state and slots back."""
        load_parameters(self.parameters, self.start)

    def run(self, rates: Array, batches: Array) -> Array:
        """Return the cost of each step before it was made, (K,); fewer where one is not finite."""
        coefficients, picked = self.loop.coefficients(rates, 0), Tensor(batches.astype(np.int32))
        costs: list[float] = []
        for step in range(len(rates)):
            _, cost, _ = self.loop.run_steps(self.samples, picked, coefficients, step, step + 1)
            if not np.isfinite(cost):
                break
            costs.append(cost)
        return np.array(costs)


def _stepper(experiment: Experiment, network: DNN, x: Array, y: Array) -> Stepper:
    """Return what trains a network by the experiment's own optimizer."""
    clip = experiment.config.training.clip_norm
    return Stepper(network, experiment.cost(), experiment.optimizer(network), x, y, clip, experiment.engine.name)


def _layers(experiment: Experiment, network: DNN, x: Array, y: Array, rate: float) -> tuple[LayerState, ...]:
    stepper = _stepper(experiment, network, x, y)
    _, caches = network.forward(stepper.samples[0])
    gradients = HandwrittenGradient(network, experiment.cost())(*stepper.samples)[1]
    stepper.run(np.array([rate]), np.arange(len(x))[None])
    before, after = stepper.start, copies_of(stepper.parameters)
    stepper.restart()
    found = []
    for i, (layer, cache) in enumerate(zip(network.layers, caches, strict=True)):
        computed = dict(layer.tensors(cache))
        if "activation" not in computed:
            continue
        # The weight of a dense layer, the scale of a normalisation: the first of its parameters.
        first, name = next((j, n) for j, n in enumerate(network.parameter_names) if n.startswith(f"layers.{i}."))
        weight, moved = np.linalg.norm(before[name]), np.linalg.norm(after[name] - before[name])
        gradient = gradients[first].asnumpy().astype(np.float64)
        found.append(
            LayerState(
                number=i + 1,
                units=computed["activation"].shape[1],
                activation=layer.activation.name,
                dead=_dead(layer, computed["weighted sum"], computed["activation"]),
                gradient=float(np.sqrt(np.mean(gradient**2))),
                update=float(moved / weight) if weight else float("inf"),
            )
        )
    return tuple(found)


def _dead(layer: Any, z: Tensor, a: Tensor) -> float | None:
    if layer.activation.name == "softmax":
        return None
    slopes = layer.activation.derivative()(z, a, ops.ones_like(a)).asnumpy()
    return float(np.mean(np.all(np.abs(slopes) < DEAD, axis=0)))


def _first_cost(loss: str, network: DNN, x: Array, y: Array) -> PreflightFinding:
    dtype = network.trainable_params()[0].dtype
    prediction = network.forward(Tensor(x, dtype))[0]
    cost = float(Cost(loss, "mean")(prediction, Tensor(y, dtype)).asnumpy())
    outputs = y.shape[1]
    by_chance = {
        "softmax_cross_entropy": (np.log(outputs), f"ln {outputs}"),
        "binary_cross_entropy": (outputs * np.log(2), f"{outputs} ln 2"),
        "binary_cross_entropy_with_logits": (outputs * np.log(2), f"{outputs} ln 2"),
    }.get(loss)
    if by_chance is None:
        return PreflightFinding("cost at the start", "good", f"{cost:.4g} a sample")
    chance, formula = by_chance
    sentence = f"{cost:.4g} a sample; guessing costs {formula} = {chance:.4g}"
    if cost > 2 * chance:
        return PreflightFinding(
            "cost at the start", "warning", f"{sentence}: the first predictions are wrong with confidence; "
            "use smaller starting weights in the last layer, and scale the features"
        )  # fmt: skip
    return PreflightFinding("cost at the start", "good", sentence)


def _about_layers(layers: Sequence[LayerState]) -> list[PreflightFinding]:
    found = []
    worst = max(layers, key=lambda layer: layer.dead or 0.0)
    if (worst.dead or 0.0) > 0.1:
        verdict: Literal["warning", "bad"] = "bad" if worst.dead == 1 else "warning"
        found.append(
            PreflightFinding(
                "dead units", verdict, f"{worst.dead:.0%} of layer {worst.number} ({worst.activation}) pass no "
                "gradient on for any sample: use another initializer, leaky_relu, or scaled features",
            )
        )  # fmt: skip
    else:
        found.append(PreflightFinding("dead units", "good", f"at most {worst.dead or 0.0:.1%} of a layer"))
    low, high = UPDATES
    moved = [layer for layer in layers if np.isfinite(layer.update)]
    for layer in moved:
        if not low <= layer.update <= high:
            what = "hardly moves: a larger rate" if layer.update < low else "is too large: a smaller rate"
            sentence = (
                f"the first step changes W[{layer.number}] by {layer.update:.1e} of itself; it {what} is worth a try"
            )
            found.append(PreflightFinding("first update", "warning", sentence))
    if len(found) == 1 and moved:
        least, most = min(layer.update for layer in moved), max(layer.update for layer in moved)
        found.append(PreflightFinding("first update", "good", f"{least:.1e} to {most:.1e} of the weights"))
    return found


def _about_widths(network: DNN) -> PreflightFinding:
    """Say which widths leave part of Ascend's matrix unit idle, which multiplies blocks of CUBE × CUBE."""
    hidden = list(enumerate(network.sizes[1:-1], start=1))
    odd = [f"{units} units of dense layer {number}" for number, units in hidden if units % CUBE]
    if not odd:
        return PreflightFinding(
            "widths", "good", f"every hidden layer has a multiple of {CUBE} units, as Ascend's Cube unit wants"
        )
    sentence = (
        f"{', '.join(odd)}: no multiple of {CUBE}; on Ascend the Cube unit computes the next multiple all the same"
    )
    return PreflightFinding("widths", "warning", sentence)


def _overfitting(experiment: Experiment, x: Array, y: Array) -> PreflightFinding:
    network = experiment.network(dropout=False)
    cost, optimizer = Cost(experiment.config.loss, "mean"), Adam(network.trainable_params())
    stepper = Stepper(network, cost, optimizer, x, y, None, experiment.engine.name)
    everything = np.tile(np.arange(len(x)), (OVERFIT_STEPS, 1))
    best = np.inf
    for rate in OVERFIT_RATES:
        stepper.restart()
        costs = stepper.run(np.full(OVERFIT_STEPS, rate), everything)
        if len(costs) == OVERFIT_STEPS:
            best = min(best, float(np.min(costs)) / float(costs[0]) if costs[0] else 0.0)
    subject = f"overfit {len(x)} samples"
    if best <= REMAINS:
        return PreflightFinding(subject, "good", f"{OVERFIT_STEPS} steps of Adam leave {best:.1e} of the cost")
    sentence = (
        f"{OVERFIT_STEPS} steps of Adam leave {best:.0%} of the cost: the network cannot overfit a tiny batch; "
        "widen the network, or look at its activations, the scaling and the targets"
    )
    # One layer is convex and may be too small on purpose.
    return PreflightFinding(subject, "warning" if len(experiment.config.network.layers) == 1 else "bad", sentence)


def _range_test(experiment: Experiment) -> RangeTest:
    train, batch_size = experiment.data.train, experiment.plan.batch_size
    rates = np.geomspace(*TESTED_RATES, TEST_STEPS)
    random = stream(experiment.config.seed, "learning-rate range test")
    rows = np.stack([random.permutation(len(train.x))[:batch_size] for _ in rates])
    used, batches = np.unique(rows, return_inverse=True)
    stepper = _stepper(experiment, experiment.network(), train.x[used], train.weighted_y[used])
    costs = stepper.run(rates, batches.reshape(rows.shape))
    smoothed = pd.Series(costs).ewm(alpha=1 - SMOOTHING).mean().to_numpy()
    beyond = np.flatnonzero(smoothed > BLOWN_UP * smoothed[:1])
    kept = slice(int(beyond[0]) if len(beyond) else len(costs))
    rates, costs, smoothed = rates[kept], costs[kept], smoothed[kept]
    recommended = None
    if len(costs) and smoothed.min() < 0.9 * smoothed[0]:
        recommended = float(rates[int(np.argmin(smoothed))] / 10)
    return RangeTest(rates, costs, smoothed, recommended)


def _about_rate(test: RangeTest, rate: float) -> PreflightFinding:
    if test.recommended is None:
        return PreflightFinding(
            "learning rate", "warning", "no rate lowered the cost by a tenth: see the other findings first"
        )
    sentence = f"try {test.recommended:.1e}; the configuration has {rate:.1e}"
    if not test.recommended / 10 <= rate <= test.recommended * 10:
        return PreflightFinding("learning rate", "warning", f"{sentence}, which is more than ten times off")
    return PreflightFinding("learning rate", "good", sentence)
