"""The wings of the package: their picture, and a list with a line on each, from the docstrings."""

import sys
from functools import cache
from pathlib import Path

import ms_dnn

sys.path.append(str(Path(ms_dnn.__file__).parent.parent / "scripts"))

from draw_architecture import Architecture, draw, read_architecture


@cache
def _architecture() -> Architecture:
    return read_architecture()


def architecture_picture() -> str:
    """Return the picture as HTML; it scrolls by itself where the page is narrow."""
    return f'<div class="picture" tabindex="0" role="region" aria-label="ms_dnn">\n{draw(_architecture())}</div>\n'


def wing_list() -> str:
    """Return the wings in Markdown, from the top of the picture to its bottom."""
    return "".join(f"- `{wing.name}`: {wing.says}\n" for row in _architecture().rows for wing in row)
