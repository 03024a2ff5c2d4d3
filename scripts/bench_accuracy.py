"""How well DNNClassifier and DNNRegressor do beside scikit-learn's MLP: same architecture, same search, same splits.

A seed makes several splits of each data set, so many that they have at least 150 test samples: one sample of iris is
2.6 points of a split, and a mean of few splits is chance. A quarter of the samples is kept for the test. On the rest,
both search the same grid of learning rates and penalties by the same cross-validation, train again with what they
found, and predict the test samples. Both draw their weights as Glorot and Bengio do: the MLP knows no other
way.

Both are searched twice, for each has two ways to spend its epochs. The rate is constant; or it decays along a cosine
(ours), or a tenth of the samples is held out and ends the training (the MLP, whose rate cannot decay with Adam). The
cross-validation decides between the two, and in a tie for the first. The table shows the means over the seeds and the
difference with its standard error: with the way so chosen, and at a constant rate.

The seeds begin at 20: others were met when the estimators and earlier forms of this comparison were made.

    python scripts/bench_accuracy.py [--sets iris,wine] [--first-seed 20] [--seeds 5] [--json FILE]

What FILE holds of an earlier run is not measured again.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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
TEST_SAMPLES = 150
"""The fewest test samples of a seed."""
BATCH = 32
COMMON = {"activation": "relu", "solver": "adam", "batch_size": BATCH, "max_iter": 100}
THEIRS, OURS = "scikit-learn", "ms-dnn"
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    THEIRS: {"constant": {}, "early stopping": {"early_stopping": True}},
    OURS: {"constant": {}, "cosine decay": {"schedule": "cosine_decay"}},
}
"""How each may spend its epochs; the first one wins ties."""
FIRST_SEED = 20
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""scikit-learn's alpha, which it divides by the batch size; the same penalty is l2 = alpha / batch size here."""


def model_and_grid(
    name: str, hidden: tuple[int, ...], competitor: str, way: str, seed: int
) -> tuple[Any, dict[str, list[Any]]]:
    """Return the untrained pipeline of a competitor and the grid that it is searched in."""
    is_regression = name == "diabetes"
    common = {"hidden_layer_sizes": hidden, "random_state": seed, **COMMON, **WAYS[competitor][way]}
    model: Any
    if competitor == THEIRS:
        model = (MLPRegressor if is_regression else MLPClassifier)(**common)
        rate, penalty, values = "learning_rate_init", "alpha", list(PENALTIES)
    else:
        model = (DNNRegressor if is_regression else DNNClassifier)(initializer="xavier", **common)
        rate, penalty, values = "learning_rate", "l2", [alpha / BATCH for alpha in PENALTIES]
    pipeline: Any = make_pipeline(StandardScaler(), model)
    prefix = f"{type(model).__name__.lower()}__"
    if is_regression:
        pipeline = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
        prefix = f"regressor__{prefix}"
    return pipeline, {prefix + rate: list(RATES), prefix + penalty: values}


def measure(name: str, seed: int) -> list[dict[str, Any]]:
    """Return of each split its competitors' ways: score in validation and test, the settings found, the seconds."""
    load, hidden = SETS[name]
    x, y = load(return_X_y=True)
    strata = None if name == "diabetes" else y
    results: list[dict[str, Any]] = []
    asked = 0
    while asked < TEST_SAMPLES:
        state = 100 * seed + len(results)
        x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=state, stratify=strata)
        asked += len(x_test)
        of_split: dict[str, dict[str, Any]] = {}
        for competitor, ways in WAYS.items():
            for way in ways:
                start = time.perf_counter()
                search = GridSearchCV(*model_and_grid(name, hidden, competitor, way, state), cv=3)
                search.fit(x_train, y_train)
                of_split.setdefault(competitor, {})[way] = {
                    "validation": float(search.best_score_),
                    "score": float(search.score(x_test, y_test)),
                    "settings": {key.split("__")[-1]: value for key, value in search.best_params_.items()},
                    "seconds": time.perf_counter() - start,
                }
        results.append(of_split)
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
    heading = f"{THEIRS:>14}{OURS:>8}{'difference':>15}"
    print(f"{'':14}{heading} | constant:{heading}", flush=True)
    for name in options.sets.split(","):
        measured = everything.setdefault(name, {})
        seeds = [str(options.first_seed + i) for i in range(options.seeds)]
        for seed in seeds:
            if seed not in measured:
                measured[seed] = measure(name, int(seed))
                if options.json:
                    options.json.write_text(json.dumps(everything, indent=1) + "\n")
        chosen, constant = (_columns([measured[seed] for seed in seeds], pick) for pick in (_chosen, _constant))
        print(f"{name:14}{chosen} |          {constant}", flush=True)


def _columns(seeds: list[list[dict[str, Any]]], pick: Callable[[dict[str, Any]], float]) -> str:
    """Return both means over the seeds and how far they are apart, in percent."""
    scores = {
        competitor: np.array([100 * np.mean([pick(split[competitor]) for split in splits]) for splits in seeds])
        for competitor in WAYS
    }
    apart = scores[OURS] - scores[THEIRS]
    error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else float("nan")
    return f"{scores[THEIRS].mean():14.2f}{scores[OURS].mean():8.2f}{f'{apart.mean():+.2f} ± {error:.2f}':>15}"


def _chosen(ways: dict[str, Any]) -> float:
    """Return the test score of the way whose validation was best; of the first in a tie."""
    score: float = max(ways.values(), key=lambda way: way["validation"])["score"]
    return score


def _constant(ways: dict[str, Any]) -> float:
    score: float = ways["constant"]["score"]
    return score


if __name__ == "__main__":
    main()
