"""Whatever is written: a config, or a ConfigError that says where; and what is dumped reads back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ms_dnn.config import ExperimentConfig, dump_config, load_config, parse_config
from ms_dnn.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
TEXTS = [path.read_text(encoding="utf-8") for path in CONFIGS]


POSITIVE = st.floats(1e-12, 1e6)
COUNT = st.integers(1, 10_000)
SHARE = st.floats(0, 0.49)
BELOW_ONE = st.floats(1e-9, 0.9999)
HIDDEN = st.sampled_from(["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu"])


def section(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


OPTIMIZERS = st.one_of(
    section({"name": st.just("gradient_descent")}),
    section({"name": st.sampled_from(["momentum", "nesterov"])}, momentum=BELOW_ONE),
    section({"name": st.just("adam")}, beta1=BELOW_ONE, beta2=BELOW_ONE, epsilon=POSITIVE),
)


@st.composite
def pieces(draw: st.DrawFn) -> dict[str, Any]:
    milestones = sorted(draw(st.sets(COUNT, min_size=1, max_size=5)))
    rates = draw(st.lists(POSITIVE, min_size=len(milestones), max_size=len(milestones)))
    return {"schedule": "piecewise_constant", "milestones": milestones, "rates": rates}


DECAYS = st.sampled_from(["exponential_decay", "natural_exponential_decay", "inverse_decay"])
RATES = st.one_of(
    POSITIVE,
    section({"schedule": DECAYS, "initial": POSITIVE, "rate": POSITIVE, "epochs": COUNT}, staircase=st.booleans()),
    section({"schedule": st.just("cosine_decay"), "initial": POSITIVE, "final": st.just(0.0), "epochs": COUNT}),
    section(
        {"schedule": st.just("polynomial_decay"), "initial": POSITIVE, "final": POSITIVE, "epochs": COUNT},
        power=POSITIVE,
    ).filter(lambda decay: "power" in decay),
    pieces(),
)

LAYERS = st.lists(
    section(
        {"units": st.integers(1, 65536), "activation": HIDDEN},
        initializer=st.sampled_from(["zeros", "normal", "xavier", "he"]),
    ),
    min_size=1,
    max_size=5,
)

EXPERIMENTS = section(
    {
        "name": st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,30}", fullmatch=True)
        | st.sampled_from(["1e-3", "null", "yes", "010", "12", "2020-01-01", "nan", "True"]),
        "data": section(
            {"set": st.sampled_from(["digits", "wine", "iris", "diabetes"])},
            validation=SHARE,
            test=SHARE,
            scaling=st.sampled_from(["none", "standard", "min_max"]),
        ),
        "network": section({"layers": LAYERS}),
        "loss": st.just("squared_error"),
        "optimizer": OPTIMIZERS,
        "learning_rate": RATES,
        "training": section(
            {"batch_size": COUNT | st.just("all")},
            tolerance=st.none() | POSITIVE,
            clip_norm=st.none() | POSITIVE,
            report_every=COUNT,
            checkpoint_seconds=POSITIVE | st.just(0.0),
        ).flatmap(lambda training: st.sampled_from([{**training, "epochs": 9}, {**training, "max_iterations": 9}])),
    },
    seed=st.integers(0, 2**63 - 1),
    reduction=st.sampled_from(["mean", "sum"]),
    penalty=st.none() | section({}, l1=POSITIVE | st.just(0.0), l2=POSITIVE, biases=st.booleans()),
    backprop=st.sampled_from(["handwritten", "framework"]),
    precision=st.sampled_from(["float32", "float64"]),
)


@given(EXPERIMENTS)
def test_dump_reads_back_equal(values: dict[str, Any]) -> None:
    config = ExperimentConfig.model_validate(values)
    text = dump_config(config)
    assert parse_config(text) == config
    assert dump_config(parse_config(text)) == text


@given(EXPERIMENTS)
def test_the_dump_means_the_same_to_plain_pyyaml(values: dict[str, Any]) -> None:
    config = ExperimentConfig.model_validate(values)
    again = yaml.safe_load(dump_config(config))
    assert ExperimentConfig.model_validate(again) == config


LETTERS = "abcdefghijklmnopqrstuvwxyz_"
KEYS = [
    (text, number, line.split(":")[0].strip())
    for text in TEXTS
    for number, line in enumerate(text.splitlines(), start=1)
    if ":" in line.split("#")[0] and "{" not in line and line.split(":")[0].strip().isidentifier()
]


@given(st.sampled_from(KEYS), st.data())
def test_a_typo_in_a_key_is_found_on_its_line(place: tuple[str, int, str], data: st.DataObject) -> None:
    text, number, key = place
    at = data.draw(st.integers(0, len(key) - 1))
    typo = key[:at] + data.draw(st.sampled_from(LETTERS)) + key[at + data.draw(st.integers(0, 1)) :]
    assume(typo != key)
    lines = text.splitlines()
    lines[number - 1] = lines[number - 1].replace(key, typo, 1)
    with pytest.raises(ConfigError) as caught:
        parse_config("\n".join(lines), "c.yaml")
    problems = str(caught.value).splitlines()
    # A section that lost its discriminating key is reported by that key alone.
    if key in ("schedule",) or (key == "name" and lines[number - 1].startswith(" ")):
        assert f".{key}: missing" in problems[0]
    else:
        assert [line for line in problems if line.startswith(f"c.yaml:{number}: ") and f"{typo}: unknown key" in line]


@given(st.text(max_size=200))
def test_any_text_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^c\.yaml"):
        parse_config(text, "c.yaml")


MARKS = [*"[]{}:,-?&*!|>%@`'\"#\n\t ~0.\\", "\n  ", ": ", "- ", "<<: ", "---\n", "...\n", "%YAML 1.9\n"]
TAGS = ["*a", "&a ", "!!str ", "!!set ", "!x ", "\\ud800", "1e999", "\x00", "\ufeff"]
WORDS = ["name", "data", "network: ", "layers: ", "optimizer: ", "learning_rate: ", "schedule: "]
YAML_PIECES = st.lists(st.sampled_from([*MARKS, *TAGS, *WORDS]), max_size=30).map("".join)


@given(YAML_PIECES)
def test_any_yaml_like_text_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_config(text, "c.yaml")


def error_of(text: str, override: str) -> str:
    """The message, or "no error"; an exception of another type goes through and fails the test."""
    try:
        parse_config(text, "c.yaml", [override])
    except ConfigError as error:
        return str(error)
    return "no error"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "schedule", "layers", "units", "epochs", "set", "x", ""]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from(TEXTS), st.sampled_from(sorted(ExperimentConfig.model_fields)), ANYTHING)
def test_any_value_at_any_key_is_a_config_or_a_config_error(text: str, key: str, value: Any) -> None:
    override = f"{key}={yaml.safe_dump(value, default_flow_style=True)}"
    assert "Input should" not in error_of(text, override)


@given(st.sampled_from(TEXTS), st.text(max_size=40) | st.from_regex(r"[a-z.]{1,20}(\.[0-9])?=[ -~]{0,10}"))
def test_any_override_is_a_config_or_a_config_error(text: str, override: str) -> None:
    assert error_of(text, override).startswith(("--set ", "no error"))


@given(content=st.binary(max_size=100))
def test_any_bytes_are_a_config_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load_config(path)
