"""The routes that ``bench_training.py`` compares: one training epoch of one and the same network, eight times over.

Run as a script it is a worker: ``bench_routes.py ROUTE SIZE`` prepares the route, prints one JSON line, and then
trains one epoch for each line that it reads and prints what it took. One process a route, because the thread pools
of two runtimes in one process slow each other down.

All routes minimise the softmax cross-entropy of a ReLU network by plain gradient descent in float32. They start
from the same weights, hold the data in memory, pick each batch by index in the order that they are given, and read
the cost once an epoch.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Order = NDArray[np.int32]
# (order (steps, N), checking) → seconds, steps, mean cost. Checking: the cost must be comparable.
Train = Callable[[Order, bool], tuple[float, int, float]]

RATE = 0.05
# So few steps of Model.train, because each takes tens of milliseconds.
STOCK_STEPS = 12


@dataclass(frozen=True)
class Size:
    """Layer sizes n[0], …, n[L], batch size N and number of samples M, a multiple of N."""

    layers: tuple[int, ...]
    batch: int
    samples: int

    @property
    def name(self) -> str:
        """As in ``64-32-10/32``."""
        return f"{'-'.join(map(str, self.layers))}/{self.batch}"

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.samples // self.batch


SIZES = {
    "small": Size((64, 32, 10), 32, 16384),
    "medium": Size((784, 256, 128, 10), 64, 8192),
    "large": Size((784, 1024, 1024, 10), 256, 4096),
}


@dataclass(frozen=True)
class Workload:
    """What all routes get: inputs X (M, n[0]), labels (M,), starting weights [(W (O, I), b (O,)), …]."""

    size: Size
    X: Floats
    labels: NDArray[np.int32]
    weights: list[tuple[Floats, Floats]]

    @property
    def one_hot(self) -> Floats:
        """The labels as rows of the identity matrix."""
        return np.eye(self.size.layers[-1], dtype=np.float32)[self.labels]

    def orders(self) -> Iterator[Order]:
        """Yield the batches of each epoch, int32 (steps, N)."""
        generator = np.random.default_rng(1)
        while True:
            yield generator.permutation(self.size.samples).astype(np.int32).reshape(-1, self.size.batch)


def draw_workload(size: Size) -> Workload:
    """Return random data whose labels a linear map gives, and weights after He."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((size.samples, size.layers[0]), np.float32)
    labels = (X @ generator.standard_normal((size.layers[0], size.layers[-1]), np.float32)).argmax(1).astype(np.int32)
    weights = [
        (
            generator.standard_normal((units, inputs), np.float32) * np.float32(np.sqrt(2 / inputs)),
            np.zeros(units, np.float32),
        )
        for inputs, units in pairwise(size.layers)
    ]
    return Workload(size, X, labels, weights)


def timed(epoch: Callable[[Order], float]) -> Train:
    """Return the route that times the whole of ``epoch``, which returns the mean cost."""

    def train(order: Order, checking: bool) -> tuple[float, int, float]:
        start = time.perf_counter()
        cost = epoch(order)
        return time.perf_counter() - start, len(order), cost

    return train


def ms_dnn_compiled(work: Workload, route: str) -> Train:
    """The product: ``ms_dnn.training.epoch.Epoch``, called as the trainer calls it."""
    from mindspore import Tensor

    from ms_dnn.dnn import DNN
    from ms_dnn.gradients.framework import FrameworkGradient
    from ms_dnn.gradients.handwritten import HandwrittenGradient
    from ms_dnn.layers.cost import Cost
    from ms_dnn.layers.dense import Dense
    from ms_dnn.runtime.device import use_device
    from ms_dnn.training.epoch import Epoch
    from ms_dnn.training.optimizers import GradientDescent

    use_device("CPU")
    activations = ["relu"] * (len(work.weights) - 1) + ["identity"]
    network = DNN([Dense(W, b, name) for (W, b), name in zip(work.weights, activations, strict=True)])
    gradient = {"handwritten": HandwrittenGradient, "framework": FrameworkGradient}[route]
    epoch = Epoch(gradient(network, Cost("softmax_cross_entropy")), GradientDescent(network.trainable_params()))
    samples, coefficients = (
        (Tensor(work.X), Tensor(work.one_hot)),
        epoch.coefficients(np.full(work.size.steps, RATE), 0),
    )

    def run(order: Order) -> float:
        return epoch.run_steps(samples, Tensor(order), coefficients, 0, len(order))[1] / len(order)

    return timed(run)


