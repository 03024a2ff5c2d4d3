"""Event files as TensorBoard reads them: complete, without doubles after a resumption, readable after a kill."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ms_dnn.config import load_config
from ms_dnn.errors import ConfigError, RunError
from ms_dnn.runs.training import resume_run, start_run
from ms_dnn.training import trainer as trainer_module
from ms_dnn.training.checkpoints import read_checkpoint
from ms_dnn.training.run_folder import RunFolder

CONFIGS = Path(__file__).parents[2] / "configs"
pytestmark = pytest.mark.usefixtures("cpu", "unpictured")


class Watcher:
    """Copies the run's folder in the middle of a report, as a kill there would leave it: metrics but no events yet."""

    def __init__(self, copy_at: int | None = None, source: Path | None = None, copy: Path | None = None) -> None:
        self.copy_at, self.source, self.copy = copy_at, source, copy

    def on_start(self, plan, state): ...

    def on_chunk(self, state, samples_per_second): ...

    def on_report(self, row):
        if row["step"] == self.copy_at:
            shutil.copytree(self.source, self.copy)

    def on_end(self, state): ...


def small(*overrides):
    """Eight reports of 13 steps each and a shorter one, without a checkpoint between the first and the last."""
    settings = ["training.batch_size=8", "training.max_iterations=110", "training.report_every=1"]
    settings += ["training.tolerance=null", "training.checkpoint_seconds=1000", "data.validation=0.1"]
    return load_config(CONFIGS / "blog_batch_gradient_descent.yaml", [*settings, *overrides])


