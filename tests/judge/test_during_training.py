"""Gradients that are judged while ``Model.train`` runs, and a training that does not notice."""

import random
import threading

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from mindspore import dataset as dataset_of
from mindspore.train import Callback, Model, RunContext
from mindspore.train.callback._callback import InternalCallbackParam
from user_cells import Around, Square

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import GradientError, ParameterError, SubjectError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.during_training import JudgeGradients, random_state_restored
from ms_dnn.judge.judgement import Verdict
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.training.model_step import HandwrittenTrainOneStep

pytestmark = pytest.mark.usefixtures("cpu")

STEPS, BATCH = 6, 4
PASS, FAIL = Verdict.PASS, Verdict.FAIL


class Regression(nn.Cell):
    """Dense, batch normalisation, dropout of a probability, Dense."""

    def __init__(self, p=0.0):
        super().__init__()
        self.body = nn.SequentialCell(Around(nn.BatchNorm1d(7), ms.float32), nn.Tanh(), nn.Dropout(p=p))

    def construct(self, x):
        return self.body(x)


class Squares(nn.Cell):
    """The mean of squares, in the precision of its arguments: nn.MSELoss computes in float32."""

    def construct(self, out, y):
        return ((out - y) ** 2).mean()


class OwnStep(nn.Cell):
    """A train network of the user's own, around the one of the package."""

    def __init__(self, step):
        super().__init__(auto_prefix=False)
        self.step = step

    def construct(self, x, y):
        return self.step(x, y)


class Noise(nn.Cell):
    """x and noise."""

    def construct(self, x):
        return x + ops.standard_normal(x.shape)


class From(Callback):
    """Does something at the beginning of a step."""

    def __init__(self, step, action):
        self.step, self.action = step, action

    def on_train_step_begin(self, run_context):
        if run_context.original_args().cur_step_num == self.step:
            self.action()


def batches(steps=STEPS):
    generator = np.random.default_rng(2)
    x, y = (generator.normal(size=(STEPS * BATCH, length)).astype(np.float32) for length in (5, 3))
    return dataset_of.NumpySlicesDataset((x, y), ["x", "y"], shuffle=False).batch(BATCH).take(steps)


def by_hand():
    dnn = build_dnn((5, 4, 3), ("tanh", "identity"), seed=1)
    optimizer = nn.Adam(dnn.trainable_params(), 0.05)
    return Model(HandwrittenTrainOneStep(dnn, Cost("squared_error"), optimizer)), dnn, optimizer


def of_mindspore(network=None):
    network = network or Around(Square(), ms.float32)
    optimizer = nn.Momentum(network.trainable_params(), 1e-3, 0.9)
    return Model(network, Squares(), optimizer), network, optimizer


def normalised():
    return of_mindspore(Regression())


def trained(make, callbacks=(), steps=STEPS):
    """Return the bits of all Parameters and of the optimizer's state, and whether the network is set to train."""
    model, network, optimizer = make()
    model.train(1, batches(steps), callbacks=list(callbacks))
    flags = [cell.training for _, cell in network.cells_and_names()]
    return [p.asnumpy().tobytes() for p in (*network.get_parameters(), *optimizer.get_parameters())], flags


@pytest.fixture
def mode(request):
    ms.set_context(mode=request.param)
    yield ms.get_context("mode")
    ms.set_context(mode=ms.PYNATIVE_MODE)


@pytest.mark.parametrize(
    ("make", "mode"),
    [
        (by_hand, ms.PYNATIVE_MODE),
        (normalised, ms.GRAPH_MODE),
        pytest.param(by_hand, ms.GRAPH_MODE, marks=pytest.mark.campaign),
        pytest.param(normalised, ms.PYNATIVE_MODE, marks=pytest.mark.campaign),
        pytest.param(of_mindspore, ms.PYNATIVE_MODE, marks=pytest.mark.campaign),
        pytest.param(of_mindspore, ms.GRAPH_MODE, marks=pytest.mark.campaign),
    ],
    indirect=["mode"],
)
def test_the_training_is_the_same_bit_for_bit(make, mode, capsys):
    judge = JudgeGradients(every=3)
    with_it = trained(make, [judge])
    assert list(judge.judgements) == [1, 4]
    told = [f"gradients at step {step}: {one.verdict.value}: {one.reason}" for step, one in judge.judgements.items()]
    assert capsys.readouterr().out.splitlines() == told
    assert judge.judgements[1].verdict is PASS
    assert ms.get_context("mode") == mode
    assert with_it == trained(make)


