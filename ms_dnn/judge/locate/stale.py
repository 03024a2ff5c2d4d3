"""What MindSpore keeps in PyNative from an earlier gradient of the process, asked where its differentiation is off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops

from ms_dnn.judge.judgement import STALE, Finding, TensorJudgement
from ms_dnn.judge.routes.base import COMPILED, GRAD_OPERATION, GradientRoute, family
from ms_dnn.judge.routes.tensors import FLOATS

MOST_AXES = 4


def stale_softmax(routes: Sequence[GradientRoute], tensors: Sequence[TensorJudgement]) -> Iterator[Finding]:
    """Name MindSpore's differentiation where differences contradict it and its softmax has lost its sum."""
    for route in routes:
        of_mindspore = family(route.name) == GRAD_OPERATION and not route.name.endswith(COMPILED)
        off = (
            pair.first == route.name and pair.by == "directions" and not pair.within
            for tensor in tensors
            for pair in tensor.pairs
        )
        if of_mindspore and any(off) and _is_stale(route.dtype):
            message = (
                f"{route.name}: MindSpore's softmax has a wrong derivative in this process, in PyNative and "
                f"{route.dtype}: after one gradient over a single element, as of one unit, it leaves out the sum in "
                "all later ones (2.10); compiled it is right, and so is a process whose first softmax has two elements"
            )
            yield Finding(STALE, "note", route.name, None, message)


def _is_stale(dtype: str) -> bool:
    """Return whether some softmax over two elements has the derivative a (da − a da) in place of a (da − Σ a da).

    MindSpore keeps one derivative for each number of axes and each axis.
    """
    for axes in range(1, MOST_AXES + 1):
        for axis in range(-axes, axes):
            shape = np.ones(axes, dtype=int)
            shape[axis] = 2
            z = Tensor(np.zeros(shape), FLOATS[dtype])
            da = Tensor(np.array([1.0, 0.0]).reshape(shape), FLOATS[dtype])
            dz = ms.grad(lambda z, da, axis=axis: (ops.softmax(z, axis) * da).sum())(z, da)
            if float(dz.asnumpy().ravel()[1]) == 0.0:  # right is −1/4
                return True
    return False
