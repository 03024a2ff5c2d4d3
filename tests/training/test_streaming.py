"""A run on samples that stay in their file is the run on samples in memory, to the bit, and takes little memory."""

import subprocess
import sys
import threading
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trained_runs import Silent, same_run

from ms_dnn.data import lazy_rows
from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.errors import DataError
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.training import resume_run, start_run
from ms_dnn.runtime.distributed import Workers
from ms_dnn.training import data_loader
from ms_dnn.training import trainer as trainer_module
from ms_dnn.training.data_loader import DataLoader, StreamingLoader
from ms_dnn.training.plan import Plan

sys.path.append(str(Path(__file__).parents[1] / "data"))
import stored_files

pytestmark = pytest.mark.usefixtures("unpictured")

CLASSES = {"validation": 0.2, "test": 0.2}
WEIGHTED = {"class_weight": {"0": 2.0}, "label_smoothing": 0.1, "report_every": 2, "epochs": 5}


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted")
    stored_files.convert(folder, "npy", *stored_files.classes(whole=False))
    return folder


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(data_loader, "CHUNK_BYTES", 3 * 7 * 6 * 4)  # three steps
    monkeypatch.setattr(data_loader, "VALUES_IN_CACHE", 30)
    monkeypatch.setattr(lazy_rows, "VALUES_AT_ONCE", 72)  # twelve rows: several blocks to scale and to evaluate


def test_an_interrupted_and_resumed_stream_is_the_run_in_memory(converted, tmp_path, monkeypatch):
    memory, stream = tmp_path / "memory", tmp_path / "stream"
    data = stored_files.data_section(converted, "npy", **CLASSES)
    start_run(stored_files.experiment(data, **WEIGHTED), memory, Silent())
    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "CHUNK_SECONDS", 1e-9)  # a chunk is one step
        _, state, _ = start_run(
            stored_files.experiment({**data, "stream": True}, **WEIGHTED), stream, Silent(interrupt_after=17)
        )
        assert (state.stop_reason, state.step) == (None, 17)
    _, state, _ = resume_run(stream, Silent())
    assert state.stop_reason == "max_iterations"
    same_run(memory, stream)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("samples")]
    one, other = (evaluate_run(path) for path in (memory, stream))
    assert (one.cost, one.score, one.confusion.tolist()) == (other.cost, other.score, other.confusion.tolist())


@pytest.fixture
def read_here(monkeypatch):
    """MindRecords are read in this process: tests/data asks the process of its own that users have."""
    monkeypatch.setattr("ms_dnn.data.formats.mindrecord._write_arrays", stored_files.read_here)


@pytest.mark.usefixtures("read_here")
@pytest.mark.parametrize("kind", ["npy", "mindrecord"])
def test_a_stream_of_changed_samples_is_not_gone_on_with(kind, tmp_path):
    x, y = stored_files.classes()
    stored_files.convert(tmp_path, kind, x, y)
    config = stored_files.experiment(stored_files.data_section(tmp_path, kind, stream=True))
    start_run(config, tmp_path / "run", Silent())
    for path in tmp_path.glob("set.*"):
        path.rename(tmp_path / f"before.{path.name}")
    x[-1, -1] += 1
    stored_files.convert(tmp_path, kind, x, y)
    for command in (evaluate_run, lambda run: resume_run(run, Silent())):
        with pytest.raises(DataError, match=r"got 120 samples with the checksum .*, expected 120 samples with the"):
            command(tmp_path / "run")


@pytest.mark.usefixtures("read_here")
def test_a_streamed_mindrecord_is_the_run_in_memory(tmp_path):
    x, y = stored_files.numbers()
    stored_files.convert(tmp_path, "mindrecord", np.clip(x, -1e4, 1e4), y)
    for name, stream in (("memory", False), ("stream", True)):
        data = stored_files.data_section(tmp_path, "mindrecord", stream=stream, target_scaling="standard")
        start_run(stored_files.experiment(data, 1), tmp_path / name, Silent())
    same_run(tmp_path / "memory", tmp_path / "stream")


def test_a_file_that_is_cut_short_while_it_is_trained_on(tmp_path):
    stored_files.convert(tmp_path, "npy", *stored_files.classes())

    class Cutting(Silent):
        def on_report(self, row):
            (tmp_path / "set.npy" / "x.npy").write_bytes(b"")

    config = stored_files.experiment(stored_files.data_section(tmp_path, "npy", stream=True), epochs=50)
    with pytest.raises(DataError, match="expected it to stay as it was when it was opened"):
        start_run(config, tmp_path / "run", Cutting())


