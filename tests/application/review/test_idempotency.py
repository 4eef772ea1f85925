"""An idempotency key in two workspaces."""

import pytest

from strongroom.application.identity import setup
from strongroom.bootstrap.server import Server
from tests.http.conftest import connect

pytestmark = pytest.mark.anyio


async def test_a_key_of_one_workspace_is_not_answered_with_what_another_got(server: Server) -> None:
    """The workspace may stand in a header, which is no part of the address."""
    executor = server.services.gateway.executor
    token = await executor.command(
        lambda tx: setup.ensure_principal_with_token(tx, "root", "admin", "default", server=True)
    )
    async with connect(server, token.text) as client:
        assert (await client.post("/api/v1/workspaces", json={"slug": "other"})).status_code == 201
        said = {"kind": "model", "name": "churn"}
        here = {"Idempotency-Key": "once"}
        first = await client.post("/api/v1/assets", json=said, headers=here)
        again = await client.post("/api/v1/assets", json=said, headers=here)
        there = await client.post("/api/v1/assets", json=said, headers={**here, "Strongroom-Workspace": "other"})
    assert (first.status_code, again.status_code, again.json()["uid"]) == (201, 201, first.json()["uid"])
    assert there.json()["code"] == "idempotency_mismatch"
