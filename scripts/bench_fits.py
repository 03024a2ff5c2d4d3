"""The time of a grid search's fits, and of a first fit, by ``DNNClassifier`` and by scikit-learn's ``MLPClassifier``.

    python scripts/bench_fits.py [--rounds N]

The search is the same for both: iris, 24 settings (four learning rates, three penalties, two widths) in three folds,
Adam, at most 200 epochs, constant rates; serial. The rounds alternate; a ratio is the median of the ratios within the
rounds. The first fit is timed in a process of its own, its imports excluded.
"""

import argparse
import subprocess
import sys
import time
import warnings
from statistics import median
from typing import Any

GRID = {"rate": [0.001, 0.003, 0.01, 0.03], "l2": [0.0, 1e-4, 1e-2], "hidden_layer_sizes": [(16,), (64,)]}
FIRST = (
    "import time, warnings; warnings.simplefilter('ignore'); from sklearn.datasets import load_iris; import ms_dnn; "
    "from ms_dnn import DNNClassifier; import ms_dnn.estimators.classifier; data = load_iris(return_X_y=True); "
    "start = time.perf_counter(); DNNClassifier().fit(*data); print(time.perf_counter() - start)"
)


def search(model: Any, names: dict[str, str], data: tuple[Any, Any]) -> tuple[float, float]:
    """Return the seconds of the grid search of a model, and its best mean accuracy."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), model)
    prefix = f"{type(model).__name__.lower()}__"
    grid = {prefix + names.get(key, key): values for key, values in GRID.items()}
    start = time.perf_counter()
    found = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(*data)
    return time.perf_counter() - start, float(found.best_score_)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    from sklearn.datasets import load_iris
    from sklearn.neural_network import MLPClassifier

    from ms_dnn import DNNClassifier

    data = load_iris(return_X_y=True)
    ours = DNNClassifier(max_iter=200, random_state=0), {"rate": "learning_rate"}
    theirs = MLPClassifier(max_iter=200, random_state=0), {"rate": "learning_rate_init", "l2": "alpha"}
    seconds: list[tuple[float, float]] = []
    for _ in range(rounds):
        (mine, my_score), (other, other_score) = search(*ours, data), search(*theirs, data)
        seconds.append((mine, other))
    first = [float(subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True).stdout)
             for _ in range(3)]  # fmt: skip
    mine, other = (median(column) for column in zip(*seconds, strict=True))
    ratio = median(mine / other for mine, other in seconds)
    print(f"72 fits: ms-dnn {mine:.2f} s, MLPClassifier {other:.2f} s; ratio {ratio:.2f}")
    print(f"best mean accuracy: {my_score:.3f} and {other_score:.3f}")
    print(f"DNNClassifier().fit(iris), the first of a process, imports excluded: {median(first):.2f} s")


if __name__ == "__main__":
    main()
