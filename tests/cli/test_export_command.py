"""A run, exported, and used by processes that know nothing of this package."""

import csv
import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from command import here, refused

from ms_dnn.config import dump_config, load_config
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.export import exporting, onnx_graph
from ms_dnn.features.stored import features_to_json, metadata_to_json
from ms_dnn.training.checkpoints import Checkpoint, write_checkpoint
from ms_dnn.training.run_folder import DATA, FEATURES, create_run_folder
from ms_dnn.training.trainer import network_parameters

sys.path.append(str(Path(__file__).parents[1] / "data"))
import stored_files

CONFIG = """\
name: fields
data: {{set: csv, file: {folder}/t.csv, target: kind, target_scaling: {target_scaling}}}
network:
  layers:
    - {{units: 8, activation: tanh, normalization: batch, dropout: 0.2}}
    - {{units: {units}, activation: identity}}
loss: {loss}
optimizer: {{name: adam}}
learning_rate: 0.03
training: {{batch_size: 16, epochs: 6}}
precision: {precision}
"""
pytestmark = pytest.mark.usefixtures("unpictured")

CHOICES = {"loss": "softmax_cross_entropy", "units": 3, "target_scaling": "none", "precision": "float32"}
FILES = {"model.onnx", "model.onnx.json", "model.mindir", "model.mindir.json", "predict.py"}


