"""The pictures of a run folder."""

from pathlib import Path

from ms_dnn.dnn import DNN
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.runs.inspection import boundary_of, misclassified_of
from ms_dnn.training.probe import Probe
from ms_dnn.training.run_folder import BOUNDARY, HISTOGRAMS, MISCLASSIFIED
from ms_dnn.training.state import LayerNumbers


def draw_pictures(experiment: Experiment, network: DNN, folder: Path) -> tuple[str, ...]:
    """Draw what can be drawn of a trained network into a run's folder; return the names of the files.

    An earlier picture that no longer applies (no sample is misclassified any more, say) is removed.

    Raises:
        OSError: when a file cannot be written.
    """
    from ms_dnn.runs.reports.layer_histograms import draw_layer_histograms
    from ms_dnn.runs.reports.sample_pictures import draw_boundary, draw_misclassified

    title = experiment.config.name
    draw_layer_histograms(*numbers_at_start_and_now(experiment, network), folder / HISTOGRAMS, title)
    boundary, misclassified = boundary_of(experiment, network), misclassified_of(experiment, network)
    if boundary is not None:
        draw_boundary(boundary, folder / BOUNDARY, title)
    if misclassified is not None:
        draw_misclassified(misclassified, folder / MISCLASSIFIED, title)
    drawn = {HISTOGRAMS: True, BOUNDARY: boundary is not None, MISCLASSIFIED: misclassified is not None}
    for name, is_drawn in drawn.items():
        if not is_drawn:
            (folder / name).unlink(missing_ok=True)
    return tuple(name for name, is_drawn in drawn.items() if is_drawn)


def numbers_at_start_and_now(experiment: Experiment, network: DNN) -> tuple[LayerNumbers, LayerNumbers]:
    """Return the numbers of the layers before the first step, which the seed brings back, and those of ``network``."""
    train, cost = experiment.data.train, experiment.cost().unweighted()
    before, now = (
        Probe(one, cost, train.x, train.y, experiment.config.seed)() for one in (experiment.network(), network)
    )
    return before, now
