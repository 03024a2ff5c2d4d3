"""The page: its markup, style and modules, with a subject in it, as one file that loads nothing."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike

from ms_dnn import __version__
from ms_dnn.config.network_section import Activation
from ms_dnn.config.schema import Loss
from ms_dnn.explore.code_lines import code_lines
from ms_dnn.explore.routes import Routes
from ms_dnn.explore.subject import Subject
from ms_dnn.presentation.notation import html_text
from ms_dnn.presentation.page import PAGE_STYLE

FOLDER = Path(__file__).with_name("page")
MODULES = (
    "numbers", "complex", "arithmetic", "mathml", "faults", "samples", "state", "address", "words", "drawing",
    "formulas", "charts", "panels", "page",
)  # fmt: skip
"""In the order in which they may use one another."""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|function|async function|class)", re.MULTILINE)


def explore_html(subject: Subject, routes: Routes, language: str = "en") -> str:
    """Return the whole page; the same subject gives the same text.

    Args:
        subject: what is explored.
        routes: its gradients, with which the page compares its own.
        language: "en" or "zh-CN", which the reader can change on the page.
    """
    # "<" could end the element; JSON may write it so.
    facts = json.dumps(_facts(subject, routes, language), ensure_ascii=False).replace("<", "\\u003c")
    return Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        language=language,
        title=html_text(f"Explore {subject.name}"),
        style=f"{PAGE_STYLE}\n{(FOLDER / 'page.css').read_text(encoding='utf-8')}",
        subject=facts,
        script=script(MODULES),
    )


def script(modules: Sequence[str]) -> str:
    """Return modules of the page as one, in their order: without imports, exports and lines of comment."""
    texts = ((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in modules)
    joined = "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)
    return re.sub(r"^\s*//.*\n", "", joined, flags=re.MULTILINE)


def packed(values: ArrayLike, dtype: str) -> dict[str, str]:
    """Return numbers as the page reads them: base64 of zlib of the first bytes of all, then the second ones, and so on.

    The bytes of signs and exponents are much alike, and so packed better than number by number.
    """
    numbers = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).ravel()
    planes = numbers.view(np.uint8).reshape(numbers.size, numbers.itemsize).T
    return {"dtype": dtype, "planes": base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()}


def _facts(subject: Subject, routes: Routes, language: str) -> dict[str, Any]:
    layers = zip(subject.weights, subject.biases, subject.activations, strict=True)
    penalty = subject.penalty
    l1, l2 = (0.0, 0.0) if penalty is None else penalty.factors
    activations = [name for name in get_args(Activation) if name != "sign"]
    return {
        "name": subject.name,
        "origin": subject.origin,
        "language": language,
        "layers": [
            {
                "inputs": w.shape[1],
                "units": w.shape[0],
                "activation": name,
                "W": packed(w, subject.dtype),
                "b": packed(b, subject.dtype),
            }
            for w, b, name in layers
        ],
        "setting": {
            "loss": subject.loss,
            "reduction": subject.reduction,
            "l1": l1,
            "l2": l2,
            "penalizeBiases": penalty is not None and penalty.biases,
        },
        "rate": subject.rate,
        "batch": subject.batch,
        "x": packed(subject.x, "float64"),
        "y": packed(subject.y, "float64"),
        "labels": None if subject.labels is None else subject.labels.tolist(),
        "weights": None if subject.sample_weights is None else subject.sample_weights.tolist(),
        "features": list(subject.features),
        "classes": list(subject.classes),
        "imageShape": subject.image_shape,
        "code": code_lines(activations, get_args(Loss)),
        "stored": {
            "count": routes.count,
            "tolerance": routes.tolerance,
            "scales": list(routes.scales),
            "places": _places(routes),
            "handwritten": packed(np.concatenate(routes.handwritten), "float64"),
            "gradOperation": packed(np.concatenate(routes.grad_operation), "float64"),
        },
        "checks": {
            "version": __version__,
            "dtype": routes.dtype,
            "routes": routes.between_routes,
            "blog": routes.from_blog,
            "samples": subject.samples,
            "optimizer": subject.optimizer,
            "dropout": subject.dropout,
        },
    }


def _places(routes: Routes) -> list[dict[str, Any]]:
    return [
        {"layer": number // 2, "kind": "Wb"[number % 2], "index": int(index)}
        for number, indices in enumerate(routes.places)
        for index in indices
    ]
