"""YAML text as plain values that remember their lines.

PyYAML's safe scanner and composer read the text. The values are built here, because PyYAML's constructor
forgets the lines, takes the last of two equal keys in silence, and reads ``1e-3`` as a text, ``010`` as 8 and
``1:30`` as 90.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ms_dnn.config.problems import Origin, Path, Problem, config_error, dotted, shown

MAX_CHARACTERS = 20_000
MAX_VALUES = 10_000  # an alias counts each time it is used: nine lines of aliases can name a billion values
MAX_DEPTH = 100

_OUT_OF_RANGE = "is not valid YAML: an escaped character or a version number is out of range"
_UNTAGGED = "untagged"
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class _Composer(yaml.SafeLoader):
    """Marks every scalar that has no explicit tag; :func:`unquoted_scalar` decides what it is."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse what is nested deeper than Python would recurse, before the scanner has taken seconds over it."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RecursionError
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode:
            return _UNTAGGED
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # PyYAML is untyped


@dataclass
class Document:
    """Plain values (dict, list, str, int, float, bool, None) and the origin of each, by path."""

    data: Any = None
    origins: dict[Path, Origin] = field(default_factory=dict)

    def origin(self, path: Path) -> Origin:
        """Where the value at ``path`` stands, or the nearest thing around it that was written."""
        while path and path not in self.origins:
            path = path[:-1]
        return self.origins[path]

    def replace(self, path: Path, other: Document) -> None:
        """Note that the value at ``path``, which the caller sets, comes with all within it from ``other``."""
        self.origins = {old: origin for old, origin in self.origins.items() if old[: len(path)] != path}
        self.origins.update({path + inner: origin for inner, origin in other.origins.items()})


def read_document(text: str, source: str, *, lines: bool = True) -> Document | None:
    """Read one YAML document; None when there is nothing in it. ``lines`` is off for a text without lines.

    Raises :class:`ms_dnn.errors.ConfigError` for broken YAML, two equal keys, tags, merge keys, circles and
    sizes that no configuration has.
    """
    whole = Origin(source)
    if len(text) > MAX_CHARACTERS:
        sentence = f"has {len(text)} characters, and a configuration at most {MAX_CHARACTERS}; is it the right file?"
        raise config_error([Problem(whole, (), sentence)])
    try:
        node = yaml.compose(text, Loader=_Composer)
        if node is None:
            return None
        reader = _Reader(source, lines)
        document = Document(reader.value(node, ()), reader.origins)
    except yaml.YAMLError as error:
        line, sentence = _syntax_sentence(error, text)
        raise config_error([Problem(Origin(source, line if lines else None), (), sentence)]) from error
    except RecursionError as error:
        raise config_error([Problem(whole, (), "is nested too deeply for a configuration")]) from error
    except (ValueError, OverflowError) as error:  # PyYAML on "\UFFFFFFFF" and on %YAML with a huge number
        raise config_error([Problem(whole, (), _OUT_OF_RANGE)]) from error
    if reader.problems:
        raise config_error(reader.problems)
    document.origins[()] = whole
    return document


def _syntax_sentence(error: yaml.YAMLError, text: str) -> tuple[int | None, str]:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        character = shown(text[error.position : error.position + 1])
        return line, f"is not valid YAML: the character {character} is not allowed"
    if not isinstance(error, yaml.MarkedYAMLError):
        return None, "is not valid YAML"
    mark_line = error.problem_mark.line + 1 if error.problem_mark else None
    problem = error.problem or "it cannot be read"
    if "another document" in problem:
        return mark_line, "a second document begins here (---), and a configuration is one"
    if "\\t" in problem:
        return mark_line, "is not valid YAML: a tab stands here; indent with spaces"
    return mark_line, f"is not valid YAML: {problem}{f' ({error.context})' if error.context else ''}"


