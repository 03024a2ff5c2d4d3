"""What the chapters of the series are written with: device, language, pictures, the package's own lines, answers.

A chapter is a plain script. From the shell it takes ``--device``, ``--language`` and ``--figures FOLDER``; on its page
and in a notebook it takes none, and its figures appear where they are drawn.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import inspect
import logging
import os
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ms_dnn.errors import MsDnnError, SeriesError
from ms_dnn.presentation.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, YELLOW

LANGUAGES = ("en", "zh-CN")
EVERY_LANGUAGE = "all"
"""The language of a run whose words are chosen later, when a picture or a page is written."""

# Characters of the private use area: no text and no font has them. They pass through f-strings, print and matplotlib.
_START, _BETWEEN, _END = "\ue000", "\ue001", "\ue002"
_INNERMOST = re.compile(f"{_START}([^{_START}{_END}]*?){_BETWEEN}([^{_START}{_END}]*?){_END}")
LANGUAGE_VARIABLE = "MS_DNN_SERIES_LANGUAGE"
"""Set where pages are made: their language, or "all". A chapter then looks at no command line and opens no window."""
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
)
"""Fonts of systems that have the characters of Chinese, the first choice first."""
CARRIED_FONT = "NotoSansCJKsc-Regular.otf"
"""The font of the package mplfonts, for systems that have none of those."""

STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.titlesize": "large",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "image.cmap": "cividis",
}

_language = "en"


def begin() -> None:
    """Read the command line of a chapter, choose the device and say which, and set the style of the pictures.

    Exits with code 2 and one sentence when the command line or the device is wrong.
    """
    atexit.register(gc.freeze)  # Python's last collection would take half a second
    on_a_page, in_a_notebook = LANGUAGE_VARIABLE in os.environ, "ipykernel" in sys.modules
    options = _options([] if on_a_page or in_a_notebook else sys.argv[1:])
    try:
        _use_language(os.environ.get(LANGUAGE_VARIABLE, options.language))
        _prepare_pictures(options.figures, shown_by_others=on_a_page or in_a_notebook)
        from ms_dnn.runtime.device import use_device

        device = use_device(options.device)
        # A chapter imports MindSpore before ms_dnn, which would have silenced its warnings.
        logging.getLogger(f"ME.mindspore.log.{os.getpid()}").setLevel(logging.ERROR)
    except MsDnnError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    chinese_reason = reason_in_chinese(options.device, device.name)
    say(f"device: {device.name}, {device.reason}", f"设备：{device.name}，{chinese_reason}")


def label(english: str, chinese: str) -> str:
    """Return the words in the reader's language: for axes, legends and titles, which no catalogue translates."""
    if _language == EVERY_LANGUAGE:
        return in_every_language(english, chinese)
    return chinese if _language == "zh-CN" else english


def say(english: str, chinese: str) -> None:
    """Print the words in the reader's language."""
    print(label(english, chinese))


def in_every_language(english: str, chinese: str) -> str:
    """Return one text that holds the words of both languages, for :func:`in_language` to choose from."""
    return f"{_START}{english}{_BETWEEN}{chinese}{_END}"


def in_language(text: str, language: str) -> str:
    """Return the text with the words of one language where it holds those of both, to any depth."""
    chosen = LANGUAGES.index(language) + 1
    while (shorter := _INNERMOST.sub(lambda words: words[chosen], text)) != text:
        text = shorter
    return text


def show_code(*parts: Callable[..., Any] | type) -> None:
    """Print the package's own lines of some functions, methods or classes, below their file and line."""
    for part in parts:
        lines, first = inspect.getsourcelines(part)
        path = Path(inspect.getsourcefile(inspect.unwrap(part)) or "")  # a decorator lives in a file of its own
        package = next(parent for parent in path.parents if parent.name == "ms_dnn")
        place = path.relative_to(package.parent).as_posix()
        print(label(f"# {place}, line {first}", f"# {place}，第 {first} 行"))
        print(textwrap.dedent("".join(lines)))


