"""What a user does at the terminal, from training to an answer, as real processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command import CONFIGS, REPOSITORY, full_disk, here, ms_dnn, refused
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

sys.path.append(str(Path(__file__).parents[1] / "data"))
import mixed_tables
import own_files

pytestmark = pytest.mark.usefixtures("unpictured")

OWN_FILES = {
    "mnist": ("data/mnist", lambda folder: own_files.write_idx(folder, samples=300, shape=(28, 28))),
    "cat_pictures": ("data/cat_pictures", lambda folder: own_files.write_hdf5(folder, shape=(64, 64, 3))),
    "table": ("data", lambda folder: mixed_tables.write(mixed_tables.mixed(), folder / "customers.csv")),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the digits, eight epochs long."""
    folder = tmp_path_factory.mktemp("trained")
    process = ms_dnn("train", CONFIGS / "digits.yaml", "--set", "training.epochs=8", "--run", "run", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert "device: CPU, " in process.stdout
    assert "all 8 epochs are done" in process.stdout
    assert "next: ms-dnn evaluate run" in process.stdout
    # Nothing but the run in the user's folder: no dumps of the graph compiler.
    assert [path.name for path in folder.iterdir()] == ["run"]
    return folder / "run"


def test_a_run_folder_holds_all_that_was_promised(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    fixed = {"config.yaml", "environment.json", "features.json", "data.json", "metrics.jsonl", "curves.png"}
    fixed |= {"checkpoint.json", "histograms.png", "misclassified.png"}
    assert fixed < names
    assert len(names) == len(fixed) + 1
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 9))
    assert rows[-1]["cost"] < rows[0]["cost"]
    assert "epochs: 8" in (run / "config.yaml").read_text()
    assert json.loads((run / "environment.json").read_text())["device"]["name"] == "CPU"
    with Image.open(run / "curves.png") as picture:
        assert picture.width >= 600
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10


def test_evaluate(run: Path) -> None:
    table = here("evaluate", run)
    assert table.returncode == 0
    assert "test accuracy 9" in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 100
    report = json.loads(here("evaluate", run, "--json").stdout)
    confusion = np.array(report["confusion"])
    assert confusion.sum() == report["samples"] == 359
    assert report["accuracy"] == pytest.approx(confusion.trace() / 359)
    assert report["accuracy"] > 0.9
    by_class = [one["f1"] for one in report["classes"]]
    assert report["f1"] == pytest.approx(np.mean(by_class))
    assert 0.9 < report["accuracy"] < report["top_3_accuracy"] <= report["top_5_accuracy"] <= 1
    assert 0 <= report["calibration_error"] < 0.1 < 0.9 < report["auc"] <= 1
    assert f"mean F1 {report['f1']:.4g}, mean AUC {report['auc']:.4g}, top-3 accuracy" in table.stdout.replace(
        "\n", " "
    )