class _Reader:
    """Builds the values of one document and notes where each stood."""

    def __init__(self, source: str, lines: bool) -> None:
        self.source = source
        self.lines = lines
        self.origins: dict[Path, Origin] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._around: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        """Build the plain value of ``node``; what cannot be one is noted as a problem and becomes None."""
        self.origins.setdefault(path, self._origin(node))
        self._count += 1
        if self._count > MAX_VALUES:
            sentence = f"has more than {MAX_VALUES} values, each use of an alias counted; a configuration has fewer"
            raise config_error([Problem(Origin(self.source), (), sentence)])
        if id(node) in self._around:
            return self._refuse(node, path, "an alias inside the value that it names makes a circle")
        if isinstance(node, yaml.ScalarNode) and node.tag == _UNTAGGED:
            return node.value if node.style else unquoted_scalar(node.value)
        self._around.add(id(node))
        built: Any = None
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            built = dict(self._entries(node, path))
        elif isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            built = [self.value(entry, (*path, index)) for index, entry in enumerate(node.value)]
        else:
            tag = shown(node.tag.replace(_TAG, "!!"))
            self._refuse(node, path, f"the tag {tag} is not allowed; write a plain value, without a tag")
        self._around.discard(id(node))
        return built

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        first: dict[str, Origin] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "a key is a word, not a list or a mapping")
            elif key in first:
                where = f", first on line {first[key].line}" if self.lines else ""
                self._refuse(key_node, (*path, key), f"the key is given twice{where}; keep one")
            elif key == "<<":
                self._refuse(key_node, (*path, key), "merge keys are not read; write the keys out")
            else:
                first[key] = self._origin(key_node)
                self.origins[(*path, key)] = first[key]
                yield key, self.value(value_node, (*path, key))

    def _origin(self, node: yaml.Node) -> Origin:
        return Origin(self.source, node.start_mark.line + 1 if self.lines else None)

    def _refuse(self, node: yaml.Node, path: Path, sentence: str) -> None:
        self.problems.append(Problem(self._origin(node), path, sentence))


def unquoted_scalar(text: str) -> str | int | float | bool | None:
    """Read an unquoted scalar: numbers as in YAML 1.2 (1e-3 is one, 010 is ten), yes and no as in 1.1."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def apply_override(document: Document, override: str) -> None:
    """Set one value, ``training.epochs=5`` or ``network.layers.0.units=32``; mappings on the way are made.

    Raises :class:`ms_dnn.errors.ConfigError`, which names the override, when it has no ``=``, its value is
    not YAML, or its path leads through something that is neither a mapping nor a list.
    """
    source = f"--set {override}" if override.isprintable() else f"--set {shown(override)}"
    address, equals, text = override.partition("=")
    path = tuple(part.strip() for part in address.split("."))
    if not equals or not all(path):
        raise config_error([Problem(Origin(source), (), "expected key=value, such as training.epochs=5")])
    new = read_document(text, source, lines=False) or Document(None, {(): Origin(source)})
    set_value(document, path, new, Origin(source))


def set_value(document: Document, path: tuple[str, ...], new: Document, origin: Origin) -> Path:
    """Put ``new`` at the address ``path``, make mappings on the way, and return the path with indices as numbers.

    Raises :class:`ms_dnn.errors.ConfigError`, which names ``origin``, when the address leads nowhere.
    """
    holder = document.data
    real: Path = ()
    for part in path[:-1]:
        key = _key(holder, part, real, origin)
        if isinstance(holder, dict) and holder.get(key) is None:
            holder[key] = {}
            document.replace((*real, key), Document({}, {(): origin}))
        holder, real = holder[key], (*real, key)
    key = _key(holder, path[-1], real, origin)
    holder[key] = new.data
    document.replace((*real, key), new)
    return (*real, key)


def _key(holder: Any, part: str, path: Path, origin: Origin) -> Any:
    """Read ``part`` as the key or index that ``holder`` takes."""
    if isinstance(holder, dict):
        return part
    if isinstance(holder, list):
        if _INTEGER.fullmatch(part) and 0 <= int(part) < len(holder):
            return int(part)
        numbers = f"0 to {len(holder) - 1}" if holder else "none"
        sentence = f"there is no entry {shown(part)}; the list has {len(holder)} (numbers {numbers})"
    else:
        sentence = f"is {shown(holder)}, which has no key {shown(part)}; set {dotted(path)} as a whole"
    raise config_error([Problem(origin, path, sentence)])
