"""A version that waits for approval, and a team of people who may give it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from strongroom.application.approvals import requests, standing, verdicts, waivers
from strongroom.application.approvals.requests import AskApproval
from strongroom.application.approvals.verdicts import GiveVerdict
from strongroom.application.approvals.views import ApprovalView, WaiverView
from strongroom.application.approvals.waivers import AskWaiver, Decision
from strongroom.application.call import Call
from strongroom.application.gates import policies
from strongroom.application.identity import setup, teams
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.paging import PageRequest
from strongroom.application.registry import versions
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.views import microseconds
from strongroom.domain.gates.policy import parse
from strongroom.domain.gates.view import Approval
from strongroom.domain.gates.waiving import digest_of
from strongroom.domain.identity.roles import Permission
from tests.application.conftest import DAY, World
from tests.promises.conftest import home, site
from tests.promises.support import Site, make_asset, publish

__all__ = ["home", "site"]
RULES = [
    {"id": id_, "expression": "false", "message": "Not good enough.", "applies": {"targets": ["nowhere"]}}
    for id_ in ("good-enough", "r0", "r1", "r2")
]


@dataclass
class Board:
    """The world with what these tests do often; the contributor is the author, the maintainer asks."""

    site: Site
    world: World
    version: VersionView

    def person(self, name: str, role: str = "contributor", *member: str, kind: str = "user") -> str:
        """Somebody new, in teams that are made where they are missing; the uid."""
        slug = self.world.workspace.slug
        token = self.world.command_tx(lambda tx: setup.ensure_principal_with_token(tx, name, role, slug, kind=kind))
        found = self.world.read_tx(lambda tx: tx.principals.by_name(name))
        assert found is not None
        self.world.tokens[name], self.world.principals[name] = token, found
        for team in member:
            self.join(name, team)
        return found.uid

    def team(self, name: str) -> str:
        found = self.world.read_tx(lambda tx: tx.teams.by_name(self.world.workspace.id, name))
        return found.uid if found else self.world.command("admin", lambda c: teams.create(c, CreateTeam(name))).uid

    def join(self, name: str, team: str) -> None:
        uid, who = self.team(team), self.world.principals[name].uid
        self.world.command("admin", lambda call: teams.add_member(call, uid, who))

    def ask(self, who: str = "maintainer", target: str = "production", uid: str = "", **more: Any) -> ApprovalView:
        said = AskApproval(more.pop("transition", "stage"), target, **more)
        return self.world.command(who, lambda call: requests.ask(call, uid or self.version.uid, said))

    def give(self, who: str, asked: ApprovalView, verdict: str = "approve", **more: Any) -> ApprovalView:
        return self.world.command(who, lambda call: verdicts.give(call, asked.uid, GiveVerdict(verdict, **more)))

    def get(self, asked: ApprovalView, who: str = "viewer") -> ApprovalView:
        return self.world.read(who, lambda call: requests.get(call, asked.uid))

    def standing(self, performer: str = "") -> tuple[list[Approval], list[Approval]]:
        """What a gate would see."""
        uid = self.world.uid(performer) if performer else ""

        def look(call: Call) -> tuple[list[Approval], list[Approval]]:
            _asset, version = versions.by_uid(call, self.version.uid, Permission.ASSET_READ)
            approvals, rejections = standing.verdicts(call, version, uid)
            return list(approvals), list(rejections)

        return self.world.read("admin", look)

    def voids(self, asked: ApprovalView) -> dict[str, str]:
        """By name, why each verdict does not stand."""
        return {one.by_name: one.void for one in self.get(asked).verdicts}

    def waiting(self, who: str) -> list[str]:
        return [one.uid for one in self.world.read(who, lambda call: requests.waiting(call, PageRequest())).items]

    def recorded(self) -> tuple[str, dict[str, Any]]:
        """Action and details of the one record of the last command."""
        assert self.world.last is not None
        (stored,) = self.world.last.records
        body = json.loads(stored.body)
        return body["action"], body["details"]

    # -- waivers -------------------------------------------------------------------------------------------------

    @property
    def policy(self) -> str:
        """Uid of a policy that stands before nothing."""
        document = {"policy": 1, "name": "nowhere", "rules": RULES}
        return self.world.command("admin", lambda call: policies.apply(call, document)).uid

    def ask_waiver(self, who: str = "maintainer", days: float = 10, **more: Any) -> WaiverView:
        about = more if {"asset_uid", "version_uid"} & more.keys() else {**more, "version_uid": self.version.uid}

        policy = self.policy

        def work(call: Call) -> WaiverView:
            said: dict[str, Any] = {"policy": policy, "rule": "good-enough", "reason": "holdout is relabelled", **about}
            return waivers.ask(call, AskWaiver(ends_at=call.now + int(days * DAY), **said))

        return self.world.command(who, work)

    def decide(self, who: str, asked: WaiverView, *, granted: bool = True, days: float | None = None) -> WaiverView:
        ends = None if days is None else asked.created_at + timedelta(days=days)

        def work(call: Call) -> WaiverView:
            said = Decision(granted, "noted", None if ends is None else microseconds(ends))
            return waivers.decide(call, asked.uid, said, None)

        return self.world.command(who, work)

    def open(self, uid: str = "") -> dict[tuple[str, str], str]:
        """Waivers that open gates for the version now."""

        policy = self.policy

        def look(call: Call) -> dict[tuple[str, str], str]:
            _asset, version = versions.by_uid(call, uid or self.version.uid, Permission.ASSET_READ)
            (rule, *_) = parse({"policy": 1, "name": "nowhere", "rules": RULES}).rules
            return dict(standing.waivers(call, version, {(policy, rule.id): digest_of(rule)}))

        return self.world.read("admin", look)

    def epoch(self) -> int:
        found = self.world.read_tx(lambda tx: tx.versions.by_uid(self.world.workspace.id, self.version.uid))
        assert found is not None
        return found.evidence_epoch


@pytest.fixture
def model(site: Site) -> AssetView:
    return make_asset(site)


@pytest.fixture
def board(site: Site, model: AssetView) -> Board:
    return Board(site, site.world, publish(site, model.uid))
