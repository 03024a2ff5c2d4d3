"""The judgement as JUnit XML."""

from dataclasses import replace
from xml.etree import ElementTree

import made_judgements as made
import pytest

from ms_dnn.judge.judgement import Finding, ForwardAgreement
from ms_dnn.judge.report.junit import junit_xml

OUTCOMES = ("failure", "error", "skipped")


def suite_of(judgement):
    suites = ElementTree.fromstring(junit_xml(judgement).encode())
    assert suites.tag == "testsuites"
    (suite,) = suites
    assert suite.tag == "testsuite"
    counts = {tag: len(suite.findall(f"testcase/{tag}")) for tag in OUTCOMES}
    for element in (suites, suite):
        assert element.get("tests") == str(len(suite.findall("testcase")))
        assert element.get("failures") == str(counts["failure"])
        assert element.get("errors") == str(counts["error"])
        assert element.get("skipped") == str(counts["skipped"])
    return suite


def ended(suite):
    """Name of each test → how it ended; None where it passed."""
    return {case.get("name"): case[0].tag if len(case) else None for case in suite.iter("testcase")}


def test_a_pass_is_one_passed_test_a_tensor_and_two_more():
    suite = suite_of(made.judgement())
    assert suite.get("name") == "DNN 4-6-6-6 (tanh), 7 samples"
    assert suite.get("time") == "0.250"
    names = [f"layers.{number}.{what}" for number in range(3) for what in ("weight", "bias")]
    assert ended(suite) == dict.fromkeys(["forward", *names, "findings"])
    groups = {case.get("name"): case.get("classname") for case in suite.iter("testcase")}
    assert groups["forward"] == "gradients.judgement"
    assert groups["layers.0.bias"] == "gradients.parameters"


def test_the_conditions_are_properties():
    properties = {item.get("name"): item.get("value") for item in suite_of(made.failing()).iter("property")}
    assert properties["verdict"] == "FAIL"
    assert properties["blame"] == "handwritten"
    assert properties["mindspore"] == "2.10.0"
    assert properties["routes"] == "handwritten, grad_operation, central_differences, complex_step"


def test_a_wrong_tensor_fails_with_its_pairs_and_elements():
    suite = suite_of(made.failing())
    assert ended(suite) == {
        "forward": None,
        "layers.0.weight": None,
        "layers.1.weight": "failure",
        "layers.2.weight": None,
        "findings": "failure",
    }
    failure = suite.find("testcase[@name='layers.1.weight']/failure")
    assert "3 pairs of routes differ" in failure.get("message")
    assert failure.get("type") == "gradients differ"
    assert "handwritten and complex_step differ by 9.7e-01 (allowed 5.0e-12, by directions)" in failure.text
    assert "[1, 0]: got 32, expected 1" in failure.text.splitlines()
    faulty = suite.find("testcase[@name='findings']/failure")
    assert faulty.get("message").startswith("layer 2 dW: dW is 32 × too large")


def test_an_inconclusive_run_skips_and_says_why():
    suite = suite_of(made.inconclusive())
    assert ended(suite) == {
        "forward": None,
        "layers.0.weight": "skipped",
        "layers.0.bias": "skipped",
        "findings": "skipped",
    }
    assert (
        "derivative 0.25 on one side, 1.75 on the other" in suite.find("testcase[@name='layers.0.weight']/skipped").text
    )
    assert suite.find("testcase[@name='findings']/skipped").get("message") == "every route says zero"


def test_a_witness_that_is_wrong_breaks_no_build():
    suite = suite_of(replace(made.failing(), verdict=made.Verdict.INCONCLUSIVE, faulty=()))
    assert ended(suite)["layers.1.weight"] == "skipped"


def test_a_route_that_stopped_is_an_error():
    stopped = Finding("stopped", "error", "handwritten", None, "handwritten: ValueError: no")
    suite = suite_of(made.judgement("FAIL", findings=(stopped,), reason=stopped.message))
    assert ended(suite)["findings"] == "error"


def test_forwards_that_differ_fail():
    forward = ForwardAgreement({"mindspore": 1.25, "numpy": 1.5}, 0.17, 1e-12, False)
    suite = suite_of(made.judgement("FAIL", forward=forward))
    assert ended(suite)["forward"] == "failure"
    assert suite.find("testcase/failure").text.splitlines() == ["J = 1.25 by mindspore", "J = 1.5 by numpy"]


@pytest.mark.parametrize(("verdict", "outcome"), [("FAIL", "failure"), ("INCONCLUSIVE", "skipped")])
def test_a_verdict_that_no_test_shows_is_shown_by_the_last(verdict, outcome):
    suite = suite_of(made.judgement(verdict, reason="for a reason of its own"))
    assert ended(suite)["findings"] == outcome
    assert suite.find(f"testcase/{outcome}").get("message") == "for a reason of its own"


def test_a_pass_never_fails():
    warned = made.judgement(findings=(Finding("odd", "warning", "all", "layers.0.bias", "odd"),))
    assert set(ended(suite_of(warned)).values()) == {None}


def test_characters_that_xml_forbids_are_left_out():
    text = junit_xml(made.nasty())
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\x1b" not in text
    assert "<script>" not in text
    assert any("<script>alert(1)</script>" in name for name in ended(suite_of(made.nasty())))


def test_a_judgement_that_nobody_made_up(real_failure):
    found = ended(suite_of(real_failure))
    assert [name for name, outcome in found.items() if outcome == "failure"] == ["layers.1.weight", "findings"]
