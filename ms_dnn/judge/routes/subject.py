"""What is judged: a Cell or function at one point, made into one number J of named tensors.

    J(θ) = Σ c ⊙ f(θ)        c drawn once for each output; a scalar output, a loss, is J itself

The cotangent c is random, never ones: the sum of a softmax is constant, and a sum of errors may cancel.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.slope import Array
from ms_dnn.presentation.notation import first_line
from ms_dnn.runtime.seeding import stream

FLOATS = {"float16": ms.float16, "bfloat16": ms.bfloat16, "float32": ms.float32, "float64": ms.float64}
PARTS = ("parameters", "inputs")


@dataclass(frozen=True)
class Variable:
    """A tensor that J is differentiated by.

    Attributes:
        name: the Parameter's name, or "input 0", "input 1", ….
        place: its place among the Parameters or among the inputs.
        dtype: a NumPy name.
    """

    name: str
    kind: Literal["parameter", "input"]
    place: int
    shape: tuple[int, ...]
    dtype: str


class Contraction(nn.Cell):
    """(inputs…, targets…, cotangents…) → J: the function's outputs, through the loss, summed with the cotangents."""

    def __init__(self, function: Any, loss: Any, inputs: int, targets: int, places: tuple[int, ...] | None) -> None:
        super().__init__(auto_prefix=False)
        self.function, self.loss = function, loss
        self.inputs, self.given = inputs, inputs + targets
        self.places = places
        self.has_loss = loss is not None

    def construct(self, *arguments: Any) -> Tensor:
        """Return J (0-d)."""
        out = self.function(*arguments[: self.inputs])
        if self.has_loss:
            out = self.loss(out, *arguments[self.inputs : self.given])
        if self.places is None:
            return self._sum(out, arguments[self.given])
        total = self._sum(out[self.places[0]], arguments[self.given])
        for i in range(1, len(self.places)):
            total = total + self._sum(out[self.places[i]], arguments[self.given + i])
        return total

    def _sum(self, out: Tensor, cotangent: Tensor) -> Tensor:
        products = out * cotangent
        if out.dtype == ms.float16 or out.dtype == ms.bfloat16:
            products = ops.cast(products, ms.float32)
        return products.sum()


