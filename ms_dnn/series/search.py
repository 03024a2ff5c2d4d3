"""Find the chapters of a word: in titles, headings, the map of the texts, formulas and prose, in both languages."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ms_dnn.errors import SeriesError
from ms_dnn.presentation.notation import nearest_names
from ms_dnn.series.catalogue import Chapter, chapters
from ms_dnn.series.plain_formulas import plain_formula, plain_prose
from ms_dnn.series.post import Section, Words, post_map
from ms_dnn.series.prose import prose_of
from ms_dnn.series.translation import translations

GLOSSARY = Path(__file__).parent / "glossary.csv"
"""A link to the glossary of the documentation."""
TITLE, MAPPED, HEADING, PROSE = range(4)
"""Ranks of a place, the best first: a title; a section, word or symbol of the map; a heading; the prose below one."""
_HEADING = re.compile(r"^(\S.*)\n[=-]{3,}\n", re.MULTILINE)
_FORMULA = re.compile(r"^(?:\.\. _formula-(.*):\n\n)?\.\. math::(.*\n(?:\n|   ? .*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A place in a chapter, what it is called, and the text that is searched.

    ``order`` is 0, and more where the map names other chapters first.
    """

    chapter: Chapter
    rank: int
    name: Words
    text: str
    order: int = 0


@dataclass(frozen=True)
class Hit:
    """A chapter in which a word occurs: the rank of its best place, and the name of the one where a reader begins."""

    chapter: Chapter
    rank: int
    name: Words


def search(query: str, language: str = "en") -> list[Hit]:
    """Return the best place of each chapter in which the word, or its translation, occurs, the best one first.

    Raises:
        SeriesError: when it occurs nowhere; the message names the nearest terms, in a language.
    """
    patterns = [_pattern(word) for word in {query, *_translated(query)} if word.strip()]
    found: dict[int, list[tuple[int, int, int, Place]]] = {}
    for place in _places():
        count = sum(len(pattern.findall(place.text)) for pattern in patterns)
        if count:
            found.setdefault(place.chapter.number, []).append((place.rank, place.order, -count, place))
    if not found:
        raise SeriesError(_nothing_found(query).in_language(language))
    hits = [(min(places, key=lambda one: one[:3]), places) for places in found.values()]
    hits.sort(key=lambda hit: (*hit[0][:3], hit[0][3].chapter.number))
    return [Hit(best.chapter, rank, _where_to_begin(places)) for (rank, _, _, best), places in hits]


def _where_to_begin(places: list[tuple[int, int, int, Place]]) -> Words:
    """Return the name of a heading, if the word is in one or below one; else that of the map's entry."""
    return min(places, key=lambda one: (one[0] == MAPPED, *one[:3]))[3].name


def sections_of_chapter(chapter: Chapter) -> Iterator[tuple[Words, str]]:
    """Yield heading and text of each section of a chapter, what comes before the first heading under its title.

    The text has the English prose, its formulas in plain text and their names, and the Chinese prose.
    """
    chinese = translations(chapter.name)
    below: dict[str, list[str]] = {chapter.title: []}
    heading = chapter.title
    for message, translation in chinese.items():
        heading = message if message in _headings(chapter) else heading
        below.setdefault(heading, []).append(plain_prose(translation))
    source = "\n".join(block.text for block in prose_of(chapter.path))
    parts = _HEADING.split(f"\n{source}\n")[1:]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        formulas = _FORMULA.sub(lambda found: f"{found[1] or ''} {plain_formula(found[2])}\n", text)
        prose = "\n".join([plain_prose(formulas), *below.get(title, [])])
        yield Words(chinese.get(title, title), title), prose


@cache
def _headings(chapter: Chapter) -> set[str]:
    return {title for block in prose_of(chapter.path) for title in _HEADING.findall(f"{block.text}\n")}


@cache
def _places() -> list[Place]:
    return [replace(place, text=_folded(place.text)) for place in _all_places()]


def _all_places() -> Iterator[Place]:
    known = {chapter.number: chapter for chapter in chapters()}
    for chapter in known.values():
        for number, (name, text) in enumerate(sections_of_chapter(chapter)):
            in_title = number == 0
            both = f"{name.zh}\n{name.en}" + (f"\n{chapter.name.replace('_', ' ')}" if in_title else "")
            yield Place(chapter, TITLE if in_title else HEADING, name, both)
            yield Place(chapter, PROSE, name, text)
    for numbers, name, text in _mapped():
        there = [known[number] for number in numbers if number in known]
        yield from (Place(chapter, MAPPED, name, text, order) for order, chapter in enumerate(there))


def _mapped() -> Iterator[tuple[Sequence[int], Words, str]]:
    """Yield chapters, name and text of the entries of the map."""
    for source in post_map().texts:
        for section in source.sections:
            name = Words(f"{source.short.zh}：{section.title.zh}", f"{source.short.en}: {section.title.en}")
            words = "\n".join((source.title.zh, source.title.en, section.title.zh, section.title.en, *section.words))
            yield section.chapters, name, words
    for symbol in post_map().notation:
        name = Words(f"符号 {symbol.text}：{symbol.means.zh}", f"symbol {symbol.text}: {symbol.means.en}")
        yield symbol.chapters, name, f"{symbol.text}\n{symbol.here}"
    for number, found in post_map().beyond.items():
        yield from (([number], Words(word, word), word) for word in found)


@cache
def _terms() -> list[tuple[str, str]]:
    """Return the rows of the glossary: English, Chinese."""
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        return [(row["english"], row["chinese"]) for row in csv.DictReader(file)]


def _translated(query: str) -> set[str]:
    folded = _folded(query)
    return {
        other
        for english, chinese in _terms()
        for one, other in ((english, chinese), (chinese, english))
        if folded in (_folded(one), _folded(one).replace("-", " "))
    }


def _folded(text: str) -> str:
    """Return the text as it is compared: one form of each character, small, one blank for every space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("-", "−").split(" "))


def _pattern(query: str) -> re.Pattern[str]:
    """Return what finds a word from its beginning, or a formula whatever its spaces."""
    folded = _folded(plain_formula(query) if "\\" in query or "^" in query else query).strip()
    if re.fullmatch(r"[a-z0-9 .−]+", folded):
        end = r"(?![a-z0-9])" if len(folded) < 3 else ""
        return re.compile(r"(?<![a-z0-9])" + r"[\s−]+".join(map(re.escape, re.split(r"[\s−]+", folded))) + end)
    return re.compile(r"\s*".join(re.escape(character) for character in folded if not character.isspace()))


def _nothing_found(query: str) -> Words:
    mapped = (word for section in _sections() for word in (section.title.zh, section.title.en, *section.words))
    words = {*mapped, *(word for term in _terms() for word in term)}
    near = nearest_names(query, words, most=3)
    chinese = f"最接近的词是 {'、'.join(near)}" if near else "ms-dnn series --language zh-CN 列出各章"
    english = f"the nearest terms are {', '.join(near)}" if near else "ms-dnn series lists the chapters"
    return Words(f"series：没有一章提到“{query}”：{chinese}", f"series: no chapter has '{query}': {english}")


def _sections() -> Iterator[Section]:
    for source in post_map().texts:
        yield from source.sections
