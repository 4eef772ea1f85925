"""Prompts rendered, manifests compared, and what another encoder, base or tool is answered."""

from typing import Any

import pytest

from strongroom.application.manifests import showing
from strongroom.application.manifests.showing import Question
from strongroom.domain.errors import BadVariable, Conflict, Forbidden, Invalid, MemberMismatch, NotFound
from strongroom.domain.manifests.canonical import digest
from tests.application.manifests.conftest import Seal, member
from tests.promises.support import Site

SCHEMA = {"type": "object"}


def check(site: Site, uid: str, **asked: Any) -> list[str]:
    return list(site.world.read("viewer", lambda call: showing.check(call, uid, Question(**asked))).checked)


def test_a_prompt_is_rendered_and_fails_on_a_missing_variable(site: Site, seal: Seal) -> None:
    """ "rendering fails on a missing one"."""
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "I am {{ name }}."}]
    uid = seal("prompt", {"messages": messages, "variables": {"name": {"type": "string"}}}).uid
    rendered = site.world.read("viewer", lambda call: showing.render(call, uid, {"name": "Ada"}))
    assert [(one.role, one.content) for one in rendered.messages] == [("system", "Be kind."), ("user", "I am Ada.")]
    with pytest.raises(BadVariable) as caught:
        site.world.read("viewer", lambda call: showing.render(call, uid, {}))
    assert caught.value.details == {"variable": "name"}


def test_only_a_prompt_is_rendered(site: Site, seal: Seal) -> None:
    uid = seal("memory", {"description": "x"}).uid
    with pytest.raises(Conflict):
        site.world.read("viewer", lambda call: showing.render(call, uid, {}))


def test_a_query_with_another_encoder_is_refused(site: Site, seal: Seal) -> None:
    """ "index (encoder digest, dimension, metric; a query with another encoder is refused)"."""
    encoder, other = seal("model", None, {"w": b"1"}), seal("model", None, {"w": b"2"})
    uid = seal("index", {"encoder": member(encoder), "dimension": 8, "metric": "dot"}).uid
    right = {"encoder": f"sha256:{encoder.tree}", "dimension": 8, "metric": "dot"}
    assert check(site, uid, **right) == ["$.encoder", "$.dimension", "$.metric"]
    for name, value in (("encoder", f"sha256:{other.tree}"), ("dimension", 9), ("metric", "l2")):
        with pytest.raises(MemberMismatch) as caught:
            check(site, uid, **{**right, name: value})
        assert caught.value.details == {"path": f"$.{name}", "expected": right[name], "found": value}


def test_an_adapter_refuses_another_base(site: Site, seal: Seal) -> None:
    """ "Adapters name the digest of their base and refuse another"."""
    base, other = seal("model", None, {"w": b"1"}), seal("model", None, {"w": b"2"})
    uid = seal("model", {"adapter": {"base": member(base)}}, {"a": b"1"}).uid
    assert check(site, uid, base=f"sha256:{base.tree}") == ["$.adapter.base"]
    with pytest.raises(MemberMismatch):
        check(site, uid, base=f"sha256:{other.tree}")
    with pytest.raises(Conflict, match="Only an adapter"):
        check(site, seal("model", {"description": "whole"}).uid, base=f"sha256:{base.tree}")


def test_a_tool_whose_schema_changed_is_refused(site: Site, seal: Seal) -> None:
    prompt, model = seal("prompt", {"template": "x"}), seal("model", None, {"w": b"1"})
    tools = {"find": {"schema": SCHEMA}}
    served = {"files": {"tools": {"read": {"digest": digest(SCHEMA)}}}}
    agent = {"model": member(model), "prompt": member(prompt), "tools": tools, "mcp_servers": served}
    uid = seal("agent", agent).uid
    assert check(site, uid, tools={"find": digest(SCHEMA), "files/read": digest(SCHEMA)}) == ["files/read", "find"]
    for tools_ in ({"find": digest({})}, {"other": digest(SCHEMA)}):
        with pytest.raises(MemberMismatch):
            check(site, uid, tools=tools_)


def test_a_question_must_ask_something_that_applies(site: Site, seal: Seal) -> None:
    uid = seal("prompt", {"template": "x"}).uid
    with pytest.raises(Invalid, match="Say what"):
        check(site, uid)
    for asked in ({"encoder": "sha256:" + "0" * 64}, {"dimension": 1}, {"tools": {"a": "sha256:" + "0" * 64}}):
        with pytest.raises(Conflict):
            check(site, uid, **asked)


def test_two_manifests_are_compared_and_two_kinds_are_not(site: Site, seal: Seal) -> None:
    one, two = seal("prompt", {"template": "a\nb"}, name="p"), seal("prompt", {"template": "a\nc"}, name="p")
    found = site.world.read("viewer", lambda call: showing.compare(call, one.uid, two.uid))
    (change,) = found.changes
    assert (change.path, change.change, change.lines) == ("$.template", "changed", [" a", "-b", "+c"])
    other = seal("memory", {"description": "x"})
    with pytest.raises(Conflict):
        site.world.read("viewer", lambda call: showing.compare(call, one.uid, other.uid))


def test_manifests_are_content_and_asked_for_as_such(site: Site, seal: Seal) -> None:
    """Who may not read the bytes of a version does not read its manifest."""
    secret = seal("prompt", {"template": "x"}, who="admin", visibility="private")
    for work in (
        lambda call: showing.show(call, secret.uid),
        lambda call: showing.render(call, secret.uid, {}),
        lambda call: showing.compare(call, secret.uid, secret.uid),
        lambda call: showing.check(call, secret.uid, Question(dimension=1)),
    ):
        with pytest.raises(NotFound):
            site.world.read("viewer", work)
    with pytest.raises(Forbidden):
        site.world.read("stranger", lambda call: showing.validate(call, {}, None))


def test_a_manifest_is_validated_without_being_stored(site: Site) -> None:
    body: dict[str, Any] = {"manifest": 1, "kind": "prompt", "template": "x"}
    assert site.world.read("viewer", lambda call: showing.validate(call, body, "prompt")).digest == digest(body)
    assert site.counts("manifest")["manifest"] == 0
