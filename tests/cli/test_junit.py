"""The JUnit report: well-formed whatever rules say."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.cli import junit
from strongroom.cli.gate_rules import Rule

RESULTS = ("passed", "failed", "error", "waived")
HOSTILE = 'a\x00\x1b[31m\x08 ]]> <failure message="x"/> & \ud800 \ufffe \r\n\t " \' \U0001f600'


def parsed(name: str, rules: list[Rule]) -> ET.Element:
    return ET.fromstring(junit.report(name, rules))  # noqa: S314 - our own document, read back


def test_there_is_a_case_for_each_rule_and_the_counts_are_theirs() -> None:
    """ "documented exit codes and a JUnit report"."""
    rules = [Rule(policy="production", rule=f"r-{one}", result=one, reason=f"it {one}") for one in RESULTS]
    suite = parsed("prod/churn:3 -> environment prod", rules).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")
    cases = {case.get("name"): case for case in suite}
    assert {case.get("classname") for case in suite} == {"production"}
    assert [one.tag for one in cases["r-failed"]] == ["failure"]
    assert cases["r-failed"][0].get("message") == "it failed"
    assert [one.tag for one in cases["r-error"]] == ["error"]
    assert cases["r-waived"][0].text == "waived: it waived"


@pytest.mark.parametrize("result", RESULTS)
def test_hostile_texts_stay_texts(result: str) -> None:
    """ "JUnit XML escapes properly (hostile messages with control characters) and validates"."""
    root = parsed(HOSTILE, [Rule(policy=HOSTILE, rule=HOSTILE, result=result, reason=HOSTILE)])
    (case,) = root.iter("testcase")
    assert case.get("name") == junit.clean(HOSTILE)
    assert "\x1b" not in str(case.get("name"))
    assert len(list(case)) == (0 if result == "passed" and not HOSTILE else 1)


@given(st.text(), st.text(), st.sampled_from(RESULTS))
def test_every_text_can_be_written_and_read_again(name: str, reason: str, result: str) -> None:
    (case,) = parsed(name, [Rule(policy="p", rule=name, result=result, reason=reason)]).iter("testcase")
    assert case.get("name") == junit.clean(name)


def test_reasons_are_bounded(tmp_path: Path) -> None:
    junit.write(tmp_path / "r.xml", "x", [Rule(policy="p", rule="r", result="failed", reason="y" * 10**6)])
    assert (tmp_path / "r.xml").stat().st_size < 3 * junit.LONGEST
    assert [one.name for one in tmp_path.iterdir()] == ["r.xml"]
