"""Prompts and other manifests through the client."""

from pathlib import Path

import pytest

from strongroom.sdk import Client, Prompt, errors


def test_a_prompt_in_three_lines(client: Client, space: str) -> None:
    prompt = Prompt([("system", "Be {{ tone }}."), ("user", "{{ question }}")], {"tone": "string"}, "some-model")
    client.push_manifest(f"{space}/support", prompt, aliases=["live"])
    rendered = client.prompt(f"{space}/support@live").render(tone="kind", question="Why?")
    assert rendered.messages == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    assert rendered.model == "some-model"
    with pytest.raises(errors.BadVariable) as caught:
        client.prompt(f"{space}/support@live").render(tone="kind")
    assert caught.value.details["variable"] == "question"


def test_the_server_renders_the_same(client: Client, space: str) -> None:
    version = client.push_manifest(f"{space}/p", Prompt("{{ n }} {{ l }}", {"n": "number", "l": "list"}))
    values = {"n": 0.1, "l": ["a", True]}
    theirs = client.call("prompt.render", uid=version.uid, variables=values)
    assert theirs["text"] == client.prompt(version).render(**values).text == "0.1 a\ntrue"


def test_an_adapter_is_pulled_with_its_base_and_no_other(client: Client, space: str, tmp_path: Path) -> None:
    """ "Adapters name the digest of their base and refuse another"."""
    (tmp_path / "w.bin").write_bytes(space.encode())
    base = client.push(tmp_path / "w.bin", f"{space}/base")
    (tmp_path / "w.bin").write_bytes(b"another" + space.encode())
    other = client.push(tmp_path / "w.bin", f"{space}/base")
    body = {"manifest": 1, "kind": "model", "adapter": {"base": client.manifests.member(base), "method": "lora"}}
    adapter = client.push_manifest(f"{space}/adapter", body, tmp_path / "w.bin")
    here, below = client.manifests.pull_adapter(adapter, base, progress=False)
    assert sorted(path.name for path in here.path.iterdir()) == ["strongroom.json", "w.bin"]
    assert (below / "w.bin").read_bytes() == space.encode()
    with pytest.raises(errors.MemberMismatch) as caught:
        client.manifests.pull_adapter(adapter, other, progress=False)
    assert caught.value.details["path"] == "$.adapter.base"
    (edge,) = client.lineage(adapter, direction="up").edges
    assert edge.type == "adapter"


def test_an_index_refuses_another_encoder(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(space.encode())
    encoder = client.push(tmp_path / "w.bin", f"{space}/encoder")
    body = {"manifest": 1, "kind": "index", "encoder": client.manifests.member(encoder), "dimension": 3, "metric": "l2"}
    index = client.push_manifest(f"{space}/index", body)
    client.manifests.check(index, encoder=f"{space}/encoder:1", dimension=3)
    with pytest.raises(errors.MemberMismatch):
        client.manifests.check(index, encoder="sha256:" + "0" * 64)


def test_tools_are_checked_by_their_schemas(client: Client, space: str) -> None:
    prompt = client.push_manifest(f"{space}/prompt", Prompt("x"))
    schema = {"type": "object", "properties": {"q": {"type": "string", "maxLength": 1e2}}}
    body = {
        "manifest": 1,
        "kind": "agent",
        "model": {"name": "hosted"},
        "prompt": client.manifests.member(prompt),
        "tools": {"find": {"schema": schema}},
    }
    agent = client.push_manifest(f"{space}/agent", body)
    client.manifests.check(agent, tools={"find": schema})
    with pytest.raises(errors.MemberMismatch):
        client.manifests.check(agent, tools={"find": {"type": "object"}})
    (told,) = client.manifests.get(agent).members
    assert (told.reference, told.state) == (f"{space}/prompt:1", "live")


def test_a_bad_manifest_names_its_place_and_publishes_nothing(client: Client, space: str) -> None:
    with pytest.raises(errors.BadManifest) as caught:
        client.push_manifest(f"{space}/p", {"manifest": 1, "kind": "prompt", "template": "{{ who }}"})
    assert caught.value.details["path"] == "$.template"
    with pytest.raises(errors.NotFound):
        client.resolve(f"{space}/p")


def test_a_folder_with_a_manifest_of_its_own_takes_no_second(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "strongroom.json").write_text("{}")
    with pytest.raises(errors.Invalid, match="of its own"):
        client.push_manifest(f"{space}/p", Prompt("x"), tmp_path)


def test_a_memory_is_redacted_and_forked(client: Client, space: str, tmp_path: Path) -> None:
    """ "memory (snapshot, fork, redact with tombstone)"."""
    (tmp_path / "records").mkdir()
    for name in ("ada", "bob"):
        (tmp_path / "records" / name).write_text(f"{space} {name}")
    client.push(tmp_path, f"{space}/memory", kind="memory")
    copy = client.memories.fork(f"{space}/memory", f"{space}/copy")
    after = client.memories.redact(f"{space}/memory", "ada", "asked")
    assert [entry.path for entry in client.versions.files(after, recursive=True)] == ["records/bob", "strongroom.json"]
    (stone,) = client.manifests.get(after).body["tombstones"]
    assert (stone["id"], stone["reason"]) == ("ada", "asked")
    assert [entry.path for entry in client.versions.files(copy, recursive=True)] == ["records/ada", "records/bob"]
    with pytest.raises(errors.Conflict):
        client.memories.redact(f"{space}/memory:1", "bob", "asked")


def test_what_differs_between_two_prompts(client: Client, space: str) -> None:
    for text in ("a\nb", "a\nc"):
        client.push_manifest(f"{space}/p", Prompt(text))
    (change,) = client.manifests.diff(f"{space}/p:1", f"{space}/p:2").changes
    assert (change.path, change.lines) == ("$.template", [" a", "-b", "+c"])
