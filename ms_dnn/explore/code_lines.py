"""The lines of the package that compute each formula of the page, found in its sources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import ms_dnn
from ms_dnn.gradients import blog, reference
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.affine import affine, affine_vjp
from ms_dnn.maths.losses import LOSSES
from ms_dnn.training.optimizers import GradientDescent

_ROOT = Path(ms_dnn.__file__).parent.parent


class CodeLine(TypedDict):
    """A line of the package: its file below the repository, its number, its text."""

    path: str
    line: int
    text: str


def code_lines(activations: Sequence[str], losses: Sequence[str]) -> dict[str, list[CodeLine]]:
    """Return the lines by the name of what they compute: in MindSpore, and after the blog's algorithm."""
    found = {
        "affine": [_line(affine, "return"), _line(blog.matrix_forward, "@ a")],
        "passBack": [_line(affine_vjp, "return"), _line(blog.sample_gradients, ".T @ delta")],
        "weightGradient": [_line(affine_vjp, "return"), _line(blog.sample_gradients, "np.outer(delta, inputs[level])")],
        "share": [_line(Cost._reduce, "of_sum /"), _line(blog.looped_gradients, "return")],
        "penalty": [_line(Penalty.add_gradient, "self.l2, w"), _line(reference.ReferencePenalty.terms, "return")],
        "step": [_line(GradientDescent.update, "_descend"), _line(blog.batch_gradient_descent, "changes = ")],
    }
    through = _line(blog.through_activation, "return np.asarray(da *")
    for name in activations:
        activation = ACTIVATIONS[name]
        found[f"activation {name}"] = [_line(activation.function, "return"), _line(blog.matrix_forward, "activate(")]
        through_softmax = _line(blog.through_activation, "a @ da")
        found[f"slope {name}"] = [
            _line(activation.derivative(), "return"),
            through_softmax if name == "softmax" else through,
        ]
    for name in losses:
        found[f"loss {name}"] = [_line(LOSSES[name].function, "return"), _line(reference.losses, ".sum(axis=-1)")]
        gradient = LOSSES[name].derivative()
        found[f"lossSlope {name}"] = [_line(gradient, "return"), _line(blog.sample_gradients, "LOSS_SLOPES[loss]")]
    return found


def _line(function: Callable[..., Any], fragment: str) -> CodeLine:
    """Return the last line of a function's body, below its docstring, that contains a fragment."""
    lines, first = inspect.getsourcelines(function)
    documented = inspect.getdoc(function) is not None and '"""' in "".join(lines)
    start = max(i for i, text in enumerate(lines) if '"""' in text) if documented else 0
    place = max(i for i, text in enumerate(lines) if i > start and fragment in text)
    path = Path(inspect.getfile(function)).relative_to(_ROOT).as_posix()
    return {"path": path, "line": first + place, "text": lines[place].strip()}
