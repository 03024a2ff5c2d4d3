"""``ms-dnn config``: what a configuration can say, key by key, and the schema for editors."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from command import CONFIGS, here, refused

from ms_dnn.config import ExperimentConfig
from ms_dnn.config.reference import reference

ALL = [pytest.param(path, id=path.stem) for path in sorted(CONFIGS.glob("*.yaml"))]


def told(*arguments: str) -> str:
    process = here("config", *arguments)
    assert process.returncode == 0, process.stderr
    return " ".join(process.stdout.split())


def test_the_list_has_every_key_with_kind_and_default() -> None:
    shown = told("list")
    assert "learning_rate number > 0 | section must be given" in shown
    assert "backprop handwritten | framework handwritten" in shown
    assert all(key.name in shown for section in reference() for key in section.keys)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("training.batch_size", "training.batch_size: integer ≥ 1 | all; it must be given Samples for one update"),
        ("batch_size", "training.batch_size: integer"),
        ("network.layers.0.units", "network.layers.units: integer, ≥ 1"),
        ("optimizer.beta1", "optimizer.beta1 (of adam): number, > 0, ≤ 0.9999999; default 0.9"),
        ("optimizer", "momentum number, ≥ 0, < 1 0.9"),
    ],
)
def test_one_key_is_explained(key: str, words: str) -> None:
    assert words in told("explain", key)


@pytest.mark.parametrize(
    ("key", "cure"), [("lerning_rate", "did you mean learning_rate"), ("xyzzy", "ms-dnn config list shows all")]
)
def test_an_unknown_key_is_one_sentence_with_the_nearest(key: str, cure: str) -> None:
    sentence = refused(here("config", "explain", key))
    assert f"KEY: got {key!r}, which no section has" in sentence
    assert cure in sentence


def test_the_reference_beside_the_configurations_is_the_present_one() -> None:
    assert (CONFIGS / "REFERENCE.md").read_text() == here("config", "list", "--markdown").stdout


def test_the_schema_beside_the_configurations_is_the_present_one(tmp_path: Path) -> None:
    assert told("schema", "--output", str(tmp_path / "schema.json")) == f"schema: {tmp_path / 'schema.json'}"
    assert (CONFIGS / "schema.json").read_bytes() == (tmp_path / "schema.json").read_bytes()
    assert json.loads(here("config", "schema").stdout) == ExperimentConfig.model_json_schema()


@pytest.mark.parametrize("path", ALL)
def test_every_configuration_is_valid_by_the_schema_and_names_it(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    jsonschema.validate(yaml.safe_load(text), json.loads((CONFIGS / "schema.json").read_text()))


def test_the_schema_refuses_a_wrong_key_and_a_wrong_kind() -> None:
    right = yaml.safe_load((CONFIGS / "digits.yaml").read_text())
    for wrong in ({"optimiser": {}}, {"seed": "one"}, {"loss": "mse"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**right, **wrong}, ExperimentConfig.model_json_schema())
