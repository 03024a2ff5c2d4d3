"""Pydantic's errors in the words of who wrote the YAML file: what was got, expected, and probably meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from ms_dnn.config.document import Document
from ms_dnn.config.problems import Path, Problem, dotted, shown
from ms_dnn.config.schema import ExperimentConfig
from ms_dnn.presentation.notation import nearest_name

Node = dict[str, Any]  # a node of the JSON schema, which says what is allowed at a place


class _Place(NamedTuple):
    path: Path
    node: Node
    value: Any


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """One problem for each place that pydantic found fault with."""
    found: dict[Path, Problem] = {}
    meant: set[Path] = set()
    for detail in error.errors(include_url=False):
        path, sentence, suggestion = _explain(detail["type"], detail["loc"], detail["msg"], document.data)
        # Pydantic reports one error for each alternative of a union; the sentence names all of them.
        found.setdefault(path, Problem(document.origin(path), path, sentence))
        if suggestion:
            meant.add((*path[:-1], suggestion))
    # A required key that is only misspelt is not also missing.
    return [problem for path, problem in found.items() if path not in meant]


def _explain(kind: str, loc: Path, message: str, data: Any) -> tuple[Path, str, str | None]:
    """Find the place as the file knows it, the sentence, and for an unknown key the one that was meant."""
    if kind == "extra_forbidden":
        holder, key = _place(loc[:-1], data), str(loc[-1])
        sentence, suggestion = _unknown_key(key, holder)
        return (*holder.path, key), sentence, suggestion
    place = _place(loc, data)
    if kind == "conflict":
        return place.path, message, None
    if kind == "missing":
        return place.path, f"missing; expected {_expected(place.node)}", None
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return *_wrong_kind(place), None
    return place.path, _wrong_value(place.value, place.node), None


def _wrong_kind(place: _Place) -> tuple[Path, str]:
    """Explain a mapping whose ``name`` or ``schedule``, which decides its other keys, is missing or wrong."""
    key = place.node["discriminator"]["propertyName"]
    allowed = {"enum": list(place.node["discriminator"]["mapping"])}
    path = (*place.path, key)
    if key not in place.value:
        return path, f"missing; expected {_expected(allowed)}"
    return path, _wrong_value(place.value[key], allowed)


def _wrong_value(value: Any, node: Node) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    expected = _expected(node)
    if number and not abs(value) <= sys.float_info.max:  # NaN, Inf, or an int beyond float64
        expected = expected.replace("a number", "a finite number")
    sentence = f"got {shown(value)}, expected {expected}"
    words = _words(node)
    suggestion = nearest_name(value, words) if isinstance(value, str) else None
    if suggestion:
        return f"{sentence}; did you mean {suggestion!r}?"
    if node.get("type") == "string" and "enum" not in node and (number or isinstance(value, bool)):
        return f"{sentence}; put it in quotes if it is one"
    return sentence


def _unknown_key(key: str, holder: _Place) -> tuple[str, str | None]:
    known = list(holder.node.get("properties", ()))
    if having := _other_kinds(key, holder.node):
        return f"unknown key; kind {' and kind '.join(having)} {'has' if len(having) == 1 else 'have'} it", None
    # Before a likeness: what is spelled as a key of another section is hardly a slip for one of this.
    elsewhere = [path for path in _paths_of_keys(_schema(), ()) if path[-1] == key and path[:-1] != holder.path]
    if elsewhere:
        return f"unknown key; it belongs at {dotted(elsewhere[0])}", None
    suggestion = nearest_name(key, known)
    if suggestion:
        return f"unknown key; did you mean {suggestion!r}?", suggestion
    return f"unknown key; allowed are {', '.join(known)}", None


def _other_kinds(key: str, node: Node) -> list[str]:
    """Return the other kinds of a mapping that is told by its ``kind``, such as a column, that have a key."""
    properties = [one.get("properties", {}) for one in _schema()["$defs"].values()]
    if "const" not in node.get("properties", {}).get("kind", {}):
        return []
    return [other["kind"]["const"] for other in properties if key in other and "const" in other.get("kind", {})]


def _paths_of_keys(node: Node, path: Path) -> Iterator[Path]:
    """Every key that stands outside lists and unions, with its path."""
    for key, child in _target(node).get("properties", {}).items():
        yield (*path, key)
        alternatives = _alternatives(_target(child))
        if len(alternatives) < 2:
            yield from _paths_of_keys((alternatives or [child])[0], (*path, key))


def _place(loc: Path, data: Any) -> _Place:
    """Follow pydantic's location through schema and data; the tags that it adds in unions are left out."""
    node, value, rest = _schema(), data, list(loc)
    path: Path = ()
    while True:
        node, rest = _alternative(node, value, rest)
        if not rest:
            return _Place(path, node, value)
        key, *rest = rest
        path = (*path, key)
        node = _target(_child(node, key))
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            value = None


def _child(node: Node, key: str | int) -> Node:
    if isinstance(key, int):
        child: Node = node.get("items", {})
        return child
    named: Node = node.get("properties", {}).get(key) or node.get("additionalProperties") or {}
    return named


def _alternative(node: Node, value: Any, rest: list[str | int]) -> tuple[Node, list[str | int]]:
    """Find the alternative of a union that pydantic looked at, and the location without the union's tag."""
    alternatives = _alternatives(node)
    if len(alternatives) == 1:  # the other one is null, for which pydantic adds no tag
        return _alternative(alternatives[0], value, rest)
    if not alternatives or not rest:
        return node, rest
    tag, *rest = rest
    if "discriminator" in node:
        chosen = _target({"$ref": node["discriminator"]["mapping"][tag]})
    else:
        mappings = [one for one in alternatives if _takes_mapping(one)]
        if not (mappings and isinstance(value, dict)):
            return node, rest  # whole, so that the sentence names every alternative
        chosen = mappings[0]
    return _alternative(chosen, value, rest)


def _takes_mapping(node: Node) -> bool:
    return "properties" in node or "discriminator" in node


def _alternatives(node: Node) -> list[Node]:
    nodes = [_target(one) for one in node.get("anyOf") or node.get("oneOf") or ()]
    return [one for one in nodes if one.get("type") != "null"]


@cache
def _schema() -> Node:
    return ExperimentConfig.model_json_schema()


def _target(node: Node) -> Node:
    if "$ref" not in node:
        return node
    target: Node = _schema()["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return target


def _words(node: Node) -> list[str]:
    """List the words that are allowed at a place."""
    own = [node["const"]] if "const" in node else list(node.get("enum", ()))
    return own + [word for one in _alternatives(node) if "discriminator" not in node for word in _words(one)]


def _expected(node: Node) -> str:
    if "expected" in node:
        return str(node["expected"])
    if "discriminator" in node:
        return f"a mapping with the key {node['discriminator']['propertyName']!r}"
    if "const" in node:
        return repr(node["const"])
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    alternatives = _alternatives(node)
    if alternatives:
        return " or ".join(_expected(one) for one in alternatives)
    kind = str(node.get("type", "a value"))
    if kind == "object":
        return f"a mapping with {', '.join(map(repr, node.get('required') or node['properties']))}"
    if kind == "array":
        return "a list with at least one entry" if node.get("minItems") else "a list"
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
    return names.get(kind, kind) + _range(node)


def _range(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']} to {node['maximum']}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {node[bound]:.9g}" for bound, sign in signs.items() if bound in node]
    return f" {' and '.join(bounds)}" if bounds else ""