class Subject:
    """A Cell or function at a point.

    Args:
        function: a Cell, or a function of Tensors.
        inputs: its arguments: Tensors or arrays; the floating-point ones can be differentiated by.
        loss: of (output, *targets); None to contract the outputs with a random cotangent.
        targets: further arguments of the loss; not differentiated by.
        wrt: "parameters+inputs", "parameters", "inputs", or a list of names.
        seed: of the cotangent.
        cotangents: in place of drawn ones, one array for each floating-point output.

    Attributes:
        variables: what J is differentiated by.
        parameters: the trainable Parameters of function and loss.
        dtype: the least precise dtype among the variables, a NumPy name.

    Raises:
        SubjectError: the forward pass fails, gives no floating-point Tensor, or there is nothing to differentiate by.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: Sequence[Any],
        loss: Callable[..., Any] | None = None,
        targets: Sequence[Any] = (),
        wrt: str | Sequence[str] = "parameters+inputs",
        seed: int = 0,
        cotangents: Sequence[Array] | None = None,
    ) -> None:
        self.function, self.loss, self.seed, self.wrt = function, loss, seed, wrt
        self.inputs = [as_tensor(value) for value in inputs]
        self.targets = [as_tensor(value) for value in targets]
        self.parameters = trainable_parameters(function, loss)
        self.variables = self._variables()
        self.dtype = min((v.dtype for v in self.variables), key=list(FLOATS).index)
        outputs, self.places = self._first_outputs()
        self._given = cotangents
        if cotangents is None:
            cotangents = [self._draw(number, out) for number, out in enumerate(outputs)]
        self.cotangents = [
            Tensor(np.asarray(c, dtype=np.float32), FLOATS[dtype_of(out)])
            if dtype_of(out) == "bfloat16"
            else Tensor(np.asarray(c, dtype=dtype_of(out)))
            for c, out in zip(cotangents, outputs, strict=True)
        ]
        self.contraction = Contraction(function, loss, len(self.inputs), len(self.targets), self.places)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Inputs, targets and cotangents: what :attr:`contraction` takes."""
        return (*self.inputs, *self.targets, *self.cotangents)

    def value_of(self, variable: Variable) -> Array:
        """Return the variable's value at the point, float64."""
        tensor = self.parameters[variable.place] if variable.kind == "parameter" else self.inputs[variable.place]
        return as_array(tensor)

    def terms(self) -> Array:
        """Return the terms that J is the sum of, at the point, by the forward pass in PyNative: (M,), float64."""
        out = self.outputs()
        parts = [out] if self.places is None else [out[place] for place in self.places]
        pairs = zip(parts, self.cotangents, strict=True)
        return np.concatenate([(as_array(part) * as_array(cotangent)).ravel() for part, cotangent in pairs])

    def terms_at(self, variable: Variable, values: Sequence[Array]) -> Array:
        """Return the terms for each of T values of one variable: (T, M), float64. The point is restored."""
        rows = []
        with self.restored(variable):
            for value in values:
                self.move(variable, value)
                rows.append(self.terms())
        return np.stack(rows)

    def move(self, variable: Variable, value: Array) -> None:
        """Give a variable another value, in its dtype."""
        tensor = Tensor(value, FLOATS[variable.dtype])
        if variable.kind == "input":
            self.inputs[variable.place] = tensor
        else:
            ops.assign(self.parameters[variable.place], tensor)

    @contextmanager
    def restored(self, *variables: Variable) -> Iterator[None]:
        """Put the variables back at the end."""
        inputs = list(self.inputs)
        before = {variable: self.value_of(variable) for variable in variables if variable.kind == "parameter"}
        try:
            yield
        finally:
            self.inputs = inputs
            for variable, value in before.items():
                self.move(variable, value)

    def in_precision(self, dtype: str) -> Subject:
        """Return the same at the same point with every number in ``dtype``: copies, the originals stay as they are.

        Raises:
            SubjectError: the function cannot be copied, or some operation in it does not take the dtype.
        """
        try:
            function, loss = copy.deepcopy((self.function, self.loss))
        except (TypeError, RuntimeError, ValueError) as error:
            raise SubjectError(f"the function cannot be copied: {first_line(error)}") from None
        for cell in (function, loss):
            if isinstance(cell, nn.Cell):
                cast_cell(cell, dtype)
        inputs, targets = ([_cast(value, dtype) for value in values] for values in (self.inputs, self.targets))
        # Drawn cotangents as they were rounded; given ones with all their digits.
        cotangents = self._given or [as_array(c) for c in self.cotangents]
        copied = Subject(function, inputs, loss, targets, self.wrt, self.seed, cotangents)
        if any(dtype_of(c) != dtype for c in copied.cotangents):
            raise SubjectError(f"an output is not {dtype} although everything that goes in is")
        return copied

    def with_fewer_samples(self) -> Subject | None:
        """Return the same without the last sample, differentiated by the last variable that this leaves as it is.

        None when inputs and targets are not all Tensors of one and the same number of samples, at least 2, along the
        first axis, or when the function takes no other number.
        """
        tensors = (*self.inputs, *self.targets)
        counts = {value.shape[0] if isinstance(value, Tensor) and value.ndim else 0 for value in tensors}
        if len(counts) != 1 or min(counts) < 2:
            return None
        inputs, targets = ([value[:-1] for value in values] for values in (self.inputs, self.targets))
        by_parameter = [variable.name for variable in self.variables if variable.kind == "parameter"]
        wrt = by_parameter[-1:] or [self.variables[-1].name]
        try:
            return Subject(self.function, inputs, self.loss, targets, wrt, self.seed)
        except SubjectError:
            return None

    def fingerprint(self) -> str:
        """Return the SHA-256 of all values and cotangents, in order."""
        digest = hashlib.sha256()
        for tensor in (*self.parameters, *self.inputs, *self.targets, *self.cotangents):
            if isinstance(tensor, Tensor):
                digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
                digest.update(np.ascontiguousarray(as_array(tensor)).tobytes())
        return digest.hexdigest()

    def _variables(self) -> tuple[Variable, ...]:
        found = []
        for place, parameter in enumerate(self.parameters):
            if is_float(parameter):
                shape = tuple(parameter.shape)
                found.append(Variable(parameter.name, "parameter", place, shape, dtype_of(parameter)))
        for place, value in enumerate(self.inputs):
            if is_float(value):
                found.append(Variable(f"input {place}", "input", place, tuple(value.shape), dtype_of(value)))
        return chosen_variables(found, self.wrt)

    def _first_outputs(self) -> tuple[list[Tensor], tuple[int, ...] | None]:
        try:
            out = self.outputs()
            # PyNative runs behind: what it refuses comes to light when somebody looks.
            for part in as_sequence(out):
                if isinstance(part, Tensor):
                    part.asnumpy()
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            shapes = ", ".join(
                f"{dtype_of(t)}{list(t.shape)}" if isinstance(t, Tensor) else repr(t) for t in self.inputs
            )
            raise SubjectError(f"the forward pass failed on ({shapes}): {first_line(error)}") from error
        places = None
        if isinstance(out, (tuple, list)):
            places = tuple(place for place, part in enumerate(out) if is_float(part))
        out = [out] if places is None else [out[place] for place in places]
        if not out or not all(is_float(part) for part in out):
            raise SubjectError("the function returns no floating-point Tensor, or not at the top of a tuple")
        return out, places

    def outputs(self) -> Any:
        """Return what function and loss return, in PyNative."""
        out = self.function(*self.inputs)
        return out if self.loss is None else self.loss(out, *self.targets)

    def _draw(self, number: int, out: Tensor) -> Array:
        if out.ndim == 0:
            return np.ones(())
        return stream(self.seed, "cotangent", number).normal(size=out.shape)


