"""A crash or a hang costs one task; the rest of the audit goes on."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mindspore")
from planted_entries import BY_NAME

from ms_dnn.audit import findings, workers
from ms_dnn.audit.catalogue import ENTRIES
from ms_dnn.audit.entry import HISTORIES
from ms_dnn.audit.workers import audit_entries

NAMES = ("aborts", "misspelt", "broken formula", "right", "gradient of 1.5", "stale")

PATIENCE = 900.0
"""Seconds for what ends: far more than a busy machine takes."""


@pytest.fixture(scope="module")
def result():
    return audited(*NAMES, time_limit=PATIENCE)


def audited(*names, time_limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "START_LIMIT", PATIENCE)
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        entries = [BY_NAME[name] for name in names]
        return audit_entries(entries, jobs=2, time_limit=time_limit, catalogue="planted_entries")


def verdict(result, name):
    return next(finding for finding in result.findings if finding.name == name).verdict


def test_findings_come_in_the_catalogues_order(result):
    assert tuple(finding.name for finding in result.findings) == NAMES


def test_a_crash_is_recorded_with_its_signal_for_each_task(result):
    assert verdict(result, "aborts") == findings.CRASH
    outcomes = result.findings[0].outcomes
    fresh = [(dtype, mode, "") for dtype in ("float64", "float32") for mode in ("PyNative", "compiled")]
    after = [("float32", "PyNative", history) for history in HISTORIES]
    assert [(o.dtype, o.mode, o.case) for o in outcomes] == fresh + after
    assert all("SIGABRT" in outcome.detail for outcome in outcomes)


def test_a_hang_is_recorded_with_the_limit_and_the_next_task_gets_another_worker():
    (finding,) = audited("hangs", time_limit=0.5).findings
    assert finding.verdict == findings.HANG
    assert [outcome.mode for outcome in finding.outcomes] == ["PyNative", "compiled"]
    assert all("no response within 0.5 s" in outcome.detail for outcome in finding.outcomes)


@pytest.mark.parametrize("name", ["misspelt", "broken formula"])
def test_a_broken_entry_is_an_error_of_the_audit(result, name):
    assert verdict(result, name) == findings.AUDIT_ERROR


def test_the_others_are_judged_as_ever(result):
    assert verdict(result, "right") == findings.RIGHT
    assert verdict(result, "gradient of 1.5") == findings.WRONG_GRADIENT
    assert result.faulty


def test_a_gradient_that_remembers_another_shape_is_stale_and_only_there(result):
    stale = result.findings[NAMES.index("stale")]
    wrong = [o for o in stale.outcomes if o.verdict != findings.RIGHT]
    assert [(o.dtype, o.mode, o.tensor, o.verdict) for o in wrong] == [
        ("float32", "PyNative", "x0", findings.STALE_GRADIENT)
    ] * len(HISTORIES)
    assert "after one element" in wrong[0].case
    assert "without this line the gradient below is right" in stale.script


def test_what_is_wrong_in_a_fresh_process_is_not_called_stale_too(result):
    wrong = result.findings[NAMES.index("gradient of 1.5")]
    assert {o.verdict for o in wrong.outcomes} == {findings.RIGHT, findings.WRONG_GRADIENT}


@pytest.mark.parametrize("name", ["nn.BCEWithLogitsLoss", pytest.param("nn.Softmax", marks=pytest.mark.campaign)])
def test_mindspores_stale_gradients_are_found_and_their_scripts_show_them(name, tmp_path):
    """Two of MindSpore 2.10 whose gradient in PyNative depends on the shape that came first."""
    (finding,) = audit_entries([entry for entry in ENTRIES if entry.name == name], jobs=1, time_limit=PATIENCE).findings
    assert finding.verdict == findings.STALE_GRADIENT
    shown, cured = (ran(text, tmp_path) for text in (finding.script, without_the_earlier_call(finding.script)))
    got, expected = shown
    assert np.max(np.abs(got - expected)) > 0.1 * np.max(np.abs(expected))
    got, expected = cured
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def ran(script, folder):
    """What the script prints: MindSpore's gradient and the formula's."""
    path = folder / "reproduction.py"
    path.write_text(script)
    printed = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout
    numbers = [re.findall(r"-?\d+\.\d*(?:e[+-]?\d+)?", part) for part in printed.split("the formula, in float64")]
    return [np.array(part, float) for part in numbers]


def without_the_earlier_call(script):
    before, after = re.split(r"# after one .*\n.*\n", script)
    return before + after


def test_json_has_a_schema_and_the_reproduction_script(result):
    document = json.loads(result.to_json())
    assert document["schema"] == findings.SCHEMA
    assert document["wrong"] is True
    wrong = document["findings"][NAMES.index("gradient of 1.5")]
    assert wrong["verdict"] == findings.WRONG_GRADIENT
    assert "GradOperation" in wrong["script"]
