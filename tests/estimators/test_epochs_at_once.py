"""Several epochs in one call: they end where single ones do, and Ctrl-C keeps those that were done."""

import os
import signal

import pytest
from small_estimators import assert_same_bits, classifier, iris

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]


def test_ctrl_c_keeps_the_epochs_done(monkeypatch):
    from ms_dnn.estimators.program import Program

    x, y = iris()
    train_epochs, calls = Program.train_epochs, []

    def interrupted(*arguments):
        calls.append(0)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return train_epochs(*arguments)

    monkeypatch.setattr(Program, "train_epochs", interrupted)
    monkeypatch.setattr(Program, "epochs_at_once", lambda *_: 2)
    model = classifier(max_iter=50)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y)
    monkeypatch.undo()
    assert model.n_iter_ == 6
    assert_same_bits(model, classifier(max_iter=6).fit(x, y))


@pytest.mark.parametrize(
    "settings", [{"dropout": 0.2, "normalization": "batch"}, {"batch_size": 40, "l2": 0.1}], ids=str
)
def test_epochs_at_once_end_where_single_ones_do(settings):
    x, y = iris()
    at_once = classifier(max_iter=300, tol=0.02, n_iter_no_change=3, **settings).fit(x, y)
    assert 3 < at_once.n_iter_ < 300
    one_by_one = classifier(max_iter=300, tol=0.02, n_iter_no_change=3, **settings).fit(x, y, callback=lambda row: None)
    assert_same_bits(at_once, one_by_one)
    assert at_once.loss_curve_ == one_by_one.loss_curve_
