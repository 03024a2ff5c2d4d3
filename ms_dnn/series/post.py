"""The map from the texts that the series follows to its chapters, read from ``post.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MAP = Path(__file__).parent / "post.yaml"


@dataclass(frozen=True)
class Words:
    """The same in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the words for "en" or "zh-CN"."""
        return self.zh if language == "zh-CN" else self.en


@dataclass(frozen=True)
class Section:
    """A section of a text: the chapters that take it up, in the order of use, and what to watch for in it."""

    title: Words
    chapters: tuple[int, ...]
    formulas: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    says: Words | None = None
    watch: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Source:
    """A text that the series follows."""

    key: str
    title: Words
    short: Words
    sections: tuple[Section, ...]
    about: Words | None = None


@dataclass(frozen=True)
class Symbol:
    """A symbol of the texts, what it is called here, and what it means."""

    text: str
    here: str
    means: Words
    chapters: tuple[int, ...]


@dataclass(frozen=True)
class Map:
    """All of ``post.yaml``; ``beyond`` has words to search for, by the number of a chapter that no text covers."""

    texts: tuple[Source, ...]
    notation: tuple[Symbol, ...]
    beyond: dict[int, tuple[str, ...]] = field(default_factory=dict)


@cache
def post_map() -> Map:
    """Return the map, in the order of the file."""
    entries = yaml.safe_load(MAP.read_text(encoding="utf-8"))
    texts = tuple(_source(text) for text in entries["texts"])
    notation = tuple(
        Symbol(row["text"], row["here"], Words(**row["means"]), tuple(row["chapters"])) for row in entries["notation"]
    )
    return Map(texts, notation, {number: tuple(words) for number, words in entries["beyond"].items()})


def _source(text: dict[str, Any]) -> Source:
    sections = tuple(_section(section) for section in text["sections"])
    return Source(text["key"], Words(**text["title"]), Words(**text["short"]), sections, _words(text.get("about")))


def _section(section: dict[str, Any]) -> Section:
    lists = {name: tuple(section.get(name, ())) for name in ("chapters", "formulas", "code", "words")}
    watch = tuple(Words(**words) for words in section.get("watch", ()))
    return Section(Words(section["zh"], section["en"]), says=_words(section.get("says")), watch=watch, **lists)


def _words(entry: dict[str, str] | None) -> Words | None:
    return None if entry is None else Words(**entry)
