"""Judge gradients while ``mindspore.train.Model`` trains: at the weights and the batch of a step, before its update."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from mindspore.common.seed import _KERNEL_SEED
from mindspore.train import Callback, RunContext

from ms_dnn.dnn import DNN
from ms_dnn.errors import GradientError, ParameterError, SubjectError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.asked import MODES
from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.declared import Expected
from ms_dnn.judge.judgement import Judgement, Verdict
from ms_dnn.judge.routes.base import STOPPED
from ms_dnn.judge.routes.functions import copies, named_cells, pynative_mode
from ms_dnn.presentation.notation import first_line
from ms_dnn.runtime.device import PREFERENCE

CHOICES = {
    "on_fail": ("stop", "warn"),
    "precision": (None, "float64", "float32", "float16", "bfloat16"),
    "device": (None, *PREFERENCE),
}
Judged = tuple[Callable[..., Any], Sequence[Any], Callable[..., Any] | None, Sequence[Any]]
"""Function, inputs, loss and targets, as ``check_gradients`` takes them."""


class JudgeGradients(Callback):
    """Judges the gradients during ``Model.train``, at step 1 and then every so many steps.

    At these steps the network and its loss are judged by :func:`ms_dnn.check_gradients`, before the update, at the
    weights and at the first samples of the batch. The judged network is that of a
    :class:`ms_dnn.HandwrittenTrainOneStep`, or the one that Model trains with a loss, or one that returns its loss.
    Copies are judged, with dropout off, and the training goes on bit for bit as it does without the callback.
    Each verdict is printed but FAIL, which stops the training, or warns. A step takes some passes for each Parameter.

    Args:
        every: steps from one judgement to the next.
        samples: of the batch; None for all of them, as a network of fixed batch size wants it.
        on_fail: "stop" raises a GradientError before the weights are updated; "warn" warns and goes on.
        wrt: see check_gradients. Not for a DNN with a Cost, which is judged by all its parameters.
        modes: "pynative", "compiled" or both.
        precision: "float64", "float32", "float16" or "bfloat16" to judge in that dtype; None for the network's own.
        expect: see check_gradients.
        directions: random directions in each tensor along which differences are taken. The seed is the step.
        device: for its tolerance; None for the device in use.

    Attributes:
        judgements: the judgement of each judged step, by the step's number, from 1.

    Raises:
        ParameterError: an argument is wrong.
        SubjectError: when training begins, in sink mode, which shows a callback no batches, or with a train network of
            which network and loss cannot be told; at a step, when the network cannot be judged.
        GradientError: at a step that FAILs.

    Examples:
        >>> network, cost = ms_dnn.LogisticRegression(1), ms_dnn.Cost("binary_cross_entropy")
        >>> step = ms_dnn.HandwrittenTrainOneStep(network, cost, ms.nn.SGD(network.trainable_params(), 0.5))
        >>> x, y = np.array([[2], [1], [-1]], np.float32), np.array([[1], [1], [0]], np.float32)
        >>> batches = ms.dataset.NumpySlicesDataset((x, y), ["x", "y"]).batch(3)
        >>> judge = ms_dnn.JudgeGradients(every=2)
        >>> ms.train.Model(step).train(3, batches, callbacks=[judge])
        gradients at step 1: PASS: all routes agree on all 2 parameters
        gradients at step 3: PASS: all routes agree on all 2 parameters
        >>> judge.judgements[3].verdict.value
        'PASS'
    """

    def __init__(
        self,
        every: int = 1000,
        samples: int | None = 32,
        on_fail: str = "stop",
        *,
        wrt: str | Sequence[str] = "parameters",
        modes: Sequence[str] = ("pynative",),
        precision: str | None = None,
        expect: Expected | None = None,
        directions: int = 1,
        device: str | None = None,
    ) -> None:
        super().__init__()
        for name, number in (
            ("every", every),
            ("samples", 1 if samples is None else samples),
            ("directions", directions),
        ):
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                or_none = " or None" if name == "samples" else ""
                raise ParameterError(f"{name}: got {number!r}, expected a whole number from 1{or_none}")
        for name, value in (("on_fail", on_fail), ("precision", precision), ("device", device)):
            if value not in CHOICES[name]:
                raise ParameterError(f"{name}: got {value!r}, expected one of {', '.join(map(repr, CHOICES[name]))}")
        if not modes or isinstance(modes, str) or not set(modes) <= set(MODES):
            raise ParameterError(f"modes: got {modes!r}, expected some of {list(MODES)}")
        self.every, self.samples, self.on_fail, self.device = every, samples, on_fail, device
        self.options: dict[str, Any] = {
            "wrt": wrt,
            "modes": tuple(modes),
            "precision": precision,
            "expect": expect,
            "directions": directions,
        }
        self.judgements: dict[int, Judgement] = {}

    def on_train_begin(self, run_context: RunContext) -> None:
        """Make sure that there will be something to judge."""
        training = run_context.original_args()
        if training.dataset_sink_mode:
            raise SubjectError(
                "JudgeGradients: got dataset_sink_mode=True, in which a callback sees no batches: train with "
                "dataset_sink_mode=False, or without the callback"
            )
        judged_by(training)

    def on_train_step_begin(self, run_context: RunContext) -> None:
        """Judge, if it is this step's turn."""
        training = run_context.original_args()
        step = training.cur_step_num
        if (step - 1) % self.every:
            return
        try:
            with pynative_mode(), random_state_restored():
                judgement = self._judge(training, step)
        except SubjectError as error:
            raise SubjectError(f"JudgeGradients: step {step}: {error}") from error
        self.judgements[step] = judgement
        said = f"gradients at step {step}: {judgement.verdict.value}: {judgement.reason}"
        if judgement.verdict is not Verdict.FAIL:
            print(said)
            return
        said = "; ".join([said, *(part.diagnosis for part in judgement.faulty[:1] if part.diagnosis)])
        said += f"; print(callback.judgements[{step}]) shows the report"
        if self.on_fail == "stop":
            raise GradientError(said)
        warnings.warn(said, RuntimeWarning, stacklevel=2)

    def _judge(self, training: Any, step: int) -> Judgement:
        function, inputs, loss, targets = judged_by(training)
        try:
            function, loss = copies(function, loss)
        except STOPPED as error:
            raise SubjectError(f"the network cannot be copied: {first_line(error)}") from error
        if not isinstance(function, DNN):
            _switch_dropout_off(function)
        cut = self._first_samples([*inputs, *targets])
        device = self.device or ms.get_context("device_target")
        given, labels = cut[: len(inputs)], cut[len(inputs) :]
        options = {**self.options, "device": device, "seed": step}
        return check_gradients(function, given, loss, labels, **options)

    def _first_samples(self, batch: Sequence[Any]) -> list[Any]:
        """Return the first samples of each Tensor; the batch as it is where its Tensors differ in their number."""
        lengths = {value.shape[:1] for value in batch if isinstance(value, Tensor)}
        if self.samples is None or len(lengths) != 1 or () in lengths:
            return list(batch)
        return [value[: self.samples] if isinstance(value, Tensor) else value for value in batch]


