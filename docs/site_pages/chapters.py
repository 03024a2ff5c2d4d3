"""The chapters of the series as pages: sphinx-gallery runs each once, and every language has its words of that run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ms_dnn
from ms_dnn.series.catalogue import chapters
from ms_dnn.series.chapter import LANGUAGES, font_family, in_language
from ms_dnn.series.notebook import notebook_text

GALLERY: dict[str, Any] = {
    "examples_dirs": str(Path(ms_dnn.__file__).parent / "series" / "chapters"),
    "gallery_dirs": "series",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("site_pages.chapters.save_pictures",),
    "abort_on_example_error": True,
    "backreferences_dir": None,
    "capture_repr": (),
    "download_all_examples": False,
    "line_numbers": False,
    "min_reported_time": 1e9,  # times differ from run to run, and every page would then be a new translation
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "thumbnail_size": (400, 280),
    "write_computation_times": False,
}
"""What sphinx-gallery is told, both where it runs the chapters and where it finds them done."""
SHARP = 2
"""Pixels of a screen of high resolution for each of an ordinary one."""


def save_pictures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures once a language, close them and return RST; sphinx-gallery calls it after each block."""
    from matplotlib import pyplot as plt
    from sphinx_gallery.scrapers import figure_rst

    pieces = []
    for number, name in zip(plt.get_fignums(), block_vars["image_path_iterator"], strict=False):
        figure, path = plt.figure(number), Path(name)
        words = [figure.get_suptitle(), *(axes.get_title(loc="left") for axes in figure.axes)]
        sizes = {0: path, SHARP: path.with_stem(f"{path.stem}_{SHARP}x")}
        for language in LANGUAGES:
            folder = pictures_in(language, path.parent)
            folder.mkdir(exist_ok=True)
            with speaking(figure, language):
                for size, picture in sizes.items():
                    figure.savefig(folder / picture.name, dpi=figure.dpi * max(size, 1))
        pieces.append(figure_rst([path], gallery_conf["src_dir"], ", ".join(filter(None, words)), [sizes]))
    plt.close("all")
    return "\n".join(pieces)


def pictures_in(language: str, folder: Path) -> Path:
    """Return where pictures in a language lie while the pages of all languages are still one.

    sphinx-gallery insists on one of each at the place that it names: the English one.
    """
    return folder if language == LANGUAGES[0] else folder / language


@contextmanager
def speaking(figure: Any, language: str) -> Iterator[None]:
    """Let a figure whose texts hold the words of all languages be drawn in one of them."""
    import matplotlib as mpl
    from matplotlib.text import Text

    every_language = Text.get_text
    for text in figure.findobj(Text):
        text.set_fontfamily(font_family(language))
    with (
        mpl.rc_context({"font.family": font_family(language)}),  # for the ticks that are made while it is drawn
        patch.object(Text, "get_text", lambda text: in_language(every_language(text), language)),
    ):
        yield


def write_chapters(ran: Path, series: Path, language: str) -> None:
    """Write the pages of one language into the folder ``series``, from those of all in ``ran``.

    They come with the checksums by which sphinx-gallery knows that nothing is left to run, and with notebooks whose
    prose is in that language.
    """
    from sphinx_gallery.utils import scale_image

    shutil.rmtree(series, ignore_errors=True)
    shutil.copytree(ran, series, ignore=shutil.ignore_patterns("images", "*.rst"))
    thumbnails = series / "images" / "thumb"
    thumbnails.mkdir(parents=True)
    for picture in pictures_in(language, ran / "images").glob("*.png"):
        shutil.copy(picture, series / "images")
        if picture.stem.endswith("_001"):
            scale_image(picture, thumbnails / picture.name.replace("_001", "_thumb"), *GALLERY["thumbnail_size"])
    for chapter in chapters():
        notebook = series / f"{chapter.name}.ipynb"
        if notebook.is_file():  # sphinx-gallery's is English
            notebook.write_text(notebook_text(chapter.path, language), encoding="utf-8")
    for page in ran.glob("*.rst"):
        (series / page.name).write_text(in_language(page.read_text(encoding="utf-8"), language), encoding="utf-8")
