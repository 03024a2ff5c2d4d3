"""The pictures of a run folder."""

from pathlib import Path

from ms_dnn.config import ExperimentConfig
from ms_dnn.dnn import DNN
from ms_dnn.experiment.building import build_cost, build_network
from ms_dnn.experiment.data import PreparedData
from ms_dnn.runs.inspection import boundary_of, mistakes_of
from ms_dnn.training.probe import Probe
from ms_dnn.training.run_folder import BOUNDARY, HISTOGRAMS, MISCLASSIFIED
from ms_dnn.training.state import LayerNumbers


def draw_pictures(config: ExperimentConfig, data: PreparedData, network: DNN, folder: Path) -> tuple[str, ...]:
    """Draw what can be drawn of a trained network into a run's folder; return the names of the files.

    A picture from an earlier time that no longer applies (no mistake is left, say) is removed.

    Raises:
        OSError: when a file cannot be written.
    """
    from ms_dnn.runs.reports.layer_histograms import draw_layer_histograms
    from ms_dnn.runs.reports.sample_pictures import draw_boundary, draw_misclassified

    draw_layer_histograms(*numbers_at_start_and_now(config, data, network), folder / HISTOGRAMS, config.name)
    boundary, mistakes = boundary_of(config, data, network), mistakes_of(config, data, network)
    if boundary is not None:
        draw_boundary(boundary, folder / BOUNDARY, config.name)
    if mistakes is not None:
        draw_misclassified(mistakes, folder / MISCLASSIFIED, config.name)
    drawn = {HISTOGRAMS: True, BOUNDARY: boundary is not None, MISCLASSIFIED: mistakes is not None}
    for name, is_drawn in drawn.items():
        if not is_drawn:
            (folder / name).unlink(missing_ok=True)
    return tuple(name for name, is_drawn in drawn.items() if is_drawn)


def numbers_at_start_and_now(
    config: ExperimentConfig, data: PreparedData, network: DNN
) -> tuple[LayerNumbers, LayerNumbers]:
    """Return the numbers of the layers before the first step, which the seed brings back, and those of ``network``."""
    train = data.train
    start = build_network(config, train.x.shape[1])
    before, now = (
        Probe(one, build_cost(config).unweighted(), train.x, train.y, config.seed)() for one in (start, network)
    )
    return before, now
