"""Build a wheel that carries the training operator, for Linux on this machine's architecture.

    python scripts/build_wheel.py [FOLDER]

Where such a wheel is installed, the operator needs no compiler. It is compiled for each kind of processor of
``ms_dnn.operators.build.LEVELS`` that this compiler knows, and the best one is chosen when it is first used.
"""

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ms_dnn.operators.build import LEVELS, carried, compile_library, find_compiler

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("ms_dnn", "configs", "scripts", "docs", "pyproject.toml", "README.md", "LICENSE")


def main() -> int:
    """Compile, build, and name the platform."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist")
    folder = parser.parse_args().folder.absolute()
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        source.mkdir()
        for part in (ROOT / name for name in PARTS):
            if part.is_file():
                shutil.copy(part, source)
            else:
                shutil.copytree(part, source / part.name, symlinks=True)
        levels = [level for level in LEVELS if level.startswith("x86" if platform.machine() == "x86_64" else "arm")]
        for level in levels:
            compile_library(find_compiler(), source / carried(level).relative_to(ROOT), level)
        pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", place, str(source)]
        subprocess.run(pip, check=True)
        (wheel,) = Path(place).glob("*.whl")
        tag = [sys.executable, "-m", "wheel", "tags", "--platform-tag", f"linux_{platform.machine()}", str(wheel)]
        named = subprocess.run(tag, check=True, capture_output=True, text=True).stdout.strip()
        folder.mkdir(parents=True, exist_ok=True)
        print(shutil.copy(wheel.with_name(named), folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
