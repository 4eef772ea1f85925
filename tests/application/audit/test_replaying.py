"""Issue 6: "`strongroom audit replay` rebuilds alias, role, approval and release state at any time T and compares it
with the live tables"; on both databases, with the use cases' own records."""

from collections.abc import Callable
from functools import partial

import pytest

from strongroom.application.approvals import requests, verdicts, waivers
from strongroom.application.approvals.requests import AskApproval
from strongroom.application.approvals.verdicts import GiveVerdict
from strongroom.application.approvals.waivers import AskWaiver, Decision
from strongroom.application.audit import standing
from strongroom.application.delivery import environments, placing
from strongroom.application.gates import policies
from strongroom.application.identity import grants, principals, teams, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.identity.tokens import IssueToken
from strongroom.application.registry import aliases, assets, namespaces, stages, versions
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.views import AssetView
from strongroom.domain.audit.replay import replay
from strongroom.domain.audit.state import Kind, Opening, decode
from strongroom.domain.errors import Forbidden
from tests.application.audit.conftest import edit, log_of, replayed, state_of
from tests.application.conftest import DAY, SECOND, World
from tests.application.delivery.conftest import LINE, Delivery
from tests.application.registry.conftest import Publish

Steps = list[Callable[[], object]]


def registry_steps(world: World, delivery: Delivery, model: AssetView, one: str) -> Steps:
    """Aliases and stages, made, moved, protected and dropped, by themselves and with what they stand on.

    :param one: a version that no release has.
    """
    two, three = (version.uid for version in delivery.versions[:2])
    do = partial(world.command, "admin")

    def point(name: str, uid: str | None) -> Callable[[], object]:
        return lambda: do(lambda call: aliases.change(call, model.uid, [ChangeAlias(name, uid)]))

    def place(uid: str, stage: str) -> Callable[[], object]:
        return lambda: do(lambda call: stages.place(call, uid, stage, "", move_others=True, etag=None))

    return [
        point("champion", one),
        point("champion", two),
        point("old", one),
        point("other", one),
        lambda: do(lambda call: aliases.protect(call, model.uid, "champion", None, protected=True)),
        point("other", None),
        place(two, "staging"),
        place(two, "production"),
        place(one, "staging"),
        place(one, "none"),
        lambda: do(lambda call: versions.delete(call, one, release_aliases=True, etag=None)),
        point("newest", three),
    ]


def identity_steps(world: World) -> Steps:
    """Roles at every level, teams, tokens, principals and namespaces, given and taken."""
    do, uid = partial(world.command, "root"), world.uid
    kept: dict[str, str] = {}

    def keep(name: str, made: str) -> None:
        kept[name] = made

    def give(subject: str, role: str, place: Place, kind: str = "principal") -> str:
        return do(lambda call: grants.create(call, CreateGrant(role, subject, kind, place))).uid

    def token(who: str) -> str:
        made = IssueToken(role_cap="viewer", workspace=world.workspace.slug, expires_at=world.clock.now_us() + DAY)
        return world.command(who, lambda call: tokens.issue(call, made)).view.id

    def private() -> None:
        world.command(
            "contributor", lambda call: assets.create(call, CreateAsset("model", "mine", "", visibility="private"))
        )

    return [
        lambda: keep("namespace", do(lambda call: namespaces.create(call, "vision", "")).uid),
        lambda: keep("team", do(lambda call: teams.create(call, CreateTeam("red"))).uid),
        lambda: keep("other", do(lambda call: teams.create(call, CreateTeam("blue"))).uid),
        lambda: keep("grant", give(uid("stranger"), "viewer", Place())),
        lambda: give(uid("stranger"), "viewer", Place("server")),
        lambda: give(uid("stranger"), "viewer", Place("namespace", kept["namespace"])),
        lambda: give(kept["team"], "maintainer", Place(), "team"),
        *(
            lambda who=who: do(lambda call: teams.add_member(call, kept["team"], uid(who)))
            for who in ("viewer", "admin")
        ),
        lambda: do(lambda call: teams.add_member(call, kept["other"], uid("viewer"))),
        lambda: do(lambda call: grants.revoke(call, kept["grant"])),
        lambda: do(lambda call: teams.remove_member(call, kept["team"], uid("admin"))),
        lambda: do(lambda call: namespaces.delete(call, kept["namespace"])),
        lambda: do(lambda call: namespaces.create(call, "vision", "")),
        private,
        lambda: keep("token", token("maintainer")),
        lambda: token("contributor"),
        lambda: world.command("maintainer", lambda call: tokens.revoke(call, kept["token"])),
        lambda: do(lambda call: principals.disable(call, uid("contributor"))),
        lambda: do(lambda call: principals.disable(call, uid("viewer"))),
        lambda: do(lambda call: principals.enable(call, uid("viewer"))),
        lambda: do(lambda call: teams.delete(call, kept["team"])),
    ]


