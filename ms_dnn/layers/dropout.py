"""The dropout layer: while training, each number is dropped with probability p, the others divided by 1 − p."""

from mindspore import Parameter, Tensor
from mindspore import dtype as mstype

from ms_dnn.errors import ConfigError
from ms_dnn.layers.layer import Layer, OnnxGraph, Plain
from ms_dnn.maths.dropout import keep_factors, threshold_and_scale
from ms_dnn.runtime.distributed import ALONE, Workers


class Dropout(Layer):
    """a = x ⊙ mask / (1 − p) in :meth:`forward`, a = x in prediction.

    The mask is a function of the key, of the training step and of the place in the batch: see
    :mod:`ms_dnn.maths.dropout`.

    Args:
        rate: p, 0 ≤ p < 1.
        key: makes the masks of two layers, or of two seeds, different; −2³¹ … 2³¹ − 1.

    Raises:
        ConfigError: the rate is not in [0, 1).
    """

    mixed_precision = True

    def __init__(self, rate: float, key: int) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ConfigError(f"dropout: got the rate {rate}, expected 0 ≤ rate < 1: the share that is dropped")
        self.rate, self.key = rate, key
        self._threshold, self._scale = threshold_and_scale(rate)
        self._workers = ALONE
        self.step = Parameter(Tensor(0, mstype.int32), name="step", requires_grad=False)

    def __str__(self) -> str:
        return f"dropout {self.rate:g}"

    @property
    def threshold_and_scale(self) -> tuple[int, float]:
        """The int32 below which a number is dropped, and 1 / (1 − p)."""
        return self._threshold, self._scale

    @property
    def state(self) -> tuple[Parameter, ...]:
        """What training changes: the number of steps done."""
        return (self.step,)

    def shard_batch(self, workers: Workers) -> None:
        """Compute from now on the rows of the mask that belong to this worker's shard of the mini-batch."""
        self._workers = workers

    def construct(self, x: Tensor) -> Tensor:
        """Return x: nothing is dropped in prediction."""
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor]]:
        """Return a (N, O) for x (N, O), and the factors (N, O) that it was multiplied with."""
        factors = keep_factors(
            x.shape,
            self._threshold,
            self._scale,
            self.key,
            self.step,
            x,
            first=self._workers.rank,
            stride=self._workers.number,
        )
        return x * factors, (factors,)

    def backward(self, cache: tuple[Tensor], da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return dx = da ⊙ mask / (1 − p), (N, O), and no gradients."""
        return da * cache[0], ()

    def next_state(self, cache: tuple[Tensor]) -> tuple[Tensor, ...]:
        """Return the number of the step that comes after the one of the cache."""
        return (self.step + Tensor(1, mstype.int32),)

    def tensors(self, cache: tuple[Tensor]) -> tuple[tuple[str, Tensor], ...]:
        """Return what the forward pass computed, by name."""
        return (("dropout factors", cache[0]),)

    def plain(self) -> Plain:
        """Return rate, key and step for the formula "masked"."""
        return "masked", {"rate": self.rate, "key": self.key, "step": int(self.step)}

    def onnx(self, graph: OnnxGraph, place: str, x: str) -> str:
        """Return x: nothing is dropped in prediction."""
        return x
