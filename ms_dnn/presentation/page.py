"""The frame and style of an HTML report: one file that needs nothing else, without a script, its pictures inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from ms_dnn.presentation.charts import COLOURS, COLOURS_ON_DARK
from ms_dnn.presentation.notation import html_text

SECURITY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _routes(colours: tuple[str, ...]) -> str:
    return " ".join(f"--route{number}: {colour};" for number, colour in enumerate(colours))


LIGHT = f"""
  --page: #fcfbf9; --card: #ffffff; --ink: #1c1c1e; --quiet: #5c5c63; --rule: #e2dfd9; --faint: #f3f1ed;
  --pass: #00674b; --fail: #a63c00; --unsure: #795900; --pass-tint: #e8f4ef; --fail-tint: #fcede4;
  --unsure-tint: #f9f2de; {_routes(COLOURS)}
"""
DARK = f"""
  --page: #151517; --card: #1c1c1f; --ink: #ebebed; --quiet: #a5a5ae; --rule: #333338; --faint: #232327;
  --pass: #4fc79d; --fail: #ff9457; --unsure: #e3b93f; --pass-tint: #14271f; --fail-tint: #2f1c11;
  --unsure-tint: #292210; {_routes(COLOURS_ON_DARK)}
"""


def _style_sheet(name: str) -> str:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return Template(text).substitute(light=LIGHT, dark=DARK).strip()


FRAGMENT_STYLE = _style_sheet("fragment.css")
"""Of a result in a notebook: its own background, so that it can be read whatever lies around it."""
PAGE_STYLE = _style_sheet("page.css")


def html_page(title: str, overline: str, heading: str, sections: Sequence[str], style: str = "") -> str:
    """Return the whole page; sections that are "" are left out.

    Its security policy lets it load nothing. ``sections`` and ``style`` are markup, the others plain text.
    """
    body = "\n".join(one for one in sections if one)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{SECURITY}">
<title>{html_text(title)}</title>
<link rel="icon" href="data:,">
<style>
{PAGE_STYLE}
{style}
</style>
</head>
<body>
<main>
<p class="overline">{html_text(overline)}</p>
<h1>{html_text(heading)}</h1>
{body}
</main>
</body>
</html>
"""


def section(title: str, body: str) -> str:
    """Return a section under a heading; both are markup."""
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>"


def scrolling(table: str, caption: str) -> str:
    """Return a table that scrolls by itself on a narrow screen; its caption stands above and stays."""
    words = html_text(caption)
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{words}">{table}</div>'
    return f'<p class="above-table">{words}</p>{region}'


def table_head(names: Sequence[str]) -> str:
    """Return a table's head; a name that starts with # is above numbers."""
    cells = [
        f'<th scope="col" class="number">{html_text(name[1:])}</th>'
        if name.startswith("#")
        else f'<th scope="col">{html_text(name)}</th>'
        for name in names
    ]
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def definitions(facts: Sequence[tuple[str, object]]) -> str:
    """Return a list of names and what is to be said of each."""
    items = "".join(f"<dt>{html_text(name)}</dt><dd>{html_text(fact)}</dd>" for name, fact in facts)
    return f"<dl>{items}</dl>"


def statement_list(lines: Sequence[tuple[str, str, str]]) -> str:
    """Return a list of (style, what comes first, sentence)."""
    items = "".join(
        f'<li class="{style}"><strong>{html_text(start)}</strong> {html_text(rest)}</li>'
        for style, start, rest in lines
    )
    return f'<ul class="said">{items}</ul>'
