"""One formula, and all names under which MindSpore offers it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ms_dnn.audit.entry import Case, Entry, Formula, Inputs


def apis(
    formula: Formula,
    cases: Inputs | Case | tuple[Case, ...],
    *calls: str,
    parameters: tuple[str, ...] | Mapping[str, tuple[str, ...]] = (),
    **fields: Any,
) -> tuple[Entry, ...]:
    """Return one entry for each call of a formula. A call is written as source text; its name is what it calls.

    * ``nn.ELU(alpha=1.0)`` is nn.ELU, applied to all inputs.
    * ``ops.add`` is called with all inputs, ``ops.add(x0, x1)``; and ``F.elu`` is ``mint.nn.functional.elu``.
    * ``{ops,mint}.exp2`` are both, as in a shell.
    * ``nn.GELU(approximate=True)  # tanh`` is found as "nn.GELU (tanh)".
    * ``Tensor.T: (x0 * x0).T`` is found as "Tensor.T".

    Args:
        formula: of all of them.
        cases: of all of them; inputs alone are the case "ordinary".
        calls: source texts.
        parameters: of the Cells, for all or by module ("nn", "mint.nn"); functions take them as their last inputs.
        **fields: the other fields of :class:`~ms_dnn.audit.entry.Entry`, for all.
    """
    if not isinstance(cases, tuple):
        cases = (cases if isinstance(cases, Case) else Case("ordinary", cases),)
    inputs = cases[0].inputs(np.random.default_rng(0))
    spelled = [text for call in calls for text in _alternatives(call)]
    entries = [Entry(*_name_and_call(text, len(inputs)), formula, cases, **fields) for text in spelled]
    return tuple(replace(entry, parameters=_parameters(entry, parameters)) for entry in entries)


def _parameters(entry: Entry, given: tuple[str, ...] | Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if entry.is_expression:
        return ()
    return given if isinstance(given, tuple) else given[entry.name.rpartition(".")[0]]


def _alternatives(call: str) -> list[str]:
    """Return the calls that braces stand for, as in a shell."""
    modules = re.match(r"\{(.*?)\}", call)
    return [module + call[modules.end() :] for module in modules[1].split(",")] if modules else [call]


def _name_and_call(text: str, inputs: int) -> tuple[str, str]:
    text, _, variant = text.partition("  # ")
    named = re.match(r"([^()]+): (.+)", text)
    call = re.sub(r"^F\.", "mint.nn.functional.", named[2] if named else text)
    name = named[1] if named else call.partition("(")[0]
    if call == name:
        call = f"{name}({', '.join(f'x{i}' for i in range(inputs))})"
    return f"{name} ({variant})" if variant else name, call
