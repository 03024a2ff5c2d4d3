"""Check the gradients of anybody's Cell or function: ``check_gradients``, and ``assert_gradients`` for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mindspore import Tensor

from ms_dnn.judge.asked import MODES, Asked
from ms_dnn.judge.declared import Expected
from ms_dnn.judge.judgement import Judgement, Verdict
from ms_dnn.judge.routes.tensors import as_sequence
from ms_dnn.runtime.threads import one_thread_at_a_time


@one_thread_at_a_time
def check_gradients(
    function: Callable[..., Any],
    inputs: Any,
    loss: Callable[..., Any] | None = None,
    targets: Sequence[Any] = (),
    *,
    wrt: str | Sequence[str] = "parameters+inputs",
    gradients: Callable[..., Any] | None = None,
    modes: Sequence[str] = MODES,
    precision: str | None = None,
    order: int = 1,
    mode: str = "reverse",
    expect: Expected | None = None,
    device: str = "CPU",
    directions: int = 2,
    seed: int = 0,
) -> Judgement:
    """Judge the gradients of a Cell or function at one point. No tolerance is asked for.

    Compared are: the gradients as a user gets them, through every ``bprop`` (in PyNative and compiled); what MindSpore
    makes of ``construct`` without them; and central differences of the forward pass, in float64 where it can be
    run so. For a :class:`ms_dnn.DNN` with a :class:`ms_dnn.Cost`: see :func:`ms_dnn.judge.network.check_network`.

    Args:
        function: a Cell, or a function of Tensors. It is not changed.
        inputs: its arguments: a Tensor or array, or a sequence of them, which may hold nested tuples, lists and dicts;
            floating-point Tensors and arrays are differentiated by, Python's numbers beside them are not.
        loss: of ``(output, *targets)``; None to contract every output with a random cotangent.
        targets: further arguments of the loss, not differentiated by.
        wrt: "parameters+inputs", "parameters", "inputs", or names: a Parameter's, or "input 0", "input 1", ….
        gradients: a backward pass by hand: ``gradients(*inputs)`` returns the gradient of the sum of the outputs, or of
            the loss, for each tensor of ``wrt``.
        modes: "pynative", "compiled" or both; of a DNN and its Cost also "operator", the operator for CPU.
        precision: "float64", "float32", "float16" or "bfloat16" to judge a copy in that dtype; None for the
            Cell as it is.
        order: 2 to judge, once the gradient has passed, that of the gradient with respect to the inputs as well.
        mode: "reverse"; "forward" to judge MindSpore's ``jvp`` with respect to the inputs as well.
        expect: what the Cells with a bprop are meant to return in place of a derivative: "straight-through",
            "reversal", "stopped", or k for k dout; or a dict of these by the names of Cells.
        device: the device in use, for its tolerance.
        directions: random directions in each tensor along which differences are taken.
        seed: of directions and cotangents.

    Raises:
        SubjectError, DeviceError: nothing to differentiate by, the forward pass or a bprop fails, an option is unknown;
            no such dtype on the device.

    Examples:
        >>> ms_dnn.check_gradients(ms.ops.square, np.array([3.0]), gradients=lambda x: x).verdict.value
        'FAIL'
    """
    given = (Tensor(inputs),) if isinstance(inputs, float) else tuple(as_sequence(inputs))
    return Asked(
        function, given, loss, targets, wrt, gradients, modes, precision, order, mode, expect, device, directions, seed
    ).judged()


def assert_gradients(function: Callable[..., Any], inputs: Any, *arguments: Any, **options: Any) -> Judgement:
    """Check as :func:`check_gradients` does, and raise an AssertionError that shows the report unless it PASSes.

    Examples:
        >>> ms_dnn.assert_gradients(ms.ops.square, np.array([3.0]), gradients=lambda x: x)  # not 2 x
        Traceback (most recent call last):
        AssertionError: gradients of square on (1)
        ...
    """
    judgement = check_gradients(function, inputs, *arguments, **options)
    if judgement.verdict is not Verdict.PASS:
        raise AssertionError(f"gradients of {judgement.conditions.subject}\n{judgement}")
    return judgement
