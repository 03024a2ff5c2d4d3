"""A worker process of a sweep: takes trials from the study until none is waiting.

Its only argument is the sweep's folder; the first line of stdin is the storage and the name of the study. When stdin
ends, because the sweep was killed, the worker ends its trial in order, as on SIGTERM. Exit code 2 means that no trial
can be run at all; stdout says why, in one sentence.

    python -m ms_dnn.sweep.worker FOLDER
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from ms_dnn.config.swept import SweptExperiment, parse_swept
from ms_dnn.errors import DataError, MsDnnError
from ms_dnn.runtime.processes import own_output

SWEEP = "sweep.yaml"


def main() -> None:
    """Work until there is nothing left, or until SIGTERM."""
    out = own_output()
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    try:
        _work(Path(sys.argv[1]), order["storage"], order["study"])
    except MsDnnError as error:
        out.write(str(error))
        out.close()
        sys.exit(error.exit_code)


def _end_with_the_sweep() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock would be held at the end of the process
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _work(folder: Path, storage: str, name: str) -> None:
    from ms_dnn.sweep.study import Study
    from ms_dnn.sweep.trial import run_trial
    from ms_dnn.training.interruption import Interruption

    swept = parse_swept((folder / SWEEP).read_text(encoding="utf-8"), str(folder / SWEEP))
    _require_measurable(swept)
    study = Study(storage, name, swept)
    with Interruption() as interruption:
        while not interruption.requested and (trial := study.claim()) is not None:
            known = set(study.trials()[trial.number].intermediate_values)
            if not run_trial(study, trial, folder, known):
                break
            interruption.listen()


def _require_measurable(swept: SweptExperiment) -> None:
    """Raise for what is wrong with every trial: the device, the data, or a metric that they have not."""
    from mindspore import Tensor

    from ms_dnn.experiment.experiment import Experiment
    from ms_dnn.runtime.device import use_device

    use_device(swept.base.device)
    # MindSpore replaces the handlers of signals when it first computes: let that be over before we listen for them.
    (Tensor([1.0]) + Tensor([1.0])).asnumpy()
    experiment = Experiment(swept.base)
    score = f"validation_{experiment.decoder.score_name}"
    if experiment.data.validation is None:
        raise DataError("sweep: the data have too few samples for a validation set: raise data.validation")
    if swept.sweep.metric not in ("validation_loss", score):
        raise DataError(f"sweep.metric: got {swept.sweep.metric}, but these data give {score}: change it")


if __name__ == "__main__":
    main()
