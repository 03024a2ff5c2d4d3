"""The reference of the configuration, from the models that read it."""

import re
from itertools import groupby

from ms_dnn.config.reference import SECTION, Key, Section, reference
from site_pages.rst import heading

INTRODUCTION = """
A configuration is a YAML file of the keys below; those without a default must be given. An unknown key is refused, with
the nearest right one. ``ms-dnn train CONFIG --set training.epochs=5`` changes a value for one run, by its dotted path.
"""


def configuration_page() -> str:
    """Return the page in RST: one section for each section of the file."""
    parts = [heading("Configuration", "="), INTRODUCTION]
    for path, variants in groupby(reference(), lambda section: section.path):
        parts.append(f".. _configuration-{path.replace('.', '-')}:\n" if path else "")
        parts.append(heading(path or "The whole file", "-"))
        parts += map(_section, variants)
    return "\n".join(parts)


def _section(section: Section) -> str:
    variant = f"**{', '.join(section.variant)}** — " if section.variant else ""
    return "\n".join([f"{variant}{_prose(section.says)}\n", *map(_entry, section.keys)])


def _entry(key: Key) -> str:
    default = "" if key.default is None else f" = ``{key.default}``"
    target = f":ref:`section <configuration-{key.path.replace('.', '-')}>`"
    kind = re.sub(rf"\b{SECTION}\b", target, key.kind)
    says = _prose(key.says or ("Its keys are below." if kind != key.kind else ""))
    return f"``{key.name}``: {kind}{default}\n{'   ' + says if says else ''}\n"


def _prose(text: str) -> str:
    """Return a paragraph in which * and | are themselves."""
    return text.replace("*", "\\*").replace("|", "\\|")
