"""domain.md N7: "The server numbers versions of an asset upwards from 1 ... a number once issued is never issued
again, deleted or not." Issue 2: "race-free (200 parallel creates on several workers give exactly 1..200)".
"""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.artifacts import folders
from strongroom.application.edge import RequestEdge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, locate, publishing, purging, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import AlreadyExists, BadName, Conflict, DomainError, Invalid, NotFound
from strongroom.domain.registry.names import NUMBER_LARGEST
from tests.promises.support import Site, fill, make_asset, make_draft, publish, reference, run, seal

MANY = 200


def numbers_of(site: Site, asset: AssetView) -> list[int | None]:
    page = site.world.read("viewer", lambda c: versions.listed(c, asset.uid, ListVersions("all"), PageRequest(1_000)))
    return [version.number for version in page.items]


def latest(site: Site, asset: AssetView) -> int | None:
    return site.world.read("viewer", lambda call: assets.get(call, asset.uid)).latest


def another_executor(site: Site) -> SqliteExecutor | PostgresExecutor:
    """What a second server process over the same database has."""
    clock = type(site.world.clock)()
    if is_sqlite(site.database):
        return SqliteExecutor(site.database, clock)
    return PostgresExecutor(site.database, clock, connections=4)


def test_two_hundred_parallel_registrations_on_two_executors_give_exactly_1_to_200(
    site: Site, model: AssetView
) -> None:
    """Issue 2: "200 parallel creates on several workers give exactly 1..200"."""
    second = another_executor(site)
    gateways = (site.gateway, replace(site.gateway, executor=second))
    token = site.world.tokens["contributor"]

    async def one(n: int) -> int | None:
        def edge() -> RequestEdge:
            return RequestEdge(gateways[n % 2], token, None)

        draft = await edge().command(lambda call: publishing.create_draft(call, model.uid, None, None))
        await edge().command(lambda call: folders.put(call, "draft", draft.uid, [reference("w", str(n))]))
        return (await publishing.seal(edge(), draft.uid, PublishDetails())).number

    async def together() -> list[int | None]:
        return list(await asyncio.gather(*(one(n) for n in range(MANY))))

    try:
        given = run(together())
    finally:
        second.close()
    assert sorted(number or 0 for number in given) == list(range(1, MANY + 1))
    assert numbers_of(site, model) == list(range(MANY, 0, -1))
    assert latest(site, model) == MANY


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_two_hundred_registrations_from_three_processes_give_exactly_1_to_200(site: Site, model: AssetView) -> None:
    """Issue 2: "200 parallel creates on several workers give exactly 1..200"; workers are processes here."""
    shares = (67, 67, 66)
    repository = Path(__file__).resolve().parents[2]
    token = str(site.world.tokens["contributor"].text)
    children = [
        subprocess.Popen(  # noqa: S603 - this Python
            [sys.executable, "-m", "tests.promises.numbering_child", site.database, token, model.uid, str(share)],
            cwd=repository,
            env={**os.environ, "PYTHONPATH": f"{repository / 'src'}:{repository}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    given = [int(number) for child in children for number in child.communicate(timeout=200)[0].split()]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(given) == list(range(1, MANY + 1))
    assert latest(site, model) == MANY
    publish(site, model.uid)
    site.world.executor.close()  # numbers what is pending
    counts = site.counts("audit", "audit_pending", "audit_leaf")
    assert counts["audit_pending"] == 0
    assert counts["audit"] == counts["audit_leaf"]


def test_a_draft_takes_its_number_when_it_is_sealed_so_that_an_abandoned_one_leaves_no_gap(
    site: Site, model: AssetView
) -> None:
    """N7: "upwards from 1"."""
    first, second = make_draft(site, model.uid), make_draft(site, model.uid)
    for uid in (first, second):
        fill(site, uid, [reference("w", uid)])
    assert seal(site, second).number == 1
    site.world.command("contributor", lambda call: publishing.abort_draft(call, first))
    assert publish(site, model.uid).number == 2


def test_a_caller_may_ask_for_a_number_that_was_never_issued(site: Site, model: AssetView) -> None:
    """N7: "A caller may ask for a number that was never issued (imports, Azure)." The next ones follow the greatest."""
    assert publish(site, model.uid, details=PublishDetails(number=5)).number == 5
    assert publish(site, model.uid, details=PublishDetails(label="3")).number == 3
    assert publish(site, model.uid).number == 6
    for taken in (3, 5, 6):
        with pytest.raises(AlreadyExists):
            publish(site, model.uid, details=PublishDetails(number=taken))
    assert publish(site, model.uid).number == 7
    with pytest.raises(Invalid):
        publish(site, model.uid, details=PublishDetails(number=8, label="9"))


def test_after_the_largest_number_the_server_says_so(site: Site, model: AssetView) -> None:
    """N7, at its end: no number is above what an audit record holds, not even one that the server gives."""
    assert publish(site, model.uid, details=PublishDetails(number=NUMBER_LARGEST)).number == NUMBER_LARGEST
    with pytest.raises((Invalid, Conflict)):
        publish(site, model.uid)
    assert publish(site, model.uid, details=PublishDetails(number=4)).number == 4


def test_racing_for_one_explicit_number_has_one_winner(site: Site, model: AssetView) -> None:
    """N7: "a number once issued is never issued again"."""
    drafts = [make_draft(site, model.uid) for _ in range(6)]
    for uid in drafts:
        fill(site, uid, [reference("w", uid)])

    async def together() -> list[object]:
        sealing = (publishing.seal(site.edge("contributor"), uid, PublishDetails(number=9)) for uid in drafts)
        return list(await asyncio.gather(*sealing, return_exceptions=True))

    outcomes = run(together())
    lost = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert len(lost) == 5
    assert all(isinstance(error, AlreadyExists | Conflict) for error in lost)
    assert numbers_of(site, model) == [9]
    # the losers' drafts are open still: nothing of them was kept
    assert sorted(seal(site, uid).number or 0 for uid in drafts) == [9, 10, 11, 12, 13, 14]


def test_neither_deleting_nor_purging_frees_a_number_or_label(site: Site, model: AssetView) -> None:
    """N7: "never issued again, deleted or not"; "`label` ... unique in its asset for ever (tombstones included)"."""
    version = publish(site, model.uid, details=PublishDetails(label="rc-1"))
    assert version.number == 1

    def refused() -> None:
        for details in (PublishDetails(number=1), PublishDetails(label="1"), PublishDetails(label="rc-1")):
            with pytest.raises(AlreadyExists):
                publish(site, model.uid, details=details)

    refused()
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    refused()
    site.world.command("admin", lambda c: purging.purge(c, version.uid, "wrong data"))
    refused()
    assert publish(site, model.uid).number == 2
    assert latest(site, model) == 2


def test_a_label_that_a_draft_reserved_is_taken_until_the_draft_ends(site: Site, model: AssetView) -> None:
    """N4: a draft has an "optional reserved number or label"; it frees the label when it fails."""
    draft = make_draft(site, model.uid, label="gold")
    for attempt in (
        lambda: make_draft(site, model.uid, label="gold"),
        lambda: publish(site, model.uid, details=PublishDetails(label="gold")),
    ):
        with pytest.raises(AlreadyExists):
            attempt()
    with pytest.raises(NotFound):
        site.world.read("viewer", lambda call: locate.resolve(call, "churn:gold", None, None))
    site.world.command("contributor", lambda call: publishing.abort_draft(call, draft))
    assert publish(site, model.uid, details=PublishDetails(label="gold")).label == "gold"


def test_labels_belong_to_their_asset_and_are_compared_in_nfc(site: Site, model: AssetView) -> None:
    """N7: a label is "unique in its asset"; N2: names are NFC."""
    other = make_asset(site, "other")
    assert publish(site, model.uid, details=PublishDetails(label="caf\u00e9")).number == 1
    with pytest.raises(AlreadyExists):
        publish(site, model.uid, details=PublishDetails(label="cafe\u0301"))
    assert publish(site, model.uid, details=PublishDetails(label="Caf\u00e9")).number == 2
    assert publish(site, other.uid, details=PublishDetails(label="caf\u00e9")).number == 1
    with pytest.raises(BadName):
        publish(site, other.uid, details=PublishDetails(label="007"))


def test_deleting_another_version_leaves_latest_where_publishing_put_it(site: Site, model: AssetView) -> None:
    """N8: "`latest` is a pointer of the asset moved by publishing"."""
    ten = publish(site, model.uid, details=PublishDetails(number=10))
    five = publish(site, model.uid, details=PublishDetails(number=5))
    three = publish(site, model.uid, details=PublishDetails(number=3))
    assert latest(site, model) == 3
    site.world.command("maintainer", lambda c: versions.delete(c, five.uid, release_aliases=False, etag=None))
    assert latest(site, model) == 3
    site.world.command("maintainer", lambda c: versions.delete(c, three.uid, release_aliases=False, etag=None))
    assert latest(site, model) == ten.number
