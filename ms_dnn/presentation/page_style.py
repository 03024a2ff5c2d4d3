"""The style sheets of all HTML reports: light and dark, wide and narrow, on the screen and on paper."""

from pathlib import Path
from string import Template

from ms_dnn.presentation.charts import COLOURS, COLOURS_ON_DARK


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
