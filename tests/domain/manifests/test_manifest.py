"""Typed manifests, "validated and diffable, members by digest"."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import BadManifest
from strongroom.domain.manifests.agent import Agent
from strongroom.domain.manifests.canonical import digest as digest_of
from strongroom.domain.manifests.dataset import split_of
from strongroom.domain.manifests.manifest import FORMS
from tests.domain.manifests.examples import EXAMPLES, PROMPT, Json, document, member, read

KINDS = sorted(EXAMPLES)
VARIABLES: Json = PROMPT["variables"]


def test_every_kind_has_an_example() -> None:
    assert EXAMPLES.keys() == FORMS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_manifest_is_read(kind: str) -> None:
    found = read(document(kind), kind)
    assert (found.kind, found.digest[:7], found.body) == (kind, "sha256:", document(kind))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no format": (document("bundle", manifest=...), "$.manifest"),
    "another format": (document("bundle", manifest=2), "$.manifest"),
    "true is not 1": (document("bundle", manifest=True), "$.manifest"),
    "no kind": (document("bundle", kind=...), "$.kind"),
    "an unknown kind": (document("bundle", kind="code"), "$.kind"),
    "an unknown field": (document("prompt", temprature=1), "$.temprature"),
    "a prompt without text": (document("prompt", messages=...), "$"),
    "a prompt with two": (document("prompt", template="x"), "$"),
    "a role": (document("prompt", messages=[{"role": "root", "content": ""}]), "$.messages[0].role"),
    "an undeclared variable": (
        document("prompt", messages=[{"role": "user", "content": "{{ who }}"}]),
        "$.messages[0].content",
    ),
    "open braces": (document("prompt", messages=[{"role": "user", "content": "{{ 1+1 }}"}]), "$.messages[0].content"),
    "an attribute": (
        document("prompt", messages=[{"role": "user", "content": "{{ tone.__class__ }}"}]),
        "$.messages[0].content",
    ),
    "no parts": (document("prompt", messages=[{"role": "user", "content": []}]), "$.messages[0].content"),
    "an image of nothing": (
        document("prompt", messages=[{"role": "user", "content": [{"type": "image"}]}]),
        "$.messages[0].content[0]",
    ),
    "a path that climbs": (
        document("prompt", messages=[{"role": "user", "content": [{"type": "image", "path": "../x"}]}]),
        "$.messages[0].content[0].path",
    ),
    "a variable's type": (
        document("prompt", variables={**VARIABLES, "n": {"type": "int"}}),
        "$.variables.n.type",
    ),
    "a default of another type": (
        document("prompt", variables={**VARIABLES, "n": {"type": "number", "default": "1"}}),
        "$.variables.n.default",
    ),
    "a hot temperature": (document("prompt", settings={"temperature": "hot"}), "$.settings.temperature"),
    "no tokens": (document("prompt", settings={"max_tokens": 0}), "$.settings.max_tokens"),
    "no encoder": (document("index", encoder=...), "$.encoder"),
    "an encoder by name": (document("index", encoder="bert"), "$.encoder"),
    "an encoder without digest": (document("index", encoder={"uri": "https://x.y"}), "$.encoder.digest"),
    "a short digest": (document("index", encoder={"uri": "https://x.y", "digest": "sha256:ab"}), "$.encoder.digest"),
    "version and URI": (document("index", encoder={**member(), "uri": "https://x.y"}), "$.encoder"),
    "a password in a URI": (document("index", encoder={**member(uid=None), "uri": "https://a:b@c/"}), "$.encoder.uri"),
    "no dimension at all": (document("index", dimension=0), "$.dimension"),
    "half a dimension": (document("index", dimension=1.5), "$.dimension"),
    "true dimensions": (document("index", dimension=True), "$.dimension"),
    "a metric": (document("index", metric="vibes"), "$.metric"),
    "a tool without schema": (document("agent", tools={"t": {}}), "$.tools.t"),
    "a tool whose digest is another": (
        document("agent", tools={"t": {"schema": {}, "digest": "sha256:" + "0" * 64}}),
        "$.tools.t.digest",
    ),
    "a slash in a tool": (document("agent", tools={"a/b": {"schema": {}}}), '$.tools["a/b"]'),
    "a tombstone without reason": (
        document("memory", tombstones=[{"id": "x", "digest": "sha256:" + "0" * 64, "by": "a", "at": "b"}]),
        "$.tombstones[0].reason",
    ),
    "a loop": (
        document("pipeline", steps={n: {"component": member(), "after": [o]} for n, o in (("a", "b"), ("b", "a"))}),
        "$.steps",
    ),
    "a step after nothing": (document("pipeline", steps={"a": {"component": member(), "after": ["b"]}}), "$.steps.a"),
    "a step after itself": (document("pipeline", steps={"a": {"component": member(), "after": ["a"]}}), "$.steps"),
    "no steps": (document("pipeline", steps={}), "$.steps"),
    "no members": (document("bundle", members={}), "$.members"),
    "members as a list": (document("bundle", members=[member()]), "$.members"),
    "1,001 members": (document("bundle", members={str(n): 1 for n in range(1_001)}), "$.members"),
    "100,000 members are above the bytes": (document("bundle", members=dict.fromkeys(map(str, range(10**5)), 1)), "$"),
    "1,001 members in all": (
        document("pipeline", steps={"a": {"component": member(), "uses": {str(n): member() for n in range(1_000)}}}),
        '$.steps.a.uses["999"]',
    ),
    "an adapter of nothing": (document("model", adapter={}), "$.adapter.base"),
    "a split that climbs": (document("dataset", splits={"train": ["/etc"]}), "$.splits.train[0]"),
    "33 splits": (document("dataset", splits={str(n): ["x"] for n in range(33)}), "$.splits"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_manifest_is_refused_and_the_place_named(name: str) -> None:
    body, path = WRONG[name]
    with pytest.raises(BadManifest) as caught:
        read(body)
    assert caught.value.details["path"] == path
    assert caught.value.message.startswith(path)


def test_the_kind_is_that_of_the_asset() -> None:
    with pytest.raises(BadManifest, match=r"^\$\.kind: is 'bundle', and the asset is a prompt"):
        read(document("bundle"), "prompt")


def places(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(body: Json, path: tuple[Any, ...], value: object) -> Json:
    if not path:
        return value
    body = copy.deepcopy(body)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return body


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value", [None, True, -1, 1e300, "", "x" * 70_000, [], {}, [[[]]], {"a": {"b": {}}}, [None] * 2_000], ids=repr
)
def test_any_value_anywhere_is_read_or_refused(kind: str, value: object) -> None:
    """Never another exception than the refusal."""
    body = document(kind)
    for path in places(body):
        changed = replaced(body, path, value)
        with suppress(BadManifest):
            read(changed, kind)


def members_of(body: Json) -> list[tuple[Any, ...]]:
    found = []
    for path in places(body):
        inner = body
        for key in path:
            inner = inner[key]
        if isinstance(inner, dict) and "digest" in inner and ("version" in inner or "uri" in inner):
            found.append(path)
    return found


@given(st.sampled_from(KINDS), st.data())
def test_the_digest_changes_exactly_when_a_members_does(kind: str, data: st.DataObject) -> None:
    """ "pipeline and bundle, whose digest changes exactly when a member's does"."""
    body = document(kind)
    paths = members_of(body)
    assert len(paths) == len(read(body).members)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    digest = "sha256:" + data.draw(st.text("0123456789abcdef", min_size=64, max_size=64))
    where = data.draw(
        st.sampled_from(
            [{"uri": "s3://elsewhere/y"}, {"version": "0190a000-0000-7000-8000-000000000009", "name": "n:1"}]
        )
    )
    old = body
    for key in path:
        old = old[key]
    changed = read(replaced(body, path, {**where, "digest": digest}))
    assert (changed.digest == read(body).digest) == (digest == old["digest"])
    assert read(replaced(body, path, {**where, "digest": old["digest"]})).digest == read(body).digest


@pytest.mark.parametrize("kind", KINDS)
def test_the_digest_does_not_depend_on_spelling_or_order(kind: str) -> None:
    def turned(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(one) for one in value] if isinstance(value, list) else value

    body = document(kind)
    assert read(turned(body)).digest == read(json.loads(json.dumps(body, indent=4))).digest
    assert read({**body, "description": "other"}).digest != read(body).digest


def test_tools_are_pinned_by_the_digest_of_their_schema() -> None:
    """ "tools / MCP servers / skills pinned by schema digest"."""
    agent = read(document("agent")).content
    assert isinstance(agent, Agent)
    schema = EXAMPLES["agent"]["tools"]["search"]["schema"]
    assert agent.pins() == {"search": digest_of(schema), "files/read": "sha256:" + "3" * 64}


@pytest.mark.parametrize(
    ("path", "split"),
    {
        "train/a.parquet": "train",
        "data/Validation/x.csv": "validation",
        "test-00000-of-1.parquet": "test",
        "dev.csv": "validation",
        "training_set.arrow": "train",
        "rest.csv": "all",
        "contest/rest.csv": "all",
    }.items(),
)
def test_splits_by_convention(path: str, split: str) -> None:
    assert split_of(path, {}) == split


def test_declared_splits_are_all_there_are() -> None:
    declared = {"train": ["a", "b/c.csv"], "test": ["test"]}
    assert [split_of(path, declared) for path in ("a/x", "b/c.csv", "b/c.csvx", "ab", "test/x/y")] == [
        "train", "train", None, None, "test",
    ]  # fmt: skip