def judged_by(training: Any) -> Judged:
    """Return what a training of ``Model`` differentiates, given its ``original_args``; before a step without a batch.

    Raises:
        SubjectError: its train network is one of the user's own: where its loss is cannot be told.
    """
    train_network, batch = training.train_network, tuple(training.train_dataset_element or ())
    by_hand = getattr(train_network, "gradient", None)
    if isinstance(by_hand, HandwrittenGradient):
        return by_hand.network, batch[:1], by_hand.cost, batch[1:]
    if training.loss_fn is not None:
        return training.network, batch[:1], training.loss_fn, batch[1:]
    if training.optimizer is not None:
        return training.network, batch, None, ()
    if isinstance(train_network, nn.TrainOneStepCell):
        return train_network.network, batch, None, ()
    raise SubjectError(
        f"JudgeGradients: got the train network {type(train_network).__name__}, of which network and loss cannot be "
        "told: expected ms_dnn.HandwrittenTrainOneStep, nn.TrainOneStepCell, or a Model with a loss or an optimizer"
    )


@contextmanager
def random_state_restored() -> Iterator[None]:
    """Put the random states of Python, NumPy and MindSpore back at the end: the next draw is the one it was to be."""
    of_python, of_mindspore = random.getstate(), ms.get_rng_state()
    of_numpy = np.random.get_state()  # noqa: NPY002 - that of the user's program
    of_operations = dict(_KERNEL_SEED)
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002
        ms.set_rng_state(of_mindspore)
        _KERNEL_SEED.clear()
        _KERNEL_SEED.update(of_operations)


def _switch_dropout_off(network: Any) -> None:
    """Stop MindSpore's dropout from drawing: there is no one function to differentiate while it does."""
    for _, cell in named_cells((network,)):
        if "dropout" in type(cell).__name__.lower():
            cell.set_train(False)
