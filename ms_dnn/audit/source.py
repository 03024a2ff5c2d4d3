"""The source text of a call: one module that the worker imports and the reproduction script contains.

MindSpore's graph parser reads source from a file, knows no lambda, and wants the first argument to be ``self``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ms_dnn.audit.entry import Array, Entry

_IMPORTS = """\
import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, mint, nn, ops
"""

_FUNCTION = """

class Call(nn.Cell):
    def __init__(self):
        super().__init__(){built}

    def construct(self, {inputs}):
        return {result}


class ForwardAndGradient(nn.Cell):
    def __init__(self, call, parameters):
        super().__init__()
        self.call = call
        self.weights = ParameterTuple(parameters)
        self.gradient = ops.GradOperation(get_all=True, get_by_list={by_list}, sens_param=True)

    def construct(self, {inputs}, cotangent):
        return self.call({inputs}), self.gradient(self.call{weights})({inputs}, cotangent)
"""

_SECOND_ORDER = """

class Gradient(nn.Cell):
    def __init__(self, call):
        super().__init__()
        self.call = call
        self.gradient = ops.GradOperation(get_all=True, sens_param=True)

    def construct(self, {inputs}, cotangent):
        return self.gradient(self.call)({inputs}, cotangent)


class SecondOrder(nn.Cell):
    def __init__(self, call):
        super().__init__()
        self.first = Gradient(call)
        self.gradient = ops.GradOperation(get_all=True, sens_param=True)

    def construct(self, {inputs}, cotangent, direction):
        return self.gradient(self.first)({inputs}, cotangent, direction)
"""

_PARAMETERS = """

def with_parameters(call, values):
    parameters = []
    named = dict(call.op.parameters_and_names())
    for name, value in values.items():
        parameter, tensor = named[name], Tensor(value)
        parameter.set_dtype(tensor.dtype)
        parameter.set_data(tensor)
        parameters.append(parameter)
    return parameters
"""

_UPDATE = """

def trajectory(start, gradients):
    weight = Parameter(Tensor(start), name="weight")
    params = [weight]
    optimizer = {call}
    steps = []
    for gradient in gradients:
        optimizer((Tensor(gradient),))
        steps.append(weight.asnumpy().copy())
    return np.stack(steps)
"""


@dataclass(frozen=True)
class Earlier:
    """What was differentiated first in the process: its name, its inputs and the cotangents of its outputs."""

    history: str
    inputs: tuple[Array, ...]
    cotangents: tuple[Array, ...]


def module_text(entry: Entry, plain_inputs: int) -> str:
    """Return the source of the module that makes the call of so many inputs that are not parameters."""
    if entry.kind == "update":
        return _IMPORTS + _UPDATE.format(call=entry.call)
    inputs = ", ".join(f"x{i}" for i in range(plain_inputs))
    built = "" if entry.is_expression else f"\n        self.op = {entry.call}"
    result = entry.call if entry.is_expression else entry.applied or f"self.op({inputs})"
    by_list = bool(entry.parameters)
    weights = ", self.weights" if by_list else ""
    text = _IMPORTS + _FUNCTION.format(inputs=inputs, built=built, result=result, by_list=by_list, weights=weights)
    if entry.second_order:
        text += _SECOND_ORDER.format(inputs=inputs)
    return text + (_PARAMETERS if by_list else "")


def reproduction(
    entry: Entry,
    inputs: tuple[Array, ...],
    cotangents: tuple[Array, ...],
    expected: tuple[Array, ...],
    tensor: str,
    mode: str,
    heading: str,
    directions: tuple[Array, ...] = (),
    earlier: Earlier | None = None,
) -> str:
    """Return a script that prints what MindSpore gives beside what the formula gives.

    The inputs are in the dtype that they were passed in, ``expected`` are the outputs or the one gradient by the
    formula; an update has no cotangents, the first order no directions. What is earlier is differentiated first.
    """
    lines = ['"""' + heading.replace('"""', "'''") + '"""\n', module_text(entry, entry.plain(inputs))]
    lines += ["", 'ms.set_device("CPU")', f"ms.set_context(mode=ms.{MODE_CONSTANTS[mode]})"]
    lines += [f"{name} = {literal(value)}" for name, value in zip(entry.tensors(inputs), inputs, strict=True)]
    if entry.kind == "update":
        lines += ['print("MindSpore")', "print(trajectory(x0, x1))"]
    else:
        lines += _function_call(entry, inputs, cotangents, tensor, directions, earlier)
    lines += ['print("the formula, in float64")']
    lines += [f"print({literal(np.asarray(value, np.float64))})" for value in expected]
    return "\n".join(lines) + "\n"


MODE_CONSTANTS = {"PyNative": "PYNATIVE_MODE", "compiled": "GRAPH_MODE"}


def _function_call(
    entry: Entry,
    inputs: tuple[Array, ...],
    cotangents: tuple[Array, ...],
    tensor: str,
    directions: tuple[Array, ...],
    earlier: Earlier | None,
) -> list[str]:
    names, plain = entry.tensors(inputs), entry.plain(inputs)
    arguments = ", ".join(f"Tensor({name})" for name in names[:plain])
    values = ", ".join(f'"{name}": {name}' for name in entry.parameters)
    lines = ["call = Call()"]
    lines += [f"parameters = with_parameters(call, {{{values}}})" if entry.parameters else "parameters = []"]
    if earlier is not None:
        dtype = next(x.dtype for x in inputs if x.dtype.kind == "f")
        sens = _tensors(tuple(value.astype(dtype) for value in earlier.cotangents))
        sens = f"({sens})" if len(earlier.cotangents) > 1 else sens
        lines += [f"# {earlier.history}: without this line the gradient below is right"]
        lines += [f"ForwardAndGradient(call, parameters)({_tensors(earlier.inputs[:plain])}, {sens})"]
    if tensor == "output":
        return [*lines, 'print("MindSpore")', f"print(call({arguments}))"]
    sens = _tensors(cotangents)
    lines += [f"cotangent = ({sens})" if len(cotangents) > 1 else f"cotangent = {sens}"]
    number = names.index(tensor.split()[0])
    if directions:
        lines += [f"gradients = SecondOrder(call)({arguments}, cotangent, ({_tensors(directions)},))"]
        return [*lines, f'print("{tensor}: MindSpore")', f"print(gradients[{number}])"]
    lines += [f"output, gradients = ForwardAndGradient(call, parameters)({arguments}, cotangent)"]
    place = f"[{number}]"
    if entry.parameters:
        place = f"[0][{number}]" if number < plain else f"[1][{number - plain}]"
    return [*lines, f'print("gradient with respect to {tensor}: MindSpore")', f"print(gradients{place})"]


def _tensors(values: tuple[Array, ...]) -> str:
    return ", ".join(f"Tensor({literal(value)})" for value in values)


def literal(value: Array) -> str:
    """Return NumPy source that makes the array again, bit for bit."""
    flat: Any = value.tolist()
    text = repr(flat).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}, np.{value.dtype.name if value.dtype != bool else 'bool_'})"
