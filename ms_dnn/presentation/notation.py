"""How all reports write names, shapes and numbers."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TypeVar

from ms_dnn.errors import ConfigError

Entry = TypeVar("Entry")


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


def first_line(error: BaseException, most: int = 200) -> str:
    """Return the first line of an error's text that says something; the error's class where none does.

    MindSpore frames its messages with rulers and headings that begin with "-".
    """
    lines = [one.strip() for one in str(error).splitlines() if one.strip("- ")]
    said = next((one for one in lines if not one.startswith("-")), (lines or [type(error).__name__])[0])
    return said if len(said) <= most else f"{said[: most - 1]}…"


def nearest_names(word: object, names: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the names that were probably meant, whatever their case, the nearest first."""
    folded = {name.casefold(): name for name in names}
    return [folded[one] for one in difflib.get_close_matches(str(word)[:100].casefold(), folded, most, cutoff)]


def nearest_name(word: object, names: Iterable[str]) -> str | None:
    """Return the name that was probably meant, whatever its case; None when none is close."""
    return next(iter(nearest_names(word, names)), None)


def named(table: Mapping[str, Entry], what: str, name: object) -> Entry:
    """Return the entry of a table.

    Raises:
        ConfigError: when there is none of that name; the message has the nearest name, or all.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    near = nearest_name(name, table)
    hint = f": did you mean {near!r}?" if near else ""
    raise ConfigError(f"{what}: got {name!r}, expected one of {', '.join(table)}{hint}")


def shortest_ends(names: Sequence[Sequence[str]], *, numbers: bool = True) -> list[tuple[str, ...]]:
    """Return for each name, given as its words, the shortest end that tells it from the others.

    ``numbers`` says whether an end may begin with one, which is of no use by itself where it is an index.
    """

    def ends(words: Sequence[str]) -> list[tuple[str, ...]]:
        found = (tuple(words[-n:]) for n in range(1, len(words) + 1))
        return [end for end in found if numbers or not end[0].isdecimal()]

    known = Counter(end for words in names for end in ends(words))
    return [next((end for end in ends(words) if known[end] == 1), tuple(words)) for words in names]


def short_keys(keys: Sequence[str]) -> list[str]:
    """Return for each dotted key the shortest end of it by which it is told from the others: "batch_size"."""
    return [".".join(end) for end in shortest_ends([key.split(".") for key in keys], numbers=False)]
