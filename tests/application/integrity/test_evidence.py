"""What was measured is what was recorded: edited behind the server's back, it is named."""

import asyncio
from typing import Any

from sqlalchemy import delete, func, update

from strongroom.adapters.sql.tables import comparison, evaluation, evaluation_metric, evaluation_value
from strongroom.adapters.xet.codec import Codec
from strongroom.application.evaluations import recording
from strongroom.application.integrity.checking import Options, Place, Walk
from strongroom.application.integrity.findings import Finding, Hurt, Kind
from strongroom.application.registry import workspaces
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.registry.workspaces import CreateWorkspace
from tests.adapters.blobs.homes import Home
from tests.application.evaluations.conftest import QUALITY, record, version
from tests.application.evaluations.test_comparing import compare, scored
from tests.application.evaluations.test_recording import correct
from tests.application.evaluations.test_sharing import copy
from tests.promises.support import Site, make_asset, publish, reference

__all__ = ["version"]


def look(site: Site, home: Home) -> list[Finding]:
    """What a check finds of evaluations."""

    async def walk() -> list[Finding]:
        upkeep = home.upkeep()
        place = Place(site.world.executor, site.store, upkeep, Codec())
        try:
            return [one async for step in Walk(place, Options()).evaluations(0) for one in step.findings]
        finally:
            await upkeep.aclose()

    return asyncio.run(walk())


def edit(site: Site, statement: Any) -> None:  # noqa: ANN401 - any statement
    with site.connect() as connection:
        assert connection.execute(statement).rowcount


def test_an_edited_number_is_named(site: Site, home: Home, model: AssetView, version: VersionView) -> None:
    """Nothing bound the numbers: who has the database could raise them, and no check would say so."""
    data = publish(site, make_asset(site, "holdout").uid, [reference("rows", "data")])
    first = record(site, version.uid, QUALITY, dataset_uid=data.uid, dataset_digest="")
    second = correct(site, first.uid, QUALITY)
    champion, challenger = scored(site, model, version.uid, 0.0), scored(site, model, version.uid, 0.2)
    made = compare(site, champion.uid, challenger.uid)
    copy(site, version.uid)
    assert look(site, home) == []
    body, values = evaluation.c.body, evaluation_value
    where = evaluation.c.uid == second.uid
    edits = [
        (update(evaluation).where(where).values(body=func.replace(body, "0.9", "0.99")), second.uid),
        (update(evaluation).where(evaluation.c.uid == first.uid).values(superseded_by_id=None), first.uid),
        (update(comparison).values(outcome=func.replace(comparison.c.outcome, "better", "worse")), made.uid),
        (update(evaluation).where(evaluation.c.uid == champion.uid).values(body="{}"), champion.uid),
        (delete(evaluation_metric).where(evaluation_metric.c.key_id > 0), challenger.uid),
        (update(values).values(value=values.c.value + 1), "values for search"),
    ]
    for statement, named in edits:
        edit(site, statement)
        found = look(site, home)
        assert {one.kind for one in found} == {Kind.EVALUATION}
        assert any(named in one.where for one in found), named
        assert found[0].hurts == [Hurt("asset", "default/model/churn", 1)]


def test_what_came_from_another_workspace_is_bound_there(site: Site, home: Home, version: VersionView) -> None:
    site.world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    made = record(site, version.uid)
    copy(site, version.uid, workspace="other")
    site.world.command("contributor", lambda call: recording.retract(call, made.uid, "r"))
    assert look(site, home) == []
    changed = update(evaluation).where(evaluation.c.origin_uid == made.uid)
    edit(site, changed.values(body=func.replace(evaluation.c.body, "0.9", "0.91")))
    (found, *_) = look(site, home)
    assert found.details["why"] == "other words or numbers than were recorded"
