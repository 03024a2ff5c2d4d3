"""What reports show of runs: how they do, how they compare, what their pictures hold. No MindSpore."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.presentation.document import Block, Shown
from ms_dnn.presentation.notation import counted
from ms_dnn.training.run_folder import Row
from ms_dnn.training.state import State

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class Scores(Shown):
    """How a run does on one of its sets.

    Attributes:
        part: "test", "validation" or "train".
        samples: number of samples.
        cost: the cost J.
        score_name: "accuracy" or "r2".
        score: its value.
        class_names: names of the classes; empty for regression.
        confusion: (C, C) counts, row = true class, column = predicted class; None for regression.
        others: other scores by their names, such as "f1" or "mae".
    """

    part: str
    samples: int
    cost: float
    score_name: str
    score: float
    class_names: tuple[str, ...]
    confusion: NDArray[np.int64] | None
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_class(self) -> list[dict[str, float | None]]:
        """Recall, precision and F1 of each class; None where it is not in the set, never predicted, or neither."""
        if self.confusion is None:
            return []
        correct, there, predicted = self.confusion.diagonal(), self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        shares = {"recall": (correct, there), "precision": (correct, predicted), "f1": (2 * correct, there + predicted)}
        return [
            {key: float(part[i] / whole[i]) if whole[i] else None for key, (part, whole) in shares.items()}
            for i in range(len(correct))
        ]

    def __repr__(self) -> str:
        return f"Scores({self.part} {self.score_name} {self.score:.4g}, {counted(self.samples, 'sample')})"

    def blocks(self) -> Sequence[Block]:
        """Return what ``ms-dnn evaluate`` prints."""
        from ms_dnn.runs.reports.tables import scores_report

        return scores_report(self)


@dataclass(frozen=True)
class Predictions:
    """What a run predicts for samples from files.

    Attributes:
        row_names: one name a sample.
        values: a class name or a list of numbers a sample.
        class_names: names of the classes; empty for regression.
        probabilities: of each class, (N, C), where the loss gives the outputs such a meaning, else None.
        outputs: of the network, (N, n[L]).
        output_names: one name an output.
        labels: the targets by the files, as class names where they are class indices, or None.
        notes: what was done to pictures, which values were filled in, and how samples are unlike the training set.
        scores: "accuracy", or "mae", "rmse" and "r2" where there is one target; empty without labels.
        given: the columns of the tables as texts, and names and labels of other samples, N rows; None where they were
            not to be kept.
    """

    row_names: tuple[str, ...]
    values: tuple[Any, ...]
    class_names: tuple[str, ...]
    probabilities: NDArray[Any] | None
    outputs: NDArray[Any]
    output_names: tuple[str, ...]
    labels: tuple[Any, ...] | None
    notes: tuple[str, ...]
    scores: Mapping[str, float]
    given: "DataFrame | None"


@dataclass(frozen=True)
class ComparedRun:
    """One run.

    Attributes:
        name: the shortest end of the folder's path that no other run shares.
        folder: the path as it was given.
        config: the configuration as plain values.
        rows: of the metrics.
        row: the one that belongs to the weights of the run, or None.
        steps: steps done.
        seconds: time spent training.
        stop_reason: what ended the run, or None while it has not ended.
        test: how it does on its test set, where that was asked for.
    """

    name: str
    folder: str
    config: Mapping[str, Any]
    rows: tuple[Row, ...]
    row: Row | None
    steps: int
    seconds: float
    stop_reason: str | None
    test: Scores | None


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Runs side by side.

    Attributes:
        runs: those that can be read, in the order given.
        differing: keys of the configuration with more than one value among the runs, and the value of each run.
        score: the metric that all runs have, "validation_accuracy" or "validation_r2"; None where they have no such.
        warnings: why numbers of different runs cannot be compared; one sentence each.
        problems: why a run is not shown; one sentence each, which names the folder.
    """

    runs: tuple[ComparedRun, ...]
    differing: Mapping[str, tuple[Any, ...]]
    score: str | None
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Comparison({counted(len(self.runs), 'run')}, {counted(len(self.differing), 'differing key')})"

    def blocks(self) -> Sequence[Block]:
        """Return what ``ms-dnn compare`` prints."""
        from ms_dnn.runs.reports.comparison_table import comparison_report

        return comparison_report(self)


@dataclass(frozen=True)
class Boundary:
    """What a network predicts on the plane of two features.

    Attributes:
        across: values of the first feature, in its own unit, (K,).
        up: values of the second feature, in its own unit, (K,).
        answers: predicted class indices, (K, K); row = second feature.
        probability: of the second of two classes, (K, K); None for more classes, or where the loss gives none.
        x: the training samples in the features' own units, (M, 2).
        classes: their true classes, (M,).
        class_names: C names.
        feature_names: two names.
    """

    across: NDArray[np.float64]
    up: NDArray[np.float64]
    answers: NDArray[np.int64]
    probability: NDArray[Any] | None
    x: NDArray[np.float64]
    classes: NDArray[np.int64]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]


@dataclass(frozen=True)
class Misclassified:
    """Pictures that a network classified wrongly, the most confident predictions first.

    Attributes:
        part: "test" or "validation".
        samples: number of samples of that set.
        wrong: number of misclassified ones among them.
        images: up to ``MOST_SHOWN`` of them, (K, height, width) or (K, height, width, channels).
        value_range: black and white; None where the data do not say.
        right: true class of each.
        given: predicted class of each.
        probability: of that prediction, (K,); None where the loss gives the outputs no such meaning.
    """

    part: str
    samples: int
    wrong: int
    images: NDArray[np.float64]
    value_range: tuple[float, float] | None
    right: tuple[str, ...]
    given: tuple[str, ...]
    probability: NDArray[Any] | None


@dataclass(frozen=True)
class LayerRow:
    """One layer of the network.

    Attributes:
        number: counted from 1.
        kind: class of the layer.
        activation: its name; "" for a layer without one.
        outputs: shape of its output for one sample.
        parameters: shape of each parameter by its name within the layer.
    """

    number: int
    kind: str
    activation: str
    outputs: tuple[int, ...]
    parameters: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Agreement:
    """Predicted numbers beside the targets, in the targets' own unit, both (M, n[L])."""

    part: str
    targets: NDArray[Any]
    answers: NDArray[Any]


@dataclass(frozen=True, repr=False)
class RunReport(Shown):
    """A run, complete.

    Attributes:
        config: the experiment.
        folder: where the run is.
        config_text: the experiment as YAML.
        state: the counters of the checkpoint.
        rows: of the metrics.
        inputs: number of features.
        samples: number of samples of each set that there is.
        layers: of the network, in order.
        scores: on the test set, or else on the validation set; None without both.
        agreement: for regression, on the same set.
        pictures: content of the PNG files, by file name.
        environment: what the results may depend on.
        notes: what the user should know about the data.
    """

    config: ExperimentConfig
    folder: str
    config_text: str
    state: State
    rows: tuple[Row, ...]
    inputs: int
    samples: Mapping[str, int]
    layers: tuple[LayerRow, ...]
    scores: Scores | None
    agreement: Agreement | None
    pictures: Mapping[str, bytes]
    environment: Mapping[str, Any]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"RunReport({self.config.name}, {counted(self.state.step, 'step')}, {self.scores!r})"

    def blocks(self) -> Sequence[Block]:
        """Return the network, the scores and what ended the run."""
        from ms_dnn.runs.reports.tables import run_report

        return run_report(self)
