"""Assets, versions, aliases, stages, tags and references through the client."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from strongroom.sdk.models import Version


@pytest.fixture
def three(client: Client, space: str, tmp_path: Path) -> list[Version]:
    """Three versions of one asset; `champion` moved along them."""
    file = tmp_path / "model.txt"
    made = []
    for number in range(3):
        file.write_text(f"{space} {number}")
        made.append(client.push(file, f"{space}/churn", aliases=["champion"], label=f"rc-{number}"))
    return made


def test_references_mean_versions(client: Client, space: str, three: list[Version]) -> None:
    name = f"{space}/churn"
    for reference, number in {
        name: 3,
        f"{name}:2": 2,
        f"{name}:rc-0": 1,
        f"{name}@champion": 3,
        f"{name}~{three[1].tree}": 2,
    }.items():
        assert client.resolve(reference).number == number
    for missing in (f"{name}:9", f"{name}@nobody", f"{space}/other"):
        with pytest.raises(errors.NotFound):
            client.resolve(missing)
    with pytest.raises(errors.BadName):
        client.resolve("a//b")


def test_aliases_move_by_compare_and_swap(client: Client, space: str, three: list[Version]) -> None:
    name = f"{space}/churn"
    seen = client.aliases.get(name, "champion")
    assert client.set_alias(name, "champion", 1, expect=seen.etag).version == 1
    with pytest.raises(errors.PreconditionFailed) as caught:
        client.set_alias(name, "champion", 2, expect=seen.etag)
    assert caught.value.status == 412
    assert caught.value.details["version"] == 1
    assert caught.value.request_id
    with pytest.raises(errors.PreconditionFailed):
        client.set_alias(three[0], "champion", three[1], expect=0)
    assert client.set_alias(f"{name}:2", "new", expect=0).version == 2


def test_where_an_alias_was_at_a_time_and_how_it_goes_back(client: Client, space: str, three: list[Version]) -> None:
    name = f"{space}/churn"
    assert client.alias_at(name, "champion", three[1].created_at).version == 2
    assert client.resolve(f"{name}@champion", at=three[0].created_at).number == 1
    assert [one.version for one in client.alias_history(name, "champion")] == [3, 2, 1]
    assert client.rollback(name, "champion").version == 2
    assert client.rollback(name, "champion").version == 3, "twice is back where it was"
    client.aliases.remove(name, "champion")
    with pytest.raises(errors.NotFound):
        client.aliases.get(name, "champion")
    assert client.rollback(name, "champion").version == 3, "a removed one comes back"
    client.set_alias(name, "fresh", 1)
    with pytest.raises(errors.Conflict):
        client.rollback(name, "fresh")
    with pytest.raises(errors.NotFound):
        client.rollback(name, "never")


@pytest.mark.usefixtures("three")
def test_a_time_without_a_zone_is_refused(client: Client, space: str) -> None:
    with pytest.raises(errors.Invalid, match="zone"):
        client.alias_at(f"{space}/churn", "champion", datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(errors.NotFound):
        client.alias_at(f"{space}/churn", "champion", datetime(2020, 1, 1, tzinfo=UTC))


def test_what_differs(client: Client, three: list[Version]) -> None:
    changes = client.diff(three[0], three[2]).changes
    assert [(one.path, one.change) for one in changes] == [("model.txt", "changed")]


def test_stages_follow_the_workspace(client: Client, three: list[Version]) -> None:
    assert client.set_stage(three[0], "development").stage == "development"
    with pytest.raises(errors.Invalid):
        client.set_stage(three[1], "shadow")
    assert [one.stage for one in client.versions.stage_history(three[0])] == ["development"]


def test_tags_and_properties_of_assets_and_versions(client: Client, space: str, three: list[Version]) -> None:
    name = f"{space}/churn"
    assert client.labels.set_tags(name, {"team": "risk", "bare": None}) == {"team": "risk", "bare": None}
    assert client.labels.set_tags(f"{name}:1", {"of": "version"}) == {"of": "version"}
    assert client.labels.remove_tags(name, "bare") == {"team": "risk"}
    assert client.labels.tags(name) == {"team": "risk"}
    assert client.labels.set_properties(three[0], {"a": 1, "b": True}) == {"a": 1, "b": True}
    assert [asset.path for asset in client.search(namespace=space, tag="team=risk")] == [name]


def test_listings_go_over_pages(client: Client, space: str) -> None:
    for number in range(7):
        client.assets.create(f"{space}/a{number}")
    from strongroom.sdk.models import Asset

    found = client.api.every("asset.list", Asset, page_size=3, namespace=space)
    assert len({asset.uid for asset in found}) == 7


def test_deletion_is_refused_while_held_and_undone(client: Client, space: str, three: list[Version]) -> None:
    with pytest.raises(errors.Held) as caught:
        client.versions.delete(three[2])
    assert caught.value.details["holders"]
    client.versions.delete(three[0])
    assert [one.number for one in client.versions.list(f"{space}/churn")] == [3, 2]
    client.versions.restore(three[0].uid)
    assert len(list(client.versions.list(f"{space}/churn"))) == 3


def test_assets_are_described_renamed_and_archived(client: Client, space: str, three: list[Version]) -> None:
    asset = client.assets.get(f"{space}/churn")
    changed = client.assets.update(asset, description="who leaves", etag=asset.etag)
    assert changed.description == "who leaves"
    with pytest.raises(errors.PreconditionFailed):
        client.assets.update(asset, description="other", etag=asset.etag)
    assert client.assets.rename(asset, f"{space}/leaver").path == f"{space}/leaver"
    client.assets.archive(asset)
    assert list(client.search(namespace=space)) == []
    client.assets.archive(asset, archived=False)
    assert client.resolve(f"{space}/leaver:1").uid == three[0].uid


def test_any_operation_is_reachable_by_its_id(client: Client, space: str) -> None:
    made = client.call("asset.create", kind="dataset", name="x", namespace=space)
    assert client.call("asset.get", uid=made["uid"])["kind"] == "dataset"
    with pytest.raises(errors.Invalid, match="nonsense"):
        client.call("asset.get", uid=made["uid"], nonsense=1)
    with pytest.raises(errors.Invalid, match="needs uid"):
        client.call("asset.get")
