"""What a result may depend on: versions and the kind of machine. Nothing is imported to find out."""

import platform
from importlib.metadata import PackageNotFoundError, version


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
