"""Promise 5: "Every command has exactly one audit record and at-least-once delivery of its event; a refused one is
recorded too; a failed one has no event". domain.md N15: *Commands* "write state, audit record and outbox row in one
transaction".
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import audit, outbox
from strongroom.application.call import Call
from strongroom.application.registry import (
    aliases,
    assets,
    namespaces,
    publishing,
    purging,
    stages,
    tags,
    versions,
    workspaces,
)
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import UpdateVersion
from strongroom.application.registry.views import AssetView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import (
    AlreadyExists,
    BadName,
    Conflict,
    DomainError,
    Forbidden,
    Held,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from tests.promises.support import Site, added, fill, make_asset, make_draft, publish, reference, run, seal

LOG = ("audit", "outbox")


@dataclass
class Seen:
    """What one command left in the log."""

    action: str
    outcome: str
    event: bool


def log_of(site: Site, after: int) -> list[Seen]:
    with site.connect() as connection:
        rows = connection.execute(select(audit).where(audit.c.id > after).order_by(audit.c.id)).all()
        events = set(connection.execute(select(outbox.c.audit_id).where(outbox.c.audit_id > after)).scalars())
    return [Seen(row.action, row.outcome, row.id in events) for row in rows]


def last_id(site: Site) -> int:
    with site.connect() as connection:
        return max(connection.execute(select(audit.c.id)).scalars(), default=0)


def agrees(site: Site) -> None:
    """Every record waits for its leaf or has it; never both, never neither."""
    counts = site.counts("audit", "audit_pending", "audit_leaf")
    assert counts["audit"] == counts["audit_pending"] + counts["audit_leaf"]


Step = tuple[str, str, Callable[[Call], object]]


def walk(site: Site) -> Iterator[Step]:
    """Every command of the registry once: its action, who may do it, and the command itself."""
    world = site.world
    yield "workspace.create", "root", lambda c: workspaces.create(c, CreateWorkspace("second"))
    yield "workspace.update", "admin", lambda c: workspaces.update(c, "default", "words", None)
    yield "namespace.create", "maintainer", lambda c: namespaces.create(c, "risk", "")
    space = world.read_tx(lambda tx: tx.namespaces.by_path(world.workspace.id, "risk"))
    assert space is not None
    yield "namespace.update", "maintainer", lambda c: namespaces.update(c, space.uid, "words", None)
    yield "namespace.delete", "admin", lambda c: namespaces.delete(c, space.uid)
    yield "asset.create", "contributor", lambda c: assets.create(c, CreateAsset("model", "walked"))
    (asset,) = world.read_tx(lambda tx: tx.assets.by_name(_root(site), "walked", None))
    uid = asset.uid
    yield "asset.update", "contributor", lambda c: assets.update(c, uid, UpdateAsset(card="# words"), None)
    yield "asset.rename", "maintainer", lambda c: assets.rename(c, uid, None, "walker", None)
    yield "asset.archive", "maintainer", lambda c: assets.archive(c, uid, archived=True, etag=None)
    yield "asset.unarchive", "maintainer", lambda c: assets.archive(c, uid, archived=False, etag=None)
    yield "tag.set", "contributor", lambda c: tags.set_tags(c, "asset", uid, {"team": "a"})
    yield "tag.remove", "contributor", lambda c: tags.remove_tags(c, "asset", uid, ["team"])
    yield "property.set", "contributor", lambda c: tags.set_properties(c, "asset", uid, {"auc": 0.5})
    version = publish(site, uid)
    v = version.uid
    yield "version.update", "contributor", lambda c: versions.update(c, v, UpdateVersion("words"), None)
    yield "stage.set", "maintainer", lambda c: stages.place(c, v, "development", "", move_others=False, etag=None)
    yield "alias.set", "maintainer", lambda c: aliases.change(c, uid, [ChangeAlias("champion", v)])
    yield "alias.remove", "maintainer", lambda c: aliases.change(c, uid, [ChangeAlias("champion", None)])
    yield "version.archive", "contributor", lambda c: versions.archive(c, v, archived=True, etag=None)
    yield "version.unarchive", "contributor", lambda c: versions.archive(c, v, archived=False, etag=None)
    yield "version.delete", "maintainer", lambda c: versions.delete(c, v, release_aliases=False, etag=None)
    yield "version.restore", "maintainer", lambda c: versions.restore(c, v)
    world.command("maintainer", lambda c: versions.delete(c, v, release_aliases=False, etag=None))
    yield "version.purge", "admin", lambda c: purging.purge(c, v, "why")
    yield "asset.delete", "maintainer", lambda c: assets.delete(c, uid, release_aliases=False, etag=None)
    yield "asset.restore", "maintainer", lambda c: assets.restore(c, uid)
    world.command("maintainer", lambda c: assets.delete(c, uid, release_aliases=False, etag=None))
    yield "asset.purge", "admin", lambda c: assets.purge(c, uid, "why")
    yield "experiment.create", "contributor", lambda c: experiments.create(c, CreateExperiment("exp", ""))


def _root(site: Site) -> int:
    found = site.world.read_tx(lambda tx: tx.namespaces.by_path(site.world.workspace.id, ""))
    assert found is not None
    return found.id


def test_every_command_writes_one_record_and_one_event(site: Site) -> None:
    """Promise 5: "Every command has exactly one audit record and at-least-once delivery of its event"."""
    for action, who, command in walk(site):
        before = last_id(site)
        edge = site.edge(who)
        run(edge.command(command))
        assert log_of(site, before) == [Seen(action, "done", event=True)], action
        assert [record.uid for record in edge.records], action
        agrees(site)


def test_every_refused_command_leaves_one_record_no_event_and_no_change(site: Site) -> None:
    """Promise 5: "a refused one is recorded too"; N15: "Refusals are recorded in their own transaction"."""
    for action, who, command in walk(site):
        for other in ("viewer", "stranger"):
            before, rows = last_id(site), site.counts()
            with pytest.raises((Forbidden, NotFound)):
                run(site.edge(other).command(command))
            left = log_of(site, before)
            changed = added(rows, site.counts())
            assert [(seen.outcome, seen.event) for seen in left] in ([("refused", False)], []), (action, other)
            assert left or other == "stranger", action
            assert set(changed) <= {"audit", "audit_leaf"}, (action, other, changed)
        run(site.edge(who).command(command))
    agrees(site)


def test_a_stranger_that_asks_for_what_exists_is_on_record(site: Site, model: AssetView) -> None:
    """Issue 2: "every refusal to a known principal" is a leaf: also where the answer is "there is no such asset"."""
    before = last_id(site)
    with pytest.raises(NotFound):
        run(site.edge("stranger").read(lambda call: assets.get(call, model.uid)))
    assert log_of(site, before) == [Seen("asset.read", "refused", event=False)]
    with site.connect() as connection:
        body = json.loads(connection.execute(select(audit.c.body).where(audit.c.id > before)).scalar_one())
    assert body["subject"] == ["asset", model.uid] or model.uid in json.dumps(body["subject"])
    assert body["actor"] == site.world.uid("stranger")


def failing(site: Site, model: AssetView) -> list[tuple[type[DomainError], str, Callable[[Call], object]]]:
    version = publish(site, model.uid)
    uid, v = model.uid, version.uid
    site.world.command("maintainer", lambda c: aliases.change(c, uid, [ChangeAlias("champion", v)]))
    return [
        (AlreadyExists, "contributor", lambda c: assets.create(c, CreateAsset("model", "churn"))),
        (BadName, "contributor", lambda c: assets.create(c, CreateAsset("model", "a/b", "new/space"))),
        (Invalid, "contributor", lambda c: assets.create(c, CreateAsset("model", "n", "new/space", type="\x00"))),
        (PreconditionFailed, "contributor", lambda c: assets.update(c, uid, UpdateAsset(card="x"), 99)),
        (Invalid, "maintainer", lambda c: assets.update(c, uid, UpdateAsset(visibility="secret"), None)),
        (Held, "maintainer", lambda c: versions.delete(c, v, release_aliases=False, etag=None)),
        (Held, "maintainer", lambda c: assets.delete(c, uid, release_aliases=False, etag=None)),
        (Conflict, "maintainer", lambda c: versions.restore(c, v)),
        (Conflict, "admin", lambda c: assets.purge(c, uid, "why")),
        (PreconditionFailed, "maintainer", lambda c: aliases.change(c, uid, [ChangeAlias("b", v), _stale(v)])),
        (NotFound, "maintainer", lambda c: aliases.change(c, uid, [ChangeAlias("c", v), ChangeAlias("gone", None)])),
        (NotFound, "contributor", lambda c: tags.remove_tags(c, "asset", uid, ["nothing"])),
        (AlreadyExists, "root", lambda c: workspaces.create(c, CreateWorkspace("default"))),
        (Conflict, "contributor", lambda c: publishing.abort_draft(c, v)),
    ]


def _stale(version_uid: str) -> ChangeAlias:
    return ChangeAlias("champion", version_uid, 999_999)


def test_a_failed_command_leaves_nothing_at_all(site: Site, model: AssetView) -> None:
    """Promise 5: "a failed one has no event": no record, no event, no row of any kind."""
    cases = failing(site, model)
    before = site.counts()
    for error, who, command in cases:
        with pytest.raises(error):
            run(site.edge(who).command(command))
        assert added(before, site.counts()) == {}, error
    site.world.read("viewer", lambda call: assets.get(call, model.uid))


def test_a_rollback_leaves_nothing_and_a_group_commit_loses_no_neighbour(site: Site, model: AssetView) -> None:
    """N15: "many commands may share one commit, each under its own savepoint"."""

    def good(n: int) -> Callable[[Call], object]:
        return lambda call: assets.create(call, CreateAsset("dataset", f"d{n}"))

    def bad(call: Call) -> None:
        assets.update(call, model.uid, UpdateAsset(card="never"), None)
        raise Conflict("after everything was written")

    async def together() -> list[object]:
        works = (site.edge("contributor").command(bad if n % 3 == 0 else good(n)) for n in range(30))
        return list(await asyncio.gather(*works, return_exceptions=True))

    before = last_id(site)
    outcomes = run(together())
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 10
    assert log_of(site, before) == [Seen("asset.create", "done", event=True)] * 20
    assert site.world.read("viewer", lambda call: assets.get(call, model.uid)).card == ""
    agrees(site)


def test_a_draft_is_recorded_and_only_its_seal_is_an_event(site: Site, model: AssetView) -> None:
    """N4: no list, alias or gate sees a draft; so it makes no event until it is a version."""
    before = last_id(site)
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("a")])
    seal(site, draft)
    ended = make_draft(site, model.uid)
    site.world.command("contributor", lambda call: publishing.abort_draft(call, ended))
    assert log_of(site, before) == [
        Seen("draft.create", "done", event=False),
        Seen("version.register", "done", event=True),
        Seen("draft.create", "done", event=False),
        Seen("draft.abort", "done", event=False),
    ]


def test_the_record_of_a_delete_names_the_aliases_that_went_with_it(site: Site, model: AssetView) -> None:
    """Promise 5: what a command did is on record, also what it did by the way."""
    version = publish(site, model.uid)
    site.world.command("maintainer", lambda c: aliases.change(c, model.uid, [ChangeAlias("champion", version.uid)]))
    before = last_id(site)
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
    with site.connect() as connection:
        body = json.loads(connection.execute(select(audit.c.body).where(audit.c.id > before)).scalar_one())
    assert body["details"] == {"number": 1, "released": ["champion"]}


def test_events_of_an_asset_are_in_the_order_of_its_sequence(site: Site, model: AssetView) -> None:
    """domain.md section 3: "Per-asset order follows from event_seq under the row lock"."""
    other = make_asset(site, "other")

    async def together() -> None:
        works = [
            site.edge("contributor").command(
                lambda c, u=uid, n=n: assets.update(c, u, UpdateAsset(card=str(n)), None)  # type: ignore[misc]
            )
            for n in range(40)
            for uid in (model.uid, other.uid)
        ]
        await asyncio.gather(*works)

    run(together())
    site.world.executor.close()
    with site.connect() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.audit_id)).all()
    for asset_id in {row.asset_id for row in rows if row.asset_id is not None}:
        mine = [row.asset_seq for row in rows if row.asset_id == asset_id]
        assert mine == list(range(1, len(mine) + 1))


def test_a_run_from_start_to_registration_is_covered(site: Site, model: AssetView) -> None:
    """Promise 5: "every record of a run is covered by an audited chain head", at the latest when frozen."""
    world = site.world
    experiment = world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "")))
    a_run = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, "r")))
    fill(site, a_run.uid, [reference("w")], kind="run")
    before = last_id(site)
    run(publishing.register(site.edge("contributor"), model.uid, a_run.uid, "", PublishDetails()))
    actions = [seen.action for seen in log_of(site, before)]
    assert sorted(actions) == ["run.chain", "version.register"]
