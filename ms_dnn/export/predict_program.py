"""Predict with a model that ms-dnn exported, without ms-dnn.

    python predict.py FILE [FILE ...] [--model model.onnx]

A FILE is a table (.csv, .tsv, .parquet) with the columns of the training data in any order, arrays (.npz with x,
.npy), or a picture. The answers are printed, one a line. The model stands beside this program, and so does its .json,
which says what goes in and what comes out. Needed: NumPy; onnxruntime for .onnx, MindSpore for .mindir; pandas for
tables; Pillow for pictures.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

TABLES = (".csv", ".tsv", ".txt", ".parquet")
ARRAYS = (".npz", ".npy")
OFFSET = re.compile(r"([ T]\d.*\d)(?:Z|[+-]\d\d:?\d\d)$")


def main() -> None:
    """Print one answer a sample."""
    parser = argparse.ArgumentParser(description="Predict with an exported model.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="tables, arrays or pictures")
    parser.add_argument("--model", type=Path, help="the model file; else the one beside this program")
    options = parser.parse_args()
    model = options.model or only_model(Path(__file__).parent)
    facts = json.loads(Path(f"{model}.json").read_text("utf-8"))
    x = np.concatenate([encoded(file, facts) for file in options.files]).astype(facts["input"]["dtype"])
    print(*answers(outputs_of(model, x), facts), sep="\n")


def only_model(folder: Path) -> Path:
    """Return the model beside this program."""
    models = [path for path in sorted(folder.iterdir()) if path.suffix in (".onnx", ".mindir")]
    models = [path for path in models if Path(f"{path}.json").is_file()]
    if len(models) != 1:
        sys.exit(f"predict.py: {len(models)} models are beside this program, expected one: name it with --model")
    return models[0]


def outputs_of(model: Path, x: Any) -> Any:
    """Return the outputs (N, O) of the model for x (N, I)."""
    if model.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        return session.run(None, {"x": x})[0]
    import mindspore

    return mindspore.nn.GraphCell(mindspore.load(str(model)))(mindspore.Tensor(x)).asnumpy()


def answers(outputs: Any, facts: dict[str, Any]) -> Sequence[Any]:
    """Return a class name, or numbers in the unit of the targets, for each row of outputs (N, O)."""
    if facts["answer"]["rule"].startswith("output"):
        targets = facts["target_scaling"] or {"scale": 1.0, "offset": 0.0}
        return [" ".join(map(str, row)) for row in (outputs * targets["scale"] + targets["offset"]).tolist()]
    if "threshold" in facts["answer"]:
        return [facts["class_names"][int(second)] for second in outputs[:, 0] > facts["answer"]["threshold"]]
    return [facts["class_names"][number] for number in outputs.argmax(axis=1)]


# From a file to what the model takes ---------------------------------------------------------------------------


def encoded(path: Path, facts: dict[str, Any]) -> Any:
    """Return the samples of a file as the model takes them, (N, I) float64."""
    columns = facts["features"]["columns"]
    if path.suffix in TABLES:
        table = table_in(path, facts["table"], [column["column"] for column in columns])
        return np.column_stack([of_cells(table[column["column"]], column, facts["table"]) for column in columns])
    if path.suffix in ARRAYS:
        loaded = np.load(path)
        x = loaded if path.suffix == ".npy" else loaded["x"]
        numbers = np.asarray(x, np.float64).reshape(len(x), len(columns))
    else:
        numbers = picture_in(path, facts["picture"])[np.newaxis]
    return (numbers - [column["offset"] for column in columns]) / [column["scale"] for column in columns]


def picture_in(path: Path, like: dict[str, Any] | None) -> Any:
    """Return a picture as the training pictures were, flattened."""
    from PIL import Image, ImageOps

    if like is None:
        sys.exit(f"predict.py: got {path.name}, but the model was not trained on pictures: give a table or arrays")
    height, width, *channels = like["shape"]
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.has_transparency_data:
        layers = picture.convert("RGBA")
        if not channels and np.asarray(layers.getchannel("A")).min() < 255:
            sys.exit(
                f"predict.py: {path.name} is transparent in places, expected a ground: save it without transparency"
            )
        picture = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)
    if picture.mode.startswith("I"):  # 16 bits
        planes = np.asarray(picture, np.float32)[..., np.newaxis] / np.float32(65535)
        planes = np.repeat(planes, channels[0] if channels else 1, axis=-1)
    else:
        grey = channels in ([], [1])
        planes = np.asarray(picture.convert("L" if grey else "RGB"), np.float32) / np.float32(255)
        planes = planes.reshape(*planes.shape[:2], -1)
    small = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), Image.Resampling.BOX))
        for plane in np.moveaxis(planes, -1, 0)
    ]
    black, white = like["range"]
    return black + (white - black) * np.stack(small, axis=-1).astype(np.float64).clip(0.0, 1.0).ravel()


def table_in(path: Path, written: dict[str, Any], names: list[str]) -> Any:
    """Return the cells of a table as texts, under the names of the features."""
    import pandas as pd

    if path.suffix == ".parquet":
        table = pd.read_parquet(path).astype(str)
    else:
        encoding = "utf-8-sig" if written["encoding"] == "auto" else written["encoding"]
        text = {"dtype": str, "keep_default_na": False, "encoding": encoding}
        table = pd.read_csv(path, sep=written["delimiter"], engine="python", **text)
        if not set(table) & set(names) and table.shape[1] == len(names):  # no header
            table = pd.read_csv(path, sep=written["delimiter"], engine="python", header=None, names=names, **text)
    lacking = [name for name in names if name not in table]
    if lacking:
        sys.exit(f"predict.py: {path.name} has no column {lacking[0]!r}, expected the columns of the training data")
    return table


def of_cells(cells: Any, column: dict[str, Any], written: dict[str, Any]) -> Any:
    """Return the features (N, F) of the cells (N,) of one column."""
    words = [cell.strip() for cell in cells]
    named = column.get("categories", ())
    empty = np.array([word.lower() in written["missing"] and word not in named for word in words])
    if empty.any() and column["missing"] == "error":
        sys.exit(f"predict.py: column {column['column']!r} has a missing cell, expected a value: fill it in")
    filled = [column["fill"] if lost else word for lost, word in zip(empty, words, strict=True)]
    if column["kind"] in ("category", "multi_hot"):
        return of_texts(filled, column)
    features = numbers_in(filled, column, written) if column["kind"] == "number" else dates_in(filled, column)
    scaled = (features - np.array(column["offset"])) / np.array(column["scale"])
    return np.column_stack([scaled, empty]) if column["missing"] == "indicator" else scaled


def numbers_in(words: list[Any], column: dict[str, Any], written: dict[str, Any]) -> Any:
    """Return numbers (N, 1)."""
    thousands, sign = {"plain": ("", "."), "point": (",", "."), "comma": (".", ",")}[written["decimal"]]
    unit = column.get("unit", "")

    def number(word: Any) -> float:
        if not isinstance(word, str):
            return float(word)
        if word.lower() in ("true", "false"):
            return float(word.lower() == "true")
        plain = word
        if unit:
            sign_of, rest = (word[:1], word[1:].strip()) if word[:1] in "+-\N{MINUS SIGN}" else ("", word)
            bare = rest.removeprefix(unit) if rest.startswith(unit) else rest.removesuffix(unit)
            plain = sign_of + bare.strip() if bare != rest else "no number"
        if thousands:
            plain = re.sub(rf"[{thousands} \u00a0\u202f'’](?=\d)", "", plain)
        try:
            found = float(plain.replace(sign, ".").replace("\N{MINUS SIGN}", "-"))
        except ValueError:
            found = np.nan
        if "_" in word or not np.isfinite(found):
            sys.exit(f"predict.py: column {column['column']!r} has {word!r}, expected a number: correct it")
        return found

    return np.array([[number(word)] for word in words])


def dates_in(words: list[str], column: dict[str, Any]) -> Any:
    """Return the parts of dates, (N, P)."""
    import pandas as pd

    form = column["format"]
    parts = []
    for word in words:
        given = form if form and word != column["fill"] else "ISO8601"
        time = pd.to_datetime(OFFSET.sub(r"\1", word), format=given, errors="coerce")
        if time is pd.NaT:
            sys.exit(f"predict.py: column {column['column']!r} has {word!r}, expected a date: correct it")
        parts.append([float(time.weekday() if part == "weekday" else getattr(time, part)) for part in column["parts"]])
    return np.array(parts)


def of_texts(cells: list[Any], column: dict[str, Any]) -> Any:
    """Return 1 for each category that a cell has, or the number of its category."""
    other, missing = "(other)", "(missing)"
    categories = [*column["categories"]]
    categories += [other] * (column["unseen"] == "other") + [missing] * (column["missing"] == "indicator")
    features = np.zeros((len(cells), len(categories)))
    for row, cell in zip(features, cells, strict=True):
        words = [cell] if column["kind"] == "category" else [part.strip() for part in cell.split(column["separator"])]
        for word in filter(None, words):
            if word in categories:
                row[categories.index(word)] = 1
            elif column["unseen"] == "other":
                row[categories.index(other)] = 1
            elif column["unseen"] == "error":
                known = ", ".join(map(repr, column["categories"][:5]))
                sys.exit(f"predict.py: column {column['column']!r} has {word!r}, expected one of {known}: correct it")
    return features.argmax(axis=1)[:, np.newaxis] if column.get("encoding") == "integer" else features


if __name__ == "__main__":
    main()
