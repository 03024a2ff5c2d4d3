"""The routes that ``bench_training.py`` compares: one training epoch of one and the same network, ten times over.

Run as a script it is a worker: ``bench_routes.py ROUTE SIZE`` prepares the route, prints one JSON line, and then
trains one epoch for each line that it reads and prints what it took. One process a route, because the thread pools
of two runtimes in one process slow each other down.

All routes minimise the softmax cross-entropy of a ReLU network by plain gradient descent in float32. They start
from the same weights, hold the data in memory, pick each batch by index in the order that they are given, and read
the cost once an epoch.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from bench_peers import jax_scan, numpy_by_hand, sklearn_mlp, torch_eager
from bench_workload import RATE, Order, Size, Train, Workload, draw_workload, size_of, timed

# So few steps of Model.train, because each takes tens of milliseconds.
STOCK_STEPS = 12


def ms_dnn_loop(work: Workload, route: str) -> Train:
    """The product: the loop of ``ms_dnn.training.engine``, called as the trainer calls it."""
    from mindspore import Tensor

    from ms_dnn.dnn import DNN
    from ms_dnn.gradients.framework import FrameworkGradient
    from ms_dnn.gradients.handwritten import HandwrittenGradient
    from ms_dnn.layers.cost import Cost
    from ms_dnn.layers.dense import Dense
    from ms_dnn.runtime.device import use_device
    from ms_dnn.training.engine import GRAPH, OPERATOR, make_loop
    from ms_dnn.training.optimizers import GradientDescent

    use_device("CPU")
    activations = ["relu"] * (len(work.weights) - 1) + ["identity"]
    network = DNN([Dense(W, b, name) for (W, b), name in zip(work.weights, activations, strict=True)])
    gradient = (FrameworkGradient if route == "framework" else HandwrittenGradient)(
        network, Cost("softmax_cross_entropy")
    )
    engine = OPERATOR if route == "operator" else GRAPH
    loop = make_loop(engine, gradient, GradientDescent(network.trainable_params()))
    samples, coefficients = (
        (Tensor(work.X), Tensor(work.one_hot)),
        loop.coefficients(np.full(work.size.steps, RATE), 0),
    )

    def run(order: Order) -> float:
        return loop.run_steps(samples, Tensor(order), coefficients, 0, len(order))[1] / len(order)

    return timed(run)


def lean_graph(work: Workload, route: str) -> Train:
    """The fewest kernels that MindSpore has for these steps, without layers, costs or optimizers around them."""
    import mindspore as ms
    from mindspore import Parameter, Tensor, ops
    from mindspore.ops.auto_generate import BiasAddGrad, ReluGrad

    ms.set_device("CPU")
    weights = ms.ParameterTuple([Parameter(Tensor(W), name=f"W{i}") for i, (W, _) in enumerate(work.weights)])
    biases = ms.ParameterTuple([Parameter(Tensor(b), name=f"b{i}") for i, (_, b) in enumerate(work.weights)])
    times_transposed, times, transposed_times = ops.MatMul(False, True), ops.MatMul(), ops.MatMul(True)
    bias_add, bias_grad, relu, relu_grad = ops.BiasAdd(), BiasAddGrad(), ops.ReLU(), ReluGrad()
    both, mean, descend = ops.SoftmaxCrossEntropyWithLogits(), ops.ReduceMean(), ops.ApplyGradientDescent()
    rate, samples, last = Tensor(RATE, ms.float32), Tensor(work.size.batch, ms.float32), len(work.weights) - 1

    @ms.jit  # type: ignore[untyped-decorator,unused-ignore]
    def epoch(X: Tensor, Y: Tensor, order: Tensor, steps: Tensor) -> Tensor:
        i, total = Tensor(0, ms.int32), Tensor(0.0, ms.float32)
        while i < steps:
            picked = ops.gather(order, i, 0)
            a = [ops.gather(X, picked, 0)]
            for layer in range(last + 1):
                z = bias_add(times_transposed(a[layer], weights[layer]), biases[layer])
                a = [*a, relu(z) if layer < last else z]
            losses, d = both(a[last + 1], ops.gather(Y, picked, 0))
            d = d / samples
            for layer in range(last, -1, -1):
                dW, db = transposed_times(d, a[layer]), bias_grad(d)
                if layer > 0:
                    d = relu_grad(times(d, weights[layer]), a[layer])
                descend(weights[layer], rate, dW)
                descend(biases[layer], rate, db)
            total = total + mean(losses)
            i = i + 1
        return total

    X, Y = Tensor(work.X), Tensor(work.one_hot)
    return timed(lambda order: float(epoch(X, Y, Tensor(order), Tensor(len(order), ms.int32))) / len(order))


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


# name → (what the table calls it, its maker, the package that it needs)
ROUTES: dict[str, tuple[str, Callable[[Workload, str], Train], str]] = {
    "operator": ("ms-dnn, hand-written, operator", ms_dnn_loop, "mindspore"),
    "handwritten": ("ms-dnn, hand-written, graph", ms_dnn_loop, "mindspore"),
    "framework": ("ms-dnn, its forward by value_and_grad, graph", ms_dnn_loop, "mindspore"),
    "lean": ("MindSpore's kernels alone, graph", lean_graph, "mindspore"),
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
    """Return the mean costs of two epochs, the second after what the first did to the weights, and the peak memory."""
    costs = [train(order, True)[2] for order in (first, second)]
    return {"costs": costs, "peak_kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


if __name__ == "__main__":
    work_off(sys.argv[1], size_of(sys.argv[2]))
