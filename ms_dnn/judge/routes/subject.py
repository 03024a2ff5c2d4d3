"""What is judged: a Cell or function at one point, made into one number J of named tensors.

    J(θ) = Σ c ⊙ f(θ)        c drawn once for each output

The cotangent c is random, never ones: the sum of a softmax is constant, and a sum of errors may cancel. That of a
scalar, a loss, is drawn as well: a bprop that ignores it is right until somebody scales the loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.base import STOPPED
from ms_dnn.judge.routes.functions import cast_cell, cells_in, copies, trainable_parameters
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.structure import Nested, Path, at, filled, leaves, title
from ms_dnn.judge.routes.tensors import FLOATS, as_array, as_tensor, cast, copied, dtype_of, is_float, numbers
from ms_dnn.judge.user_code import told
from ms_dnn.presentation.notation import first_line
from ms_dnn.runtime.seeding import stream

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

    def __init__(self, function: Any, loss: Any, inputs: int, targets: int, places: tuple[Path, ...]) -> None:
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
        total = self._sum(self._at(out, self.places[0]), arguments[self.given])
        for i in range(1, len(self.places)):
            total = total + self._sum(self._at(out, self.places[i]), arguments[self.given + i])
        return total

    def _at(self, out: Any, path: Path) -> Tensor:
        for key in path:
            out = out[key]
        return out

    def _sum(self, out: Tensor, cotangent: Tensor) -> Tensor:
        products = out * cotangent
        if out.dtype == ms.float16 or out.dtype == ms.bfloat16:
            products = ops.cast(products, ms.float32)
        return products.sum()


class Subject:
    """A Cell or function at a point.

    Args:
        function: a Cell, or a function of Tensors.
        inputs: its arguments: Tensors or arrays, also in nested tuples, lists and dicts; the floating-point ones can be
            differentiated by. They are copied.
        loss: of (output, *targets); None to contract the outputs with a random cotangent.
        targets: further arguments of the loss; not differentiated by.
        wrt: "parameters+inputs", "parameters", "inputs", or a list of names.
        seed: of the cotangent.
        cotangents: in place of drawn ones, one array for each floating-point output.

    Attributes:
        variables: what J is differentiated by.
        inputs: the leaves of the inputs, in order.
        parameters: the trainable Parameters of function and loss, and of the Cells that these refer to.
        dtype: the least precise dtype among the variables, a NumPy name.
        same: pairs of names of inputs that are one and the same Tensor.
        changed: names of the inputs that the forward pass changes in place; every pass gets copies of them.
        unjudged: outputs that are no floating-point Tensors, for people.

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
        self._structure = [as_tensor(value) for value in inputs]
        found = list(leaves(self._structure))
        self._names = [f"input {title(path)}" for path, _ in found]
        self.inputs, self.same = _own(self._names, [value for _, value in found])
        self.targets = [copied(as_tensor(value)) for value in targets]
        nested = any(len(path) > 1 for path, _ in found)
        self.call: Callable[..., Any] = Nested(function, self._structure) if nested else function
        self.parameters = trainable_parameters(function, loss)
        self.variables = self._variables()
        self.dtype = min((v.dtype for v in self.variables), key=list(FLOATS).index)
        self.changed: list[str] = []
        outputs = self._first_outputs()
        self.places = tuple(path for path, out in outputs if is_float(out))
        if not self.places:
            raise SubjectError("the function returns no floating-point Tensor: there is nothing to differentiate")
        self.unjudged = [f"output {title(path)}" for path, out in outputs if not is_float(out) and out is not None]
        self._given = cotangents
        floats = [out for _, out in outputs if is_float(out)]
        if cotangents is None:
            cotangents = [self._draw(number, out) for number, out in enumerate(floats)]
        self.cotangents = [
            Tensor(np.asarray(c, dtype=np.float32), FLOATS[dtype_of(out)])
            if dtype_of(out) == "bfloat16"
            else Tensor(np.asarray(c, dtype=dtype_of(out)))
            for c, out in zip(cotangents, floats, strict=True)
        ]
        self.contraction = Contraction(self.call, loss, len(self.inputs), len(self.targets), self.places)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Inputs, targets and cotangents: what :attr:`contraction` takes."""
        return (*self.inputs, *self.targets, *self.cotangents)

    def given(self) -> list[Any]:
        """Return copies of the inputs, nested as they were given."""
        return filled(self._structure, map(copied, self.inputs))

    def value_of(self, variable: Variable) -> Array:
        """Return the variable's value at the point, float64."""
        tensor = self.parameters[variable.place] if variable.kind == "parameter" else self.inputs[variable.place]
        return as_array(tensor)

    def terms(self) -> Array:
        """Return the terms that J is the sum of, at the point, by the forward pass in PyNative: (M,), float64."""
        out = self.outputs()
        pairs = zip((at(out, place) for place in self.places), self.cotangents, strict=True)
        return np.concatenate([(as_array(part) * as_array(cotangent)).ravel() for part, cotangent in pairs])

    def terms_at(self, variable: Variable, values: Sequence[Array]) -> Array:
        """Return the terms for each of T values of one variable: (T, M), float64. The point is restored.

        NaN where the function stops but for the first value: outside of its domain, as of a Cholesky factor.
        """
        rows: list[Array] = []
        with self.restored(variable):
            for value in values:
                self.move(variable, value)
                try:
                    rows.append(self.terms())
                except STOPPED:
                    if not rows:
                        raise
                    rows.append(np.full(rows[0].shape, np.nan))
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
            function, loss = copies(self.function, self.loss)
        except STOPPED as error:
            raise SubjectError(f"the function cannot be copied: {first_line(error)}") from None
        for cell in cells_in(function, loss):
            cast_cell(cell, dtype)
        inputs, targets = ([cast(value, dtype) for value in values] for values in (self.inputs, self.targets))
        # Drawn cotangents as they were rounded; given ones with all their digits.
        cotangents = self._given or [as_array(c) for c in self.cotangents]
        made = type(self)(
            function, filled(self._structure, iter(inputs)), loss, targets, self.wrt, self.seed, cotangents
        )
        if any(dtype_of(c) != dtype for c in made.cotangents):
            raise SubjectError(f"an output is not {dtype} although everything that goes in is")
        return made

    def with_fewer_samples(self, function: Any, loss: Any) -> Subject | None:
        """Return the function, or a copy, without the last sample, differentiated by the last variable left.

        None when inputs and targets are not all Tensors of one and the same number of samples, at least 2, along the
        first axis, or when the function takes no other number, or returns as many rows for it as before.
        """
        tensors = (*self.inputs, *self.targets)
        counts = {value.shape[0] if isinstance(value, Tensor) and value.ndim else 0 for value in tensors}
        if len(counts) != 1 or min(counts) < 2:
            return None
        inputs, targets = ([value[:-1] for value in values] for values in (self.inputs, self.targets))
        by_parameter = [variable.name for variable in self.variables if variable.kind == "parameter"]
        wrt = by_parameter[-1:] or [self.variables[-1].name]
        try:
            fewer = Subject(function, filled(self._structure, iter(inputs)), loss, targets, wrt, self.seed)
        except SubjectError:
            return None
        pairs = zip(self.cotangents, fewer.cotangents, strict=True)
        fixed = any(one.shape == other.shape and one.shape[:1] == (min(counts),) for one, other in pairs)
        return None if fixed else fewer

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
        names = [parameter.name for parameter in self.parameters]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise SubjectError(
                f"two Parameters are named '{twice[0]}': MindSpore cannot differentiate by both; give one another name"
            )
        for place, parameter in enumerate(self.parameters):
            if is_float(parameter):
                shape = tuple(parameter.shape)
                found.append(Variable(parameter.name, "parameter", place, shape, dtype_of(parameter)))
        for place, (name, value) in enumerate(zip(self._names, self.inputs, strict=True)):
            if is_float(value):
                found.append(Variable(name, "input", place, tuple(value.shape), dtype_of(value)))
        for variable in found:
            if 0 in variable.shape:
                raise SubjectError(f"{variable.name}: got shape {variable.shape}, expected at least one element")
        return chosen_variables(found, self.wrt)

    def _first_outputs(self) -> list[tuple[Path, Any]]:
        """Run the forward pass, and find out which inputs it changes."""
        before = [numbers(value) if isinstance(value, Tensor) else None for value in self.inputs]
        given, self.inputs = self.inputs, [copied(value) for value in self.inputs]
        try:
            found = list(leaves(self.outputs()))
            # PyNative runs behind: what it refuses comes to light when somebody looks.
            for _, part in found:
                if isinstance(part, Tensor):
                    part.asnumpy()
        except Exception as error:  # the user's code may raise anything
            shapes = ", ".join(
                f"{dtype_of(t)}{list(t.shape)}" if isinstance(t, Tensor) else repr(t) for t in self.inputs
            )
            raise SubjectError(f"the forward pass failed on ({shapes}): {told(error)}") from error
        for name, value, old in zip(self._names, self.inputs, before, strict=True):
            if old is not None and not np.array_equal(numbers(value), old, equal_nan=old.dtype.kind == "f"):
                self.changed.append(name)
        self.inputs = given
        return found

    def outputs(self) -> Any:
        """Return what function and loss return, in PyNative."""
        inputs = [copied(value) for value in self.inputs] if self.changed else self.inputs
        out = self.call(*inputs)
        return out if self.loss is None else self.loss(out, *self.targets)

    def _draw(self, number: int, out: Tensor) -> Array:
        generator = stream(self.seed, "cotangent", number)
        if out.ndim == 0:  # away from 0 and from 1, which would show nothing
            return np.asarray(generator.choice([-1.0, 1.0]) * generator.uniform(1.5, 3.0))
        return generator.normal(size=out.shape)


def _own(names: Sequence[str], values: Sequence[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Return copies of the Tensors, and the pairs of names that stood for one and the same."""
    first: dict[int, str] = {}
    same = []
    for name, value in zip(names, values, strict=True):
        if isinstance(value, Tensor) and first.setdefault(id(value), name) != name:
            same.append((first[id(value)], name))
    return [copied(value) for value in values], same


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