@given(
    samples=st.integers(3, 40),
    share=st.integers(1, 40),
    workers=st.integers(1, 3).flatmap(lambda number: st.builds(Workers, st.integers(0, number - 1), st.just(number))),
    total=st.integers(1, 60),
    epochs=st.integers(1, 4),
    chunk=st.integers(1, 2000),
)
def test_each_step_is_fed_the_samples_of_the_plan(monkeypatch, samples, share, workers, total, epochs, chunk):
    monkeypatch.setattr(data_loader, "CHUNK_BYTES", chunk)
    plan = Plan(samples, min(share, samples // workers.number) * workers.number, total, epochs, seed=3)
    x = np.arange(3.0 * samples).reshape(samples, 3)
    lazy = LazyRows(x.shape, lambda rows: x[rows])
    resident = DataLoader(plan, ms.Tensor(x, ms.float32), ms.Tensor(-x, ms.float32), workers)
    streamed = StreamingLoader(plan, lazy, LazyRows(x.shape, lambda rows: -x[rows]), ms.float32, workers)
    shapes = set()
    try:
        step = 0
        while step < plan.total_steps:
            feeds = [source.load(step) for source in (resident, streamed)]
            batches = [feed.rows.asnumpy()[step - feed.first] for feed in feeds]
            rows = plan.batches(step, 1)[0]
            for key, sign in (("x", 1), ("y", -1)):
                for feed, batch in zip(feeds, batches, strict=True):
                    seen = getattr(feed, key).asnumpy()[batch]
                    np.testing.assert_array_equal(seen, sign * x[rows[workers.rank :: workers.number]])
            for source in (resident, streamed):
                for part, sign in zip(source.mini_batch(step), (1, -1), strict=True):
                    np.testing.assert_array_equal(part.asnumpy(), sign * x[rows])
            assert feeds[1].first <= step < feeds[1].end <= plan.interval_of(step)[1]
            shapes.add((feeds[1].x.shape, feeds[1].rows.shape))
            step = feeds[1].end if step % 2 else step + 1
    finally:
        streamed.close()
    assert len(shapes) == 1


GROWTH = """
import sys
from pathlib import Path
import numpy as np
sys.path[:0] = sys.argv[1:2]
import stored_files
from trained_runs import Silent
from ms_dnn.cli.main import main
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.training import start_run

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

def write(folder, samples):
    folder.mkdir(parents=True)
    columns = np.arange(784)
    with (folder / "x.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (samples, 784)}
        np.lib.format.write_array_header_1_0(file, header)
        for first in range(0, samples, 1000):
            rows = np.arange(first, min(first + 1000, samples))
            file.write(((rows[:, None] * 7 + columns * 13) % 251).astype(np.uint8).data)
    np.save(folder / "y.npy", np.arange(samples) % 3)

def train(folder, samples):
    write(folder / "mine", samples)
    (folder / "c.yaml").write_text(stored_files.experiment_text({"set": "npy", "folder": str(folder / "mine")}))
    try:
        main(["data", "convert", str(folder / "c.yaml"), str(folder / "set.npy"), "--to", "npy"])
    except SystemExit as ended:
        assert not ended.code, ended
    data = stored_files.data_section(folder, "npy", stream=True)
    config = stored_files.experiment(data, batch_size=64, epochs=None, max_iterations=int(sys.argv[4]))
    start_run(config, folder / "run", Silent())
    evaluate_run(folder / "run")
    return (folder / "set.npy" / "x.npy").stat().st_size // 2**20

folder = Path(sys.argv[2])
train(folder / "small", 10000)
before = peak()
on_disk = train(folder / "large", int(sys.argv[3]))
print(on_disk, peak() - before)
"""


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("samples", "steps", "megabytes", "growth"), [(60_000, 30, 44, 100), (2_100_000, 500, 1570, 300)]
)
def test_memory_does_not_grow_with_the_set(tmp_path, samples, steps, megabytes, growth):
    # In memory the smaller one takes 360 MB as float64 alone, and twice that once it is scaled.
    folders = [str(Path(stored_files.__file__).parent), str(Path(__file__).parent)]
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            GROWTH.replace("sys.argv[1:2]", repr(folders)),
            *map(str, ("", tmp_path, samples, steps)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    on_disk, grown = map(int, process.stdout.split()[-2:])
    assert on_disk >= megabytes
    assert grown < growth
