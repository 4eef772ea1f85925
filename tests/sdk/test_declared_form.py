"""Declarations as files: strict, bounded, and each fault told with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.sdk.declared.documents import read
from strongroom.sdk.declared.form import DEPTH_MOST, FILE_LARGEST
from strongroom.sdk.declared.objects import Object, shown_url
from strongroom.sdk.declared.plan import Found, Record, plan, same
from strongroom.sdk.declared.reading import declared
from strongroom.sdk.errors import Invalid

GOOD = """
strongroom: 1
declaration: ops/state
environments:
  - {name: prod, after: [staging], keep: 3}
  - name: staging
    freezes:
      - {start: 2026-12-24T00:00:00+01:00, end: 2027-01-02T00:00:00Z, reason: holidays}
assets:
  - name: risk/churn
    description: "on"
    tags: {team: risk, reviewed: null, since: 2026-01-01}
    properties: {limit: 0.5, on: true}
    retention: {last: 5}
    aliases:
      - {name: champion, protected: true}
      - {name: candidate, version: 2}
grants:
  - {principal: ci-bot, role: maintainer, environment: staging}
webhooks:
  - {name: chat, url: "https://hooks.example.com/T/secret", types: [release.promote]}
"""


def refused(folder: Path, text: str, name: str = "bad.yaml") -> str:
    path = folder / name
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        declared([path])
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_declaration_is_read_in_the_order_in_which_it_can_be_made(tmp_path: Path) -> None:
    """ "declared state (`strongroom plan` / `apply`: assets, aliases, environments, policies, grants, webhooks)"."""
    path = tmp_path / "state.yaml"
    path.write_text(GOOD)
    found = declared([path])
    assert found.name == "ops/state"
    assert [one.title for one in found.objects] == [
        "environment staging",
        "environment prod",
        "model risk/churn",
        "alias champion of model risk/churn",
        "alias candidate of model risk/churn",
        "grant to principal ci-bot on environment staging",
        "webhook chat",
    ]
    staging, _, asset = found.objects[:3]
    assert staging.members["freezes"][0]["start"] == "2026-12-23T23:00:00+00:00"
    assert asset.members["tags.reviewed"] is True
    assert asset.members["tags.since"] == "2026-01-01"
    assert asset.members["properties.on"] is True
    assert "secret" not in str(found.objects[-1].members)


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    value = read(tmp_path / "a.yaml").value
    (tmp_path / "a.json").write_text(json.dumps(value))
    ours = [(one.key, one.members) for one in declared([tmp_path / "a.json"]).objects]
    assert ours == [(one.key, one.members) for one in declared([tmp_path / "a.yaml"]).objects]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strongroom: 2", "bad.yaml:1:13: $.strongroom"),
        ("assets: []", "missing required field `strongroom`"),
        ("strongroom: 1\nasets: []", "unknown field `asets`"),
        ("strongroom: 1\nassets:\n  - name: a\n    visibility: secret", "bad.yaml:4:17: $.assets[0].visibility"),
        ("strongroom: 1\nenvironments:\n - {name: a, keep: many}", "bad.yaml:3:20: $.environments[0].keep"),
        ("strongroom: 1\nassets:\n - name: a\n   tags: {k: 3}", "bad.yaml:4:"),
        ("strongroom: 1\nassets:\n - name: a\n   retention: {lats: 3}", "unknown field `lats`"),
        ("strongroom: 1\nstrongroom: 1", "bad.yaml:2:1: 'strongroom' stands twice"),
        ("a: &x [1]\nb: *x", "bad.yaml:1:4: anchors and aliases are not read"),
        ("a: !!python/object/apply:os.system [x]", "tags are not read"),
        ("a: [1", "bad.yaml:1:6:"),
        ("a: 1\n---\nb: 2", "one document"),
        ("", "bad.yaml: a file holds one document"),
        ("a: " + "[" * (DEPTH_MOST + 1), f"more than {DEPTH_MOST} levels"),
        ("[a]: 1", "a key is a text"),
        (
            "strongroom: 1\ngrants: [{role: admin}]",
            "bad.yaml:2:10: $.grants[0]: a grant is to a principal or to a team",
        ),
        ("strongroom: 1\ngrants: [{role: admin, team: a, asset: x, namespace: y}]", "on one place"),
        ("strongroom: 1\nassets: [{name: a, aliases: [{name: x}]}]", "neither a version nor whether"),
        ("strongroom: 1\nassets: [{name: a}, {name: a}]", "$.assets[1] and"),
        ("strongroom: 1\nenvironments: [{name: a, after: [b]}, {name: b, after: [a]}]", "in a circle: "),
        ("strongroom: 1\nwebhooks: [{name: a, url: {env: STRONGROOM_NOT_SET}}]", "STRONGROOM_NOT_SET is not set"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"strongroom": 1,\n x}', "bad.json:2:2:"),
        ('{"strongroom": 1, "strongroom": 1}', "'strongroom' stands twice"),
        ('{"strongroom": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "levels"),
        ("9" * 10_000, "bad.json"),
        ('{"strongroom": 1, "assets": [{"name": 3}]}', "bad.json: $.assets[0].name"),
    ],
)
def test_json_is_as_strict(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text, "bad.json")


def test_files_are_bounded(tmp_path: Path) -> None:
    assert "more than" in refused(tmp_path, " " * (FILE_LARGEST + 1))
    assert "neither .json nor .yaml" in refused(tmp_path, "", "bad.toml")
    with pytest.raises(Invalid, match="cannot be read"):
        declared([tmp_path / "none.yaml"])
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"strongroom: 1\ndeclaration: {name}")
    with pytest.raises(Invalid, match="several declarations: one, two"):
        declared([tmp_path / "one.yaml", tmp_path / "two.yaml"])


@given(st.text(max_size=60))
def test_no_yaml_ends_otherwise_than_with_a_value_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        found = declared([path])
        said = str(path) if not found.objects else "objects out of noise"
    except Invalid as error:
        said = str(error)
    assert str(path) in said


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    shown = shown_url("https://user.example.com/T0/B0/secret?key=secret")
    assert shown.startswith("https://user.example.com/… (sha256 ")
    assert "secret" not in shown
    assert shown != shown_url("https://user.example.com/T0/B0/other")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(1, 1.0, True), (1, True, False), (None, None, True), ([1], [1, 2], False), ({"a": [True]}, {"a": [1]}, False)],
)
def test_values_are_compared_as_json(one: object, other: object, alike: bool) -> None:
    assert same(one, other) is alike


def environment(**members: object) -> Object:
    return Object("environment", {"name": "prod"}, members)


def test_drift_is_what_was_applied_and_is_different_now() -> None:
    """ "with drift shown": told apart from what the declaration itself changed."""
    wanted, there = environment(keep=3, description="new"), Found({"keep": 9, "description": "old"}, 7)
    before = environment(keep=3, description="old")
    made = plan([wanted], {wanted.key: there}, Record({before.key: before}, 1), (), prune=False)
    assert [(one.member, one.old, one.new, one.drifted) for one in made.steps[0].differences] == [
        ("description", "old", "new", False),
        ("keep", 9, 3, True),
    ]


def test_what_is_not_declared_any_more_goes_only_when_pruned() -> None:
    """ "never deletes unless `--prune` and only what was declared" under the same name before."""
    old, there = environment(keep=3), Found({"keep": 3}, 7)
    record = Record({old.key: old}, 1)
    kept = plan([], {old.key: there}, record, (), prune=False)
    assert (kept.steps, kept.left) == ((), (old,))
    pruned = plan([], {old.key: there}, record, (), prune=True)
    assert [(one.action, one.object) for one in pruned.steps] == [("delete", old)]
    assert plan([], {old.key: None}, record, (), prune=True).steps == ()


def test_the_digest_of_a_plan_is_of_all_that_it_rests_on() -> None:
    wanted = environment(keep=3)
    digests = {
        plan([wanted], {wanted.key: there}, Record({}, etag), (), prune=False).digest
        for there in (Found({"keep": 1}, 1), Found({"keep": 1}, 2), Found({"keep": 2}, 1), None)
        for etag in (0, 1)
    }
    assert len(digests) == 8
