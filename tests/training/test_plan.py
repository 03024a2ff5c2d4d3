"""Which samples a step sees: a function of the seed and the epoch, and of nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.errors import DataError
from ms_dnn.training.plan import Plan


@st.composite
def plans(draw):
    samples = draw(st.integers(1, 40))
    return Plan(
        samples=samples,
        batch_size=draw(st.integers(1, samples)),
        total_steps=draw(st.integers(1, 60)),
        epochs_per_report=draw(st.integers(1, 5)),
        seed=draw(st.integers(0, 2**32)),
    )


@st.composite
def plans_evenly_batched(draw):
    samples = draw(st.integers(1, 40))
    most = draw(st.integers(1, samples))
    plan = Plan.evenly_batched(samples, most, draw(st.integers(1, 4)), draw(st.integers(0, 2**32)))
    assert plan.batch_size <= most
    return plan


def all_batches(plan):
    """The samples of every step of the run, put together from its stretches."""
    parts, step = [], 0
    while step < plan.total_steps:
        first, end = plan.interval_of(step)
        parts.append(plan.batches(first)[: end - first])
        step = end
    return np.concatenate(parts)


@given(plans() | plans_evenly_batched())
def test_stretches_tile_the_run(plan):
    assert len(all_batches(plan)) == plan.total_steps
    for step in range(plan.total_steps):
        first, end = plan.interval_of(step)
        assert first <= step < end <= plan.total_steps
        assert first % plan.report_interval == 0
        assert end - first == plan.report_interval or end == plan.total_steps


@given(plans() | plans_evenly_batched())
def test_every_stretch_has_one_shape(plan):
    for first in range(0, plan.total_steps, plan.report_interval):
        batches = plan.batches(first)
        assert batches.shape == (plan.report_interval, plan.batch_size)
        assert batches.dtype == np.int32


@given(plans())
def test_an_epoch_takes_no_sample_twice_and_drops_only_the_remainder(plan):
    steps = all_batches(plan)
    for start in range(0, plan.total_steps, plan.steps_per_epoch):
        epoch = steps[start : start + plan.steps_per_epoch].ravel()
        assert len(set(epoch.tolist())) == len(epoch)
        assert 0 <= epoch.min() <= epoch.max() < plan.samples
    assert 0 <= plan.samples - plan.steps_per_epoch * plan.batch_size < plan.batch_size


@given(plans_evenly_batched())
def test_an_epoch_evenly_batched_deals_every_sample_out_once_and_evenly(plan):
    epochs = all_batches(plan).reshape(-1, plan.steps_per_epoch, plan.batch_size)
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch.ravel()), np.arange(plan.samples + plan.padding))
        of_steps = (epoch < plan.samples).sum(axis=1)
        assert of_steps.max() - of_steps.min() <= 1
        assert of_steps.min() >= 1


@given(plans(), st.integers(1, 60), st.integers(1, 5))
def test_length_of_the_run_and_of_its_reports_change_no_batch(plan, total_steps, epochs_per_report):
    other = replace(plan, total_steps=total_steps, epochs_per_report=epochs_per_report)
    common = min(plan.total_steps, total_steps)
    np.testing.assert_array_equal(all_batches(plan)[:common], all_batches(other)[:common])


@given(plans())
def test_full_batch_keeps_the_order(plan):
    full = Plan(plan.samples, plan.samples, plan.total_steps, plan.epochs_per_report, plan.seed)
    assert full.steps_per_epoch == 1
    assert (all_batches(full) == np.arange(plan.samples)).all()


def test_seed_and_epoch_decide():
    plan, other = (Plan(100, 50, 4, 1, seed) for seed in (0, 1))
    epochs = all_batches(plan).reshape(2, -1)
    assert (epochs[0] != epochs[1]).any()
    assert (all_batches(plan) != all_batches(other)).any()
    np.testing.assert_array_equal(all_batches(plan), all_batches(Plan(100, 50, 4, 1, 0)))


def test_over_the_epochs_no_sample_is_left_out():
    plan = Plan(samples=10, batch_size=7, total_steps=40, epochs_per_report=1, seed=0)
    assert plan.steps_per_epoch == 1
    assert set(all_batches(plan).ravel().tolist()) == set(range(10))


def test_epoch_of():
    plan = Plan(samples=10, batch_size=3, total_steps=9, epochs_per_report=2, seed=0)
    assert [plan.epoch_of(step) for step in range(7)] == [1, 1, 1, 2, 2, 2, 3]
    assert [plan.interval_of(step) for step in (0, 5, 6, 8)] == [(0, 6), (0, 6), (6, 9), (6, 9)]


def test_a_batch_larger_than_the_data():
    with pytest.raises(DataError) as refused:
        Plan(samples=10, batch_size=11, total_steps=1, epochs_per_report=1, seed=0)
    assert str(refused.value) == (
        "training.batch_size: got 11, but there are only 10 training samples: expected at most 10, or 'all'"
    )
