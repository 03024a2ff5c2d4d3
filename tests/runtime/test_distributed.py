"""Shards of a mini-batch in one process: together they are the whole, with no other worker at hand."""

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.config import load_config
from ms_dnn.config.sharing import require_shareable
from ms_dnn.errors import WorkerError
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.dropout import keep_factors, threshold_and_scale
from ms_dnn.runtime.distributed import ALONE, Workers, init_process_group, is_main_process, is_worker
from ms_dnn.runtime.launch import Cluster


@pytest.mark.parametrize("number", [1, 2, 4])
def test_shards_are_every_sample_once(number):
    batches = np.arange(24, dtype=np.int32).reshape(2, 12)
    shards = [Workers(rank, number).shard_of(batches) for rank in range(number)]
    np.testing.assert_array_equal(np.stack(shards, axis=2).reshape(2, 12), batches)
    assert all(share.flags.c_contiguous for share in shards)


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize("number", [2, 3])
def test_a_shard_of_the_mask_is_those_rows_of_the_whole(number):
    like, settings, step = Tensor(np.zeros(1)), (*threshold_and_scale(0.4), 7), Tensor(5, ms.int32)
    whole = keep_factors((12, 10), *settings, step, like).asnumpy()
    for rank in range(number):
        share = keep_factors((12 // number, 10), *settings, step, like, first=rank, stride=number).asnumpy()
        np.testing.assert_array_equal(share, whole[rank::number])


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_parts_of_the_cost_add_up_to_it(reduction):
    rng = np.random.default_rng(5)
    a, y = rng.normal(size=(2, 12, 3))
    J, da = Cost("squared_error", reduction).forward_backward(Tensor(a), Tensor(y))
    parts = [
        Cost("squared_error", reduction, shards=3).forward_backward(Tensor(a[rank::3]), Tensor(y[rank::3]))
        for rank in range(3)
    ]
    assert sum(float(part) for part, _ in parts) == pytest.approx(float(J), rel=1e-13)
    for rank in range(3):
        np.testing.assert_allclose(parts[rank][1].asnumpy(), da.asnumpy()[rank::3], rtol=1e-14)


def test_a_process_that_nobody_started_with_others_is_alone(monkeypatch):
    monkeypatch.delenv("MS_ROLE", raising=False)
    assert not is_worker()
    assert is_main_process()
    assert init_process_group() == ALONE
    assert ALONE.all_reduce_min(7) == 7


@pytest.mark.parametrize(("rank", "wanted"), [("0", True), ("1", False)])
def test_worker_0_is_the_main_process(monkeypatch, rank, wanted):
    monkeypatch.setenv("MS_ROLE", "MS_WORKER")
    monkeypatch.setenv("RANK_ID", rank)
    assert is_main_process() is wanted
    monkeypatch.setenv("MS_ROLE", "MS_SCHED")
    assert not is_main_process()


def test_one_worker_can_train_all():
    config = load_config(
        Path(__file__).parents[2] / "configs" / "digits.yaml",
        ["precision=float64", "training.batch_size=7", "device=CPU"],
    )
    require_shareable(config, 1)


def test_the_environment_places_a_machine_among_others():
    environment = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "8118", "NODE_RANK": "1", "LOCAL_WORKERS": "2"}
    assert Cluster.of_environment(4, environment) == Cluster(4, 2, 1, "10.0.0.1", 8118)
    assert Cluster.of_environment(4, {}) == Cluster(4, 4)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LOCAL_WORKERS": "3"}, "got 4 with 3"),
        ({"NODE_RANK": "two"}, "NODE_RANK: got 'two'"),
        ({"NODE_RANK": "1"}, "counted from 0, of 1"),
        ({"LOCAL_WORKERS": "2", "NODE_RANK": "1"}, "MASTER_ADDR"),
    ],
)
def test_machines_that_do_not_fit_together_raise(environment, words):
    with pytest.raises(WorkerError, match=words):
        Cluster.of_environment(4, environment)
