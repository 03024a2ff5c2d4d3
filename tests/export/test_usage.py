"""The rows that the printed program reads, against the features of the package."""

import numpy as np

from ms_dnn.export.destination import Destination
from ms_dnn.export.facts import facts_to_json
from ms_dnn.export.usage import usage
from ms_dnn.features.columns import Features
from ms_dnn.features.fitted import FittedNumber


def number(name, missing, fill):
    return FittedNumber(column=name, missing=missing, scaling="standard", offset=0.1, scale=3.0, fill=fill)


def test_empty_cells_become_what_the_run_makes_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    features = Features((number("b", "mean", 5.25), number("a", "error", None), number("c", "constant", 0.0)))
    (tmp_path / "rows.csv").write_text("a,b,c,other\n1.5,,,x\n-2,1e3,7,\n")
    facts = {"input": {"dtype": "float32"}, "target_scaling": None, "answer": {}, "features": {}}
    files = Destination("onnx", tmp_path / "m.onnx", tmp_path / "m.onnx.json")
    files.facts.write_text(facts_to_json(facts, features))
    until_the_model = usage(facts, features, files).partition("session =")[0]
    variables = {}
    exec(until_the_model.replace("import onnxruntime\n", ""), variables)
    expected = features.apply([[np.nan, 1.5, np.nan], [1e3, -2, 7]]).astype(np.float32)
    assert variables["x"].dtype == np.float32
    assert (variables["x"] == expected).all()
