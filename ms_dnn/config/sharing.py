"""Which experiments several workers can train together."""

from ms_dnn.config.schema import ExperimentConfig
from ms_dnn.errors import ConfigError


def require_shareable(config: ExperimentConfig, workers: int, batch_size: int | None = None) -> None:
    """Raise a :class:`ConfigError` when ``workers`` processes cannot train an experiment to the numbers of one.

    Args:
        config: the experiment.
        workers: number of workers W; 1 can train all.
        batch_size: number of samples N of a step, or None where only the data can tell.
    """
    if workers == 1:
        return
    if batch_size is None and isinstance(config.training.batch_size, int):
        batch_size = config.training.batch_size
    if batch_size is not None and batch_size % workers:
        smaller = batch_size - batch_size % workers
        nearest = f"{smaller} or {smaller + workers}" if smaller else str(workers)
        raise ConfigError(
            f"training.batch_size: got {batch_size}, which is that of all {workers} workers together, expected a "
            f"multiple of {workers}, so that each gets as many samples: set it to {nearest}, or change the number of "
            "workers"
        )
    if config.precision == "float64":
        raise ConfigError(
            f"precision: got float64, expected float32 or a mixed one, because {workers} workers add up their "
            "gradients in float32: change it, or train in one process"
        )
    if config.backprop == "framework":
        raise ConfigError(
            f"backprop: got framework, expected handwritten, because {workers} workers add up the gradients of the "
            "hand-written backward pass: change it, or train in one process"
        )
