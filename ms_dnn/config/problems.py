"""What is wrong with a configuration and where: one line a problem, a few of them in one error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ms_dnn.errors import ConfigError

Path = tuple[str | int, ...]

LISTED = 5  # problems in one message; more would scroll the first one away
_AFTER_ALL_LINES = 2**31


class Origin(NamedTuple):
    """Where a value was written: a line of a file, or an override (which has no line)."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Problem(NamedTuple):
    """One thing to mend. An empty path is the whole document."""

    origin: Origin
    path: Path
    sentence: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.origin), dotted(self.path), self.sentence)))


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """One error for all problems, in the order of the lines; overrides come last."""
    ordered = sorted(problems, key=lambda problem: problem.origin.line or _AFTER_ALL_LINES)
    lines = [str(problem) for problem in ordered[:LISTED]]
    if len(ordered) > LISTED:
        lines.append(f"and {len(ordered) - LISTED} more")
    return ConfigError("\n".join(lines))


def dotted(path: Path) -> str:
    """``network.layers.0.units``; a key that is no plain word is quoted."""
    return ".".join(_segment(part) for part in path)


def _segment(part: str | int) -> str:
    text = str(part)
    return text if text.replace("-", "_").isidentifier() or text.isdecimal() else shown(text)


def shown(value: Any) -> str:
    """Show a value as the writer of the YAML knows it, short and on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"
