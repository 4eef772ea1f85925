"""People who talk about things, and an inbox that fills when it is told to."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.sql.tables import audit_pending
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.collaboration import comments, inbox, notifying
from strongroom.application.collaboration.comments import CreateComment
from strongroom.application.collaboration.views import CommentView, InboxItemView
from strongroom.application.identity import grants, teams
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView, RunView
from tests.application.conftest import World


def _pending(tx: Transaction) -> bool:
    assert isinstance(tx, SqlTransaction)
    return tx.connection.execute(select(audit_pending).limit(1)).first() is not None


@dataclass
class Office:
    """The world with what these tests do often."""

    world: World

    def number(self) -> None:
        """Give committed records their leaves, without waiting for the sequencer."""
        if isinstance(self.world.executor, PostgresExecutor):
            while self.world.read_tx(_pending):
                self.world.executor.sequence()

    def notify(self) -> None:
        self.number()
        asyncio.run(notifying.notify(self.world.executor))

    def asset(self, name: str = "churn", visibility: str = "workspace", who: str = "admin") -> AssetView:
        wanted = CreateAsset("model", name, "risk", visibility=visibility)
        return self.world.command(who, lambda call: assets.create(call, wanted))

    def change(self, asset: AssetView, who: str = "admin") -> None:
        self.world.command(who, lambda call: assets.update(call, asset.uid, UpdateAsset(description="x"), None))

    def experiment(self, name: str = "night", who: str = "contributor") -> ExperimentView:
        wanted = CreateExperiment(name, "risk")
        return self.world.command(who, lambda call: experiments.create(call, wanted))

    def run(self, experiment: ExperimentView, who: str = "contributor") -> RunView:
        return self.world.command(who, lambda call: runs.create(call, CreateRun(experiment.uid)))

    def say(
        self, text: str, uid: str, kind: str = "asset", who: str = "contributor", reply_to: str | None = None
    ) -> CommentView:
        wanted = CreateComment(kind, uid, text, reply_to)
        return self.world.command(who, lambda call: comments.create(call, wanted))

    def inbox(self, who: str, state: str = "open") -> list[InboxItemView]:
        self.notify()
        return list(self.world.read(who, lambda call: inbox.listed(call, state, PageRequest())).items)

    def told(self, who: str) -> list[tuple[str, str]]:
        """Type and reason of what somebody is told, the oldest first."""
        found = [(str(one.event["type"]).removeprefix("dev.strongroom."), one.reason) for one in self.inbox(who)]
        return found[::-1]

    def grant(self, role: str, subject: str, place: Place | None = None, kind: str = "principal") -> str:
        wanted = CreateGrant(role, subject, kind, place or Place("workspace"))
        return self.world.command("admin", lambda call: grants.create(call, wanted)).uid

    def team(self, name: str, *members: str) -> str:
        def make(call: object) -> str:
            uid = teams.create(call, CreateTeam(name)).uid  # type: ignore[arg-type]
            for member in members:
                teams.add_member(call, uid, self.world.uid(member))  # type: ignore[arg-type]
            return uid

        return self.world.command("admin", make)


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)
