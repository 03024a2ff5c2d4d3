"""Small sweeps of the iris data."""

import os
import signal
import sys
from typing import Any

from ms_dnn.config.swept import SweptExperiment, parse_swept

IRIS = """\
name: tiny
data: {set: iris, validation: 0.2}
network:
  layers:
    - {units: 4, activation: tanh}
    - {units: 3, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: adam}
learning_rate: 0.01
training: {batch_size: 16, epochs: 4}
device: CPU
sweep:
  trials: 6
  pruning: none
  ranges:
    learning_rate: {low: 0.001, high: 0.1, log: true}
    network.width: {low: 2, high: 8}
    network.activation: [tanh, relu]
"""


def iris(*overrides: str) -> SweptExperiment:
    return parse_swept(IRIS, "c.yaml", overrides)


def value_of(parameters: dict[str, Any]) -> float:
    """A stand-in for a training: any function of the parameters."""
    return abs(parameters["learning_rate"] - 0.02) + parameters["network.width"] / 100


def work(url: str, trials: str) -> None:
    """Take trials until there is none, as a process of its own, without training; say which ones."""
    from ms_dnn.sweep import study as study_module

    study_module.JOIN_SECONDS = 600.0  # however slow the process is that makes the study
    study = study_module.Study(url, "tiny", iris(f"sweep.trials={trials}"))
    while (trial := study.claim()) is not None:
        parameters = study.suggest(trial)
        trial.report(1.0, 0)
        study.complete(trial, value_of(parameters))
        print(trial.number, flush=True)


def crash(url: str, trials: str) -> None:
    """Claim a trial and die, as MindSpore may."""
    from ms_dnn.sweep.study import Study

    study = Study(url, "tiny", iris(f"sweep.trials={trials}"))
    study.suggest(study.claim())
    os.kill(os.getpid(), signal.SIGSEGV)


if __name__ == "__main__":
    {"work": work, "crash": crash}[sys.argv[1]](*sys.argv[2:])
