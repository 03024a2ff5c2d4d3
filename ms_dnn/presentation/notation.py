"""How all reports write names, shapes and numbers."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape


def plain(text: object) -> str:
    """Return the text on one line, without characters that steer a terminal, turn the writing round or break XML."""
    spaced = " ".join(str(text).split())
    return "".join(character for character in spaced if not unicodedata.category(character).startswith("C"))


def html_text(text: object) -> str:
    """Return the text for HTML, between tags or within quotes."""
    return escape(plain(text), quote=True)


def shape_text(shape: Sequence[int]) -> str:
    """Return "256×784", or "scalar"."""
    return "×".join(str(length) for length in shape) or "scalar"


def index_text(index: Sequence[int]) -> str:
    """Return "[3, 5]"."""
    return f"[{', '.join(str(number) for number in index)}]"


def size_text(number: float) -> str:
    """Return a size of which only the order matters: "2.1e-16", "0", "∞", "nan"."""
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    return "0" if number == 0 else f"{number:.1e}"


def value_text(number: float) -> str:
    """Return a value in nine digits."""
    return f"{number:.9g}" if math.isfinite(number) else size_text(number)


def counted(number: int, noun: str) -> str:
    """Return "1 tensor" or "6 tensors"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