def mindspore_compiled(work: Workload, route: str) -> Train:
    """MindSpore's own parts in a compiled epoch of the same form: nn layers, value_and_grad and nn.SGD."""
    import mindspore as ms
    from mindspore import Tensor, nn, ops

    ms.set_device("CPU")
    network = stock_network(work)
    cost_of_network = nn.WithLossCell(network, nn.CrossEntropyLoss())
    descent = nn.SGD(network.trainable_params(), RATE)
    value_and_grad = ms.value_and_grad(cost_of_network, None, network.trainable_params())
    X, labels = Tensor(work.X), Tensor(work.labels)

    @ms.jit  # type: ignore[untyped-decorator,unused-ignore]
    def epoch(X: Tensor, labels: Tensor, order: Tensor, steps: Tensor) -> Tensor:
        i, total = Tensor(0, ms.int32), Tensor(0.0, ms.float32)
        while i < steps:
            picked = ops.gather(order, i, 0)
            cost, gradients = value_and_grad(ops.gather(X, picked, 0), ops.gather(labels, picked, 0))
            descent(gradients)
            total = total + cost
            i = i + 1
        return total

    def run(order: Order) -> float:
        return float(epoch(X, labels, Tensor(order), Tensor(len(order), ms.int32))) / len(order)

    return timed(run)


def stock_network(work: Workload) -> Any:
    """Return the network of MindSpore's own layers with the starting weights."""
    from mindspore import Parameter, Tensor, nn

    layers: list[Any] = []
    for W, b in work.weights:
        dense = nn.Dense(W.shape[1], W.shape[0])
        dense.weight, dense.bias = Parameter(Tensor(W), name="weight"), Parameter(Tensor(b), name="bias")
        layers += [dense, nn.ReLU()]
    return nn.SequentialCell(layers[:-1])


