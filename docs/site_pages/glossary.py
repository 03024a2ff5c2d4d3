"""The glossary both ways, and the words that the Chinese search must not cut in two."""

import csv
from pathlib import Path

from site_pages.rst import heading

TERMS = Path(__file__).parent.parent / "glossary.csv"
INTRODUCTION = """The terms of the series in both languages: by the English words, then in the order of the series.
"""


def terms() -> list[dict[str, str]]:
    """Return the rows: english, chinese, meaning."""
    with TERMS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def glossary_page() -> str:
    """Return the page in RST."""
    by_english = sorted(terms(), key=lambda term: term["english"].lower())
    parts = [heading("Glossary", "="), INTRODUCTION, heading("English to Chinese", "-"), ".. glossary::\n"]
    parts += [f"   {term['english']}\n      {term['chinese']}. {term['meaning']}\n" for term in by_english]
    parts += [heading("Chinese to English", "-"), ".. list-table::\n   :header-rows: 1\n"]
    rows = [("中文", "English"), *((term["chinese"], f":term:`{term['english']}`") for term in terms())]
    parts += [f"   * - {chinese}\n     - {english}" for chinese, english in rows]
    return "\n".join(parts) + "\n"


def search_words() -> str:
    """Return the user dictionary of the word cutter: one Chinese word a line."""
    return "".join(f"{term['chinese']}\n" for term in terms())
