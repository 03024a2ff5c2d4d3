"""Run the chapters of the series and write their pages: ``python scripts/chapter_pages.py build/docs``.

Each chapter is run once, two at a time, and gives the pages of all languages, ``build/docs/LANGUAGE/source/series``.
What it gave stays in ``build/docs/chapters``: with the same source, package and libraries it is not run again.
"""

import argparse
import hashlib
import os
import shutil
import sys
import warnings
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
os.environ["MS_DNN_SERIES_LANGUAGE"] = "all"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "docs"), os.environ.get("PYTHONPATH")]))

from site_pages.chapters import GALLERY, write_chapters  # noqa: E402 - found by the path above
from sphinx.application import Sphinx  # noqa: E402
from sphinx.util.docutils import docutils_namespace  # noqa: E402

from ms_dnn.series.catalogue import CHAPTERS  # noqa: E402
from ms_dnn.series.chapter import LANGUAGES  # noqa: E402

PROCESSES = 2


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("build", type=Path, help="folder of the pages")
    build = parser.parse_args().build.resolve()
    run_chapters(build / "chapters")
    for language in LANGUAGES:
        write_chapters(build / "chapters" / "series", build / language / "source" / "series", language)
    return 0


def run_chapters(folder: Path) -> None:
    """Run the chapters that were not run in ``folder`` as they now are; sphinx-gallery compares their own sources."""
    stamp = folder / "ran-with.sha256"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != _ran_with():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(_ran_with(), encoding="utf-8")
    settings = {
        "extensions": ["sphinx_gallery.gen_gallery"],
        "sphinx_gallery_conf": {**GALLERY, "parallel": PROCESSES},
    }
    # MindSpore keeps what it has compiled, so that joblib takes a new process now and then.
    warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
    output = folder / "output"
    # sphinx-gallery runs the chapters as soon as a builder is there; no page is read. Afterwards docutils has its own
    # directives again, with which the notebooks read the prose.
    with docutils_namespace():
        Sphinx(folder, None, output, output, "dummy", settings, status=None, warningiserror=True)


def _ran_with() -> str:
    """Return the checksum of all that a chapter runs with, and of the names of the chapters."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*(ROOT / "ms_dnn").rglob("*.py"), *ROOT.glob("docs/site_pages/chapters.py"), Path(__file__)]):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    names = sorted(path.name for path in CHAPTERS.glob("*.py"))
    libraries = sorted(f"{library.metadata['Name']} {library.version}" for library in distributions())
    digest.update("\n".join([*names, *libraries]).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
