"""What the catalogues of the documentation say of a chapter in Chinese."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CATALOGUES = Path(__file__).parent / "chinese"
"""A link to the catalogues of ``docs/locale`` in the checkout; the catalogues themselves in an installed package."""
INDEX = "index"
"""The catalogue of the first page of the series, which has the titles of all chapters."""


@cache
def translations(name: str) -> dict[str, str]:
    """Return English message → Chinese, in the order of the page; empty where nothing is translated yet.

    Args:
        name: of a chapter, as ``09_backpropagation``, or :data:`INDEX`.
    """
    import polib

    path = CATALOGUES / f"{name}.po"
    if not path.is_file():
        return {}
    return {entry.msgid.strip(): entry.msgstr.strip() for entry in polib.pofile(str(path)).translated_entries()}


def translated(message: str, name: str, language: str) -> str:
    """Return the message in a language, in English where the catalogue ``name`` does not have it."""
    return translations(name).get(message.strip(), message) if language == "zh-CN" else message
