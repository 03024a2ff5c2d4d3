"""Configurations of version 1: every key that commit e9d56b6 knew is read, and means the same."""

from pathlib import Path

import pytest
import yaml

from ms_dnn.config import dump_config, load_config

DOCUMENTS = (Path(__file__).parent / "version_1.yaml").read_text(encoding="utf-8").split("\n---\n")


def kept(written, found):
    """Whether all that was written is found; a number may be written as an integer."""
    if isinstance(written, dict):
        return isinstance(found, dict) and all(key in found and kept(written[key], found[key]) for key in written)
    if isinstance(written, list):
        return len(written) == len(found) and all(map(kept, written, found))
    return written == found


@pytest.mark.parametrize("text", DOCUMENTS, ids=[yaml.safe_load(text)["name"] for text in DOCUMENTS])
def test_every_key_of_version_1_is_read_and_kept(text, tmp_path):
    (tmp_path / "experiment.yaml").write_text(text, encoding="utf-8")
    effective = dump_config(load_config(tmp_path / "experiment.yaml"))
    written = yaml.safe_load(text)
    assert kept(written, yaml.safe_load(effective)), effective
    (tmp_path / "again.yaml").write_text(effective, encoding="utf-8")
    assert dump_config(load_config(tmp_path / "again.yaml")) == effective


def test_the_documents_use_what_excludes_each_other():
    experiments = [yaml.safe_load(text) for text in DOCUMENTS]
    assert {one["optimizer"]["name"] for one in experiments} == {"gradient_descent", "momentum", "nesterov", "adam"}
    assert len({one["learning_rate"]["schedule"] for one in experiments}) == 6
    assert {key for one in experiments for key in one["training"]} >= {"epochs", "max_iterations"}
