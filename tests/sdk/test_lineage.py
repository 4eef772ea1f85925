"""Lineage through the client: edges said and taken back, paths, flags, impact, checks, who consumed what."""

from pathlib import Path

import pytest

from strongroom.sdk import Client, errors


def test_the_story_of_a_bad_base(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    base = client.push(tmp_path / "f", f"{space}/base", progress=False)
    tuned = client.push(tmp_path / "f", f"{space}/tuned", progress=False, aliases=["champion"])
    images = client.lineage.node(f"{space} images", digest="sha256:1", uri="s3://b/i")
    action = client.lineage.node(
        "approve", kind="action", dialect="sagemaker", foreign_id=f"arn:{space}", state="Completed"
    )
    adapter = (base, "adapter", f"{space}/tuned@champion", {"rank": 8})
    assert client.lineage.say(adapter, (images, "copied", base), (tuned, "evaluated", action)).new == 3
    assert client.lineage.say(adapter).known == 1
    with pytest.raises(errors.Conflict):
        client.lineage.say((tuned, "merge", base))
    graph = client.lineage(images, direction="down", types=["copied", "adapter"])
    assert [vertex.label for vertex in graph.vertices] == [images.name, f"{space}/base:1", f"{space}/tuned:1"]
    assert (graph.edges[1].properties, graph.unwalked) == ({"rank": 8}, [])
    found = client.lineage.path(images, tuned)
    assert (found.length, found.paths) == (2, [[0, 1, 2]])
    assert client.lineage.path(tuned, images).length is None
    assert client.read_bytes(tuned, "f") == b"x"
    flag = client.lineage.flag(base, "licence withdrawn", cause="licence")
    impact = client.lineage.impact(base)
    assert [flagged.uid for flagged in impact.flags] == [flag.uid]
    assert [(one.vertex.label, one.distance, list(one.aliases)) for one in impact.affected] == [
        (f"{space}/base:1", 0, []),
        (f"{space}/tuned:1", 1, ["champion"]),
        ("approve", 2, []),
    ]
    assert [one.consumer.label for one in impact.consumers] == ["boss"]
    assert [one.version_uid for one in client.lineage.consumers(tuned)] == [tuned.uid]
    asked = client.lineage.check(tuned, "upstream_unflagged", requirements=[{"name": "base", "types": ["adapter"]}])
    assert [(missing.name, missing.lacking) for missing in asked.missing] == [("upstream_unflagged", ["unflagged"])]
    assert client.lineage.unflag(flag, "renewed").removed_reason == "renewed"
    client.lineage.take_back(adapter, reason="it was another")
    assert [past.reason for past in client.lineage.history(tuned)] == ["it was another"]
    assert len(client.lineage(base, direction="down").vertices) == 1
