"""From a YAML file and overrides to a checked configuration, and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ms_dnn.config.bundled import bundled_config, bundled_configs
from ms_dnn.config.document import MAX_CHARACTERS, Document, apply_override, read_document, unquoted_scalar
from ms_dnn.config.problems import Origin, Problem, config_error, shown
from ms_dnn.config.schema import ExperimentConfig
from ms_dnn.config.wording import problems_of
from ms_dnn.errors import ConfigError
from ms_dnn.presentation.notation import nearest_name

_is_file = os.path.isfile  # pathlib's raises where the system refuses a path


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Read the configuration in a YAML file, or one that comes with the package by its name, such as ``"digits"``.

    ``overrides`` are ``training.epochs=5`` or ``network.layers.0.units=32``, applied in their order before
    anything is checked. Raises :class:`ms_dnn.errors.ConfigError` for whatever is wrong with the file or the
    overrides; its message has one line a problem, with the line of the file and the dotted path of the key.

    Examples:
        >>> config = ms_dnn.load_config("configs/wine.yaml", ["training.epochs=5"])
        >>> config.loss, config.training.epochs
        ('softmax_cross_entropy', 5)
    """
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"path: got a {type(path).__name__}, expected a YAML file, or a name such as 'digits'")
    return parse_config(_text_of(Path(path)), source=str(path), overrides=overrides)


def parse_config(text: str, source: str = "configuration", overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Read a configuration from YAML text, which errors call ``source``; otherwise as :func:`load_config`."""
    return validated(document_of(text, source, overrides))


def load_document(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read the values of a YAML file, with the overrides, before they are checked."""
    return document_of(_text_of(Path(path)), str(path), overrides)


def document_of(text: str, source: str, overrides: Sequence[str] = ()) -> Document:
    """Read the values of YAML text, with the overrides, before they are checked."""
    several = isinstance(overrides, Sequence) and not isinstance(overrides, str)
    if not several or not all(isinstance(one, str) for one in overrides):
        wanted = overrides if isinstance(overrides, str) else "training.epochs=5"
        raise ConfigError(f"overrides: got {overrides!r}, expected a list of texts: [{wanted!r}]")
    document = read_document(text, source)
    if document is None or document.data is None:
        raise ConfigError(f"{source}: is empty; a configuration begins with 'name', 'data' and 'network'")
    if not isinstance(document.data, dict):
        sentence = f"got {shown(document.data)}, expected a mapping with keys such as 'name', 'data' and 'network'"
        raise ConfigError(f"{source}: {sentence}")
    for override in overrides:
        apply_override(document, override)
    return document


def validated(document: Document) -> ExperimentConfig:
    """Return the configuration with these values, or raise :class:`ms_dnn.errors.ConfigError`."""
    try:
        return ExperimentConfig.model_validate(document.data)
    except ValidationError as error:
        raise config_error(problems_of(error, document)) from None


def dump_config(config: ExperimentConfig) -> str:
    """Write the effective configuration, defaults included, as YAML that reads back to an equal one."""
    return dump_values(config.model_dump(exclude={"sweep"} if config.sweep is None else None))


def dump_values(values: Any) -> str:
    """Write plain values as YAML that :func:`document_of` reads back to the same."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def one_line(values: Any) -> str:
    """Write plain values as YAML on one line: ``{kind: category}``, ``[id, 'no']``."""
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=2**31)
    return text.strip()


def entry(key: str, value: Any) -> str:
    """Write an entry of a mapping as YAML on one line: ``colour: {kind: category}``."""
    return f"{one_line([key])[1:-1]}: {one_line([value])[1:-1]}"


class _Dumper(yaml.SafeDumper):
    """Quotes every text that :func:`unquoted_scalar` would read as something else, and repeats instead of aliasing."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if unquoted_scalar(text) == text else "'"
    if not text.isprintable():
        style = '"'  # on one line, whatever is in it
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _text_of(path: Path) -> str:
    if not _is_file(path):
        path = bundled_config(str(path)) or path
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: is a folder; name a YAML file in it")
        if "\0" in str(path):
            raise ConfigError(f"{shown(str(path))}: cannot be read: a path has no NUL characters")
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file{_suggestion(path)}")
        if not path.is_file():
            raise ConfigError(f"{path}: is not a regular file")
        # A character takes at most four bytes: what is longer need not be read to be refused.
        with path.open("rb") as file:
            content = file.read(4 * MAX_CHARACTERS + 4)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        origin = Origin(str(path), line)
        raise config_error([Problem(origin, (), "is not UTF-8 text; save the file as UTF-8")]) from error
    except OSError as error:
        raise ConfigError(f"{shown(str(path))}: cannot be read: {error.strerror}") from error


def _suggestion(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f", nor a folder {folder}"
    bundled = nearest_name(path, bundled_configs()) if not path.suffix and folder == Path() else None
    if bundled:
        return f"; did you mean the name {bundled}?"
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml") and entry.is_file())
    name = nearest_name(path.name, names) or nearest_name(f"{path.name}.yaml", names)
    if name:
        return f"; did you mean {folder / name}?"
    return f"; {folder} has {', '.join(names[:10])}" if names else ""
