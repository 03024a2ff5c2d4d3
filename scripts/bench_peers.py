"""The routes of ``bench_routes.py`` that use other frameworks than MindSpore."""

import time
import warnings
from typing import Any

import numpy as np
from bench_workload import RATE, Order, Train, Workload, timed


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
