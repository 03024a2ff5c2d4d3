"""Write the chapters as notebooks in both languages, with their outputs: ``python scripts/notebooks.py FOLDER``.

Each chapter is run once a language, in a process of its own; with ``--no-outputs`` nothing is run. The notebooks are
``FOLDER/en/NAME.ipynb`` and ``FOLDER/zh-CN/NAME.ipynb``, ready to be attached to a release.
"""

import argparse
import base64
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from ms_dnn.series.catalogue import chapters, find_chapter
from ms_dnn.series.chapter import LANGUAGE_VARIABLE, LANGUAGES
from ms_dnn.series.notebook import Output, notebook_text


def main() -> int:
    """Write all notebooks, or one; return 1 when a chapter fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-outputs", action="store_true", help="do not run the chapters")
    parser.add_argument("--chapter", help="the number of the only one to write")
    parser.add_argument("--language", choices=LANGUAGES, help="the only one to write; both otherwise")
    options = parser.parse_args()
    if options.chapter and options.language:
        write(options.folder, options.chapter, options.language, outputs=not options.no_outputs)
        return 0
    numbers = [options.chapter] if options.chapter else [str(chapter.number) for chapter in chapters()]
    failed = []
    for language in [options.language] if options.language else LANGUAGES:
        for number in numbers:
            one = [str(options.folder), "--chapter", number, "--language", language]
            one += ["--no-outputs"] if options.no_outputs else []
            if subprocess.run([sys.executable, __file__, *one], check=False).returncode:
                failed.append(f"{number} ({language})")
    if failed:
        print(f"not written: chapters {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def write(folder: Path, number: str, language: str, *, outputs: bool) -> None:
    """Write the notebook of one chapter in one language."""
    chapter = find_chapter(number)
    path = folder / language / f"{chapter.name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    run = Session(chapter.path, language).run if outputs else None
    path.write_text(notebook_text(chapter.path, language, run), encoding="utf-8")
    print(path)


class Session:
    """Runs the cells of a chapter one after the other, as a notebook does."""

    def __init__(self, path: Path, language: str) -> None:
        import matplotlib as mpl

        mpl.use("Agg")
        os.environ[LANGUAGE_VARIABLE] = language
        os.environ.setdefault("GLOG_v", "4")  # as the command line sets it
        self.path, self.main = path, ModuleType("__main__")
        self.main.__file__ = str(path)
        sys.modules["__main__"] = self.main

    def run(self, code: str, line: int) -> list[Output]:
        """Run a cell that begins on a line of the chapter; return what it printed and drew."""
        from matplotlib import pyplot as plt

        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * (line - 1) + code, str(self.path), "exec"), vars(self.main))  # noqa: S102 - of ours
        outputs: list[Output] = []
        if printed.getvalue():
            outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
        for number in plt.get_fignums():
            picture = io.BytesIO()
            plt.figure(number).savefig(picture, format="png")
            data = {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": f"<Figure {number}>"}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        plt.close("all")
        return outputs


if __name__ == "__main__":
    sys.exit(main())
