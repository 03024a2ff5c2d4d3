"""The operator's library: compiled by this machine's C++ compiler on first use, and kept in the user's cache.

Nothing is downloaded. Where it cannot be built, one that a wheel carries is taken (``scripts/build_wheel.py``); where
there is none of those either, the graph trains in its place.
"""

import contextlib
import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from ms_dnn.errors import OperatorError
from ms_dnn.runtime.environment import package_versions
from ms_dnn.runtime.working import working

SOURCE = Path(__file__).parent / "source"
COMPILERS = ("c++", "g++", "clang++")
CARRIED = Path(__file__).parent / "carried"
FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-pthread")
NATIVE = "native"
LEVELS = {
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c"},
    "x86-64": {"sse2"},
    "armv8-a": {"asimd"},
}
"""For which kinds of processor a wheel carries a library, the best first, and what Linux calls their abilities."""
COMPILE_SECONDS = 300
ENTRY = "train_steps"


@cache
def library() -> Path:
    """Return the library of the operator for this machine; compile it where there is none yet.

    The environment variable CXX names another compiler, CXXFLAGS adds to its flags.

    Raises:
        OperatorError: when there is no compiler, or what it makes cannot be loaded.
    """
    try:
        return _made_here(find_compiler())
    except OperatorError:
        can = set(_processor().split())
        for path in (carried(level) for level, needed in LEVELS.items() if needed <= can):
            if path.is_file() and _is_loadable(path):
                return path
        raise


def carried(level: str) -> Path:
    """Return where a wheel carries the library for a kind of processor."""
    return CARRIED / f"{ENTRY}-{level}.so"


def compile_library(compiler: str, path: Path, processor: str = NATIVE) -> None:
    """Compile the operator's library; the file appears when it is whole.

    Raises:
        OperatorError: when that fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="compiling-") as folder:
            made = Path(folder) / path.name
            command = [
                compiler,
                f"-march={processor}",
                *_flags(),
                str(SOURCE / "operator.cpp"),
                "-o",
                str(made),
                "-ldl",
            ]
            done = subprocess.run(  # noqa: S603 - the user's own compiler
                command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
            )
            if done.returncode:
                first = next((line for line in done.stderr.splitlines() if "error" in line), "no message")
                raise OperatorError(f"{compiler} cannot compile it ({first.strip()})")
            made.replace(path)  # whole or not at all: other processes look for it, too
    except subprocess.TimeoutExpired as error:
        raise OperatorError(f"{compiler} did not compile it within {COMPILE_SECONDS} s") from error
    except OSError as error:
        raise OperatorError(f"{path.parent}: it cannot be kept there ({error.strerror})") from error


def _made_here(compiler: str) -> Path:
    path = cache_folder() / f"{ENTRY}-{_key(compiler)}.so"
    if not _is_loadable(path):
        with working("compiling the training operator for this machine, once"):
            compile_library(compiler, path)
        if not _is_loadable(path):
            raise OperatorError(f"{path}, as {compiler} made it, cannot be loaded")
    return path


def cache_folder() -> Path:
    """Return the project's own folder in the user's cache: ``$XDG_CACHE_HOME/ms-dnn``, or ``~/.cache/ms-dnn``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-dnn"


def find_compiler() -> str:
    """Return the C++ compiler that is used here; an OperatorError says why there is none."""
    if platform.system() != "Linux":
        raise OperatorError(f"it is written for Linux, and this is {platform.system()}")
    named = os.environ.get("CXX")
    found = next(filter(None, map(shutil.which, [named] if named else COMPILERS)), None)
    if found is None:
        missing = f"CXX={named}" if named else "c++, g++ or clang++"
        raise OperatorError(f"there is no C++ compiler ({missing}): install one, Debian's package is g++")
    return found


def _key(compiler: str) -> str:
    """Return a name for what the library depends on: sources, compiler, flags, processor and MindSpore."""
    parts = [file.read_text(encoding="utf-8") for file in sorted(SOURCE.iterdir())]
    parts += [
        _version(compiler),
        *_flags(),
        platform.machine(),
        _processor(),
        package_versions("mindspore")["mindspore"],
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _flags() -> list[str]:
    return [*FLAGS, *shlex.split(os.environ.get("CXXFLAGS", ""))]


def _version(compiler: str) -> str:
    try:
        return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - the user's own compiler
    except (OSError, subprocess.CalledProcessError) as error:
        raise OperatorError(f"the C++ compiler {compiler} does not run ({error})") from error


def _processor() -> str:
    """Return what the processor can do, as far as Linux tells."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return ""


def _is_loadable(path: Path) -> bool:
    try:
        return hasattr(ctypes.CDLL(str(path)), ENTRY)
    except OSError:
        return False
