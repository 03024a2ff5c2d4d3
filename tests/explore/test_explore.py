"""The page of `ms-dnn explore` as a file: what is in it, and what is refused. A browser looks at it in tests/site."""

import base64
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.cli.main import main
from ms_dnn.config.network_section import Activation
from ms_dnn.config.schema import Loss
from ms_dnn.errors import ConfigError, GradientError
from ms_dnn.explore import routes
from ms_dnn.explore.routes import cost_of, gradients_of, network_of
from ms_dnn.explore.subject import subject_of
from ms_dnn.explore.writing import FOLDER, MODULES, explore_html, packed, script
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.series import pencil

ROOT = Path(__file__).parents[2]
SMALL = ["network.layers.0.units=5", "training.batch_size=16"]


def unpacked(array):
    bytes_ = np.frombuffer(zlib.decompress(base64.b64decode(array["planes"])), np.uint8)
    width = np.dtype(array["dtype"]).itemsize
    return np.ascontiguousarray(bytes_.reshape(width, -1).T).view(array["dtype"]).ravel()


def facts_in(page):
    return json.loads(re.search(r'<script type="application/json" id="subject">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture(scope="module")
def shallow(cpu):
    return subject_of("shallow", [*SMALL, "penalty={l1: 0.01, l2: 0.1, biases: true}"], None, 20)


@pytest.fixture(scope="module")
def page(cpu):
    subject = subject_of(None, [], None, None)
    return explore_html(subject, gradients_of(subject))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_packed_numbers_keep_every_bit(dtype):
    numbers = np.random.default_rng(0).normal(size=(7, 3)).astype(dtype)
    assert np.array_equal(unpacked(packed(numbers, dtype)), numbers.ravel())


def test_the_page_has_the_network_and_its_gradients(page):
    facts = facts_in(page)
    assert np.array_equal(unpacked(facts["layers"][0]["W"]), np.ravel(pencil.WEIGHTS[0]))
    assert len(facts["stored"]["places"]) == len(unpacked(facts["stored"]["handwritten"])) == 9
    assert facts["checks"]["routes"] < 1e-14
    assert facts["checks"]["blog"] < 1e-14


def test_the_page_loads_nothing(page):
    assert "default-src 'none'" in page
    assert re.findall(r"(?:src|href)=[\"']?(?!data:)[a-z]+:", page) == []
    assert re.search(r"\b(?:import|fetch|XMLHttpRequest|eval)\b\s*[({*]", script(MODULES)) is None


def test_the_modules_are_one_script_without_a_name_twice():
    names = re.findall(r"^(?:async )?(?:const|let|function|class) (\w+)", script(MODULES), re.MULTILINE)
    assert [name for name in set(names) if names.count(name) > 1] == []
    assert re.findall(r"^(?:import|export)\b", script(MODULES), re.MULTILINE) == []
    assert {path.stem for path in FOLDER.glob("*.js")} == set(MODULES)


def test_a_module_uses_only_those_before_it():
    for place, name in enumerate(MODULES):
        used = re.findall(r'from "\./(\w+)\.js"', (FOLDER / f"{name}.js").read_text(encoding="utf-8"))
        assert set(used) <= set(MODULES[:place])


@pytest.mark.parametrize("module", ["arithmetic", "complex", "formulas"])
def test_the_page_knows_every_activation_and_loss(module):
    names = {*get_args(Activation), *get_args(Loss)} - {"sign"}
    if module == "complex":  # both mix their entries, and are functions of their own there
        names -= {"softmax", "softmax_cross_entropy"}
    source = (FOLDER / f"{module}.js").read_text(encoding="utf-8")
    assert names - set(re.findall(r"^  (\w+): ", source, re.MULTILINE)) == set()


def test_every_word_is_there_in_both_languages():
    source = (FOLDER / "words.js").read_text(encoding="utf-8")
    words = dict(re.findall(r'^  (\w+): \[\s*("(?:[^"\\]|\\.)*",\s*"(?:[^"\\]|\\.)*"),?\s*\]', source, re.MULTILINE))
    assert len(words) == len(re.findall(r"^  \w+: \[", source, re.MULTILINE))
    for key, both in words.items():
        english, chinese = json.loads(f"[{both}]")
        assert set(re.findall(r"\{\d\}", english)) == set(re.findall(r"\{\d\}", chinese)), key
    others = "".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in MODULES if name != "words")
    asked = re.findall(r'data-(?:word|label)="(\w+)"', (FOLDER / "page.html").read_text(encoding="utf-8"))
    asked += re.findall(r'\bsay\("(\w+)"', others) + re.findall(r'word: "(\w+)"', others)
    faults = re.findall(r'\bid: "(\w)(\w+)"', (FOLDER / "faults.js").read_text(encoding="utf-8"))
    asked += [f"fault{first.upper()}{rest}" for first, rest in faults]
    assert set(asked) - set(words) == set()


def test_the_lines_of_the_package_stand_where_the_page_says(page):
    for name, lines in facts_in(page)["code"].items():
        assert len(lines) == 2, name
        for one in lines:
            source = (ROOT / one["path"]).read_text(encoding="utf-8").splitlines()
            assert source[one["line"] - 1].strip() == one["text"], name


def test_a_configuration_is_explored_with_its_cost(shallow):
    found = gradients_of(shallow)
    network, cost = network_of(shallow, "float64"), cost_of(shallow)
    J, gradients = HandwrittenGradient(network, cost)(Tensor(shallow.x), Tensor(shallow.y))
    assert found.count == len(shallow.x) == 20
    assert np.isfinite(J.asnumpy())
    for kept, gradient in zip(found.handwritten, gradients, strict=True):
        assert np.array_equal(kept, gradient.asnumpy().ravel())
    assert found.from_blog < 1e-13


def test_large_networks_keep_some_numbers_of_each_gradient(cpu):
    subject = subject_of("shallow", ["network.layers.0.units=400", "training.class_weight=balanced"], None, 12)
    found = gradients_of(subject)
    assert sum(len(kept) for kept in found.handwritten) <= routes.MOST_KEPT
    assert all(place.max() < parameter.size for place, parameter in zip(
        found.places, [one for pair in zip(subject.weights, subject.biases, strict=True) for one in pair], strict=True
    ))  # fmt: skip


def test_gradients_that_disagree_are_not_written(shallow, monkeypatch):
    monkeypatch.setattr(
        routes.blog, "sample_gradients", lambda w, b, *_: [(0 * m, 0 * v) for m, v in zip(w, b, strict=True)]
    )
    with pytest.raises(GradientError, match=r"gradients/blog.py differ by .*, so nothing was written"):
        gradients_of(shallow)


def test_gradients_that_cancel_are_written(shallow):
    saturated = replace(shallow, weights=tuple(1000 * w for w in shallow.weights))
    assert gradients_of(saturated).from_blog < 1e-13


def test_a_normalised_network_is_refused(cpu):
    with pytest.raises(ConfigError, match=r"layers.0.normalization: got batch, expected none"):
        subject_of("digits_regularized", [], None, None)


def test_dropout_is_left_out(cpu):
    subject = subject_of("shallow", ["network.layers.0.dropout=0.5"], None, 9)
    assert subject.dropout
    assert len(subject.weights) == 2


def test_the_command_writes_the_page(cpu, tmp_path, capsys):
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit) as ended:
        main(["explore", "--output", str(page), "--language", "zh-CN", "--no-open"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"explore: {page}\n"
    assert '<html lang="zh-CN">' in page.read_text(encoding="utf-8")
