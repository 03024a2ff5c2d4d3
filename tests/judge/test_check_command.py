import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from networks import problem
from rich.console import Console
from typer.testing import CliRunner

from ms_dnn.cli.check import check
from ms_dnn.config import load_config
from ms_dnn.errors import ConfigError, DeviceError, SubjectError
from ms_dnn.judge.network import check_network
from ms_dnn.layers.dense import Dense
from ms_dnn.presentation.document import print_blocks

pytestmark = pytest.mark.usefixtures("cpu")

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = CONFIGS / "regression.yaml"
# The others read files that are the user's to get.
WITH_DATA = [
    path for path in sorted(CONFIGS.glob("*.yaml")) if not {"folder", "file"} & load_config(path).data.model_fields_set
]


def run(*arguments):
    app = typer.Typer()
    app.command("check")(check)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# The layers of the regularised one are judged one by one in test_other_layers.py; these have loss and activations of
# others.
LIKE_OTHERS = ("digits", "digits_regularized", "sweep_wine")


@pytest.mark.parametrize(
    "config",
    [pytest.param(p, id=p.stem, marks=pytest.mark.campaign if p.stem in LIKE_OTHERS else ()) for p in WITH_DATA],
)
def test_every_configuration_passes(config, request):
    """All its layers, but narrower, and along one direction: differences of ten thousands of weights take long."""
    layers = load_config(config).network.layers[:-1]
    narrow = [f"--set=network.layers.{i}.units={min(layer.units, 6)}" for i, layer in enumerate(layers)]
    narrow += ["--directions", "1"]
    whole = request.config.getoption("--campaign")
    result = run(config, "--device", "CPU", "--mode", "pynative", "--samples", 8, *([] if whole else narrow))
    assert result.exit_code == 0, result.output
    assert "PASS" in result.output


@pytest.fixture(scope="module")
def after_three_steps():
    """What is printed of a judgement with options of all kinds."""
    result = run(SMALL, "--json", "--seed", 4, "--samples", 5, "--after", 3, "--device", "CPU")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_is_all_that_is_printed(after_three_steps):
    document = json.loads(after_three_steps)
    assert document["conditions"]["dtype"] == "float64"
    assert "5 samples" in document["conditions"]["subject"]
    assert document["conditions"]["seed"] == 4


def test_float32_is_judged_too():
    result = run(SMALL, "--json", "--precision", "float32", "--samples", 5, "--directions", 1, "--device", "CPU")
    assert json.loads(result.stdout)["conditions"]["dtype"] == "float32"
    assert result.exit_code == 0


def test_after_some_steps_the_cost_is_lower(after_three_steps):
    fresh = json.loads(run(SMALL, "--json", "--seed", 4, "--samples", 5, "--directions", 1, "--mode=pynative").stdout)
    trained = json.loads(after_three_steps)
    assert trained["forward"]["values"]["mindspore"] < fresh["forward"]["values"]["mindspore"]
    assert trained["verdict"] == "PASS"


def test_a_wrong_gradient_exits_with_1(monkeypatch):
    right = Dense.backward

    def wrong(self, cache, da):
        dx, (dW, db) = right(self, cache, da)
        return dx, (dW, db + db)

    monkeypatch.setattr(Dense, "backward", wrong)
    result = run(SMALL, "--directions", 1)
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "✗" in result.output


def test_a_run_that_cannot_tell_exits_with_3():
    result = run(SMALL, "--set", "network.layers.1.initializer=zeros", "--directions", 1)
    assert result.exit_code == 3
    assert "INCONCLUSIVE" in result.output


def test_errors_of_the_user_go_through():
    assert isinstance(run(SMALL, "--set", "loss=squared").exception, ConfigError)
    assert isinstance(run(SMALL, "--device", "Ascend").exception, DeviceError)


@pytest.mark.parametrize("sizes", [[4, 6, 3], [784, 1024, 10]])
def test_the_table_fits_100_columns(sizes):
    layers = len(sizes) - 1
    judgement = check_network(
        *problem(sizes, ["relu"] * (layers - 1) + ["identity"], "softmax_cross_entropy", samples=2), directions=1
    )
    console = Console(width=100, record=True, file=io.StringIO())
    print_blocks(console, judgement.blocks())
    text = console.export_text()
    assert "layers.0.weight" in text
    assert "…" not in text
    assert all(len(line) <= 100 for line in text.splitlines())


# Anybody's Cell ----------------------------------------------------------------------------------------------


def test_a_cell_from_the_command_line(tmp_path):
    result = run("user_cells:right_network", "--device", "CPU", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["routes"][0] == "bprop"
    wrong = run("user_cells:wrong_network", "--device", "CPU", "--mode", "pynative")
    assert wrong.exit_code == 1
    assert "inner" in wrong.output
    function = run("user_cells:product", "--inputs", "4x5:float64", "--inputs", "5x2:float64", "--wrt", "input 1")
    assert function.exit_code == 0, function.output


def test_the_files_of_a_report(tmp_path):
    page, results = tmp_path / "report.html", tmp_path / "report.xml"
    result = run("user_cells:wrong_network", "--mode", "pynative", "--html", page, "--junit", results)
    assert result.exit_code == 1
    assert "FAIL" in page.read_text(encoding="utf-8")
    assert ElementTree.parse(results).getroot().iter("failure")


def test_a_report_replays_bit_for_bit(after_three_steps, tmp_path):
    report = tmp_path / "report.json"
    report.write_text(after_three_steps)
    again = run("--replay", report)
    assert again.exit_code == 0, again.output
    assert "the same bit for bit" in again.output
    document = json.loads(report.read_text())
    document["tensors"][0]["lines"][0]["value"] *= 1 + 2**-52
    report.write_text(json.dumps(document))
    other = run("--replay", report)
    assert other.exit_code == 1
    assert "tensors[0].lines[0].value" in other.output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "got schema None"),
        ('{"schema": 1}', "got schema 1"),
        ('{"schema": 2, "replay": {}}', "does not say how it was made"),
        ('{"schema": 2, "replay": {"target": "a.yaml", "sampels": 3}}', "was made with other options"),
    ],
)
def test_a_report_that_cannot_be_replayed(tmp_path, content, words):
    report = tmp_path / "report.json"
    report.write_text(content)
    error = run("--replay", report).exception
    assert isinstance(error, SubjectError)
    assert words in str(error)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((SMALL, "--inputs=3x4"), "--inputs: got with an experiment"),
        ((SMALL, "--order=2"), "--order: got with an experiment"),
        (("user_cells:Square", "--inputs=3x4", "--samples=5"), "--samples: got with a Cell"),
        (("user_cells:Square", "--inputs=3x4", "--set=seed=1"), "--set: got with a Cell"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(arguments, sentence):
    error = run(*arguments).exception
    assert isinstance(error, SubjectError)
    assert str(error).startswith(sentence)
    assert str(error).endswith("to which it does not apply: leave it out")


@pytest.mark.parametrize(
    ("options", "code"), [(["--expect=stopped"], 1), (["--expect=Square=0.5"], 1), (["--order=2"], 0)]
)
def test_a_second_derivative_and_a_declared_departure(options, code):
    assert run("user_cells:Square", "--inputs=3x4:float64", "--mode=pynative", *options).exit_code == code


def test_nothing_to_judge_is_refused():
    assert "got nothing to judge" in str(run().exception)
    assert "got both a target and --replay" in str(run(SMALL, "--replay", "x.json").exception)
