"""How a run does on one of its sets."""

from pathlib import Path

from sklearn.metrics import confusion_matrix

from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.runs.records import Scores
from ms_dnn.runs.stored import StoredRun
from ms_dnn.training.evaluation import SplitEvaluation


def evaluate_run(path: Path, split: str = "test", device: str | None = None) -> Scores:
    """Return how a run does on the samples that were held out.

    Args:
        path: the run's folder.
        split: "test", "validation" or "train".
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder or its checkpoint is not fit, or the run has no such set.
    """
    run = StoredRun(path, device)
    if split not in run.experiment.data.splits:
        raise DataError(f"{path}: this run has no {split} set (data.{split} is 0): choose another with --part")
    return scores_on(run.experiment, run.network(), split)


def scores_on(experiment: Experiment, network: DNN, name: str) -> Scores:
    """Return how a network does on one of the sets that there are."""
    split, decoder = experiment.data.splits[name], experiment.decoder
    J, outputs = SplitEvaluation(network, experiment.cost().unweighted(), split.x, split.y)()
    classes = experiment.data.dataset.class_names
    confusion = None
    if classes:
        confusion = confusion_matrix(split.targets, decoder.predictions(outputs), labels=range(len(classes)))
    score = decoder.score(outputs, split.targets)
    others = decoder.other_scores(outputs, split.targets)
    return Scores(name, len(split.x), J, decoder.score_name, score, classes, confusion, others)
