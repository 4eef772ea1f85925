"""Tokens, grants, teams and the audit log through the client."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from tests.sdk.server import Served


def test_a_service_account_from_nothing_to_revoked(served: Served, client: Client, space: str) -> None:
    client.assets.create(f"{space}/m")
    robot = client.principals.create(f"robot-{space}"[:60])
    issued = client.tokens.issue(
        principal=robot.uid, description="ci", expires_at=datetime.now(UTC) + timedelta(days=1)
    )
    assert issued.token not in repr(issued)
    with Client(served.url, issued.token) as other:
        who = other.whoami()
        assert who.principal is not None
        assert who.principal.name == robot.name
        with pytest.raises(errors.NotFound):
            other.resolve(f"{space}/m@latest")
        grant = client.grants.create(robot.name, "viewer", asset=f"{space}/m")
        assert other.assets.get(f"{space}/m").path == f"{space}/m"
        with pytest.raises(errors.Forbidden) as caught:
            other.assets.update(f"{space}/m", description="mine")
        assert caught.value.status == 403
        client.grants.revoke(grant.uid)
        with pytest.raises(errors.NotFound):
            other.assets.get(f"{space}/m")
        client.tokens.revoke(issued.details.id)
        with pytest.raises(errors.Unauthenticated):
            other.whoami()


def test_teams(client: Client, space: str) -> None:
    team = client.teams.create(f"team-{space}"[:60])
    member = client.principals.create(f"member-{space}"[:60])
    client.teams.add(team.uid, member.uid)
    assert [one.uid for one in client.teams.members(team.uid)] == [member.uid]
    assert client.grants.create(team.name, "viewer", subject_kind="team").subject_kind == "team"
    client.teams.remove(team.uid, member.uid)
    assert list(client.teams.members(team.uid)) == []
    client.teams.delete(team.uid)


def test_the_log_is_listed_proved_and_exported(client: Client, space: str, tmp_path: Path) -> None:
    asset = client.assets.create(f"{space}/m")
    record = next(one for one in client.audit.list(action="asset.create") if one.subject_uid == asset.uid)
    assert client.audit.get(record.uid).actor_name == "boss"
    proof = client.audit.proof(record.uid)
    assert (proof.uid, proof.hash) == (record.uid, record.hash)
    earlier = client.audit.checkpoint()
    client.assets.archive(asset)
    later = client.audit.checkpoint()
    assert later.size > earlier.size
    assert client.audit.consistency(earlier.size).old_root == earlier.root
    lines = client.audit.export(tmp_path / "log.jsonl").read_bytes().splitlines()
    assert json.loads(lines[0])["size"] >= later.size
    assert list(tmp_path.iterdir()) == [tmp_path / "log.jsonl"]
