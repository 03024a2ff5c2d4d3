"""Wrong calls of the Python face: one sentence of the package's own errors, which names what was got."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import ms_dnn
from ms_dnn.errors import MsDnnError

sys.path.append(str(Path(__file__).parents[1] / "cli"))
from command import trained_run

pytestmark = pytest.mark.usefixtures("unpictured")
WINE = Path(__file__).parents[2] / "configs" / "wine.yaml"
X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2


@pytest.fixture(scope="module")
def names(tmp_path_factory, cpu, unpictured):
    """What the calls name: a run, its folder, a configuration as a mapping, a network, an estimator, samples."""
    place = tmp_path_factory.mktemp("calls")
    config = yaml.safe_load(WINE.read_text())
    config["training"] = {"batch_size": 16, "epochs": 1}
    run = trained_run(place, config)
    return {
        "ms_dnn": ms_dnn, "np": np, "pd": pd, "X": X, "y": Y, "config": config, "place": place, "folder": run,
        "run": ms_dnn.load_run(run), "net": ms_dnn.build_dnn([3, 2], ["identity"]), "dnn": ms_dnn.DNNClassifier,
        "relu": __import__("mindspore").nn.ReLU(),
    }  # fmt: skip


CALLS = [
    ("ms_dnn.train('nowhere.yaml')", "nowhere.yaml: there is no such file"),
    ("ms_dnn.train(3)", "config: got a int, expected a YAML file, a mapping"),
    ("ms_dnn.train({})", "config: name: missing"),
    ("ms_dnn.train({**config, 'seed': np.int64(3)})", "got values that no YAML file holds (3)"),
    ("ms_dnn.train({**config, 'epochs': 3})", "epochs: unknown key; it belongs at training.epochs"),
    ("ms_dnn.train(config, folder)", "exists already; a run needs a new folder"),
    ("ms_dnn.train(config, 3)", "folder: got a int, expected a path"),
    ("ms_dnn.train(config, place / 'new', 'seed=1')", "overrides: got 'seed=1', expected a list of texts: ['seed=1']"),
    ("ms_dnn.train(config, place / 'new', 3)", "overrides: got 3, expected a list of texts: ['training.epochs=5']"),
    ("ms_dnn.train(config, place / 'new', [3])", "overrides: got [3], expected a list of texts"),
    ("ms_dnn.train(config, place / 'new', ['seed'])", "--set seed: expected key=value"),
    ("ms_dnn.train(config, place / 'new', callback=3)", "callback: got 3, expected a ms_dnn"),
    ("ms_dnn.load_config(None)", "path: got a NoneType, expected a YAML file, or a name such as 'digits'"),
    ("ms_dnn.load_config('wine', 'seed=1')", "overrides: got 'seed=1', expected a list of texts"),
    ("ms_dnn.load_run('nowhere')", "nowhere: no such run folder"),
    ("ms_dnn.load_run(None)", "folder: got a NoneType, expected a path"),
    ("ms_dnn.load_run(folder, 'cuda')", "device: got 'cuda', expected one of auto, Ascend, GPU, CPU"),
    ("run.evaluate('all')", "split: got 'all', expected one of test, validation, train"),
    ("run.predict(None)", "samples: got a NoneType, expected"),
    ("run.predict('nowhere.csv')", "got no file or folder 'nowhere.csv'"),
    ("run.predict(X)", "has 3 feature columns, expected 13"),
    ("run.predict([[1, 2], [3]])", "samples: got a list, expected"),
    ("run.predict(pd.DataFrame({'alcohol': [1.0]}))", "does not fit the 13 features"),
    ("run.export('pb')", "file_format: got 'pb', expected one of mindir, onnx, air"),
    ("run.export('mindir', 3)", "output: got a int, expected a path"),
    ("run.export('onnx', 'model.pb')", "expected a name that ends with .onnx"),
    ("ms_dnn.Cost('crossentropy')", "did you mean 'binary_cross_entropy'?"),
    ("ms_dnn.Cost('hinge', 'average')", "reduction: got 'average', expected mean or sum"),
    ("ms_dnn.build_dnn([3, 2], ['rleu'])", "did you mean 'relu'?"),
    ("ms_dnn.build_dnn([3, 2], ['relu', 'relu'])", "got sizes (3, 2), 2 activations"),
    ("ms_dnn.build_dnn([3, 2.5], ['relu'])", "got sizes [3, 2.5]"),
    ("ms_dnn.build_dnn([3, 2], 'relu')", "L names, such as (2, 3, 1)"),
    (
        "ms_dnn.build_dnn([3, 2], ['relu'], dtype='int8')",
        "dtype: got 'int8', expected one of float16, float32, float64",
    ),
    ("ms_dnn.Perceptron(0)", "inputs: got 0, expected a whole number of at least 1"),
    ("ms_dnn.LogisticRegression('3')", "inputs: got '3', expected a whole number"),
    ("ms_dnn.ShallowNetwork(3, 0, 2)", "hidden: got 0, expected a whole number"),
    ("ms_dnn.Dense(3, 2, 'relu')", "got a weight of shape () and a bias of shape (), expected (O, I) and (O,)"),
    ("net(X[:, :2])", "got Float32 of shape (20, 2), expected Float32 of shape (N, 3)"),
    ("net(None)", "got a NoneType, expected a Tensor, or numbers in rows of one length"),
    ("net([[1, 2], [3]])", "got a list, expected a Tensor, or numbers in rows of one length"),
    ("ms_dnn.Cost('squared_error')(X, X[:, :2])", "got shape (20, 2), expected (20, 3)"),
    ("ms_dnn.check_gradients(relu, X, modes=('fast',))", "modes: got ['fast']"),
    ("ms_dnn.check_gradients(relu, X, wrt='weights')", "wrt: got ['weights']"),
    ("ms_dnn.check_gradients(relu, X.astype(int))", "there is no floating-point tensor"),
    ("ms_dnn.check_gradients(3, X)", "'int' object is not callable"),
    ("ms_dnn.use_device('cuda')", "device: got 'cuda', expected auto, Ascend, GPU or CPU"),
    ("dnn(solver='sgd').fit(X, y)", "it is 'gradient_descent' here"),
    ("dnn(activation='logistic').fit(X, y)", "it is 'sigmoid' here"),
    ("dnn(learning_rate='adaptive').fit(X, y)", "scikit-learn's learning_rate is `schedule` here"),
    ("dnn(hidden_layer_sizes=(5.0,)).fit(X, y)", "hidden_layer_sizes: got (5.0,)"),
    ("dnn(max_iter=1e2).fit(X, y)", "max_iter: got 100.0, expected a whole number"),
    ("dnn(device='cuda').fit(X, y)", "it is 'GPU' here"),
    ("dnn(class_weight={7: 1.0}).fit(X, y)", "the labels are [0, 1]"),
    ("dnn(early_stopping='True').fit(X, y)", "expected True or False"),
    ("dnn().fit(X, y, sample_weight=np.zeros(20))", "all weights are zero"),
    ("dnn().fit(X, np.array([0, 'a'] * 10, object))", "y: got labels of the kinds int, str, expected one kind"),
    ("dnn().fit(X, [None, 'a'] * 10)", "y: got labels of the kinds NoneType, str"),
    ("dnn().fit(X, y, X_val=X)", "y_val: got None beside X_val"),
    ("dnn().fit(X, y, validation=X)", "validation: got a ndarray, expected a pair"),
]


@pytest.mark.parametrize(("call", "sentence"), CALLS, ids=[call for call, _ in CALLS])
def test_a_wrong_call_is_one_sentence(names, call, sentence):
    with pytest.raises(MsDnnError) as caught:
        eval(call, dict(names))
    assert sentence in str(caught.value)
    assert not (names["place"] / "new").exists()
