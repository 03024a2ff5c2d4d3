"""The doctor: healthy experiments pass, and each planted illness is named."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from ms_dnn.cli.doctor import doctor
from ms_dnn.config import parse_config
from ms_dnn.dnn import build_dnn
from ms_dnn.errors import ConfigError, OutputError
from ms_dnn.experiment.preflight import BLOWN_UP, _about_widths, examine, examine_environment
from ms_dnn.runtime.device import Device

pytestmark = pytest.mark.usefixtures("cpu")

WINE = """\
name: tiny
data: {set: wine}
network:
  layers:
    - {units: 16, activation: relu, initializer: he}
    - {units: 3, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: adam}
learning_rate: 0.01
training: {batch_size: 16, epochs: 3}
device: CPU
"""


def examined(*overrides):
    preflight = examine(parse_config(WINE, "c.yaml", overrides))
    return preflight, {finding.subject: finding for finding in preflight.findings}


ZEROS = ("network.layers.0.initializer=zeros", "network.layers.1.initializer=zeros")


@pytest.fixture(scope="module")
def healthy():
    return examined()


@pytest.fixture(scope="module")
def of_zeros():
    return examined(*ZEROS)


def test_a_healthy_experiment_has_nothing_bad(healthy):
    preflight, findings = healthy
    assert {finding.verdict for finding in findings.values()} == {"good"}, findings
    assert "guessing costs ln 3 = 1.099" in findings["cost at the start"].sentence
    assert [(layer.number, layer.units, layer.activation) for layer in preflight.layers] == [
        (1, 16, "relu"),
        (2, 3, "identity"),
    ]


def test_what_was_found_is_printed_with_the_layers(healthy):
    preflight, _ = healthy
    assert "guessing costs ln 3 = 1.099" in str(preflight)
    assert "gradient (rms)" in str(preflight)
    assert repr(preflight).startswith("Preflight(")
    assert repr(preflight).endswith("2 layers)")
    assert "<table>" in preflight._repr_html_()


def test_the_range_test_rises_to_where_it_blows_up(healthy):
    test = healthy[0].range_test
    assert len(test.rates) == len(test.costs) == len(test.smoothed)
    assert np.all(np.diff(test.rates) > 0)
    assert np.all(test.smoothed <= BLOWN_UP * test.smoothed[0])
    assert 1e-4 < test.recommended < 1


def test_unscaled_features_and_a_rate_that_is_far_too_large():
    _, findings = examined("data.scaling=none", "learning_rate=30.0")
    assert findings["cost at the start"].verdict == "warning"
    assert "scale the features" in findings["cost at the start"].sentence
    assert "more than ten times off" in findings["learning rate"].sentence
    assert "smaller rate" in findings["first update"].sentence


def test_weights_of_zero_learn_nothing(of_zeros):
    preflight, findings = of_zeros
    assert findings["dead units"].verdict == "bad"
    assert "100% of layer 1 (relu)" in findings["dead units"].sentence
    assert findings["overfit 20 samples"].verdict == "bad"
    assert "cannot overfit a tiny batch" in findings["overfit 20 samples"].sentence
    assert preflight.layers[0].gradient == 0


def test_widths_that_the_cube_would_pad_are_named():
    assert _about_widths(build_dnn([4, 16, 32, 3], ["relu", "relu", "identity"])).verdict == "good"
    finding = _about_widths(build_dnn([4, 16, 30, 3], ["relu", "relu", "identity"]))
    assert finding.verdict == "warning"
    assert "30 units of dense layer 2: no multiple of 16" in finding.sentence


def test_another_device_is_said_to_be_untried():
    verdicts = {f.subject: f.verdict for f in examine_environment(Device("Ascend", "named by the user"))}
    assert verdicts == {"versions": "good", "device": "warning", "engine": "good"}


@pytest.mark.parametrize(
    ("packages", "said"),
    [(["mindspore-gpu"], "is the package mindspore-gpu, in "), (None, "is no package that pip knows, in ")],
)
def test_a_mindspore_of_another_build_is_named(monkeypatch, packages, said):
    found = {} if packages is None else {"mindspore": packages}
    monkeypatch.setattr("ms_dnn.experiment.preflight.packages_distributions", lambda: found)
    (finding,) = (f for f in examine_environment(Device("CPU", "the only one")) if f.subject == "MindSpore")
    assert finding.verdict == "warning"
    assert said in finding.sentence
    assert "pip install --no-deps" in finding.sentence


@pytest.fixture
def run(tmp_path):
    (tmp_path / "c.yaml").write_text(WINE)
    app = typer.Typer()
    app.command()(doctor)
    return lambda *arguments: CliRunner().invoke(
        app, [str(a).replace("CONFIG", str(tmp_path / "c.yaml")) for a in arguments]
    )


def test_json_plot_and_exit_code(run, tmp_path):
    result = run("CONFIG", "--json", "--plot", tmp_path / "rate.png", "--device", "CPU")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert len(document["rate_test"]["rates"]) == len(document["rate_test"]["costs"])
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_config_the_environment_alone(run):
    result = run("--device", "CPU")
    assert result.exit_code == 0
    assert "MindSpore 2.10" in result.stdout
    assert "overfit" not in result.stdout


def test_what_is_bad_exits_with_1(run, of_zeros, monkeypatch):
    def known(config):
        assert config == parse_config(WINE, "c.yaml", ZEROS)
        return of_zeros[0]

    monkeypatch.setattr("ms_dnn.experiment.preflight.examine", known)
    result = run("CONFIG", *(f"--set={override}" for override in ZEROS))
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1


def test_a_plot_of_nothing_is_refused(run, tmp_path):
    assert isinstance(run("--plot", tmp_path / "x.png").exception, ConfigError)
    missing = run("CONFIG", "--plot", tmp_path / "no" / "x.png").exception
    assert isinstance(missing, OutputError)
    assert "make it first" in str(missing)
