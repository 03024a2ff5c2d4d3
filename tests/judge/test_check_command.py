import io
import json
from pathlib import Path

import pytest
import typer
from networks import problem
from rich.console import Console
from typer.testing import CliRunner

from ms_dnn.cli.check import check
from ms_dnn.errors import ConfigError, DeviceError
from ms_dnn.gradients.compare import compare_gradients
from ms_dnn.layers.dense import Dense
from ms_dnn.reports.gradient_table import print_comparison

pytestmark = pytest.mark.usefixtures("cpu")

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = CONFIGS / "regression.yaml"


def run(*arguments):
    app = typer.Typer()
    app.command("check")(check)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_passes(config):
    result = run(config, "--device", "CPU", "--elements", 20, "--samples", 8)
    assert result.exit_code == 0, result.output
    assert "PASS" in result.output


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_json_is_all_that_is_printed(precision):
    result = run(SMALL, "--json", "--precision", precision, "--samples", 5, "--seed", 4, "--device", "CPU")
    document = json.loads(result.stdout)
    assert document["conditions"]["dtype"] == precision
    assert document["conditions"]["samples"] == 5
    assert document["conditions"]["seed"] == 4
    assert result.exit_code == 0


def test_after_some_steps_the_cost_is_lower():
    fresh, trained = (json.loads(run(SMALL, "--json", "--after", steps).stdout) for steps in (0, 10))
    assert trained["forward"]["mindspore"] < fresh["forward"]["mindspore"]
    assert trained["verdict"] == "PASS"


def test_a_wrong_gradient_exits_with_1(monkeypatch):
    right = Dense.backward

    def wrong(self, cache, da):
        dx, (dW, db) = right(self, cache, da)
        return dx, (dW, db + db)

    monkeypatch.setattr(Dense, "backward", wrong)
    result = run(SMALL)
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "✗" in result.output


def test_a_run_that_cannot_tell_exits_with_3():
    result = run(SMALL, "--set", "network.layers.1.initializer=zeros")
    assert result.exit_code == 3
    assert "INCONCLUSIVE" in result.output


def test_errors_of_the_user_go_through():
    assert isinstance(run(SMALL, "--set", "loss=squared").exception, ConfigError)
    assert isinstance(run(SMALL, "--device", "Ascend").exception, DeviceError)


@pytest.mark.parametrize("sizes", [[4, 6, 3], [784, 1024, 512, 10]])
def test_the_table_fits_100_columns(sizes):
    layers = len(sizes) - 1
    comparison = compare_gradients(
        *problem(sizes, ["relu"] * (layers - 1) + ["identity"], "softmax_cross_entropy", samples=2), elements=2
    )
    console = Console(width=100, record=True, file=io.StringIO())
    print_comparison(console, comparison)
    text = console.export_text()
    assert "layers.0.weight" in text
    assert "…" not in text
    assert all(len(line) <= 100 for line in text.splitlines())
