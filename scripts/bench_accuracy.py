"""How well DNNClassifier and DNNRegressor do beside scikit-learn's MLP: same architecture, same search, same splits.

For each data set and seed a quarter of the samples is kept for the test. On the rest, all search the same grid of
learning rates and penalties by the same cross-validation, train again with what they found, and are asked about the
test samples. Ours is asked twice: with the cosine decay of its rate, and with a constant rate, which is all that the
MLP has with Adam. All draw their weights as Glorot and Bengio do: the MLP knows no other way. The table shows the means
over the seeds, and how far each of ours is from the MLP.

The seeds begin at 5: on 0 to 4 other grids, initial weights and ways to make up batches were tried before.

    python scripts/bench_accuracy.py [--sets iris,wine] [--first-seed 5] [--seeds 5] [--json FILE]

What FILE holds of an earlier run is not measured again.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ms_dnn import DNNClassifier, DNNRegressor

SETS = {
    "iris": (datasets.load_iris, (16,)),
    "wine": (datasets.load_wine, (32,)),
    "breast_cancer": (datasets.load_breast_cancer, (32,)),
    "diabetes": (datasets.load_diabetes, (16,)),
    "digits": (datasets.load_digits, (64,)),
}
BATCH = 32
COMMON = {"activation": "relu", "solver": "adam", "batch_size": BATCH, "max_iter": 100}
THEIRS = "scikit-learn"
OURS = {"ms-dnn cosine": "cosine_decay", "ms-dnn constant": "constant"}
"""The name in the table of each schedule."""
FIRST_SEED = 5
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""scikit-learn's alpha, which it divides by the batch size; the same penalty is l2 = alpha / batch size here."""


def models(name: str, hidden: tuple[int, ...], seed: int) -> dict[str, tuple[Any, dict[str, list[Any]]]]:
    """Return for each competitor its untrained pipeline and its grid."""
    is_regression = name == "diabetes"
    common = {"hidden_layer_sizes": hidden, "random_state": seed, **COMMON}
    found = {}
    for competitor in (*OURS, THEIRS):
        model: Any
        if competitor == THEIRS:
            model = (MLPRegressor if is_regression else MLPClassifier)(**common)
            rate, penalty, values = "learning_rate_init", "alpha", list(PENALTIES)
        else:
            model = (DNNRegressor if is_regression else DNNClassifier)(
                initializer="xavier", schedule=OURS[competitor], **common
            )
            rate, penalty, values = "learning_rate", "l2", [alpha / BATCH for alpha in PENALTIES]
        pipeline: Any = make_pipeline(StandardScaler(), model)
        step = type(model).__name__.lower()
        prefix = f"{step}__"
        if is_regression:
            pipeline = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
            prefix = f"regressor__{step}__"
        found[competitor] = pipeline, {prefix + rate: list(RATES), prefix + penalty: values}
    return found


def measure(name: str, seed: int) -> dict[str, dict[str, Any]]:
    """Return the test score, the settings found and the seconds of each competitor on one split."""
    load, hidden = SETS[name]
    x, y = load(return_X_y=True)
    strata = None if name == "diabetes" else y
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=strata)
    results = {}
    for competitor, (pipeline, grid) in models(name, hidden, seed).items():
        start = time.perf_counter()
        search = GridSearchCV(pipeline, grid, cv=3).fit(x_train, y_train)
        results[competitor] = {
            "score": float(search.score(x_test, y_test)),
            "settings": {key.split("__")[-1]: value for key, value in search.best_params_.items()},
            "seconds": time.perf_counter() - start,
        }
    return results


def main() -> None:
    """Measure, print the table, and write everything to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", default=",".join(SETS), help="names, separated by commas")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    everything: dict[str, dict[str, Any]] = {}
    if options.json and options.json.exists():
        everything = json.loads(options.json.read_text())
    print(f"{'':14}{THEIRS:>14}" + "".join(f"{ours:>18}{'difference':>16}" for ours in OURS), flush=True)
    for name in options.sets.split(","):
        measured = everything.setdefault(name, {})
        seeds = [str(options.first_seed + i) for i in range(options.seeds)]
        for seed in seeds:
            if seed not in measured:
                measured[seed] = measure(name, int(seed))
                if options.json:
                    options.json.write_text(json.dumps(everything, indent=1) + "\n")
        runs = [measured[seed] for seed in seeds]
        theirs = _scores(runs, THEIRS)
        row = f"{name:14}{theirs.mean():14.2f}"
        for ours in OURS:
            scores = _scores(runs, ours)
            apart = scores - theirs
            error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else float("nan")
            row += f"{scores.mean():18.2f}{f'{apart.mean():+.2f} ± {error:.2f}':>16}"
        print(row, flush=True)


def _scores(runs: list[dict[str, dict[str, Any]]], competitor: str) -> NDArray[np.float64]:
    """Return the score of each seed, in percent."""
    return np.array([100 * run[competitor]["score"] for run in runs])


if __name__ == "__main__":
    main()