def torch_eager(work: Workload, route: str) -> Train:
    """PyTorch as everybody writes it, but with the data in memory instead of in a DataLoader, which is slower."""
    import torch

    layers: list[Any] = []
    for W, b in work.weights:
        linear = torch.nn.Linear(W.shape[1], W.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    descent = torch.optim.SGD(network.parameters(), lr=RATE)
    X, labels = torch.from_numpy(work.X), torch.from_numpy(work.labels.astype(np.int64))

    def run(order: Order) -> float:
        total = torch.zeros(())
        for picked in torch.from_numpy(order):
            cost = torch.nn.functional.cross_entropy(network(X[picked]), labels[picked])
            descent.zero_grad()
            cost.backward()
            descent.step()
            total += cost.detach()
        return float(total) / len(order)

    return timed(run)


def sklearn_mlp(work: Workload, route: str) -> Train:
    """MLPClassifier, one ``partial_fit`` an epoch, less what its check of the input takes once a call.

    It shuffles by itself (by index, as the others do); for the comparison of costs it takes the data sorted.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils import check_X_y

    warnings.simplefilter("ignore", ConvergenceWarning)
    size = work.size
    model = MLPClassifier(
        size.layers[1:-1], solver="sgd", alpha=0.0, batch_size=size.batch, learning_rate_init=RATE, momentum=0.0,
        nesterovs_momentum=False, random_state=0,
    )  # fmt: skip
    classes = np.arange(size.layers[-1])
    model.partial_fit(work.X[: size.batch], work.labels[: size.batch], classes=classes)
    for i, (W, b) in enumerate(work.weights):
        model.coefs_[i][...], model.intercepts_[i][...] = W.T, b
    binarizer = LabelBinarizer().fit(classes)

    def train(order: Order, checking: bool) -> tuple[float, int, float]:
        picked = order.ravel() if checking else slice(None)
        X, labels = work.X[picked], work.labels[picked]
        model.set_params(shuffle=not checking)
        start = time.perf_counter()
        check_X_y(X, labels)
        binarizer.transform(labels)
        checked = time.perf_counter()
        model.partial_fit(X, labels)
        end = time.perf_counter()
        return end - checked - (checked - start), len(order), float(model.loss_)

    return train


def stock_mindspore(work: Workload, route: str) -> Train:
    """``Model.train`` on a NumpySlicesDataset in PyNative, as MindSpore's tutorials begin.

    Timed from the end of its first step to the end of its last, so that setting up does not count.
    """
    import mindspore as ms
    from mindspore import nn
    from mindspore.dataset import NumpySlicesDataset
    from mindspore.train import Callback, Model

    ms.set_device("CPU")
    network = stock_network(work)
    model = Model(network, nn.CrossEntropyLoss(), nn.SGD(network.trainable_params(), RATE))

    class Watch(Callback):  # type: ignore[misc,unused-ignore]
        def __init__(self, last: int, every: bool) -> None:
            super().__init__()
            self.last, self.every = last, every
            self.costs: list[float] = []
            self.times: list[float] = []

        def on_train_step_end(self, run_context: Any) -> None:
            state = run_context.original_args()
            # Reading the cost waits for the step, so it is done where the clock is read.
            if self.every or state.cur_step_num in (1, self.last):
                self.costs.append(float(state.net_outputs))
                self.times.append(time.perf_counter())

    def train(order: Order, checking: bool) -> tuple[float, int, float]:
        picked = order[:STOCK_STEPS].ravel()
        data = NumpySlicesDataset((work.X[picked], work.labels[picked]), shuffle=not checking)
        watch = Watch(STOCK_STEPS, checking)
        model.train(1, data.batch(work.size.batch), callbacks=[watch], dataset_sink_mode=False)
        return watch.times[-1] - watch.times[0], STOCK_STEPS - 1, float(np.mean(watch.costs))

    return train


def jax_scan(work: Workload, route: str) -> Train:
    """JAX, one jitted ``lax.scan`` over the epoch: the bound that a fusing compiler sets."""
    import jax
    import jax.numpy as jnp

    def cost_of(weights: Any, x: Any, y: Any) -> Any:
        for W, b in weights[:-1]:
            x = jax.nn.relu(x @ W + b)
        W, b = weights[-1]
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(x @ W + b) * y, -1))

    @jax.jit
    def epoch(weights: Any, X: Any, Y: Any, order: Any) -> Any:
        def step(weights: Any, picked: Any) -> Any:
            cost, gradients = jax.value_and_grad(cost_of)(weights, X[picked], Y[picked])
            return jax.tree.map(lambda theta, g: theta - RATE * g, weights, gradients), cost

        weights, costs = jax.lax.scan(step, weights, order)
        return weights, jnp.mean(costs)

    # (I, O), as JAX's own libraries keep it.
    kept = [[(jnp.asarray(W.T), jnp.asarray(b)) for W, b in work.weights]]
    X, Y = jnp.asarray(work.X), jnp.asarray(work.one_hot)

    def run(order: Order) -> float:
        kept[0], cost = epoch(kept[0], X, Y, order)
        return float(cost)

    return timed(run)


def numpy_by_hand(work: Workload, route: str) -> Train:
    """The same formulas as the product's, in NumPy."""
    weights = [(W.copy(), b.copy()) for W, b in work.weights]
    X, Y, rate = work.X, work.one_hot, np.float32(RATE)

    def step(picked: Order) -> float:
        inputs, a, y = [], X[picked], Y[picked]
        for i, (W, b) in enumerate(weights):
            inputs.append(a)
            a = a @ W.T + b
            if i < len(weights) - 1:
                a = np.maximum(a, 0)
        shifted = a - a.max(1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(1, keepdims=True)
        cost = ((np.log(sums) - shifted) * y).sum() / np.float32(len(picked))
        dz = (powers / sums - y) / np.float32(len(picked))
        for i in range(len(weights) - 1, -1, -1):
            W, b = weights[i]
            dW, db = dz.T @ inputs[i], dz.sum(0)
            if i > 0:
                dz = (dz @ W) * (inputs[i] > 0)
            W -= rate * dW
            b -= rate * db
        return float(cost)

    return timed(lambda order: float(np.mean([step(picked) for picked in order])))


# name → (what the table calls it, its maker, the package that it needs)
ROUTES: dict[str, tuple[str, Callable[[Workload, str], Train], str]] = {
    "handwritten": ("ms-dnn, hand-written, compiled epoch", ms_dnn_compiled, "mindspore"),
    "framework": ("ms-dnn, its forward by value_and_grad", ms_dnn_compiled, "mindspore"),
    "mindspore": ("MindSpore, nn + value_and_grad + nn.SGD", mindspore_compiled, "mindspore"),
    "torch": ("PyTorch, eager", torch_eager, "torch"),
    "sklearn": ("scikit-learn, MLPClassifier", sklearn_mlp, "sklearn"),
    "stock": ("MindSpore, Model.train, PyNative", stock_mindspore, "mindspore"),
    "jax": ("JAX, jit of lax.scan", jax_scan, "jax"),
    "numpy": ("NumPy, by hand", numpy_by_hand, "numpy"),
}


def work_off(route: str, size: Size) -> None:
    """Print one JSON line a request on standard output; anything else that is printed goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def reply(**values: Any) -> None:
        print(json.dumps(values), file=replies, flush=True)

    work = draw_workload(size)
    orders = work.orders()
    try:
        train = ROUTES[route][1](work, route)
    except ModuleNotFoundError as error:
        reply(missing=error.name)
        return
    first, second = next(orders), next(orders)
    if route == "numpy":
        # The yardstick: also the cost over the few steps that Model.train does.
        reply(short=numpy_by_hand(work, route)(first[:STOCK_STEPS], True)[2], **_checked(train, first, second))
    else:
        reply(**_checked(train, first, second))
    for _ in sys.stdin:
        seconds, steps, cost = train(next(orders), False)
        reply(seconds=seconds, steps=steps, cost=cost)


def _checked(train: Train, first: Order, second: Order) -> dict[str, Any]:
    """Return the mean costs of two epochs; the second one shows what the first did to the weights."""
    return {"costs": [train(order, True)[2] for order in (first, second)]}


if __name__ == "__main__":
    work_off(sys.argv[1], SIZES[sys.argv[2]])