def experiment(folder, kinds=("a", "b", "c"), **choices):
    """Write a table of three numbers, in units that differ a lot, whose kind is a class or a number; and rows of it."""
    random = np.random.default_rng(0)
    table = random.normal(size=(120, 3)) * [1, 100, 1e-3] + [0, 50, 1]
    order = (table[:, 0] + table[:, 1] / 100).argsort().argsort()
    folder.mkdir()
    with (folder / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["width", "weight, kg", "größe", "kind"])
        for row, rank in zip(table.tolist(), order.tolist(), strict=True):
            writer.writerow([*row, kinds[rank * len(kinds) // 120] if kinds else 1000 + 3.5 * rank])
    (folder / "c.yaml").write_text(CONFIG.format(folder=folder, **{**CHOICES, **choices}))
    # Raw rows: some of the table, without the answer, in another order of columns.
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["größe", "width", "weight, kg"])
        writer.writerows(table[:20, [2, 0, 1]].tolist())
    np.savetxt(folder / "plain.csv", table[:20], delimiter=",")
    return folder


def untrained(folder):
    """Make a run at the weights that it starts with, which takes less time than training."""
    config = load_config(folder / "c.yaml")
    made = Experiment(config)
    data = made.data
    files = {"config.yaml": dump_config(config), FEATURES: features_to_json(data.features)}
    run = create_run_folder(folder / "run", files | {DATA: metadata_to_json(data.metadata)})
    parameters = network_parameters(made.network())
    write_checkpoint(run.path, Checkpoint({name: value.asnumpy() for name, value in parameters.items()}, {}))
    return folder


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    folder = experiment(tmp_path_factory.mktemp("classes") / "it's")
    process = here("train", folder / "c.yaml", "--run", folder / "run")
    assert process.returncode == 0, process.stderr
    return folder


@pytest.fixture
def run(classes):
    """The run of :func:`classes`, without what earlier tests exported."""
    yield classes / "run"
    for name in FILES:
        (classes / "run" / name).unlink(missing_ok=True)


def answered(folder, model="model.onnx", file="rows.csv"):
    """Return what the program beside a model prints, in a process that can import neither ms_dnn nor MindSpore."""
    forbidden = ["ms_dnn", *(["mindspore"] if model.endswith("onnx") else [])]
    start = f"import runpy, sys; sys.modules.update(dict.fromkeys({forbidden})); sys.argv.pop(0)"
    start += "; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", start, folder / "run" / "predict.py", file, "--model", folder / "run" / model]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def predicted(folder):
    return json.loads(here("predict", folder / "run", folder / "plain.csv", "--json").stdout)["samples"]


@pytest.mark.parametrize("file_format", ["onnx", "mindir"])
def test_the_program_answers_raw_rows_as_predict_does(file_format, run, classes):
    process = here("export", run, "--format", file_format)
    assert process.returncode == 0, process.stderr
    assert "(N, 3) float32" in process.stdout
    assert "predicts batches of 1, 7 and 64 samples of the test set as the run does" in process.stdout
    answers = [sample["answer"] for sample in predicted(classes)]
    assert len(set(answers)) == 3
    assert "predict.py predicts without ms-dnn: python " in process.stdout
    assert answered(classes, f"model.{file_format}") == answers
    assert answered(classes, f"model.{file_format}", "plain.csv") == answers


def test_the_program_answers_with_numbers_and_with_two_classes(tmp_path):
    numbers = untrained(experiment(tmp_path / "n", (), loss="squared_error", units=1, target_scaling="standard"))
    assert here("export", numbers / "run", "--format", "onnx").returncode == 0
    answers = [float(line) for line in answered(numbers)]
    expected = [sample["answer"][0] for sample in predicted(numbers)]
    assert np.ptp(expected) > 50
    assert answers == pytest.approx(expected, rel=1e-6)

    two = untrained(experiment(tmp_path / "t", ("no", "yes"), loss="binary_cross_entropy_with_logits", units=1))
    samples = predicted(two)
    answers = [sample["answer"] for sample in samples]
    assert set(answers) == {"no", "yes"}
    for more in ([], ["--probabilities", "--force"]):
        process = here("export", two / "run", "--format", "onnx", *more)
        assert answered(two) == answers
    assert "probability of 'yes'" in process.stdout
    outputs = asked(two / "run" / "model.onnx", two)[:, 0]
    assert outputs == pytest.approx([sample["probabilities"]["yes"] for sample in samples], rel=1e-5)


def asked(model, folder):
    """Return what a model answers to the plain rows, scaled by what its facts say."""
    facts = json.loads(Path(f"{model}.json").read_text())
    columns = facts["features"]["columns"]
    assert [column["column"] for column in columns] == facts["input"]["order"]
    offset, scale = (np.array([column[key] for column in columns]) for key in ("offset", "scale"))
    x = ((np.loadtxt(folder / "plain.csv", delimiter=",") - offset) / scale).astype(facts["input"]["dtype"])
    return onnxruntime.InferenceSession(model).run(None, {facts["input"]["name"]: x})[0]


def test_outputs_and_probabilities(run, classes):
    samples = predicted(classes)
    assert here("export", run, "--format", "onnx").returncode == 0
    outputs = np.array([list(sample["outputs"].values()) for sample in samples])
    got = asked(run / "model.onnx", classes)
    assert np.abs(got - outputs).max() <= 1e-6 * np.abs(outputs).max()

    assert here("export", run, "--format", "onnx", "--output", classes / "p.onnx", "--probabilities").returncode == 0
    probabilities = np.array([list(sample["probabilities"].values()) for sample in samples])
    assert np.abs(asked(classes / "p.onnx", classes) - probabilities).max() <= 1e-6
    assert json.loads((classes / "p.onnx.json").read_text())["output"]["kind"] == "probabilities"


def test_the_facts_beside_and_in_the_model(run):
    assert here("export", run, "--format", "onnx").returncode == 0
    facts = json.loads((run / "model.onnx.json").read_text(encoding="utf-8"))
    assert facts["class_names"] == ["a", "b", "c"]
    assert facts["input"]["order"] == ["width", "weight, kg", "größe"]
    assert facts["features"] == json.loads((run / "features.json").read_text())
    assert (facts["loss"], facts["output"]["kind"]) == ("softmax_cross_entropy", "logits")
    carried = {prop.key: prop.value for prop in onnx.load(run / "model.onnx").metadata_props}
    assert carried.keys() == facts.keys()
    read = {key: value if isinstance(facts[key], str) else json.loads(value) for key, value in carried.items()}
    assert read == facts


def test_a_streamed_run_is_exported(tmp_path):
    stored_files.convert(tmp_path, "npy", *stored_files.classes())
    data = stored_files.data_section(tmp_path, "npy", stream=True, test=0.2)
    (tmp_path / "c.yaml").write_text(dump_config(stored_files.experiment(data)))
    process = here("export", untrained(tmp_path) / "run", "--format", "onnx")
    assert process.returncode == 0, process.stderr
    assert "samples of the test set as the run does" in process.stdout


def test_files_that_are_there_are_kept_unless_forced(run):
    (run / "model.onnx.json").write_text("mine")
    assert "model.onnx.json: exists already" in refused(here("export", run, "--format", "onnx"))
    assert not (run / "model.onnx").exists()
    assert (run / "model.onnx.json").read_text() == "mine"
    assert here("export", run, "--format", "onnx", "--force").returncode == 0
    first = (run / "model.onnx").read_bytes()
    assert "model.onnx: exists already" in refused(here("export", run, "--format", "onnx"))
    assert here("export", run, "--format", "onnx", "--force").returncode == 0
    assert (run / "model.onnx").read_bytes() == first
    (run / "predict.py").write_text("mine")
    assert "predict.py: exists already" in refused(here("export", run, "--format", "onnx", "--output", run / "m.onnx"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "air"], "--format air: got the device CPU, expected Ascend, where alone MindSpore writes AIR"),
        (["--format", "onnx", "--output", "config.yaml", "--force"], "expected a name that ends with .onnx"),
        (["--output", "model.onnx"], "expected a name that ends with .mindir"),
        (["--output", "none/model.mindir"], "there is no folder 'none': make it first"),
        (["--output", "folder.mindir", "--force"], "which is a folder, expected a file"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(arguments, sentence, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.mindir").mkdir()
    before = sorted(run.iterdir())
    assert sentence in refused(here("export", run, *arguments))
    assert sorted(run.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mindir"]


def test_a_loss_without_probabilities_is_named(tmp_path):
    folder = untrained(experiment(tmp_path / "h", loss="hinge"))
    sentence = refused(here("export", folder / "run", "--probabilities"))
    assert "--probabilities: got a run with the loss hinge, expected one of softmax_cross_entropy" in sentence
    process = here("export", folder / "run", "--format", "onnx")
    assert "scores of each class by itself, no probabilities" in process.stdout
    assert answered(folder) == [sample["answer"] for sample in predicted(folder)]


def test_a_model_that_answers_otherwise_is_not_kept(run, monkeypatch):
    monkeypatch.setitem(onnx_graph.ACTIVATIONS, "tanh", onnx_graph.ACTIVATIONS["sigmoid"])
    sentence = refused(here("export", run, "--format", "onnx"), exit_code=1)
    assert "model.onnx: not written; got outputs of onnxruntime" in sentence
    assert "expected at most 1e-05 on samples of the test set" in sentence
    assert not FILES & {path.name for path in run.iterdir()}


def test_without_onnxruntime_it_is_written_and_said_to_be_unverified(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    process = here("export", run, "--format", "onnx")
    assert process.returncode == 0
    assert "verified:" not in process.stdout
    assert process.stderr == "note: not verified, because onnxruntime is not installed: pip install 'ms-dnn[export]'\n"
    assert (run / "model.onnx").is_file()


def test_without_onnx_nothing_is_written(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'ms-dnn[export]'" in refused(here("export", run, "--format", "onnx"))
    assert not FILES & {path.name for path in run.iterdir()}


def test_on_a_full_disk_no_half_of_it_stays(run, monkeypatch):
    write = exporting.write_durably

    def full(path, content):
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(exporting, "write_durably", full)
    sentence = refused(here("export", run, "--format", "onnx"))
    assert "model.onnx.json: cannot be written (No space left on device)" in sentence
    assert not FILES & {path.name for path in run.iterdir()}


def test_a_damaged_run_is_refused(classes, tmp_path):
    shutil.copytree(classes / "run", tmp_path / "run")
    features = tmp_path / "run" / "features.json"
    whole = features.read_text()
    features.write_text(whole[:-20])
    assert "features.json: damaged" in refused(here("export", tmp_path / "run"))
    stored = json.loads(whole)
    features.write_text(json.dumps({**stored, "columns": stored["columns"][:-1]}))
    assert "got 2 features in features.json, expected 3" in refused(here("export", tmp_path / "run"))
    features.write_text(whole)
    weights = next((tmp_path / "run").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "damaged after it was written" in refused(here("export", tmp_path / "run"))
    (tmp_path / "run" / "checkpoint.json").unlink()
    assert "no checkpoint yet" in refused(here("export", tmp_path / "run"))


def test_wrong_names_are_refused_before_mindspore_is_loaded(run):
    program = (
        "import sys\nfrom ms_dnn.cli.main import main\n"
        "try: main(sys.argv[1:])\nfinally: assert not {'mindspore', 'onnx', 'onnxruntime'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, "export", run, "--output", "x.onnx"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "expected a name that ends with .mindir" in refused(process)


def test_float64_runs(tmp_path):
    folder = untrained(experiment(tmp_path / "w", precision="float64"))
    mindir = here("export", folder / "run")
    assert "x: (N, 3) float64" in mindir.stdout
    assert "as the run does, to the bit" in mindir.stdout
    onnx_file = here("export", folder / "run", "--format", "onnx")
    assert "x: (N, 3) float32" in onnx_file.stdout
    assert "as the run does, but for " in onnx_file.stdout
