"""Checkpoints: exact, atomic, and damage is noticed."""

import errno
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.errors import CheckpointError
from ms_dnn.training.checkpoints import MANIFEST, Checkpoint, read_checkpoint, write_checkpoint
from ms_dnn.training.state import State

ARRAYS = {
    "layers.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "layers.0.bias": np.array([1e-300, -0.0, np.pi]),
    "scalar": np.array(3, np.int64),
}
STATE = {"step": 12, "total": 0.1 + 0.2, "best_value": None}


def saved(folder: Path, arrays: dict = ARRAYS, state: dict = STATE) -> Checkpoint:
    write_checkpoint(folder, Checkpoint(arrays, state))
    checkpoint = read_checkpoint(folder)
    assert checkpoint is not None
    return checkpoint


def test_arrays_and_state_come_back_bit_for_bit(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path)
    assert checkpoint.state == STATE
    assert checkpoint.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert checkpoint.arrays[name].dtype == array.dtype
        assert checkpoint.arrays[name].tobytes() == array.tobytes()


def test_a_folder_without_a_checkpoint_has_none(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None


def test_the_newest_replaces_the_others(tmp_path: Path) -> None:
    for step in range(5):
        assert saved(tmp_path, state={"step": step}).state["step"] == step
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_kill_leaves_behind_does_no_harm(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "checkpoint-000009.safetensors").write_bytes(b"written, but never named by a manifest")
    (tmp_path / "checkpoint-000010.safetensors.new").write_bytes(b"half")
    (tmp_path / f"{MANIFEST}.new").write_bytes(b"{")
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint is not None
    assert checkpoint.state == STATE
    assert saved(tmp_path, state={"step": 13}).state["step"] == 13
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-000011.safetensors", MANIFEST]


def test_every_flipped_bit_and_every_truncation_is_noticed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("run")
    saved(folder)
    files = {path: path.read_bytes() for path in folder.iterdir()}

    @given(st.sampled_from(sorted(files)), st.data())
    def check(path: Path, data: st.DataObject) -> None:
        content = bytearray(files[path])
        position = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[position] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del content[position:]
        path.write_bytes(content)
        try:
            checkpoint = read_checkpoint(folder)
        except CheckpointError:
            return
        finally:
            path.write_bytes(files[path])
        # White space between the tokens of the manifest is not part of what it says.
        assert path.name == MANIFEST
        assert json.loads(bytes(content)) == json.loads(files[path])
        assert checkpoint is not None
        assert checkpoint.state == STATE

    check()


def test_a_missing_weights_file_is_named(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "checkpoint-000001.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"names a file that is not there .*checkpoint-000001\.safetensors"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("synced_before", [0, 1, 2, 3])
def test_when_the_disk_is_full_the_checkpoint_before_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced_before: int
) -> None:
    """The disk fills up while the weights, their folder, the manifest or its folder are forced to it."""
    saved(tmp_path, state={"step": 1})
    calls = 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > synced_before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(CheckpointError, match="the disk is full; the checkpoint was not saved"):
        write_checkpoint(tmp_path, Checkpoint(ARRAYS, {"step": 2}))
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint is not None
    # Once the manifest has its name, the new checkpoint is whole, and only a power cut could bring back the old one.
    assert checkpoint.state == {"step": 2 if synced_before == 3 else 1}
    assert not list(tmp_path.glob("*.new"))


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ms_dnn.training.checkpoints.FORMAT", 2)
        saved(tmp_path)
    with pytest.raises(CheckpointError, match="format 2, this ms-dnn reads up to 1: upgrade ms-dnn"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "stored", [{"step": "7"}, {"step": 1.5}, {"steps": 7}, {"stop_reason": 3}, {"best_value": []}, {"of": 1}]
)
def test_a_state_that_is_none_is_refused(stored):
    with pytest.raises(CheckpointError, match=f"'{next(iter(stored))}' of its state is not what ms-dnn writes there"):
        State.of(stored)


def test_a_state_comes_back_as_it_was():
    state = State(7, None, 3, 2, "tolerance", total=0.5, seconds=1.25)
    assert State.of(json.loads(json.dumps(asdict(state)))) == state


def test_the_state_of_an_earlier_version_is_read():
    stored = {"step": 7, "total": 0.5, "seconds": 1.25, "best_value": None, "best_step": 3, "reports_without_gain": 2}
    assert State.of({**stored, "stopped_by": "tolerance"}) == State(**stored, stop_reason="tolerance")


@pytest.mark.parametrize(
    "change", [{"file": "../other"}, {"file": 3}, {"state": []}, {"format": "1"}, {"sha256": None}]
)
def test_a_manifest_with_right_checksums_and_wrong_values_is_refused(tmp_path, change):
    write_checkpoint(tmp_path, Checkpoint({"a": np.zeros(2)}, {}))
    path = tmp_path / "checkpoint.json"
    body = {key: value for key, value in json.loads(path.read_text()).items() if key != "manifest_sha256"} | change
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({**body, "manifest_sha256": digest}))
    with pytest.raises(CheckpointError, match=f"'{next(iter(change))}' is not what ms-dnn writes there"):
        read_checkpoint(tmp_path)
