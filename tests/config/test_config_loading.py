"""Files, their encodings and their sizes; values as YAML writes them; the shipped configurations."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ms_dnn.config import dump_config, load_config, parse_config
from ms_dnn.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
BLOG = (CONFIGS / "blog_batch_gradient_descent.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid_and_named_as_their_file(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert parse_config(dump_config(config)) == config
    assert config.device == "auto"


def test_there_are_four_configs() -> None:
    assert len(list(CONFIGS.glob("*.yaml"))) >= 4


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text(BLOG, encoding="utf-8")
    expected = f"there is no such file; did you mean {tmp_path / 'digits.yaml'}?"
    assert refused(tmp_path / "digit.yaml") == f"{tmp_path / 'digit.yaml'}: {expected}"
    assert refused(tmp_path / "digits") == f"{tmp_path / 'digits'}: {expected}"
    assert refused(tmp_path / "zzz.yaml").endswith(f"there is no such file; {tmp_path} has digits.yaml")
    assert refused(tmp_path / "no" / "x.yaml").endswith(f"there is no such file, nor a folder {tmp_path / 'no'}")


def test_what_is_no_text_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: is a folder; name a YAML file in it"
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: a\n# caf\xe9\n")
    assert refused(latin) == f"{latin}:2: is not UTF-8 text; save the file as UTF-8"
    assert "cannot be read" in refused(Path("a\0b"))
    assert "cannot be read" in refused(Path("x" * 5000))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null"])
def test_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    assert refused(path) == f"{path}: is empty; a configuration begins with 'name', 'data' and 'network'"


@pytest.mark.parametrize(("text", "got"), [("- a", "a list"), ("3", "3"), ("hello", "'hello'")])
def test_top_level_is_no_mapping(text: str, got: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.yaml")
    expected = "expected a mapping with keys such as 'name', 'data' and 'network'"
    assert str(caught.value) == f"c.yaml: got {got}, {expected}"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(BLOG, encoding="utf-8-sig")
    assert load_config(path) == parse_config(BLOG)


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "has more than 10000 values, each use of an alias counted; a configuration has fewer"),
        ("[" * 10_000, "is nested too deeply for a configuration"),
        ("#" * 20_001, "has 20001 characters, and a configuration at most 20000; is it the right file?"),
        (r'a: "\UFFFFFFFF"', "is not valid YAML: an escaped character or a version number is out of range"),
    ],
    ids=["aliases", "depth", "length", "escape"],
)
def test_hostile_sizes_end_at_once(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.yaml")
    assert str(caught.value) == f"c.yaml: {expected}"


def test_python_tags_are_refused_and_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with pytest.raises(ConfigError, match=r"c\.yaml:1: name: the tag '!!python/object/apply:os\.mkdir'"):
        parse_config(f"name: !!python/object/apply:os.mkdir ['{canary}']", "c.yaml")
    assert not canary.exists()


@pytest.mark.parametrize(
    ("written", "rate"),
    [("1e-3", 0.001), ("1E-3", 0.001), ("1", 1.0), (".5", 0.5), ("+2.", 2.0), ("010", 10.0)],
)
def test_numbers_as_people_write_them(written: str, rate: float) -> None:
    config = parse_config(BLOG, overrides=[f"learning_rate={written}"])
    assert config.learning_rate == rate
    assert isinstance(config.learning_rate, float)


@pytest.mark.parametrize("written", ["1:30", "2020-01-01", "0x10", "1_000", "'1'", "yes"])
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(ConfigError, match="learning_rate: got"):
        parse_config(BLOG, overrides=[f"learning_rate={written}"])


def test_overrides_reach_lists_and_new_mappings_and_the_last_one_wins() -> None:
    overrides = [
        "network.layers.0.units=32",
        "network.layers.0.units=64",
        "training.early_stopping.patience=3",
        "optimizer={name: adam, beta1: 0.8}",
        "training.max_iterations=null",
        "training.epochs=2",
    ]
    config = parse_config(BLOG, overrides=overrides)
    assert config.network.layers[0].units == 64
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.patience == 3
    assert config.optimizer.model_dump() == {"name": "adam", "beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}
    assert (config.training.epochs, config.training.max_iterations) == (2, None)


def test_an_override_of_one_use_of_an_alias_leaves_the_other() -> None:
    text = BLOG.replace("- {units: 8, activation: sigmoid}", "- &layer {units: 8, activation: sigmoid}\n    - *layer")
    config = parse_config(text, overrides=["network.layers.0.units=5"])
    assert [layer.units for layer in config.network.layers] == [5, 8, 3]


def test_a_config_is_immutable() -> None:
    config = parse_config(BLOG)
    with pytest.raises(ValidationError):
        config.seed = 3  # type: ignore[misc]
    assert isinstance(hash(config), int)


def test_heavy_packages_stay_out() -> None:
    code = (
        "import sys, ms_dnn.config as c\n"
        f"c.load_config({str(CONFIGS / 'digits.yaml')!r})\n"
        "try: c.parse_config('nam: x')\n"
        "except Exception as error: assert type(error).__name__ == 'ConfigError', error\n"
        "else: raise SystemExit('no error')\n"
        "print([m for m in ('mindspore', 'sklearn', 'scipy', 'matplotlib', 'numpy') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