def chosen_variables(variables: Sequence[Variable], wrt: str | Sequence[str]) -> tuple[Variable, ...]:
    """Return the variables that ``wrt`` names.

    Raises:
        SubjectError: a name is unknown, or nothing is left.
    """
    names = [variable.name for variable in variables]
    if isinstance(wrt, str):
        parts = [part.strip() for part in wrt.split("+")]
        if set(parts) <= set(PARTS):
            chosen = [variable for variable in variables if f"{variable.kind}s" in parts]
            if not chosen:
                raise SubjectError(f"wrt '{wrt}': there is no floating-point tensor among them; known are {names}")
            return tuple(chosen)
        wrt = [wrt]
    unknown = sorted(set(wrt) - set(names))
    if unknown or not wrt:
        raise SubjectError(
            f"wrt: got {unknown or 'nothing'}, expected 'parameters+inputs', 'parameters', 'inputs' or names out of "
            f"{names}"
        )
    return tuple(variable for variable in variables if variable.name in wrt)


def trainable_parameters(*functions: Any) -> list[Parameter]:
    """Return the trainable Parameters of those functions that are Cells, each once."""
    found: dict[int, Parameter] = {}
    for function in functions:
        if isinstance(function, nn.Cell):
            found.update({id(parameter): parameter for parameter in function.trainable_params()})
    return list(found.values())


def cast_cell(cell: nn.Cell, dtype: str) -> None:
    """Bring every floating-point Parameter and Tensor attribute of the Cell and its children to a dtype, in place."""
    for parameter in cell.get_parameters():
        if is_float(parameter):
            parameter.set_dtype(FLOATS[dtype])
    for _, child in cell.cells_and_names():
        for name, value in list(vars(child).items()):
            if isinstance(value, Tensor) and not isinstance(value, Parameter):
                object.__setattr__(child, name, _cast(value, dtype))


def as_tensor(value: Any) -> Any:
    """Return arrays and lists of numbers as Tensors, everything else as it is."""
    if isinstance(value, (np.ndarray, np.generic, list, float)):
        return Tensor(np.asarray(value))
    return value


def as_array(tensor: Tensor) -> Array:
    """Return a copy of the Tensor's numbers, float64."""
    return numbers(tensor).astype(np.float64)


def numbers(tensor: Tensor) -> Array:
    """Return a copy of the Tensor's numbers in its dtype; bfloat16, which NumPy lacks, as float32."""
    return np.array((tensor.astype(ms.float32) if dtype_of(tensor) == "bfloat16" else tensor).asnumpy())


def as_sequence(value: Any) -> Sequence[Any]:
    """Return a tuple or list as it is, anything else alone in a tuple."""
    return value if isinstance(value, (tuple, list)) else (value,)


def is_float(value: Any) -> bool:
    """Return whether the value is a Tensor of floating-point numbers."""
    return isinstance(value, Tensor) and dtype_of(value) in FLOATS


def dtype_of(tensor: Tensor) -> str:
    """Return the dtype as a NumPy name."""
    return str(tensor.dtype).lower()


def _cast(value: Any, dtype: str) -> Any:
    return Tensor(as_array(value), FLOATS[dtype]) if is_float(value) else value