def delivery_steps(world: World, delivery: Delivery) -> Steps:
    """Releases placed in every way, and environments changed."""
    made = environments.CreateEnvironment("edge", "", (), restricted=True)
    return [
        lambda: delivery.free("staging", restricted=True, keep=2),
        lambda: delivery.promote(1, "dev"),
        lambda: delivery.promote(2, "dev", mode="canary", share=10),
        lambda: delivery.promote(3, "dev", mode="shadow"),
        lambda: delivery.promote(1, "staging"),
        lambda: delivery.roll_back("dev"),
        lambda: delivery.promote(2, "dev"),
        lambda: delivery.roll_back("dev"),
        lambda: world.command("admin", lambda call: placing.demote(call, "staging", LINE)),
        lambda: world.command("admin", lambda call: environments.create(call, made)),
        lambda: world.command("admin", lambda call: environments.delete(call, "edge", None)),
    ]


def approval_steps(world: World, uid: str) -> Steps:
    """Asked for, given, rejected, taken back, withdrawn; waivers asked for, granted for less, refused and revoked."""
    kept: dict[str, str] = {}
    ends = world.clock.now_us() + 20 * DAY

    def ask(target: str) -> None:
        said = AskApproval("stage", target)
        kept[target] = world.command("maintainer", lambda call: requests.ask(call, uid, said)).uid

    def give(target: str, said: str) -> object:
        return world.command("admin", lambda call: verdicts.give(call, kept[target], GiveVerdict(said)))

    def waive(rule: str) -> None:
        said = AskWaiver("elsewhere", rule, "relabelled", ends, version_uid=uid)
        kept[rule] = world.command("maintainer", lambda call: waivers.ask(call, said)).uid

    def decide(rule: str, *, granted: bool) -> object:
        return world.command(
            "admin",
            lambda call: waivers.decide(call, kept[rule], Decision(granted, "", ends - DAY if granted else None), None),
        )

    applies = {"transitions": ["stage"], "targets": ["elsewhere"]}
    rules = [{"id": id_, "expression": "false", "message": "no", "applies": applies} for id_ in ("one", "two", "three")]
    document = {"policy": 1, "name": "elsewhere", "rules": rules}

    return [
        lambda: world.command("admin", lambda call: policies.apply(call, document)),
        lambda: ask("staging"),
        lambda: ask("production"),
        lambda: give("staging", "approve"),
        lambda: give("staging", "reject"),
        lambda: give("production", "approve"),
        lambda: world.command("admin", lambda call: verdicts.take_back(call, kept["staging"])),
        lambda: world.command("maintainer", lambda call: requests.withdraw(call, kept["staging"], None)),
        *(lambda rule=rule: waive(rule) for rule in ("one", "two", "three")),
        lambda: decide("one", granted=True),
        lambda: decide("two", granted=False),
        lambda: decide("three", granted=True),
        lambda: world.command("admin", lambda call: waivers.revoke(call, kept["three"], "no more", None)),
    ]


