"""MindSpore's side of an entry: its module written to a file, imported, and run in one dtype and mode."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor

from ms_dnn.audit.entry import Array, Entry
from ms_dnn.audit.source import MODE_CONSTANTS, module_text


class Calls:
    """The calls of one entry in one dtype and mode; a graph is compiled once and serves all cases of equal shapes."""

    _folder = tempfile.TemporaryDirectory(prefix="ms-dnn-audit-")
    _modules = 0

    def __init__(self, entry: Entry, mode: str) -> None:
        self.entry = entry
        self.mode = mode
        self._module: ModuleType | None = None
        self._kept: dict[Any, Any] = {}

    def outputs(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Return what the call gives."""
        if self.entry.kind == "update":
            self._enter()
            return (self._module_for(inputs).trajectory(*inputs),)
        return _arrays(self._cell("Call", inputs)(*self._plain(inputs)))

    def outputs_and_gradients(
        self, inputs: tuple[Array, ...], cotangents: tuple[Array, ...]
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Return the outputs, and the gradient of Σ cotangent · output for every input and then every parameter."""
        cell = self._cell("ForwardAndGradient", inputs)
        outputs, gradients = cell(*self._plain(inputs), self._sens(cotangents, inputs))
        if self.entry.parameters:
            of_inputs, of_parameters = gradients
            gradients = (*_as_tuple(of_inputs), *_as_tuple(of_parameters))
        return _arrays(outputs), _arrays(gradients)

    def second_order(
        self, inputs: tuple[Array, ...], cotangents: tuple[Array, ...], directions: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return the gradient, for every input, of Σ direction · first-order gradient."""
        along = tuple(Tensor(direction) for direction in directions)
        gradients = self._cell("SecondOrder", inputs)(*self._plain(inputs), self._sens(cotangents, inputs), along)
        return _arrays(gradients)[: len(inputs)]

    def leave(self) -> None:
        """Put MindSpore's mode back to the one that it starts in: it holds for the whole process."""
        ms.set_context(mode=ms.PYNATIVE_MODE)

    def _enter(self) -> None:
        ms.set_context(mode=getattr(ms, MODE_CONSTANTS[self.mode]))

    def _sens(self, cotangents: tuple[Array, ...], inputs: tuple[Array, ...]) -> Any:
        dtype = next(x.dtype for x in inputs if x.dtype.kind == "f")
        sens = tuple(Tensor(c.astype(dtype)) for c in cotangents)
        return sens if len(sens) > 1 else sens[0]

    def _plain(self, inputs: tuple[Array, ...]) -> tuple[Any, ...]:
        return tuple(Tensor(x) for x in inputs[: self.entry.plain(inputs)])

    def _cell(self, kind: str, inputs: tuple[Array, ...]) -> Any:
        """Return a Cell of the module, in this mode, its parameters set to the last inputs."""
        self._enter()
        names = self.entry.parameters
        key = (kind, *((x.shape, x.dtype.name) for x in inputs))
        if key in self._kept:
            return self._kept[key]
        module = self._module_for(inputs)
        cell = call = module.Call()
        values = dict(zip(names, inputs[self.entry.plain(inputs) :], strict=True))
        parameters = module.with_parameters(call, values) if names else []
        if kind == "ForwardAndGradient":
            cell = module.ForwardAndGradient(call, parameters)
        elif kind == "SecondOrder":
            cell = module.SecondOrder(call)
        # Values of parameters enter a graph when it is compiled: with parameters each case gets a Cell of its own.
        if not names:
            self._kept[key] = cell
        return cell

    def _module_for(self, inputs: tuple[Array, ...]) -> ModuleType:
        if self._module is None:
            Calls._modules += 1
            # By process, too: the worker's children share the folder.
            path = Path(self._folder.name) / f"ms_dnn_audited_call_{os.getpid()}_{Calls._modules}.py"
            path.write_text(module_text(self.entry, self.entry.plain(inputs)), encoding="utf-8")
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None:
                raise ImportError(f"{path}: Python finds no loader for a file that was just written")
            module = importlib.util.module_from_spec(spec)
            # MindSpore's graph parser looks the module up by its name.
            sys.modules[path.stem] = module
            spec.loader.exec_module(module)
            self._module = module
        return self._module


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _arrays(values: Any) -> tuple[Array, ...]:
    # Copied, because asnumpy() may show memory that the next call writes to.
    return tuple(np.array(value.asnumpy()) for value in _as_tuple(values))
