"""Backward passes of public projects: what is right passes, what is wrong fails at its tensor, with its cause.

All are written anew after the formulas of their sources; no code is copied.
"""

import pytest
from public_functions_table import ACTIVATIONS
from public_layers_table import LAYERS
from public_losses_table import LOSSES
from public_moves_table import SHAPES
from public_pairs_table import PAIRS

from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Verdict

pytestmark = pytest.mark.usefixtures("cpu")

ENTRIES = [*ACTIVATIONS, *LOSSES, *LAYERS, *SHAPES, *PAIRS]
IN_EVERY_RUN = {
    "swish",
    "hard swish on its knees",
    "relu, 5x",
    "gradient reversal",
    "huber ignores",
    "cross-entropy in float32",
    "mean as sum",
    "softmax with −1e9",
    "layer norm",
    "attention not scaled",
    "gather assigns",
    "concat forgets",
    "arcface",
    "variance by moments in float32",
    "cholesky",
}


def named(entry, judgement):
    """Return whether a diagnosis of the faulty Cell, or a finding, has the words."""
    said = [part.diagnosis for part in judgement.faulty] + [finding.message for finding in judgement.findings]
    return entry.words is not None and any(entry.words in sentence for sentence in said)


def wrong_tensors(judgement):
    errors = {finding.tensor for finding in judgement.findings if finding.severity == "error"}
    return ({*judgement.disagreeing, *(part.tensor for part in judgement.faulty)} | errors) - {None}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=entry.name, marks=() if entry.name in IN_EVERY_RUN else pytest.mark.campaign)
        for entry in ENTRIES
    ],
)
def test_a_public_backward_pass(entry):
    judgement = check_gradients(**entry.factory())
    assert judgement.verdict is entry.verdict, (entry.source, judgement.reason)
    if entry.verdict is Verdict.FAIL:
        assert wrong_tensors(judgement) == set(entry.tensors), (entry.source, judgement.reason)
    if entry.words is not None:
        assert named(entry, judgement), (
            entry.source,
            [part.diagnosis for part in judgement.faulty],
            judgement.findings,
        )


@pytest.mark.campaign
def test_four_in_five_causes_are_named():
    judged = [(entry, check_gradients(**entry.factory())) for entry in ENTRIES]
    mistaken = [entry.name for entry, judgement in judged if judgement.verdict is not entry.verdict]
    wrong = [(entry, judgement) for entry, judgement in judged if entry.verdict is Verdict.FAIL]
    unnamed = [entry.name for entry, judgement in wrong if not named(entry, judgement)]
    assert len(judged) - len(wrong) >= 60
    assert not mistaken
    assert len(unnamed) <= len(wrong) / 5, f"{len(unnamed)} of {len(wrong)}: {unnamed}"


def test_each_name_is_given_once():
    names = [entry.name for entry in ENTRIES]
    assert len(names) == len(set(names))
    assert set(names) >= IN_EVERY_RUN
