"""A program that predicts the rows of a CSV file with the model file and its facts, without ms-dnn."""

from pathlib import Path
from typing import Any

from ms_dnn.export.destination import Destination
from ms_dnn.features.columns import Features


def usage(facts: dict[str, Any], features: Features, files: Destination) -> str:
    """Return the program. Where features are more than scaled numbers, it leaves the encoding of rows to the reader."""
    onnx = files.file_format == "onnx"
    imports = ["onnxruntime" if onnx else "mindspore"]
    if features.invertible:
        imports.append("numpy as np")
    return "\n".join(
        [
            *(["import csv"] if features.invertible else []),
            "import json",
            "from pathlib import Path",
            "",
            *(f"import {name}" for name in sorted(imports)),
            "",
            f'facts = json.loads(Path({str(files.facts)!r}).read_text("utf-8"))',
            *_input(features),
            *_outputs(onnx, files.model),
            *_predictions(facts),
            'print(*predictions, sep="\\n")',
        ]
    )


def _input(features: Features) -> list[str]:
    if not features.invertible:
        return ['x = ...  # (N, I): rows encoded as facts["features"] says, in the order of facts["input"]["order"]']
    filled = any(column.fill is not None for column in features.columns)
    cell = 'row[c["column"]]' + (' or c["fill"]' if filled else "")
    return [
        'columns = facts["features"]["columns"]',
        'rows = csv.DictReader(Path("rows.csv").read_text("utf-8").splitlines())',
        f'x = [[(float({cell}) - c["offset"]) / c["scale"] for c in columns] for row in rows]',
        'x = np.array(x, facts["input"]["dtype"])',
    ]


def _outputs(onnx: bool, model: Path) -> list[str]:
    if onnx:
        return [f"session = onnxruntime.InferenceSession({str(model)!r})", 'outputs = session.run(None, {"x": x})[0]']
    return [
        f"model = mindspore.nn.GraphCell(mindspore.load({str(model)!r}))",
        "outputs = model(mindspore.Tensor(x)).asnumpy()",
    ]


def _predictions(facts: dict[str, Any]) -> list[str]:
    if facts["target_scaling"] is not None:
        return ['targets = facts["target_scaling"]', 'predictions = outputs * targets["scale"] + targets["offset"]']
    if "threshold" in facts["answer"]:
        return [
            'above = outputs[:, 0] > facts["answer"]["threshold"]',
            'predictions = [facts["class_names"][int(second)] for second in above]',
        ]
    return ['predictions = [facts["class_names"][number] for number in outputs.argmax(axis=1)]']