def check_answer(number: int, holds: Any) -> None:
    """Print that the answer to a question of the chapter was computed to be right.

    Raises:
        AssertionError: when it is wrong.
    """
    if not bool(holds):
        raise AssertionError(f"the answer to question {number} is wrong")
    say(f"✓ answer {number}", f"✓ 第 {number} 题的答案")


def _options(arguments: list[str]) -> argparse.Namespace:
    main = sys.modules["__main__"]
    title = (main.__doc__ or "").strip().partition("\n")[0]
    parser = argparse.ArgumentParser(description=f"A chapter of the series: {title}.", allow_abbrev=False)
    parser.add_argument("--device", default="auto", help="auto, Ascend, GPU or CPU")
    parser.add_argument("--language", default="en", help=" or ".join(LANGUAGES))
    parser.add_argument(
        "--figures", type=Path, metavar="FOLDER", help="write the pictures there instead of showing them"
    )
    return parser.parse_args(arguments)


def reason_in_chinese(requested: str, name: str) -> str:
    """Return in Chinese what :attr:`ms_dnn.runtime.device.Device.reason` says in English."""
    from ms_dnn.runtime.device import PREFERENCE

    if requested != "auto":
        return "由用户指定"
    missing = PREFERENCE[: PREFERENCE.index(name)]
    return f"由 auto 选定：{'、'.join(missing)} 不可用" if missing else "由 auto 选定：首选设备可用"


def _use_language(language: str) -> None:
    global _language
    made_for_pages = language == EVERY_LANGUAGE and LANGUAGE_VARIABLE in os.environ
    if language not in LANGUAGES and not made_for_pages:
        raise SeriesError(f"language: got '{language}', expected {' or '.join(LANGUAGES)}")
    _language = language


def _prepare_pictures(folder: Path | None, *, shown_by_others: bool) -> None:
    import matplotlib as mpl
    from matplotlib.rcsetup import cycler

    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SeriesError(f"--figures {folder}: {error.strerror}; name a folder that can be written") from error
        mpl.use("Agg")
    mpl.rcParams.update(STYLE)
    mpl.rcParams["axes.prop_cycle"] = cycler(color=[BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, GREY])
    if _language != "en":
        mpl.rcParams["font.family"] = font_family(_language)
    if not shown_by_others:
        atexit.register(_show_pictures, folder)


def font_family(language: str) -> list[str]:
    """Return the fonts of the pictures in a language, the first choice first.

    Raises:
        SeriesError: when there is no Chinese font.
    """
    if language == "en":
        return ["DejaVu Sans"]
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    chinese = next((name for name in CHINESE_FONTS if name in installed), None) or _carried_font()
    return [chinese, "DejaVu Sans"]


def _carried_font() -> str:
    """Return the name of the font that mplfonts brings, once matplotlib knows it."""
    from matplotlib import font_manager

    try:
        import mplfonts
    except ImportError as error:
        raise SeriesError(
            "language zh-CN: the pictures need a Chinese font, and this system has none: install one, such as Noto "
            "Sans CJK (Debian's package is fonts-noto-cjk), or pip install 'ms-dnn[series]'"
        ) from error
    font = Path(mplfonts.__file__).parent / "fonts" / CARRIED_FONT
    font_manager.fontManager.addfont(font)
    return str(font_manager.FontProperties(fname=font).get_name())


def _show_pictures(folder: Path | None) -> None:
    """Write the figures that are open, or show them where there is a screen."""
    from matplotlib import pyplot as plt

    numbers = plt.get_fignums()
    if folder is not None:
        stem = Path(sys.argv[0]).stem
        for number in numbers:
            path = folder / f"{stem}-{number}.png"
            plt.figure(number).savefig(path)
            say(f"picture: {path}", f"图：{path}")
    elif plt.get_backend().lower() != "agg":
        plt.show()
    elif numbers:
        say(
            f"{len(numbers)} pictures; --figures FOLDER keeps them", f"共 {len(numbers)} 幅图；用 --figures 文件夹 保存"
        )
