"""From the command line to what is judged: ``package.module:factory``, and inputs by shape or from files."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindspore import nn

from ms_dnn.errors import SubjectError
from ms_dnn.judge.inputs.arguments import arguments_of, origins
from ms_dnn.judge.inputs.files import read_inputs
from ms_dnn.presentation.notation import first_line, nearest_names

PARTS = ("function", "inputs", "loss", "targets")


@dataclass(frozen=True)
class Target:
    """What :func:`ms_dnn.judge.check.check_gradients` judges.

    Attributes:
        origins: which array of which file became which input, for people; "" where that is plain.
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    loss: Callable[..., Any] | None = None
    targets: tuple[Any, ...] = ()
    origins: str = ""


def load_target(
    name: str, inputs: Sequence[str] = (), loss: str | None = None, targets: Sequence[str] = (), seed: int = 0
) -> Target:
    """Return what ``package.module:name`` stands for, with its inputs.

    The name may be a Cell, a Cell class, a function of Tensors, or a factory without arguments that returns one of
    these, alone, or as a tuple (function, inputs, loss, targets) whose end may be left out.

    Args:
        name: "package.module:name"; the current folder is searched, too.
        inputs: see :func:`ms_dnn.judge.inputs.files.read_inputs`; () to take the factory's.
        loss: "package.module:name" of a loss, or None to take the factory's.
        targets: as inputs.
        seed: of drawn inputs.

    Raises:
        SubjectError: the module or name is not there, fails, or does not say what the inputs are.
    """
    made = _parts(_called(_object(name), name))
    chosen = _called(_object(loss), loss) if loss else made.get("loss")
    given = arguments_of(made["function"], [read_inputs(text, seed, place) for place, text in enumerate(inputs)])
    goals = arguments_of(chosen, [read_inputs(text, seed, 1000 + place) for place, text in enumerate(targets)], skip=1)
    if not given and not made.get("inputs"):
        raise SubjectError(
            f"{name}: no inputs: name one for each argument, e.g. --inputs 32x784 --inputs 32x10:float64, or let the "
            "factory return (cell, inputs)"
        )
    return Target(
        made["function"],
        tuple(one.value for one in given) or tuple(made.get("inputs", ())),
        chosen,
        tuple(one.value for one in goals) or tuple(made.get("targets", ())),
        origins(made["function"], given),
    )


def _object(name: str) -> Any:
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise SubjectError(f"'{name}': expected a .yaml file or package.module:name")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SubjectError(f"'{name}': there is no module {error.name} here or in the environment") from None
    except Exception as error:
        raise SubjectError(f"'{name}': importing it fails with {type(error).__name__}: {first_line(error)}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = sorted(key for key in vars(found) if not key.startswith("_"))
            known = nearest_names(part, known, most=5) or known[:20]
            raise SubjectError(f"'{name}': {module_name} has no '{part}'; it has {', '.join(known)}")
        found = getattr(found, part)
    return found


def _called(found: Any, name: str) -> Any:
    """Return what a factory makes; what is no factory stays as it is."""
    if isinstance(found, nn.Cell) or not callable(found) or _takes_arguments(found):
        return found
    try:
        return found()
    except Exception as error:
        raise SubjectError(f"'{name}': calling it fails with {type(error).__name__}: {first_line(error)}") from error


def _takes_arguments(function: Any) -> bool:
    required = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind in required and p.default is inspect.Parameter.empty for p in parameters)


def _parts(made: Any) -> dict[str, Any]:
    if isinstance(made, Mapping):
        parts = dict(made)
    else:
        sequence = made if isinstance(made, tuple) else (made,)
        parts = dict(zip(PARTS, sequence, strict=False))
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or not callable(parts.get("function")):
        got = unknown or type(parts.get("function")).__name__
        raise SubjectError(f"the factory returned {got}, expected a Cell or function, or {', '.join(PARTS)}")
    for name in ("inputs", "targets"):
        if name in parts and not isinstance(parts[name], (tuple, list)):
            parts[name] = (parts[name],)
    return parts
