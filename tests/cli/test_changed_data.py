"""A run knows its data again: it answers without them, and goes on with no others."""

import json
import shutil

import numpy as np
import pytest
from command import here, refused
from PIL import Image

pytestmark = pytest.mark.usefixtures("unpictured")

CONFIG = """\
name: heights
data: {{set: csv, file: {file}, target: {target}, validation: 0.1, test: 0.2{more}}}
network: {{layers: [{{units: 4, activation: tanh}}, {{units: {units}, activation: identity}}]}}
loss: {loss}
optimizer: {{name: adam}}
learning_rate: 0.01
training: {{batch_size: 10, epochs: 2}}
"""
CLASSES = {"target": "kind", "more": ", drop: [height]", "units": 2, "loss": "softmax_cross_entropy"}
NUMBERS = {"target": "height", "more": ", drop: [kind], target_scaling: standard", "units": 1, "loss": "squared_error"}
MIXED = CLASSES | {"more": ", columns: {height: {kind: drop}, colour: {kind: category, missing: most_frequent}}"}

CHANGES = {
    "rows appended": lambda text: text + "9.5,3,1,900,high\n" * 3,
    "a row less": lambda text: text[: text.rindex("\n", 0, -1) + 1],
    "a label": lambda text: text.removesuffix("low\n") + "high\n",
    "a new class": lambda text: text.removesuffix("low\n") + "middle\n",
    "the last bit of a number": lambda text: text.replace("0.1,", "0.10000000000000002,", 1),
    "two rows exchanged": lambda text: "\n".join([*text.split("\n")[:-3], *text.split("\n")[-3:-1][::-1], ""]),
    "a column renamed": lambda text: text.replace("width", "breadth", 1),
}
COMMANDS = {"evaluate": ["evaluate"], "report": ["report"], "resume": ["train", "--resume"]}


def table():
    lines = ["width,depth,colour,height,kind"]
    for i in range(60):
        colour = "" if i == 5 else i % 2
        lines.append(f"{0.1 + i * 0.25},{i % 7},{colour},{i * 3},{('high', 'high', 'low')[i % 3]}")
    return "\n".join(lines) + "\n"


def trained(folder, choices):
    """Train a run on a table beside it, and write rows to ask it about."""
    text = table() if choices is MIXED else table().replace(",,", ",1,")
    (folder / "t.csv").write_text(text)
    (folder / "c.yaml").write_text(CONFIG.format(file=folder / "t.csv", **choices))
    (folder / "rows.csv").write_text("\n".join(text.split("\n")[:8]) + "\n")
    process = here("train", folder / "c.yaml", "--run", folder / "run")
    assert process.returncode == 0, process.stderr
    return folder


@pytest.fixture(scope="module", params=[CLASSES, NUMBERS, MIXED], ids=["classes", "numbers", "mixed"])
def any_run(request, tmp_path_factory):
    return trained(tmp_path_factory.mktemp("run"), request.param)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("mixed"), MIXED)


@pytest.fixture(autouse=True)
def _restored(request):
    """Put the table of a run back after the test."""
    yield
    for name in {"any_run", "mixed"} & set(request.fixturenames):
        folder = request.getfixturevalue(name)
        if (folder / "away.csv").exists():
            (folder / "away.csv").replace(folder / "t.csv")


def changed(folder, change):
    (folder / "t.csv").rename(folder / "away.csv")
    text = (folder / "away.csv").read_text()
    new = change(text)
    assert new != text
    (folder / "t.csv").write_text(new)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def answers(run, rows):
    process = here("predict", run, rows, "--json")
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)["samples"]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_data_are_refused_and_nothing_is_lost(change, mixed):
    before = contents(mixed / "run")
    changed(mixed, CHANGES[change])
    for command in COMMANDS.values():
        sentence = refused(here(*command, mixed / "run"))
        rows = {"rows appended": 63, "a row less": 59}.get(change, 60)
        assert sentence.startswith(f"{mixed / 't.csv'}: got {rows} samples with the checksum ")
        assert ", expected 60 samples with the checksum " in sentence
        assert sentence.endswith("as they were when the run began: restore the data, or train anew")
    assert contents(mixed / "run") == before
    (mixed / "away.csv").replace(mixed / "t.csv")
    assert here("evaluate", mixed / "run").returncode == 0


def test_the_same_answers_to_the_bit_whatever_became_of_the_data(any_run, tmp_path):
    expected = answers(any_run / "run", any_run / "rows.csv")
    changed(any_run, CHANGES["rows appended"])
    assert answers(any_run / "run", any_run / "rows.csv") == expected
    (any_run / "t.csv").unlink()
    elsewhere = shutil.copytree(any_run / "run", tmp_path / "elsewhere")
    assert answers(elsewhere, any_run / "rows.csv") == expected


def test_without_the_data_only_what_needs_them_is_refused(any_run):
    (any_run / "t.csv").rename(any_run / "away.csv")
    before = contents(any_run / "run")
    for command in COMMANDS.values():
        sentence = refused(here(*command, any_run / "run"))
        assert sentence.startswith(f"data.file: got no file '{any_run / 't.csv'}'")
    assert contents(any_run / "run") == before


