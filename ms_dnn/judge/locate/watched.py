"""What a forward pass calls on its way that no derivative follows, found by watching it: where, and by what name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import mindspore as ms
from mindspore import Tensor

from ms_dnn.judge.judgement import DETOUR, IN_PLACE, STOP, Finding
from ms_dnn.judge.routes.subject import Subject

MINDSPORE = str(Path(ms.__file__).parent)
NAMES = {
    **dict.fromkeys(("asnumpy", "__array__", "item", "tolist", "numpy"), DETOUR),
    **dict.fromkeys(("stop_gradient", "detach"), STOP),
}
MESSAGES = {
    DETOUR: "the forward pass leaves MindSpore at {} ({}): what comes back is a constant to differentiation, and the "
    "gradient through it is silently lost; compute with mindspore.ops, or give the Cell a bprop",
    STOP: "the gradient is stopped at {} ({}): differences do not stop there; to judge the rest, take what is stopped "
    "as an input, with wrt without it",
    IN_PLACE: "a Tensor is changed in place at {} ({}): MindSpore differentiates the value from before in one mode and "
    "from after in another; compute a new one",
}


def watched(subject: Subject) -> list[Finding]:
    """Find where the forward pass leaves MindSpore, stops a gradient, or changes a Tensor in place."""
    places: dict[tuple[str, str], str] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            name, caller, owner = getattr(argument, "__name__", ""), frame, getattr(argument, "__self__", None)
        elif event == "call" and frame.f_back is not None:
            name, caller = frame.f_code.co_name, frame.f_back
            owner = next(iter(frame.f_locals.values()), None)  # self of a method, the first argument of a function
        else:
            return
        kind = NAMES.get(name) or (IN_PLACE if _is_in_place(name) else None)
        if kind and isinstance(owner, Tensor) and not caller.f_code.co_filename.startswith(MINDSPORE):
            places.setdefault((kind, f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"), name)

    _profiled(watch, subject.outputs)
    return [
        Finding(kind, "warning" if kind == DETOUR else "note", "all", None, MESSAGES[kind].format(place, name))
        for (kind, place), name in places.items()
    ]


def _is_in_place(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _profiled(watch: Callable[[FrameType, str, Any], None], call: Callable[[], Any]) -> None:
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(before)