def test_a_wrong_layer_stops_the_training_at_its_step(monkeypatch):
    right = Dense.backward

    def wrong(self, cache, da):
        dx, (dW, db) = right(self, cache, da)
        return dx, (2 * dW, db)

    judge = JudgeGradients(every=2)
    model, dnn, _ = by_hand()
    broken = From(5, lambda: monkeypatch.setattr(Dense, "backward", wrong))
    with pytest.raises(GradientError, match=r"^gradients at step 5: FAIL: .*; dW of .* 2 × .*judgements\[5\]\) shows"):
        model.train(1, batches(), callbacks=[broken, judge])
    assert [judgement.verdict for judgement in judge.judgements.values()] == [PASS, PASS, FAIL]
    monkeypatch.undo()
    before = trained(by_hand, steps=4)[0]
    assert [p.asnumpy().tobytes() for p in dnn.get_parameters()] == before[: len(list(dnn.get_parameters()))]


def test_a_wrong_cell_of_ones_own_is_warned_of():
    judge = JudgeGradients(every=3, on_fail="warn")
    model, network, _ = of_mindspore()

    def break_it():
        network.inner.factor = 2.1

    with pytest.warns(RuntimeWarning, match="gradients at step 4: FAIL: .*inner.* 1.05") as told:
        model.train(1, batches(4), callbacks=[From(2, break_it), judge])
    assert len(told) == 1
    assert [judgement.verdict for judgement in judge.judgements.values()] == [PASS, FAIL]


def test_what_cannot_be_judged_is_told_and_training_goes_on(capsys):
    judge = JudgeGradients(every=2)
    trained(lambda: of_mindspore(nn.SequentialCell(Around(nn.Tanh(), ms.float32), Noise())), [judge], steps=2)
    assert judge.judgements[1].verdict is Verdict.INCONCLUSIVE
    assert "gradients at step 1: INCONCLUSIVE: two forward passes on the same input differ" in capsys.readouterr().out


def test_dropout_is_off_in_what_is_judged_alone():
    judge = JudgeGradients()
    _, flags = trained(lambda: of_mindspore(Regression(0.5)), [judge], steps=1)
    assert "draws a new mask" not in judge.judgements[1].reason
    assert all(flags)


# What is judged ----------------------------------------------------------------------------------------------


def loss_cell():
    return nn.WithLossCell(Around(Square(2.5), ms.float32), Squares())


def in_the_network():
    network = loss_cell()
    return Model(network, optimizer=nn.SGD(network.trainable_params(), 1e-3))


def one_step():
    network = loss_cell()
    return Model(nn.TrainOneStepCell(network, nn.SGD(network.trainable_params(), 1e-3)))


@pytest.mark.parametrize("make", [in_the_network, one_step, lambda: of_mindspore(Around(Square(2.5), ms.float32))[0]])
def test_wherever_the_loss_is(make):
    judge = JudgeGradients(wrt="below.weight")
    with pytest.raises(GradientError, match=r"1\.25"):
        make().train(1, batches(1), callbacks=[judge])
    assert [tensor.name.rpartition("below.")[2] for tensor in judge.judgements[1].tensors] == ["weight"]


def test_the_first_samples_and_the_options():
    judge = JudgeGradients(samples=3, precision="float64", modes=("pynative", "compiled"), directions=2)
    trained(by_hand, [judge], steps=1)
    assert judge.judgements[1].conditions.subject.endswith("3 samples")
    assert (judge.judgements[1].conditions.directions, judge.judgements[1].conditions.seed) == (2, 1)
    assert judge.judgements[1].routes[:2] == ("handwritten", "handwritten (compiled)")
    everything = JudgeGradients(samples=None, precision="float64")
    trained(of_mindspore, [everything], steps=1)
    assert everything.judgements[1].conditions.subject == f"Around on ({BATCH}×5), loss Squares"
    assert (everything.judgements[1].conditions.dtype, everything.judgements[1].conditions.directions) == ("float64", 1)