@pytest.mark.parametrize("change", ["rows appended", None])
def test_an_export_is_the_same_without_the_data_and_says_how_it_was_verified(change, any_run, tmp_path):
    model = ["export", any_run / "run", "--format", "onnx", "--output"]
    process = here(*model, tmp_path / "before.onnx")
    assert "samples of the test set as the run does" in process.stdout
    assert process.stderr == ""
    (any_run / "t.csv").rename(any_run / "away.csv")
    if change:
        (any_run / "t.csv").write_text(CHANGES[change]((any_run / "away.csv").read_text()))
    process = here(*model, tmp_path / "after.onnx")
    assert process.returncode == 0, process.stderr
    assert "batches of 1, 7 and 64 random samples as the run does" in process.stdout
    reason = "got 63 samples with the checksum" if change else "got no file"
    assert process.stderr.startswith("note: verified on normally distributed random samples, because ")
    assert reason in process.stderr
    for suffix in ("", ".json"):
        assert (tmp_path / f"before.onnx{suffix}").read_bytes() == (tmp_path / f"after.onnx{suffix}").read_bytes()


def test_pictures_are_answered_without_those_of_the_training(tmp_path):
    random = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(8):
            pixels = (level + random.integers(0, 40, (4, 5, 3))).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{number}.png")
    Image.fromarray(pixels).resize((20, 16)).save(tmp_path / "asked.png")
    text = CONFIG.format(file="x", **CLASSES).splitlines()
    text[1] = f"data: {{set: images, folder: {tmp_path / 'set'}, test: 0.25}}"
    (tmp_path / "c.yaml").write_text("\n".join(text).replace("batch_size: 10", "batch_size: 4"))
    assert here("train", tmp_path / "c.yaml", "--run", tmp_path / "run").returncode == 0
    expected = answers(tmp_path / "run", tmp_path / "asked.png")
    (tmp_path / "set" / "dark" / "0.png").replace(tmp_path / "set" / "light" / "8.png")
    assert "got 16 samples with the checksum" in refused(here("evaluate", tmp_path / "run"))
    shutil.rmtree(tmp_path / "set")
    assert answers(tmp_path / "run", tmp_path / "asked.png") == expected


DAMAGES = {
    "cut short": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "no object": lambda text: "[]",
    "deep": lambda text: "[" * 100_000,
    "no text": lambda text: "\udcff",
    "another version": lambda text: text.replace('"version": 1', '"version": 2'),
    "a fact too many": lambda text: text.replace("{", '{"more": 1,', 1),
    "infinity": lambda text: text.replace("null", "[0, Infinity]", 1),
    "a huge number": lambda text: text.replace("null", "[0, 1e999]", 1),
    "a text as number": lambda text: text.replace('"inputs": 4', '"inputs": "4"'),
    "a checksum too large": lambda text: text.replace('"crc": ', '"crc": 99999999999'),
    "one class": lambda text: text.replace('["high", "low"]', '["high"]'),
    "three classes": lambda text: text.replace('["high", "low"]', '["high", "low", "middle"]'),
    "neither classes nor targets": lambda text: text.replace('["high", "low"]', "[]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_data_file_is_one_sentence(damage, mixed, tmp_path):
    run = shutil.copytree(mixed / "run", tmp_path / "run")
    text = DAMAGES[damage]((run / "data.json").read_text())
    assert text != (run / "data.json").read_text()
    (run / "data.json").write_bytes(text.encode(errors="surrogateescape"))
    before = contents(run)
    fits_no_network = damage == "three classes"  # which is no matter to those that have the data
    for command in [["predict"], ["export"]] if fits_no_network else [["predict"], ["export"], *COMMANDS.values()]:
        sentence = refused(here(*command, run, *([mixed / "rows.csv"] if command == ["predict"] else [])))
        assert sentence.startswith(f"{run / 'data.json'}: ")
        assert "\n" not in sentence
    assert contents(run) == before


def test_files_that_do_not_fit_each_other_are_one_sentence(mixed, tmp_path):
    run = shutil.copytree(mixed / "run", tmp_path / "run")
    known = (run / "data.json").read_text()
    inputs = json.loads(known)["inputs"]
    (run / "data.json").write_text(known.replace(f'"inputs": {inputs}', f'"inputs": {inputs + 1}'))
    sentence = refused(here("predict", run, mixed / "rows.csv"))
    assert f"got {inputs} features in features.json, expected {inputs + 1}, as many as the network has" in sentence
    other = known.replace('["high", "low"]', "[]").replace(
        '"target_scaling": null', '"target_scaling": {"kind": "none", "offset": [0, 0], "scale": [1, 1]}'
    )
    (run / "data.json").write_text(other)
    assert "damaged (softmax_cross_entropy compares classes" in refused(here("predict", run, mixed / "rows.csv"))


def test_a_run_of_an_earlier_version_is_one_sentence(mixed, tmp_path):
    run = shutil.copytree(mixed / "run", tmp_path / "run")
    (run / "data.json").unlink()
    for command in (["predict", run, mixed / "rows.csv"], *([*command, run] for command in COMMANDS.values())):
        assert refused(here(*command)) == (
            f"{run}: got no data.json, expected one as each run has that this version of ms-dnn began: restore it from "
            "a copy, or train anew"
        )
