"""Words in the languages of the series, and both at once for the pages: a chapter is then run once for all of them."""

from __future__ import annotations

import re

LANGUAGES = ("en", "zh-CN")
EVERY_LANGUAGE = "all"
"""The language of a run whose words are chosen later, when a picture or a page is written."""

# Characters of the private use area: no text and no font has them. They pass through f-strings, print and matplotlib.
_START, _BETWEEN, _END = "\ue000", "\ue001", "\ue002"
_INNERMOST = re.compile(f"{_START}([^{_START}{_END}]*?){_BETWEEN}([^{_START}{_END}]*?){_END}")


def in_every_language(english: str, chinese: str) -> str:
    """Return one text that holds the words of both languages, for :func:`in_language` to choose from."""
    return f"{_START}{english}{_BETWEEN}{chinese}{_END}"


def in_language(text: str, language: str) -> str:
    """Return the text with the words of one language where it holds those of both, to any depth."""
    chosen = LANGUAGES.index(language) + 1
    while (shorter := _INNERMOST.sub(lambda words: words[chosen], text)) != text:
        text = shorter
    return text
