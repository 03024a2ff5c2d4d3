"""What a judgement was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("ms-dnn", "mindspore", "numpy", "scipy")


def describe_environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, and the kind of machine."""
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree
            found[package] = "not installed"
    return found
