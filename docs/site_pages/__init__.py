"""The pages of the site that are made from the code, so that they cannot say anything else than it does."""

from pathlib import Path

from site_pages.api import api_page
from site_pages.architecture import architecture_picture, wing_list
from site_pages.audit import audit_tables
from site_pages.chapter_cards import chapter_cards
from site_pages.commands import command_page
from site_pages.configuration import configuration_page
from site_pages.contents import contents_page
from site_pages.explorable import explorable_page
from site_pages.formula_map import formula_page
from site_pages.glossary import glossary_page, search_words
from site_pages.post import post_page

TWINS = ("experiments", "distributed", "architecture", "reference/api", "reference/post", "figures")
"""Pages whose Chinese text is a page of its own: no catalogue translates them."""


def write_pages(source: Path, reader: str) -> None:
    """Write all pages into ``source``, most into ``reference``; what has not changed is not touched."""
    folder = source / "reference"
    folder.mkdir(exist_ok=True)
    pages = {
        "api.md": api_page("en"),
        "api.zh-CN.md": api_page("zh-CN"),
        "post.md": post_page("en"),
        "post.zh-CN.md": post_page("zh-CN"),
        "architecture.html": architecture_picture(),
        "wings.md.inc": wing_list(),
        "chapter-cards.rst.inc": chapter_cards(),
        "commands.md": command_page(),
        "configuration.rst": configuration_page(),
        "contents.rst": contents_page(),
        "formulas.rst": formula_page(),
        "glossary.rst": glossary_page(),
        "audit-tables.html": audit_tables(reader),
        "search-words.txt": search_words(),
        "../pencil-network.html": explorable_page(reader),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