def test_predict_from_npz_csv_and_a_picture(run: Path, tmp_path: Path) -> None:
    digits = load_digits()
    x, y = digits.data[:20], digits.target[:20]
    np.savez(tmp_path / "digits.npz", x=x, y=y)
    np.savetxt(tmp_path / "digits.csv", x, delimiter=",")
    grey = Image.fromarray((x[0].reshape(8, 8) * 255 / 16).astype(np.uint8))
    grey.resize((80, 80), Image.Resampling.NEAREST).save(tmp_path / "zero.png")

    from_npz = json.loads(here("predict", run, tmp_path / "digits.npz", "--json").stdout)["samples"]
    answers = [sample["answer"] for sample in from_npz]
    assert np.mean([answer == str(label) for answer, label in zip(answers, y, strict=True)]) >= 0.9
    assert [sample["label"] for sample in from_npz] == [str(label) for label in y]
    assert sum(from_npz[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    from_csv = json.loads(here("predict", run, tmp_path / "digits.csv", "--json").stdout)["samples"]
    assert [sample["outputs"] for sample in from_csv] == [sample["outputs"] for sample in from_npz]
    table = here("predict", run, tmp_path / "zero.png")
    assert table.returncode == 0
    assert "zero.png" in table.stdout
    assert "probability" in table.stdout


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_every_config_trains_for_an_epoch_and_says_which_files_it_needs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = "training.max_iterations=5" if "blog" in name else "training.epochs=1"
    arguments = ["train", CONFIGS / f"{name}.yaml", "--set", length, "--run", tmp_path / "run"]
    monkeypatch.chdir(tmp_path)
    if name in OWN_FILES:  # the files are the user's to get
        place, write = OWN_FILES[name]
        assert refused(here(*arguments)).endswith(("put them there", "correct the path"))
        Path(place).mkdir(parents=True)
        write(Path(place))
    process = here(*arguments)
    assert process.returncode == 0, process.stderr
    row = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert np.isfinite(row["cost"])


def test_the_training_script_is_the_command(tmp_path: Path) -> None:
    arguments = [CONFIGS / "regression.yaml", "--set", "training.batch_size=none", "--run", tmp_path / "run"]
    script = [sys.executable, REPOSITORY / "scripts" / "train.py", *arguments]
    process = subprocess.run(script, capture_output=True, text=True, check=False)
    assert "training.batch_size" in refused(process)
    assert refused(process) == refused(here("train", *arguments))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train"], "got neither a configuration nor --resume"),
        (["train", "none.yaml"], "none.yaml"),
        (["train", CONFIGS / "digits.yaml", "--set", "training.epoch=3"], "did you mean 'epochs'"),
        (["train", CONFIGS / "digits.yaml", "--set", "loss=hinges"], "did you mean 'hinge'"),
        (["train", "--resume", "nowhere"], "nowhere: no such run folder"),
        (["evaluate", "nowhere"], "nowhere: no such run folder"),
        (["predict", "nowhere", "x.npz"], "nowhere: no such run folder"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    arguments: list[object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(here(*arguments))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", [["--device", "TPU"], ["--backprop", "handwriten"]])
def test_an_option_with_a_wrong_value_is_named(option: list[str]) -> None:
    process = here("train", CONFIGS / "digits.yaml", *option)
    assert process.returncode == 2
    assert option[0] in process.stderr
    assert "Traceback" not in process.stderr


def test_names_that_look_like_markup_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    process = here("train", CONFIGS / "regression.yaml", "--set=training.epochs=1", "--run", "a [/b] run")
    assert process.returncode == 0
    assert "run folder: a [/b] run (" in process.stdout
    assert "next: ms-dnn evaluate 'a [/b] run'" in process.stdout


def test_one_sigmoid_unit_answers_with_the_probability_of_both_classes(tmp_path: Path) -> None:
    overrides = ["--set=training.epochs=20", "--run", tmp_path / "run"]
    assert here("train", CONFIGS / "logistic_regression.yaml", *overrides).returncode == 0
    cancer = load_breast_cancer()
    for name, rows in (("one", slice(0, 3)), ("two", slice(19, 22))):
        table = np.column_stack([cancer.data[rows], cancer.target[rows]])
        np.savetxt(
            tmp_path / f"{name}.csv",
            table,
            delimiter=",",
            header=",".join([*cancer.feature_names, "label"]),
            comments="",
        )
    process = here("predict", tmp_path / "run", tmp_path / "one.csv", tmp_path / "two.csv", "--json")
    samples = json.loads(process.stdout)["samples"]
    assert [sample["sample"].split()[0] for sample in samples] == ["one.csv"] * 3 + ["two.csv"] * 3
    for sample, target in zip(samples, cancer.target[[0, 1, 2, 19, 20, 21]], strict=True):
        probabilities = sample["probabilities"]
        assert sample["label"] == cancer.target_names[target]
        assert sample["answer"] == max(probabilities, key=probabilities.get)
        assert probabilities["malignant"] + probabilities["benign"] == pytest.approx(1)


def test_a_device_that_is_missing_is_an_error_and_no_fallback(tmp_path: Path) -> None:
    sentence = refused(here("train", CONFIGS / "digits.yaml", "--device", "Ascend", "--run", tmp_path / "run"))
    assert "device 'Ascend' was asked for, but MindSpore finds none on this machine" in sentence
    assert not (tmp_path / "run").exists()


def test_float64_on_ascend_is_refused_with_the_reason() -> None:
    arguments = ["train", CONFIGS / "digits.yaml", "--device", "Ascend", "--set", "precision=float64"]
    assert "MatMul" in refused(here(*arguments))


def test_debug_shows_the_traceback() -> None:
    process = ms_dnn("--debug", "evaluate", "nowhere")
    assert process.returncode == 1
    assert "Traceback" in process.stderr


def test_a_damaged_run_is_refused(run: Path, tmp_path: Path) -> None:
    weights = next(run.glob("*.safetensors"))
    content = weights.read_bytes()
    try:
        weights.write_bytes(content[:-1])
        assert "damaged after it was written" in refused(here("evaluate", run))
        assert "damaged after it was written" in refused(here("train", "--resume", run))
    finally:
        weights.write_bytes(content)


def test_when_the_disk_takes_no_more_the_checkpoint_before_survives(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    files = ("checkpoint.json", next(run.glob("*.safetensors")).name)
    before = [(run / name).read_bytes() for name in files]
    with full_disk(100_000):
        sentence = refused(here("train", "--resume", tmp_path / "run"))
    assert "the checkpoint could not be saved (File too large); the one before is whole" in sentence
    assert [(tmp_path / "run" / name).read_bytes() for name in files] == before
    assert not list((tmp_path / "run").glob("*.new"))


def test_help_and_what_a_command_refuses_load_nothing_that_takes_seconds(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("version: 1\nnamed: x\n")
    train = ["train", "digits", "--run", str(tmp_path / "run"), "--set"]
    asked = {
        "mindspore sklearn matplotlib numpy": [
            (["--help"], 0), (["train", "--help"], 0), (["--version"], 0), (["train", str(tmp_path / "wrong.yaml")], 2),
        ],
        "mindspore matplotlib": [
            ([*train, "training.batch_size=2000"], 2), ([*train, "network.layers.2.units=9"], 2),
        ],
    }  # fmt: skip
    program = (
        "import sys\n"
        "from ms_dnn.cli.main import main\n"
        f"for forbidden, calls in {asked!r}.items():\n"
        "    for arguments, exit_code in calls:\n"
        "        try: main(arguments)\n"
        "        except SystemExit as ended: assert (ended.code or 0) == exit_code, (arguments, ended.code)\n"
        "        assert 'ms_dnn.cli.train' in sys.modules\n"
        "        assert not set(forbidden.split()) & set(sys.modules), arguments\n"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "training.batch_size: got 2000, but there are only" in process.stderr
    assert "network.layers.2.units: got 9, expected 10, because the last layer meets the 10 classes" in process.stderr
