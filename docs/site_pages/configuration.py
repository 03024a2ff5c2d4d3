"""The reference of the configuration, from the models that read it."""

import json
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ms_dnn.config.schema import ExperimentConfig
from site_pages.rst import heading

SECTION = "Its keys are below."
INTRODUCTION = """
A configuration is a YAML file of the keys below; those without a default must be given. An unknown key is refused, with
the nearest right one. ``ms-dnn train CONFIG --set training.epochs=5`` changes a value for one run, by its dotted path.
"""


def configuration_page() -> str:
    """Return the page in RST: one section for each section of the file."""
    parts = [heading("Configuration", "="), INTRODUCTION]
    for path, models in _sections():
        parts.append(f".. _configuration-{path.replace('.', '-')}:\n" if path else "")
        parts.append(heading(path or "The whole file", "-"))
        for model in models:
            parts.append(_section(model, path, variant=len(models) > 1))
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, list[type[BaseModel]]]]:
    waiting: list[tuple[str, list[type[BaseModel]]]] = [("", [ExperimentConfig])]
    while waiting:
        path, models = waiting.pop(0)
        yield path, models
        inner: dict[str, list[type[BaseModel]]] = {}
        for model in models:
            for name, field in model.model_fields.items():
                found = _models_in(field.annotation) + _models_in(tuple(field.metadata))
                known = inner.setdefault(f"{path}.{name}".lstrip("."), [])
                known += [one for one in found if one not in known]
        waiting = [(name, found) for name, found in inner.items() if found] + waiting


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = annotation if isinstance(annotation, tuple) else get_args(annotation)
    found: list[type[BaseModel]] = []
    for argument in arguments:
        if isinstance(argument, type) or get_args(argument):
            found += [model for model in _models_in(argument) if model not in found]
    return found


def _section(model: type[BaseModel], path: str, variant: bool) -> str:
    says = _prose(model.__doc__ or "")
    parts = [f"{_variant(model)}{says}\n" if variant else f"{says}\n"]
    for name, field in model.model_fields.items():
        default = "" if field.is_required() else f" = {_shown(field.default)}"
        kind = _type(field)
        if "section" in kind:
            target = f"{path}.{name}".lstrip(".").replace(".", "-")
            kind = re.sub(r"\bsection\b", f":ref:`section <configuration-{target}>`", kind)
        says = _prose(field.description or (SECTION if ":ref:" in kind else ""))
        parts.append(f"``{name}``: {kind}{default}\n{'   ' + says if says else ''}\n")
    return "\n".join(parts)


def _prose(text: str) -> str:
    """Return one paragraph in which * and | are themselves."""
    return " ".join(text.split()).replace("*", "\\*").replace("|", "\\|")


def _variant(model: type[BaseModel]) -> str:
    """Return what chooses this model among several: the value of its ``name`` or ``set``."""
    for field in model.model_fields.values():
        if get_origin(field.annotation) is Literal and field.is_required():
            return "**" + ", ".join(str(value) for value in get_args(field.annotation)) + "** — "
    return ""


def _shown(value: Any) -> str:
    """Return a default as YAML has it."""
    if isinstance(value, str):
        return f"``{value}``" if value else "``''``"
    return f"``{json.dumps(list(value) if isinstance(value, tuple) else value)}``"


NAMES = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}


def _type(field: FieldInfo) -> str:
    limits = [_limit(mark) for mark in field.metadata]
    return ", ".join([_name(field.annotation), *(limit for limit in limits if limit)])


def _name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if annotation in NAMES:
        return NAMES[annotation]
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        limits = [_limit(part) for mark in marks for part in getattr(mark, "metadata", [mark])]
        return " ".join([_name(inner), *(limit for limit in limits if limit)])
    if origin is Literal:
        return " | ".join(f"``{value}``" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        kinds = dict.fromkeys(_name(argument) for argument in get_args(annotation))
        return " | ".join(kind for kind in kinds if kind != "null")
    if origin in (tuple, list):
        inner = [argument for argument in get_args(annotation) if argument is not ...]
        return "list of " + " | ".join(dict.fromkeys(_name(argument) for argument in inner))
    if origin is dict:
        key, value = get_args(annotation)
        return f"mapping of {_name(key)} to {_name(value)}"
    return "section" if isinstance(annotation, type) and issubclass(annotation, BaseModel) else "value"


def _limit(mark: Any) -> str:
    for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
        if getattr(mark, name, None) is not None:
            return f"{sign} {getattr(mark, name)}"
    return ""
