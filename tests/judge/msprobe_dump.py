"""Writes a dump as msprobe does (mindstudio-probe 26.2.0): ``dump.json`` and ``dump_tensor_data``."""

import json

import mindspore as ms
import numpy as np
from mindspore import Tensor


def write_dump(folder, calls):
    """Write {call: (arguments, keywords)}; the calls are forward ones, each with an output and a backward call."""
    tensors = folder / "dump_tensor_data"
    tensors.mkdir(parents=True)
    data = {}
    for call, (arguments, keywords) in calls.items():
        backward = call.replace("forward", "backward")
        data[call] = {
            "input_args": [entry(a, tensors, f"{call}.input.{place}") for place, a in enumerate(arguments)],
            "input_kwargs": {key: entry(a, tensors, f"{call}.kwargs.{key}") for key, a in keywords.items()},
            "output": [entry(np.zeros(2, np.float32), tensors, f"{call}.output.0")],
            "parameters": {},
        }
        data[backward] = {"input": [entry(np.ones(2, np.float32), tensors, f"{backward}.input.0")], "output": [None]}
    settings = {"task": "tensor", "level": "mix", "framework": "mindspore", "dump_data_dir": "/where/it/was/written"}
    (folder / "dump.json").write_text(json.dumps({**settings, "data": data}, indent=1))
    return folder


def entry(value, tensors, name):
    """Return what dump.json says of an argument, and write its file where it has one."""
    if isinstance(value, (Tensor, np.ndarray)):
        of_tensor = isinstance(value, Tensor)
        dtype = str(value.dtype) if of_tensor else value.dtype.name.capitalize()
        array = value.astype(ms.float32).asnumpy() if dtype == "BFloat16" else np.asarray(value)
        np.save(tensors / f"{name}.npy", array)
        statistics = {"Max": 0.0, "Min": 0.0, "Mean": 0.0, "Norm": 0.0}
        return {
            "type": "mindspore.Tensor", "dtype": dtype, "shape": list(value.shape), **statistics,
            "data_name": f"{name}.npy",
        }  # fmt: skip
    if isinstance(value, (list, tuple)):
        return [entry(item, tensors, f"{name}.{place}") for place, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: entry(item, tensors, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, slice):
        return {"type": "slice", "value": [value.start, value.stop, value.step]}
    if value is ...:
        return {"type": "ellipsis", "value": "..."}
    if isinstance(value, (type(ms.float32), type(ms.int32))):
        return {"type": "mindspore.dtype", "value": str(value)}
    return value if value is None else {"type": type(value).__name__, "value": value}
