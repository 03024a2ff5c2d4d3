"""A crash or a hang costs one task; the rest of the audit goes on."""

import json
from pathlib import Path

import pytest

pytest.importorskip("mindspore")
from planted_entries import BY_NAME

from ms_dnn.audit import findings
from ms_dnn.audit.workers import audit


@pytest.fixture(scope="module")
def result():
    names = ("aborts", "hangs", "misspelt", "broken formula", "right", "gradient of 1.5")
    entries = [BY_NAME[name] for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        return audit(entries, jobs=2, time_limit=6.0, catalogue="planted_entries")


def verdict(result, name):
    return next(finding for finding in result.findings if finding.name == name).verdict


def test_findings_come_in_the_catalogues_order(result):
    names = [finding.name for finding in result.findings]
    assert names == ["aborts", "hangs", "misspelt", "broken formula", "right", "gradient of 1.5"]


def test_a_crash_is_recorded_with_its_signal_for_each_task(result):
    assert verdict(result, "aborts") == findings.CRASH
    outcomes = result.findings[0].outcomes
    assert [(o.dtype, o.mode) for o in outcomes] == [
        (dtype, mode) for dtype in ("float64", "float32") for mode in ("PyNative", "compiled")
    ]
    assert all("SIGABRT" in outcome.detail for outcome in outcomes)


def test_a_hang_is_recorded_with_the_limit(result):
    assert verdict(result, "hangs") == findings.HANG
    assert "no answer within 6 s" in result.findings[1].outcomes[0].detail


@pytest.mark.parametrize("name", ["misspelt", "broken formula"])
def test_a_broken_entry_is_an_error_of_the_audit(result, name):
    assert verdict(result, name) == findings.AUDIT_ERROR


def test_the_others_are_judged_as_ever(result):
    assert verdict(result, "right") == findings.RIGHT
    assert verdict(result, "gradient of 1.5") == findings.WRONG_GRADIENT
    assert result.faulty


def test_json_has_a_schema_and_the_reproduction_script(result):
    document = json.loads(result.to_json())
    assert document["schema"] == findings.SCHEMA
    assert document["wrong"] is True
    wrong = document["findings"][-1]
    assert wrong["verdict"] == findings.WRONG_GRADIENT
    assert "GradOperation" in wrong["script"]
