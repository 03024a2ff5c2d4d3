"""The package's front door, and that configurations can name exactly what there is."""

import ast
import pydoc
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest
from packaging.requirements import Requirement

import ms_dnn
from ms_dnn.config.data_section import DataSet
from ms_dnn.config.network_section import Activation, Initializer
from ms_dnn.config.optimization import Optimizer, Schedule
from ms_dnn.config.schema import Loss
from ms_dnn.data import READERS

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


@pytest.mark.parametrize("name", ms_dnn.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(ms_dnn, name) is not None


def test_dir_and_help_show_every_public_name() -> None:
    names = set(ms_dnn.__all__)
    assert names <= set(dir(ms_dnn))
    help_text = pydoc.render_doc(ms_dnn, renderer=pydoc.plaintext)
    assert {name for name in names if not re.search(rf"\b{name}\b", help_text)} == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="attribute DNNN"):
        _ = ms_dnn.DNNN


def test_importing_the_package_loads_no_mindspore_and_sets_no_environment_variable() -> None:
    program = (
        "import os, sys; before = dict(os.environ); import ms_dnn; dir(ms_dnn); "
        "assert not {'mindspore', 'numpy'} & set(sys.modules) and before == dict(os.environ)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def tags(union: object, key: str) -> set[str]:
    """Return the values of ``key`` that tell the members of a discriminated union apart."""
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields[key].annotation)[0] for member in members}


def test_configurations_name_exactly_what_there_is() -> None:
    from ms_dnn.maths.activations import ACTIVATIONS
    from ms_dnn.maths.initializers import INITIALIZERS
    from ms_dnn.maths.losses import LOSSES
    from ms_dnn.training.optimizers import OPTIMIZERS
    from ms_dnn.training.schedules import SCHEDULES

    assert set(get_args(Activation)) == set(ACTIVATIONS)
    assert set(get_args(Loss)) == set(LOSSES) - {"zero_one"}
    assert set(get_args(Initializer)) == set(INITIALIZERS)
    assert set(get_args(DataSet)) == set(READERS)
    assert tags(Optimizer, "name") == set(OPTIMIZERS)
    assert tags(Schedule, "schedule") == set(SCHEDULES) - {"constant"}


def test_every_file_of_the_package_that_is_no_module_is_installed_with_it() -> None:
    root = Path(ms_dnn.__file__).parent
    listed = re.search(r"^\[tool\.setuptools\.package-data\]\nms_dnn = \[(.*)\]", PYPROJECT.read_text("utf-8"), re.M)
    assert listed is not None
    installed = {path for pattern in re.findall(r'"(.*?)"', listed[1]) for path in root.glob(pattern)}
    found = {path for path in root.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    linked = {*(root / "configs").iterdir(), *(root / "series" / "chinese").iterdir()}
    assert found | linked == installed
    chinese = PYPROJECT.parent / "docs" / "locale" / "zh_CN" / "LC_MESSAGES" / "series"
    assert {path.name for path in linked} == {
        path.name for folder in (PYPROJECT.parent / "configs", chinese) for path in folder.iterdir()
    }


def required(extras: set[str]) -> set[str]:
    """Return the distributions that ms-dnn asks for itself, with these extras and those which they name."""
    found = {"ms-dnn"}
    for requirement in map(Requirement, metadata.requires("ms-dnn") or ()):
        asked = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        if asked and requirement.name == "ms-dnn":
            found |= required(set(requirement.extras))
        elif asked:
            found.add(requirement.name.lower())
    return found


def test_the_test_extra_brings_what_the_tests_import() -> None:
    tests = Path(__file__).parent
    imported = {
        name.partition(".")[0]
        for path in tests.rglob("*.py")
        if tests / "site" not in path.parents  # those have the extra of the documentation
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    distributions = {name: {one.lower() for one in of} for name, of in metadata.packages_distributions().items()}
    needed = {name: distributions[name] for name in imported & set(distributions)}
    assert {name for name, of in needed.items() if not of & required({"test"})} == set()
