"""Fit and predict in one way, and save what came of it: ``fits_at_once.py FILE WAY``.

A process of its own, because two threads in MindSpore at once end the process. A way is "threads" or "predictions",
or, for a grid search, "loky" or "threading"; :data:`CALLS` and :func:`search` are what it is compared with.
"""

import sys
import threading
import warnings
from collections.abc import Callable

import mindspore as ms
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.utils.parallel import joblib
from small_estimators import classifier, iris, regressor

import ms_dnn

X, Y = iris()


def gradients() -> np.ndarray:
    """Return what the hand-written route returns for the bias of a network, call after call."""
    gradient = ms_dnn.HandwrittenGradient(ms_dnn.build_dnn((4, 3), ("identity",)), ms_dnn.Cost("softmax_cross_entropy"))
    x, y = ms.Tensor(X, ms.float32), ms.Tensor(np.eye(3)[Y], ms.float32)
    return np.stack([gradient(x, y)[1][1].asnumpy() for _ in range(30)])


CALLS: dict[str, Callable[[], np.ndarray]] = {
    "classifier": lambda: classifier(max_iter=2, dropout=0.1, batch_size=32).fit(X, Y).predict_proba(X),
    "regressor": lambda: regressor(hidden_layer_sizes=(), max_iter=2).fit(X, X[:, 0]).predict(X),
    "gradients": gradients,
}
"""Each compiles, or computes, other things than the others."""


def search() -> dict[str, np.ndarray]:
    """Return the scores of a grid search with two workers of the backend of joblib that is chosen."""
    grid = {"learning_rate": [0.01, 0.1]}
    found = GridSearchCV(classifier(hidden_layer_sizes=(), max_iter=2), grid, cv=2, n_jobs=2).fit(X, Y)
    return {"scores": found.cv_results_["mean_test_score"], "best": found.predict_proba(X)}


def in_threads(calls: dict[str, Callable[[], np.ndarray]]) -> dict[str, np.ndarray]:
    """Return what the calls return, each made in a thread of its own, all at the same time."""
    found: dict[str, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda name=name, call=call: found.update({name: call()}))
        for name, call in calls.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def predictions() -> dict[str, np.ndarray]:
    """Return what two models predict in four threads, over and over."""
    models = [classifier(hidden_layer_sizes=(units,), max_iter=2).fit(X, Y) for units in (4, 5)]
    return in_threads(
        {str(i): lambda model=models[i % 2]: np.stack([model.predict_proba(X) for _ in range(20)]) for i in range(4)}
    )


def main() -> None:
    """Save what one way finds."""
    warnings.simplefilter("ignore")
    file, way = sys.argv[1:]
    if way == "threads":
        found = in_threads(CALLS)
    elif way == "predictions":
        found = predictions()
    else:
        with joblib.parallel_backend(way):
            found = search()
    np.savez(file, **found)


if __name__ == "__main__":
    main()
