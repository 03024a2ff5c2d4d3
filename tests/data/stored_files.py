"""Sets converted by the real command's function from an npz archive, and experiments on them."""

import numpy as np
import pytest
import yaml

from ms_dnn.config import parse_config
from ms_dnn.data import Source, converting
from ms_dnn.data.formats import mindrecord
from ms_dnn.data.formats.mindrecord_process import write_arrays, write_mindrecord
from ms_dnn.experiment.source import source_of

OUTPUT = {"npy": "set.npy", "mindrecord": "set.mindrecord"}


def experiment_text(data, outputs=3, **training):
    values = {
        "name": "stored",
        "data": data,
        "network": {"layers": [{"units": 5, "activation": "tanh"}, {"units": outputs, "activation": "identity"}]},
        "loss": "softmax_cross_entropy" if outputs > 1 else "squared_error",
        "optimizer": {"name": "adam"},
        "learning_rate": 0.01,
        "training": {"batch_size": 7, "epochs": 3, **training},
        "device": "CPU",
    }
    return yaml.safe_dump(values)


def experiment(data, outputs=3, **training):
    return parse_config(experiment_text(data, outputs, **training), "stored")


def classes(samples=120, features=6, whole=True):
    random = np.random.default_rng(0)
    y = np.arange(samples) % 3
    x = random.integers(0, 200, (samples, features)) + 20 * y[:, None]
    return x.astype(np.float64) if whole else x + random.random((samples, features)), y


def numbers(samples=50, features=4):
    random = np.random.default_rng(1)
    x = random.normal(0, 1e3, (samples, features))
    x[0, :3] = -0.0, 5e-324, 1.7e308
    return x, x[:, 1] / 7


def convert(folder, kind, x, y):
    np.savez(folder / "source.npz", x=x, y=y)
    config = experiment({"set": "npz", "file": str(folder / "source.npz")}, 1 if y.dtype.kind == "f" else 3)
    with pytest.MonkeyPatch.context() as patch:
        # In this process, where MindSpore is loaded; the tests of the command have one of their own.
        patch.setattr(converting, "_run_writer", write_mindrecord)
        patch.setattr(mindrecord, "_write_arrays", read_here)
        notes = converting.convert_data(source_of(config), folder / OUTPUT[kind], kind)
    return source(folder, kind), notes


def source(folder, kind, stream=False):
    return Source(kind, file=folder / OUTPUT[kind], folder=folder / OUTPUT[kind], stream=stream)


def data_section(folder, kind, **more):
    return {"set": kind, ("file" if kind == "mindrecord" else "folder"): str(folder / OUTPUT[kind]), **more}


def read_here(source, folder):
    """Read a whole MindRecord in this process; damaged ones need one of their own."""
    write_arrays(source.file, folder, source.target or "y", source.stream, source.drop)
