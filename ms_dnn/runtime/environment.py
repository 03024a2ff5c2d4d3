"""What a result may depend on: versions and the kind of machine. Nothing is imported to find out."""

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version


@contextmanager
def graph_dumps_set_aside() -> Iterator[None]:
    """Let MindSpore write what it dumps of a graph that does not compile into a folder that is gone afterwards.

    Else it makes the folder rank_0 in the working directory.
    """
    before = os.environ.get("MS_OM_PATH")
    with tempfile.TemporaryDirectory(prefix="ms-dnn-graphs-") as folder:
        os.environ["MS_OM_PATH"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["MS_OM_PATH"]
            else:
                os.environ["MS_OM_PATH"] = before


def package_versions(*packages: str) -> dict[str, str]:
    """Return the versions of packages; "not installed" where one is not there, or is run from a source tree."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def describe_environment(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of packages, and the kind of machine."""
    machine = f"{platform.system()} {platform.machine()}"
    return {"python": platform.python_version(), "machine": machine, **package_versions(*packages)}