def test_what_a_cell_is_meant_to_return_is_passed_on():
    judge = JudgeGradients(expect="reversal")
    with pytest.raises(GradientError):
        trained(of_mindspore, [judge], steps=1)


def test_a_batch_of_tensors_of_other_lengths_is_not_cut():
    judge, batch = JudgeGradients(samples=2), [Tensor(np.ones((4, 3))), Tensor(np.ones(5)), 1]
    assert [value.shape for value in judge._first_samples(batch)[:2]] == [(4, 3), (5,)]
    assert [value.shape for value in judge._first_samples([batch[0], batch[0]])] == [(2, 3), (2, 3)]
    assert judge._first_samples([Tensor(1.0)])[0].shape == ()
    (many,) = JudgeGradients()._first_samples([Tensor(np.ones((40, 3)))])
    assert many.shape == (32, 3)


# What is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"every": 0}, "every: got 0, expected a whole number from 1$"),
        ({"every": 2.5}, r"every: got 2\.5, expected a whole number from 1$"),
        ({"samples": True}, "samples: got True, expected a whole number from 1 or None$"),
        ({"directions": None}, "directions: got None, expected a whole number from 1$"),
        ({"on_fail": "raise"}, "on_fail: got 'raise', expected one of 'stop', 'warn'$"),
        (
            {"precision": "float8"},
            "precision: got 'float8', expected one of None, 'float64', 'float32', 'float16', 'bfloat16'$",
        ),
        ({"device": "cpu"}, "device: got 'cpu', expected one of None, 'Ascend', 'GPU', 'CPU'$"),
        ({"modes": "pynative"}, r"modes: got 'pynative', expected some of \['pynative', 'compiled'\]$"),
        ({"modes": ()}, r"modes: got \(\), expected some of"),
    ],
)
def test_a_wrong_argument_is_one_sentence(arguments, words):
    with pytest.raises(ParameterError, match=words):
        JudgeGradients(**arguments)


def test_sink_mode_is_refused_at_the_start():
    network = loss_cell()
    training = InternalCallbackParam(dataset_sink_mode=True, train_network=network)
    with pytest.raises(
        SubjectError, match="got dataset_sink_mode=True, in which a callback sees no batches: train with"
    ):
        JudgeGradients().on_train_begin(RunContext(training))


def test_an_unknown_train_network_is_refused_at_the_start():
    own = OwnStep(by_hand()[0].train_network)
    with pytest.raises(SubjectError, match="got the train network OwnStep, of which network and loss cannot be told"):
        Model(own).train(1, batches(1), callbacks=[JudgeGradients()])


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("lock", threading.Lock(), "step 1: the network cannot be copied: cannot pickle"),
        ("inner", nn.Dense(7, 8), r"step 1: the forward pass failed on \(float32\[4, 5\]\)"),
    ],
)
def test_a_network_that_cannot_be_judged_is_one_sentence(attribute, value, words):
    model, network, _ = of_mindspore()
    setattr(network, attribute, value)
    with pytest.raises(SubjectError, match=words):
        model.train(1, batches(1), callbacks=[JudgeGradients()])


def test_the_next_random_numbers_are_those_that_were_to_come():
    def draw():
        ms.set_seed(5)
        yield
        yield random.random(), np.random.random(), ops.uniform((2,), Tensor(0.0), Tensor(1.0)).asnumpy().tolist()  # noqa: NPY002
        yield ms.get_rng_state().asnumpy().tolist(), ms.get_seed()

    expected = draw()
    next(expected)
    python = random.getstate()
    first = list(expected)
    random.setstate(python)
    again = draw()
    next(again)
    with random_state_restored():
        random.random(), np.random.random(), ops.uniform((2,), Tensor(0.0), Tensor(1.0)), ops.rand(3)  # noqa: NPY002
        ms.default_generator.manual_seed(77)
    assert list(again) == first


def test_a_step_of_ones_own_that_holds_the_handwritten_gradient_is_judged():
    class Step(nn.Cell):
        def __init__(self, dnn):
            super().__init__(auto_prefix=False)
            self.gradient = HandwrittenGradient(dnn, Cost("squared_error"))

        def construct(self, x, y):
            return self.gradient(x, y)[0]

    judge = JudgeGradients()
    Model(Step(by_hand()[1])).train(1, batches(1), callbacks=[judge])
    assert judge.judgements[1].verdict is PASS
