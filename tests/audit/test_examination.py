"""The audit's verdicts on planted faults: what it must find, and what it must not blame."""

import subprocess
import sys

import pytest

pytest.importorskip("mindspore")
from planted_entries import BY_NAME

from ms_dnn.audit import findings
from ms_dnn.audit.examination import Examination

pytestmark = pytest.mark.usefixtures("cpu")


def verdicts(name, dtype="float64", mode="PyNative"):
    """The verdict by tensor; of one with several outcomes the last."""
    found = Examination(BY_NAME[name]).examine(dtype, mode)
    return {examined.outcome.tensor: examined.outcome.verdict for examined in found}


@pytest.mark.parametrize("mode", ["PyNative", "compiled"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_call_is_right_in_both_orders(dtype, mode):
    assert verdicts("right", dtype, mode) == {
        "output": findings.RIGHT,
        "x0": findings.RIGHT,
        "x0 (second order)": findings.RIGHT,
    }


@pytest.mark.parametrize("mode", ["PyNative", "compiled"])
@pytest.mark.parametrize(
    ("name", "tensor", "verdict"),
    [
        ("gradient of 1.5", "x0", findings.WRONG_GRADIENT),
        ("gradient of 1.01", "x0", findings.IMPRECISE_GRADIENT),
        ("no gradient of x1", "x1", findings.WRONG_GRADIENT),
        ("NaN at zero", "x0", findings.WRONG_GRADIENT),
        ("both of a tie", "x0", findings.WRONG_GRADIENT),
        ("kink", "x0", findings.CONVENTION),
    ],
)
def test_a_gradient_is_judged_and_the_right_forward_not_blamed(name, tensor, verdict, mode):
    found = verdicts(name, mode=mode)
    assert found["output"] == findings.RIGHT
    assert found[tensor] == verdict


def test_a_wrong_forward_is_not_reported_as_a_wrong_gradient_too():
    found = verdicts("other forward")
    assert found == {"output": findings.WRONG_FORWARD, "x0": findings.UNJUDGED}


def test_float32_inside_float64_is_imprecise_and_fine_in_float32():
    assert verdicts("float32 inside")["output"] == findings.IMPRECISE_FORWARD
    assert verdicts("float32 inside", "float32")["output"] == findings.RIGHT


def test_a_narrow_output_does_not_hide_that_an_earlier_one_is_wrong():
    assert verdicts("wrong, then narrow")["output"] == findings.WRONG_FORWARD


def test_a_refused_dtype_is_unsupported_with_mindspores_words():
    (refused,) = Examination(BY_NAME["refused"]).examine("float64", "PyNative")
    assert refused.outcome.verdict == findings.UNSUPPORTED
    assert "itwise" in refused.outcome.detail


@pytest.mark.parametrize("name", ["misspelt", "broken formula"])
def test_a_broken_entry_is_not_mistaken_for_a_refusal(name):
    with pytest.raises((AttributeError, ZeroDivisionError)):
        Examination(BY_NAME[name]).examine("float64", "PyNative")


def test_a_wrong_gradient_is_confirmed_in_three_ways():
    outcome = next(
        examined.outcome
        for examined in Examination(BY_NAME["gradient of 1.5"]).examine("float64", "PyNative")
        if examined.outcome.tensor == "x0"
    )
    assert "by extrapolation" in outcome.detail
    assert "by the five-point rule" in outcome.detail
    assert "MindSpore's own float64 forward" in outcome.detail


@pytest.mark.parametrize("mode", ["PyNative", pytest.param("compiled", marks=pytest.mark.campaign)])
def test_a_wrong_optimizer_is_found_and_its_script_runs_with_mindspore_alone(mode, tmp_path):
    (examined,) = Examination(BY_NAME["half the step"]).examine("float32", mode)
    assert examined.outcome.verdict == findings.WRONG_UPDATE
    script = tmp_path / "reproduction.py"
    script.write_text(examined.script)
    assert "ms_dnn" not in examined.script
    printed = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "MindSpore" in printed
    assert "the formula, in float64" in printed


def test_a_second_order_that_the_first_contradicts_is_wrong():
    """MindSpore 2.10's own: ops.matmul's second order is zero in PyNative and right when compiled."""
    from ms_dnn.audit.catalogue import chosen

    (entry,) = chosen(["ops.matmul"])
    by_mode = {}
    for mode in ("PyNative", "compiled"):
        found = Examination(entry).examine("float64", mode)
        by_mode[mode] = {examined.outcome.tensor: examined.outcome for examined in found}
    wrong = by_mode["PyNative"]["x0 (second order)"]
    assert wrong.verdict == findings.WRONG_GRADIENT
    assert "got 0," in wrong.detail
    assert by_mode["compiled"]["x0 (second order)"].verdict == findings.RIGHT


@pytest.mark.parametrize("mode", ["PyNative", "compiled"])
def test_the_mode_of_the_process_is_left_as_it_was(mode):
    import mindspore as ms

    verdicts("right", mode=mode)
    assert ms.get_context("mode") == ms.PYNATIVE_MODE
