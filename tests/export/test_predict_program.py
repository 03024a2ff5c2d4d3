"""What the program beside an exported model makes of files, against the features of the package."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ms_dnn.config import parse_config
from ms_dnn.config.columns_section import CategoryColumn, DateColumn, MultiHotColumn, NumberColumn
from ms_dnn.data.formats.images import read_images
from ms_dnn.data.tables.declared import read_declared_table
from ms_dnn.data.tables.dialect import Dialect
from ms_dnn.export import predict_program
from ms_dnn.export.facts import _table
from ms_dnn.features.columns import Features, fit_features
from ms_dnn.features.fitted import FittedNumber
from ms_dnn.features.stored import features_to_json

ROWS = """\
grösse;gewicht;wann;wo;was;mitglied
1,5;1.234,5;31.01.2024;München;a,b;True
;-2;01.02.2023;None;;False
2;1e3;15.03.2024;NA;b;true
−3;7;;Köln;c,zz;False
"""
DECLARED = {
    "wann": DateColumn(kind="date", format="%d.%m.%Y", missing="mean"),
    "wo": CategoryColumn(kind="category", categories=("Köln", "München", "None"), unseen="other", missing="indicator"),
    "was": MultiHotColumn(kind="multi_hot", separator=",", missing={"constant": ""}, unseen="ignore"),
    "grösse": NumberColumn(missing="indicator"),
}
CONFIG = """\
name: t
data: {{set: csv, file: t.csv, target: y, encoding: {}, delimiter: {}, decimal: comma}}
network: {{layers: [{{units: 1, activation: identity}}]}}
loss: squared_error
optimizer: {{name: adam}}
learning_rate: 0.1
training: {{batch_size: 2, epochs: 1}}
"""


def facts_of(features, config):
    return {"features": json.loads(features_to_json(features)), "table": _table(config), "picture": None}


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", "auto"), ("cp1252", "semicolon")])
def test_a_table_of_every_kind_is_encoded_as_in_training(tmp_path, encoding, delimiter):
    path = tmp_path / "t.csv"
    path.write_bytes(ROWS.replace("−", "-").encode(encoding))
    config = parse_config(CONFIG.format(encoding, delimiter), "c.yaml")
    names = ["grösse", "gewicht", "wann", "wo", "was", "mitglied"]
    declared = {name: DECLARED.get(name, NumberColumn()) for name in names}
    frame = read_declared_table(path, declared, "y", (), Dialect(encoding, delimiter, "comma"))[0].x
    features = fit_features(frame, "standard", declared)
    found = predict_program.encoded(path, facts_of(features, config))
    np.testing.assert_allclose(found, features.apply(frame), rtol=1e-12, atol=1e-12)
    assert {"grösse=(missing)", "wo=(other)", "wo=(missing)", "wann.weekday"} <= set(features.names)


def test_parquet_and_arrays(tmp_path):
    features = Features(
        tuple(
            FittedNumber(column=name, missing="error", scaling="standard", offset=offset, scale=2.0, fill=None)
            for name, offset in (("b", 0.5), ("a", -1.0))
        )
    )
    facts = facts_of(features, parse_config(CONFIG.format("auto", "auto").replace("comma}", "plain}"), "c.yaml"))
    x = np.array([[1.5, 2.0], [3.0, -4.25]])
    pd.DataFrame({"a": x[:, 1], "b": x[:, 0], "more": ["u", "v"]}).to_parquet(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", x=x)
    np.save(tmp_path / "t.npy", x)
    np.savetxt(tmp_path / "t.csv", x, delimiter=",")  # without a header
    for name in ("t.parquet", "t.npz", "t.npy", "t.csv"):
        np.testing.assert_array_equal(predict_program.encoded(tmp_path / name, facts), features.apply(x), err_msg=name)


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
def test_a_picture_is_what_it_was_in_training(tmp_path, shape, mode):
    random = np.random.default_rng(0)
    if mode == "I;16":
        picture = Image.fromarray(random.integers(0, 65536, (16, 18)).astype(np.uint16))
    else:
        picture = Image.fromarray(random.integers(0, 256, (16, 18, 3), np.uint8)).convert(mode)
    picture.save(tmp_path / "p.png")
    expected = read_images([tmp_path / "p.png"], int(np.prod(shape)), shape, (0.0, 16.0)).x[0]
    found = predict_program.picture_in(tmp_path / "p.png", {"shape": list(shape), "range": [0.0, 16.0]})
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_transparent_parts_are_white_as_in_training_or_refused(tmp_path):
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (16, 18, 4), np.uint8)).save(tmp_path / "p.png")
    for shape in ((8, 6, 1), (8, 6, 3)):
        expected = read_images([tmp_path / "p.png"], int(np.prod(shape)), shape, (0.0, 1.0)).x[0]
        found = predict_program.picture_in(tmp_path / "p.png", {"shape": list(shape), "range": [0.0, 1.0]})
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    with pytest.raises(SystemExit, match=r"predict\.py: p\.png is transparent in places, expected a ground"):
        predict_program.picture_in(tmp_path / "p.png", {"shape": [8, 6], "range": [0.0, 1.0]})


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("x", "column 'a' has 'x', expected a number: correct it"),
        ("inf", "column 'a' has 'inf', expected a number: correct it"),
        ("1_0", "column 'a' has '1_0', expected a number: correct it"),
        ("", "column 'a' has a missing cell, expected a value: fill it in"),
    ],
)
def test_a_wrong_cell_is_one_sentence(tmp_path, cell, sentence):
    fitted = FittedNumber(column="a", missing="error", scaling="none", offset=0.0, scale=1.0, fill=None)
    facts = facts_of(Features((fitted,)), parse_config(CONFIG.format("auto", "comma"), "c.yaml"))
    (tmp_path / "t.csv").write_text(f"a,b\n{cell},1\n")
    with pytest.raises(SystemExit, match=sentence):
        predict_program.encoded(tmp_path / "t.csv", facts)


def test_one_model_is_found_and_two_are_asked_about(tmp_path):
    for name in ("a.onnx", "a.onnx.json", "b.mindir"):
        (tmp_path / name).touch()
    assert predict_program.only_model(tmp_path).name == "a.onnx"
    (tmp_path / "b.mindir.json").touch()
    with pytest.raises(SystemExit, match="2 models are beside this program, expected one: name it with --model"):
        predict_program.only_model(tmp_path)
