"""``ms-dnn init``: from a stranger's file to a trained and evaluated model, in two commands and without a refusal."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from command import CONFIGS, here, refused

from ms_dnn.config import load_config
from ms_dnn.config.bundled import bundled_configs
from ms_dnn.data.recognizing import recognize

sys.path.append(str(Path(__file__).parents[1] / "data"))
import own_files
import strangers_files

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def done(*arguments):
    process = here(*arguments)
    assert process.returncode == 0, process.stderr
    return process.stdout


def trained_and_evaluated(config, *overrides):
    sets = [f"--set={one}" for one in ("training.epochs=1", "network.layers.0.units=8", *overrides)]
    done("train", config, "--run", "run", *sets)
    return json.loads(done("evaluate", "run", "--json"))


def test_a_strangers_table():
    table = strangers_files.customers()
    table.to_csv("customers.csv", index=False, encoding="gbk")
    shown = done("init", "customers.csv", "--target", "churned")
    assert "customers.csv: 2 classes, 21 inputs; train 84, validation 12, test 24" in shown
    assert "note: '客户号' is left out: it has 120 different texts, such as 'C00000'" in shown
    assert shown.endswith("written: customers.yaml\nnext: ms-dnn train customers.yaml\n")
    data = yaml.safe_load(Path("customers.yaml").read_text("utf-8"))["data"]
    assert data["encoding"] == "gbk"
    assert data["columns"] == {
        "": {"kind": "drop"},
        "客户号": {"kind": "drop"},
        "年龄": {"missing": "indicator"},
        "城市": {"kind": "category", "unseen": "other", "missing": "indicator"},
        "消费": {"kind": "number"},
        "注册日期": {"kind": "date", "missing": "indicator"},
        "会员": {"kind": "number"},
        "邮编": {"kind": "category", "unseen": "other"},
        "兴趣": {"kind": "multi_hot", "unseen": "other", "missing": {"constant": ""}},
    }
    assert trained_and_evaluated("customers.yaml")["samples"] == 24
    new = table.drop(columns="churned").head(3)
    new.to_csv("new.csv", index=False, encoding="utf-8")  # in another encoding than the training data
    assert len(json.loads(done("predict", "run", "new.csv", "--json"))["samples"]) == 3


def test_pictures():
    strangers_files.write_pictures(Path("pictures"))
    assert "pictures: 2 classes, 360 inputs" in done("init", "pictures/")
    assert "image_size: [12, 10]  # most are 12×10; larger is finer, and slower" in Path("pictures.yaml").read_text(
        "utf-8"
    )
    assert trained_and_evaluated("pictures.yaml")["samples"] == 5


def test_idx_files():
    Path("idx").mkdir()
    own_files.write_idx(Path("idx"), compressed=True)
    assert "idx: 10 classes, 12 inputs; train 54, validation 6, test 20" in done("init", "idx")
    assert trained_and_evaluated("idx.yaml")["samples"] == 20


def test_a_table_of_regression_with_decimal_commas():
    table = strangers_files.customers()[["消费", "邮编"]].assign(price=lambda one: 2 * one["消费"] + 1)
    table.to_csv("prices.csv", index=False, sep=";", decimal=",")
    assert "prices.csv: regression, 4 inputs" in done("init", "prices.csv", "--target", "price")
    config = load_config("prices.yaml")
    assert (config.data.decimal, config.loss, config.data.target_scaling) == ("comma", "squared_error", "standard")


@pytest.mark.parametrize("name", ["t.npz", "T.npz", "pair", "pair/x.npy", "t.parquet"])
def test_other_formats(name):
    path = Path(name)
    target = []
    if path.suffix == ".npz":
        own_files.write_npz(
            path, lambda to, x, y: np.savez(to, **({"x": x, "y": y} if name < "a" else {"X": x, "Y": y}))
        )
    elif path.suffix == ".parquet":
        table = strangers_files.customers().drop(columns=["", "年龄"])
        table.assign(注册日期=table["注册日期"].replace("", None).astype("datetime64[s]")).to_parquet(path)
        target = ["--target", "churned"]
    else:
        Path("pair").mkdir()
        own_files.write_pair(Path("pair"))
    shown = done("init", name, *target, "--output", "c.yaml")
    assert f"{name}: 2 classes" in shown
    load_config("c.yaml")


def test_a_mindrecord_is_known_by_its_index():
    for name in ("t", "t.db"):
        Path(name).touch()
    assert recognize(Path("t"), "label").data == {"set": "mindrecord", "file": "t", "target": "label"}


@pytest.mark.campaign
def test_a_mindrecord():
    done("data", "convert", "wine", "wine.mindrecord")
    assert "wine.mindrecord: 3 classes, 13 inputs" in done("init", "wine.mindrecord")
    assert "wine: classification, 178 samples" in done("data", "show", "wine.mindrecord")


def test_a_bundled_configuration_is_copied_and_trained_by_its_name():
    assert done("init", "digits") == "written: digits.yaml\nnext: ms-dnn train digits.yaml\n"
    schema, _, rest = (CONFIGS / "digits.yaml").read_text("utf-8").partition("\n")
    assert schema.startswith("# yaml-language-server")  # which is beside the original alone
    assert Path("digits.yaml").read_text("utf-8") == rest
    assert "exists already, expected a new file" in refused(here("init", "digits"))
    assert load_config("wine") == load_config(CONFIGS / "wine.yaml")
    assert set(bundled_configs()) == {path.stem for path in CONFIGS.glob("*.yaml")}
    assert "wine: classification, 178 samples" in done("data", "show", "wine")
    assert "there is no such file; did you mean the name wine?" in refused(here("train", "wina"))


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        ("a,y\n1,u\n2,v\n", ["t.csv"], "'t.csv': got no --target, expected one of its columns, 'a', 'y'"),
        ("a,Y\n1,u\n2,v\n", ["t.csv", "--target", "y"], "did you mean 'Y'?"),
        ("1,u\n2,v\n", ["t.csv", "--target", "y"], "put a line with the names of the columns above the others"),
        ("a,y\n1,u\n2,\n", ["t.csv", "--target", "y"], "line 3, column 'y' of 't.csv': got an empty cell"),
        ("a,y\n1,u\n2,u\n", ["t.csv", "--target", "y"], "has samples of one class only, 'u'"),
        ("a,y\nx1,u\nx2,u\nx3,v\nx4,v\n", ["t.csv", "--target", "y"], "expected a column beside 'y' to learn from"),
        ("a,a,y\n1,1,u\n", ["t.csv", "--target", "y"], "got the columns 'a' twice"),
        ("", ["t.xlsx"], "save the sheet as CSV"),
        ("", ["digitz"], "did you mean the configuration digits?"),
        ("", ["."], "got a folder with 't.xlsx', expected a CSV or Parquet table"),
    ],
)
def test_what_no_configuration_can_read_is_said_and_nothing_is_written(content, arguments, sentence):
    Path("t.csv" if content else "t.xlsx").write_text(content)
    assert sentence in refused(here("init", *arguments))
    assert not list(Path().glob("*.yaml"))


def test_all_that_no_declaration_cures_is_told_at_once():
    rows = [f"{i % 7 + 0.5},{i},{'uv'[i % 2]}\n" for i in range(20)]
    rows[3], rows[5] = "x1,inf,u\n", "1.5,7,\n"
    Path("t.csv").write_text("a,b,y\n" + "".join(rows))
    message = refused(here("init", "t.csv", "--target", "y"))
    assert message.startswith(
        "'t.csv': got 3 problems, expected none:\n  line 5, column 'a' of 't.csv': got the text 'x1'"
    )
    assert "line 5, column 'b' of 't.csv': got 'inf', expected a finite number" in message
    assert "line 7, column 'y' of 't.csv': got an empty cell" in message


def test_show_a_table_before_anything_is_predicted():
    strangers_files.customers().to_csv("customers.csv", index=False, encoding="gbk")
    shown = done("data", "show", "customers.csv")
    assert "customers.csv: 120 rows, 10 columns" in shown
    assert "encoded as gbk, separated by comma" in shown
    assert any(line.split()[:2] == ["注册日期", "date"] for line in shown.splitlines())
    overview = json.loads(done("data", "show", "customers.csv", "--json"))
    assert overview["columns"][2] == {
        "name": "年龄",
        "kind": "number",
        "seen": overview["columns"][2]["seen"],
        "missing": 8,
    }
    assert "classification, 120 samples" in done("data", "show", "customers.csv", "--target", "churned")
    assert "this is a data file" in refused(
        here("data", "show", "customers.csv", "--target", "churned", "--set", "seed=1")
    )
    assert "a configuration names its own" in refused(here("data", "show", "wine", "--target", "y"))


def test_show_a_folder():
    strangers_files.write_pictures(Path("pictures"))
    shown = done("data", "show", "pictures")
    assert "images: classification, 24 samples, 360 features, pictures of 12×10×3" in shown
    assert "note: the samples stand in the order of their targets" in shown
