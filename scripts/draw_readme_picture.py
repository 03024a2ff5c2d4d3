"""docs/images/fail.svg: what the judge says of a network whose second layer does not divide dW by N.

``python scripts/draw_readme_picture.py [FILE]`` judges it and draws the report as a terminal shows it.
"""

import io
import re
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor
from rich.console import Console

import ms_dnn
from ms_dnn.judge.judgement import Judgement
from ms_dnn.presentation.document import print_blocks

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "fail.svg"
SAMPLES = 32


class SumsOverTheBatch(ms_dnn.Dense):
    """A dense layer whose dW is N times too large."""

    def backward(self, cache: tuple[Tensor, ...], da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return dx and the wrong gradients."""
        dx, (dW, db) = super().backward(cache, da)
        return dx, (dW * Tensor(SAMPLES, dW.dtype), db)


def judged() -> Judgement:
    """Return the judgement of the network on random samples, the same in every run but for its seconds."""
    ms_dnn.use_device("CPU")
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape) / np.sqrt(shape[1]) for shape in ((16, 8), (16, 16), (3, 16))]
    kinds = ((ms_dnn.Dense, "tanh"), (SumsOverTheBatch, "relu"), (ms_dnn.Dense, "identity"))
    layers = [kind(W, np.zeros(len(W)), name) for W, (kind, name) in zip(weights, kinds, strict=True)]
    x = Tensor(random.normal(size=(SAMPLES, 8)), ms.float64)
    y = Tensor(np.eye(3)[random.integers(0, 3, SAMPLES)], ms.float64)
    return ms_dnn.check_gradients(ms_dnn.DNN(layers), x, ms_dnn.Cost("softmax_cross_entropy"), (y,))


def main() -> None:
    """Draw the picture."""
    console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    print_blocks(console, judged().blocks())
    svg = console.export_svg(title="ms-dnn check", unique_id="fail")
    # The reader's own monospaced font, in place of one that rich would load from elsewhere.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
