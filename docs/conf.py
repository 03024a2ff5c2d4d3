"""Sphinx configuration of the documentation site, in English and, with MS_DNN_SERIES_LANGUAGE=zh-CN, in Chinese.

``scripts/build_docs.sh`` builds both. Pages that the code knows better than anybody (commands, configuration, formulas,
the audit's table) are written by ``site_pages`` before Sphinx reads its sources.
"""

import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

import jieba
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from site_pages import TWINS, write_pages  # noqa: E402 - found by the path above
from site_pages.chapters import GALLERY  # noqa: E402 - likewise
from site_pages.questions import FoldAnswers  # noqa: E402 - likewise

import ms_dnn  # noqa: E402 - sorted after it

jieba.setLogLevel(logging.WARNING)
reader = os.environ.setdefault("MS_DNN_SERIES_LANGUAGE", "en")

project = "ms-dnn"
author = "the founders of ms-dnn"
copyright = "2026, the founders of ms-dnn"  # noqa: A001 - the name that Sphinx reads
release = version = ms_dnn.__version__
language = {"en": "en", "zh-CN": "zh_CN"}[reader]
locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
gettext_location = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",  # formulas without another site
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["locale", "site_pages", "images/README.md", "audit-2.10-cpu.md", "**.zh-CN.md", "series/*.ipynb"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types in signatures: most are those of MindSpore and NumPy
autosummary_generate = False  # all entries stand on one page
# The methods left out are scikit-learn's own, which speak of pages of its site.
autodoc_default_options = {
    "members": True,
    "exclude-members": "set_fit_request, set_partial_fit_request, set_score_request",
}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signatures would fill the page
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
smartquotes = False  # --set is an option, not a dash

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "ms-dnn"
html_static_path = ["_static"]
html_extra_path = ["pencil-network.html"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_favicon = "_static/favicon.svg"
html_show_sphinx = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00567f", "color-brand-content": "#00567f"},
    "dark_css_variables": {"color-brand-primary": "#6cc5f2", "color-brand-content": "#6cc5f2"},
}
html_search_options = {"dict": str(HERE / "reference" / "search-words.txt")}
linkcheck_ignore = [r"https?://"]  # a build needs no other site than its package index
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
# What the page of the API tells readers to begin with.
doctest_global_setup = """
import mindspore as ms
import numpy as np
import ms_dnn
from ms_dnn.training.optimizers import *
"""
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {**GALLERY, "plot_gallery": False}  # scripts/chapter_pages.py has run the chapters


def _without_thumbnails(app: Sphinx, docname: str, source: list[str]) -> None:
    """Leave sphinx-gallery's own cards out: the series has cards that are translated and that a keyboard reaches."""
    if docname == "series/index":
        start, _, rest = source[0].partition('.. raw:: html\n\n    <div class="sphx-glr-thumbnails">')
        source[0] = start + rest[rest.index(".. toctree::") :]


def _read_twin(app: Sphinx, docname: str, source: list[str]) -> None:
    """Read the Chinese page that somebody wrote beside the English one, where there is one.

    Its links to the other language, and to files of the repository, are for readers of the repository.
    """
    if docname not in TWINS:
        return
    twin = Path(app.srcdir, f"{docname}.{reader}.md")
    text = twin.read_text(encoding="utf-8") if twin.is_file() else source[0]
    text = re.sub(r"^\[(中文|English)\]\(.*\)$", "", text, flags=re.MULTILINE)
    source[0] = re.sub(r"\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", text)


def _signature(app: Sphinx, what: str, name: str, part: Any, *_: Any) -> tuple[str, str] | None:
    """Show how a class is made: autodoc takes the ``__new__`` of MindSpore's Cell, which says only ``*args``."""
    if what != "class":
        return None
    return stringify_signature(signature(part.__init__, bound_method=True), show_annotation=False), ""


def setup(app: Sphinx) -> None:
    """Write the generated pages, and read Chinese twins."""
    app.connect("autodoc-process-signature", _signature)
    write_pages(Path(app.srcdir), reader)
    app.connect("source-read", _read_twin)
    app.connect("source-read", _without_thumbnails)
    app.add_transform(FoldAnswers)
    app.add_config_value("ms_dnn_twins", TWINS, "env")
