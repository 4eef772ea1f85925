"""``strongroom policy test``: fixtures hold, or it is said why not."""

import json
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main

POLICY = {
    "policy": 1,
    "name": "production",
    "rules": [
        {
            "id": "good-enough",
            "expression": "version.evaluations.exists(e, e.metric == 'accuracy' && e.value >= 0.9)",
            "message": "Accuracy is below 0.9.",
            "applies": {"transitions": ["stage"], "targets": ["production"]},
        },
        {"id": "licensed", "expression": "version.licence != ''", "message": "No licence."},
    ],
}
STRONG = {
    "name": "strong",
    "version": {"licence": "mit", "evaluations": [{"metric": "accuracy", "value": 1}]},
    "transition": {"kind": "stage", "target": "production"},
    "passes": True,
    "rules": {"good-enough": "passed"},
}
WEAK = STRONG | {
    "name": "weak",
    "version": {"licence": "mit", "evaluations": [{"metric": "accuracy", "value": 0.8}]},
    "passes": False,
    "rules": {"good-enough": "failed"},
}
ELSEWHERE = WEAK | {"name": "elsewhere", "transition": {"kind": "alias", "target": "x"}, "passes": True, "rules": {}}


def tried(folder: Path, policy: object, fixtures: object) -> int:
    for name, document in (("policy", policy), ("fixtures", fixtures)):
        (folder / f"{name}.json").write_text(json.dumps(document))
    return main(["policy", "test", str(folder / "policy.json"), str(folder / "fixtures.json")])


def test_fixtures_that_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "`strongroom policy test` with fixtures"."""
    assert tried(tmp_path, POLICY, {"fixtures": [STRONG, WEAK, ELSEWHERE]}) == exits.OK
    assert capsys.readouterr().out.splitlines() == ["ok\tstrong", "ok\tweak", "ok\telsewhere", "3 of 3 fixtures hold."]


@pytest.mark.parametrize(
    ("fixture", "said"),
    [
        (WEAK | {"passes": True}, "it does not pass: good-enough: Accuracy is below 0.9."),
        (STRONG | {"rules": {"good-enough": "failed"}}, "good-enough: passed, not failed"),
        (ELSEWHERE | {"rules": {"good-enough": "failed"}}, "good-enough: does not apply, not failed"),
        (STRONG | {"rules": {"other": "failed"}}, "the policy has no rule 'other'"),
    ],
)
def test_fixtures_that_do_not_hold_say_why(
    fixture: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tmp_path, POLICY, {"fixtures": [fixture]}) == exits.FAILURE
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("policy", "fixtures"),
    [
        (POLICY | {"policy": 2}, {"fixtures": [STRONG]}),
        (POLICY, {"fixtures": []}),
        (POLICY, []),
        (POLICY, {"fixtures": [STRONG | {"more": 1}]}),
        (POLICY, {"fixtures": [STRONG | {"version": {"evaluations": [3]}}]}),
        (POLICY, {"fixtures": [STRONG | {"version": {"evaluations": [{"metric": "x"}]}}]}),
        (POLICY, {"fixtures": [STRONG | {"version": {"age_days": 1e999}}]}),
        (POLICY, {"fixtures": [STRONG | {"transition": {"kind": "flight", "target": "x"}}]}),
        (POLICY, {"fixtures": [STRONG | {"rules": {"licensed": "maybe"}}]}),
        (POLICY, {"fixtures": [STRONG | {"passes": "yes"}]}),
    ],
)
def test_files_of_another_form_are_refused(policy: object, fixtures: object, tmp_path: Path) -> None:
    assert tried(tmp_path, policy, fixtures) == exits.USAGE


def test_a_file_that_is_not_there_or_no_json(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("{")
    assert main(["policy", "test", str(tmp_path / "p"), str(tmp_path / "none")]) == exits.USAGE
