from .config import load_config as load_config
from .dnn import DNN as DNN
from .dnn import LogisticRegression as LogisticRegression
from .dnn import Perceptron as Perceptron
from .dnn import ShallowNetwork as ShallowNetwork
from .dnn import build_dnn as build_dnn
from .estimators.classifier import DNNClassifier as DNNClassifier
from .estimators.regressor import DNNRegressor as DNNRegressor
from .gradients.bprop import with_handwritten_bprop as with_handwritten_bprop
from .gradients.framework import FrameworkGradient as FrameworkGradient
from .gradients.handwritten import HandwrittenGradient as HandwrittenGradient
from .judge.check import assert_gradients as assert_gradients
from .judge.check import check_gradients as check_gradients
from .judge.during_training import JudgeGradients as JudgeGradients
from .layers.cost import Cost as Cost
from .layers.dense import Dense as Dense
from .layers.layer import Layer as Layer
from .run.run import Run as Run
from .run.run import load_run as load_run
from .run.run import train as train
from .runtime.device import use_device as use_device
from .training.model_step import HandwrittenTrainOneStep as HandwrittenTrainOneStep

__version__: str
__all__: list[str]
