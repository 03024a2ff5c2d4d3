"""Deep neural networks on MindSpore, trained by a hand-written backward pass and judged against others.

Importing the package loads no MindSpore; the names below do, on first use.
"""

import os
import tempfile
from importlib import import_module
from typing import Any

# Both must be set before MindSpore is imported: log nothing, for what goes wrong is raised as well, and put the
# compiler's failure dumps (rank_0/om/analyze_fail.ir) into the system's temporary folder instead of the user's.
os.environ.setdefault("GLOG_v", "4")
os.environ.setdefault("MS_OM_PATH", tempfile.gettempdir())

__version__ = "0.1.0"

PUBLIC_NAMES = {
    "Cost": "ms_dnn.layers.cost",
    "DNN": "ms_dnn.dnn",
    "DNNClassifier": "ms_dnn.estimators.classifier",
    "DNNRegressor": "ms_dnn.estimators.regressor",
    "Dense": "ms_dnn.layers.dense",
    "FrameworkGradient": "ms_dnn.gradients.framework",
    "HandwrittenGradient": "ms_dnn.gradients.handwritten",
    "HandwrittenTrainOneStep": "ms_dnn.training.model_step",
    "Layer": "ms_dnn.layers.layer",
    "LogisticRegression": "ms_dnn.dnn",
    "Perceptron": "ms_dnn.dnn",
    "ShallowNetwork": "ms_dnn.dnn",
    "assert_gradients": "ms_dnn.judge.check",
    "build_dnn": "ms_dnn.dnn",
    "check_gradients": "ms_dnn.judge.check",
    "load_config": "ms_dnn.config",
    "use_device": "ms_dnn.runtime.device",
    "with_handwritten_bprop": "ms_dnn.gradients.bprop",
}

__all__ = ["__version__", *sorted(PUBLIC_NAMES)]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC_NAMES:
        raise AttributeError(f"module 'ms_dnn' has no attribute '{name}'")
    return getattr(import_module(PUBLIC_NAMES[name]), name)