def test_tables_and_log_agree_now_and_at_any_time(
    world: World,
    delivery: Delivery,
    model: AssetView,
    publish: Publish,
) -> None:
    """Issue 6: "rebuilds alias, role, approval and release state at any time T"."""
    spare = publish(model, content="spare").uid
    steps = delivery_steps(world, delivery) + registry_steps(world, delivery, model, spare)
    steps += approval_steps(world, delivery.versions[1].uid) + identity_steps(world)
    times = []
    for step in steps:
        step()
        times.append(world.clock.now_us())
        world.clock.advance(SECOND)
    report = replayed(world)
    assert [one.sentence for one in report.differences] == []
    assert report.moved == 0
    assert set(report.compared) == {kind.value for kind in Kind}, "every kind was there to be compared"
    seen = set()
    for at in [times[0] - DAY, *times[::3]]:
        past = replay(state_of(world, at), log_of(world))
        assert [one.sentence for one in past.differences] == [], at
        seen |= set(past.compared)
    assert seen == {kind.value for kind in Kind} - {"disabled", "environment"}


EDITS = {
    "alias": "UPDATE alias SET version_id = (SELECT min(id) FROM version) WHERE name = 'champion' AND valid_to IS NULL",
    "stage": "UPDATE stage SET name = 'production' WHERE valid_to IS NULL",
    "grant": "UPDATE role_grant SET role = 'admin' WHERE role = 'contributor' AND scope_kind = 'workspace'",
    "member": "UPDATE team_member SET valid_to = NULL",
    # not that of whoever looks: ids of tokens are random, the smallest is anybody's
    "token": "UPDATE token SET secret_hash = 'f' "
    "WHERE principal_id = (SELECT id FROM principal WHERE name = 'stranger') AND revoked_at IS NULL",
    "disabled": "UPDATE principal SET disabled_at = NULL WHERE disabled_at IS NOT NULL",
    "environment": "UPDATE environment SET restricted = (1 = 0) WHERE name = 'prod'",
    "release": "UPDATE delivery_release SET digest = 'f' WHERE number = 1",
    "approval": "UPDATE approval_request SET target = 'production'",
    "verdict": "UPDATE verdict SET said = 'approve'",
    "waiver": "UPDATE waiver SET state = 'granted'",
    "placement": "DELETE FROM delivery_placement WHERE valid_to IS NULL",
}


def test_a_table_edited_with_the_databases_password_is_named(
    world: World, delivery: Delivery, model: AssetView, database: str
) -> None:
    """Issue 6: "compares it with the live tables": whatever was not done through the server is found."""
    red = world.command("admin", lambda call: teams.create(call, CreateTeam("red"))).uid
    champion = [ChangeAlias("champion", delivery.versions[1].uid)]
    for act in (
        lambda call: aliases.change(call, model.uid, champion),
        lambda call: stages.place(call, delivery.versions[1].uid, "staging", "", move_others=False, etag=None),
        lambda call: teams.add_member(call, red, world.uid("stranger")),
        lambda call: teams.remove_member(call, red, world.uid("stranger")),
        lambda call: principals.disable(call, world.uid("viewer")),
    ):
        world.command("admin", act)
    delivery.promote(1, "dev")
    said = approval_steps(world, delivery.versions[1].uid)
    for step in (said[0], said[1], said[4], said[8]):
        step()
    report = replayed(world)
    assert report.ok
    for found, (kind, statement) in enumerate(EDITS.items()):
        edit(database, statement)
        report = replayed(world)
        assert [one.kind for one in report.differences].count(kind) == 1, kind
        assert len(report.differences) == found + 1, [one.sentence for one in report.differences]
    assert {one.what for one in report.differences} == {"altered", "missing", "unrecorded"}


def test_a_grant_that_was_written_by_hand_is_named(world: World, database: str) -> None:
    columns = "uid, subject_kind, subject_uid, scope_kind, role, granted_by, valid_from"
    stranger = world.uid("stranger")
    edit(
        database,
        f"INSERT INTO role_grant ({columns}) SELECT 'x', 'principal', '{stranger}', 'server', 'admin', 1, 1",
    )
    (found,) = replayed(world).differences
    assert (found.what, found.kind, found.key) == ("unrecorded", "grant", ("x",))
    assert stranger in found.sentence


def test_only_who_reads_the_log_of_the_server_reads_its_state(world: World) -> None:
    for who in ("admin", "viewer", "stranger"):
        with pytest.raises(Forbidden):
            world.command(who, lambda call: standing.begin(call, None))
    opening = decode(state_of(world)[0])
    assert isinstance(opening, Opening)
    assert opening.pending, "what is not numbered yet is named"