@pytest.fixture(scope="module", autouse=True)
def _without_pictures():
    """They have tests of their own, and take longer than these runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ms_dnn.runs.training.draw_pictures", lambda *_: ())
        patch.setattr("ms_dnn.runs.training.draw_curves", lambda *_: None)
        yield


WRITING = "reports={tensorboard: true, histograms_every: 3}"


def read(folder):
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    found.Reload()
    return found


def assert_scalars_are_the_metrics(run):
    events, rows = read(run / "tensorboard"), RunFolder(run).metrics()
    assert set(events.Tags()["scalars"]) == {"cost", "learning_rate", "validation_loss", "validation_accuracy"}
    for name in events.Tags()["scalars"]:
        shown = [(event.step, event.value) for event in events.Scalars(name)]
        assert shown == [(row["step"], pytest.approx(row[name], rel=1e-6)) for row in rows], name
    return events


@pytest.fixture(scope="module")
def whole(cpu, tmp_path_factory):
    """An undisturbed run with event files, and beside it the folder as a kill within it would have left it."""
    folder = tmp_path_factory.mktemp("runs")
    start_run(small(WRITING), folder / "whole", Watcher(78, folder / "whole", folder / "killed"))
    return folder


def test_every_report_is_there_and_histograms_of_every_third(whole):
    events = assert_scalars_are_the_metrics(whole / "whole")
    names = [f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias")]
    tags = [f"{kind}/{name}" for kind in ("weights", "gradients") for name in names]
    assert set(events.Tags()["histograms"]) == {*tags, "activations/layers.0", "activations/layers.1"}
    for tag in events.Tags()["histograms"]:
        assert [event.step for event in events.Histograms(tag)] == [0, 39, 78, 110], tag


def test_the_last_histogram_of_the_weights_holds_the_weights_of_the_checkpoint(whole):
    weights = read_checkpoint(whole / "whole").arrays["layers.0.weight"]
    histogram = read(whole / "whole" / "tensorboard").Histograms("weights/layers.0.weight")[-1].histogram_value
    assert histogram.num == weights.size
    assert histogram.sum == pytest.approx(float(weights.sum()), rel=1e-5, abs=1e-6)
    assert (histogram.min, histogram.max) == (pytest.approx(weights.min()), pytest.approx(weights.max()))


def test_training_comes_to_the_same_bits_with_and_without(whole, tmp_path):
    start_run(small(), tmp_path / "without", Watcher())
    arrays, others = (read_checkpoint(run).arrays for run in (whole / "whole", tmp_path / "without"))
    assert all(arrays[name].tobytes() == others[name].tobytes() for name in others)
    assert not (tmp_path / "without" / "tensorboard").exists()


@pytest.mark.parametrize("lost", [0, 1, 3000])
def test_a_killed_run_is_readable_and_resumes_without_doubles_or_gaps(whole, tmp_path, lost):
    run = tmp_path / "run"
    shutil.copytree(whole / "killed", run)
    (events,) = (run / "tensorboard").iterdir()
    events.write_bytes(events.read_bytes()[: -lost or None])
    steps = [event.step for event in read(run / "tensorboard").Scalars("cost")]
    assert steps == [13, 26, 39, 52, 65][: len(steps)]
    assert len(steps) >= (5 if lost == 0 else 1)
    resume_run(run, Watcher())
    resumed = assert_scalars_are_the_metrics(run)
    undisturbed = read(whole / "whole" / "tensorboard")
    for tag in undisturbed.Tags()["histograms"]:
        found, expected = (one.Histograms(tag) for one in (resumed, undisturbed))
        assert [one.step for one in found] == [one.step for one in expected]
        assert found[-1].histogram_value == expected[-1].histogram_value


def test_a_run_that_resumes_from_the_middle_keeps_what_was_before(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e9)  # a chunk ends with a report
    run = tmp_path / "run"
    shutil.copytree(whole / "killed", run)
    # A session that saves at 26 and is then killed at the end: its checkpoint put back beside the later events.
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("checkpoint_seconds: 1000.0", "checkpoint_seconds: 0.0"))
    resume_run(run, Watcher(39, run, tmp_path / "saved"))
    for path in run.glob("checkpoint*"):
        path.unlink()
    for path in (tmp_path / "saved").glob("checkpoint*"):
        shutil.copy(path, run)
    assert read_checkpoint(run).state["step"] == 26
    resume_run(run, Watcher())
    assert_scalars_are_the_metrics(run)
    assert len(list((run / "tensorboard").iterdir())) == 3


def test_event_files_of_others_do_not_disturb(whole, tmp_path):
    run = shutil.copytree(whole / "killed", tmp_path / "run")
    (run / "tensorboard").mkdir(exist_ok=True)
    (run / "tensorboard" / "events.out.tfevents.1700000000.host").write_bytes(b"")
    resume_run(run, Watcher())
    assert (run / "tensorboard" / "events.out.tfevents.1700000000.host").read_bytes() == b""


def test_resuming_a_run_that_has_ended_adds_no_file(whole, tmp_path):
    shutil.copytree(whole / "whole", tmp_path / "run")
    before = list((tmp_path / "run" / "tensorboard").iterdir())
    resume_run(tmp_path / "run", Watcher())
    assert list((tmp_path / "run" / "tensorboard").iterdir()) == before


def test_without_the_package_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"reports\.tensorboard: got true, .* pip install 'ms-dnn\[looking\]'"):
        start_run(small(WRITING), tmp_path / "run", Watcher())
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_no_more_ends_the_run_with_a_sentence_and_loses_nothing(tmp_path, monkeypatch):
    from tensorboardX.record_writer import RecordWriter

    flush, calls = RecordWriter.flush, []

    def full(writer):
        calls.append(writer)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return flush(writer)

    with monkeypatch.context() as patch:
        patch.setattr(RecordWriter, "flush", full)
        with pytest.raises(RunError, match=r"event files .* cannot be written \(No space left on device\)"):
            start_run(small(WRITING), tmp_path / "run", Watcher())
    resume_run(tmp_path / "run", Watcher())
    assert_scalars_are_the_metrics(tmp_path / "run")


def test_numbers_that_are_not_finite_are_left_out_of_a_histogram(tmp_path):
    from ms_dnn.runs.reports.event_files import EventFiles
    from ms_dnn.training.plan import Plan
    from ms_dnn.training.state import LayerNumbers, State

    numbers = LayerNumbers({"w": np.array([1.0, np.nan, np.inf])}, {"w": np.array([np.nan])}, {})
    files = EventFiles(tmp_path / "events", 1, lambda: numbers)
    files.on_start(Plan(8, 4, 10, 1, 0), State())
    files.on_end(State())
    events = read(tmp_path / "events")
    assert events.Tags()["histograms"] == ["weights/w"]
    assert events.Histograms("weights/w")[0].histogram_value.num == 1
