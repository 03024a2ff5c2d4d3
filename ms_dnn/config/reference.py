"""Every key of a configuration with its kind, default and meaning, from the models that read it."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ms_dnn.config.schema import ExperimentConfig

SECTION = "section"
"""The kind of a key under which there are further ones."""
_NAMES = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}
_LIMITS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


@dataclass(frozen=True)
class Key:
    """A key of a section.

    Attributes:
        path: dotted, "training.batch_size"; of a list's entries without their number, "network.layers.units".
        kind: what may stand there, with ``literals`` between double backquotes: "integer ≥ 1", "section".
        default: as YAML has it; None where the key must be given.
        says: one paragraph.
    """

    path: str
    kind: str
    default: str | None
    says: str

    @property
    def name(self) -> str:
        """The key without its section."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Section:
    """The keys of one section, or of one variant of it (``optimizer`` has one for each name).

    Attributes:
        path: dotted; "" for the whole file.
        variant: the values of ``name`` or ``set`` that choose it; () where there is one only.
        says: one paragraph.
        keys: in their order.
    """

    path: str
    variant: tuple[str, ...]
    says: str
    keys: tuple[Key, ...]


def reference() -> Iterator[Section]:
    """Yield every section, each followed by those inside of it."""
    waiting: list[tuple[str, list[type[BaseModel]]]] = [("", [ExperimentConfig])]
    while waiting:
        path, models = waiting.pop(0)
        inner: dict[str, list[type[BaseModel]]] = {}
        for model in models:
            keys = []
            for name, field in model.model_fields.items():
                place = f"{path}.{name}".lstrip(".")
                known = inner.setdefault(place, [])
                known += [one for one in _models_in((field.annotation, *field.metadata)) if one not in known]
                keys.append(_key(place, field))
            variant = _variant(model) if len(models) > 1 else ()
            yield Section(path, variant, _paragraph(model.__doc__), tuple(keys))
        waiting = [(place, found) for place, found in inner.items() if found] + waiting


def _key(path: str, field: FieldInfo) -> Key:
    default = None if field.is_required() else _yaml(field.default)
    kind = ", ".join(filter(None, [_kind(field.annotation), *map(_limit, field.metadata)]))
    return Key(path, kind, default, _paragraph(field.description))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = annotation if isinstance(annotation, tuple) else get_args(annotation)
    found: list[type[BaseModel]] = []
    for argument in arguments:
        if isinstance(argument, type) or get_args(argument):
            found += [model for model in _models_in(argument) if model not in found]
    return found


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").split())


def _variant(model: type[BaseModel]) -> tuple[str, ...]:
    """Return what chooses this model among several: the values of its ``name`` or ``set``."""
    for field in model.model_fields.values():
        if get_origin(field.annotation) is Literal and field.is_required():
            return tuple(map(str, get_args(field.annotation)))
    return ()


def _yaml(value: Any) -> str:
    if isinstance(value, str):
        return value or "''"
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if annotation in _NAMES:
        return _NAMES[annotation]
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        limits = [_limit(part) for mark in marks for part in getattr(mark, "metadata", [mark])]
        return " ".join([_kind(inner), *filter(None, limits)])
    if origin is Literal:
        return " | ".join(f"``{value}``" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        kinds = dict.fromkeys(map(_kind, get_args(annotation)))
        return " | ".join(kind for kind in kinds if kind != "null")
    if origin in (tuple, list):
        inner = [argument for argument in get_args(annotation) if argument is not ...]
        return "list of " + " | ".join(dict.fromkeys(map(_kind, inner)))
    if origin is dict:
        key, value = get_args(annotation)
        return f"mapping of {_kind(key)} to {_kind(value)}"
    return SECTION if isinstance(annotation, type) and issubclass(annotation, BaseModel) else "value"


def _limit(mark: Any) -> str:
    found = [f"{sign} {getattr(mark, name)}" for name, sign in _LIMITS if getattr(mark, name, None) is not None]
    return found[0] if found else ""
