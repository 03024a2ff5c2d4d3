"""The configurations that come with the package, known by their names."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "configs"


def bundled_configs() -> list[str]:
    """Return the names of all configurations that come with the package: ``digits``, ``wine``, …."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def bundled_config(name: str) -> Path | None:
    """Return the file of a configuration that comes with the package; None where none is called so."""
    return FOLDER / f"{name}.yaml" if name in bundled_configs() else None
