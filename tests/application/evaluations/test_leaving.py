"""When what was evaluated goes: its copies can put right what they share, and nothing is left of the last."""

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.tables import evaluation
from strongroom.application.evaluations import comparing, finding
from strongroom.application.registry import assets, versions
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Conflict, Forbidden, NotFound
from tests.application.evaluations.conftest import LATENCY, QUALITY, epoch, listed, names, record
from tests.application.evaluations.test_comparing import compare, scored
from tests.application.evaluations.test_recording import _edges, correct, retract
from tests.application.evaluations.test_sharing import copy, link, purge, standing
from tests.promises.support import Site, make_asset, publish, reference, statements


def trash(site: Site, uid: str) -> None:
    site.world.command("root", lambda call: versions.delete(call, uid, release_aliases=True, etag=None))


def test_nothing_is_left_of_what_no_version_has_any_more(site: Site, model: AssetView, version: VersionView) -> None:
    """A purge that leaves free text and numbers behind is none."""
    data = publish(site, make_asset(site, "holdout").uid, [reference("rows", "data")])
    said = {"dataset_uid": data.uid, "dataset_digest": "", "note": "about Anna", "name": "of Anna"}
    first = scored(site, model, version.uid, 0.0, **said)
    second = correct(site, first.uid, QUALITY, **said)
    challenger = scored(site, model, version.uid, 0.2, **said)
    champion = scored(site, model, version.uid, 0.1, **said)
    made = compare(site, champion.uid, challenger.uid)
    copied = copy(site, version.uid)
    purge(site, version.uid)
    assert _edges(site, version.uid) == [("evaluation", data.uid)], "the copy has it still"
    assert site.world.read("viewer", lambda call: finding.get(call, second.uid)).note == "about Anna"
    assert site.world.read("viewer", lambda call: comparing.get(call, made.uid)).verdict == made.verdict
    purge(site, copied.uid)
    for uid in (first.uid, second.uid, champion.uid):
        for who in ("root", "viewer"):
            with pytest.raises(NotFound):
                site.world.read(who, lambda call, uid=uid: finding.get(call, uid))  # type: ignore[misc]
    with pytest.raises(NotFound):
        site.world.read("root", lambda call: comparing.get(call, made.uid))
    with pytest.raises(NotFound):
        retract(site, champion.uid, "root")
    left = ("evaluation_metric", "evaluation_holder", "evaluation_value", "comparison")
    assert site.counts(*left) == dict.fromkeys(left, 0)
    assert _edges(site, version.uid) == []
    with site.connect() as connection:
        rows = connection.execute(select(evaluation)).all()
    assert len(rows) == 4
    assert "Anna" not in repr(rows)
    assert "accuracy" not in repr(rows)


def test_a_purged_asset_leaves_nothing_either(site: Site, model: AssetView, version: VersionView) -> None:
    made = record(site, version.uid, note="about Anna")
    site.world.command("root", lambda call: assets.delete(call, model.uid, release_aliases=True, etag=None))
    site.world.command("root", lambda call: assets.purge(call, model.uid, "r"))
    with pytest.raises(NotFound):
        site.world.read("root", lambda call: finding.get(call, made.uid))
    assert site.counts("evaluation_metric")["evaluation_metric"] == 0


def test_a_copy_puts_right_what_the_trash_keeps(site: Site, version: VersionView) -> None:
    """An evaluation shared by copies could not be corrected once its home was in the trash."""
    wrong, other = record(site, version.uid, QUALITY), record(site, version.uid, LATENCY)
    copied = copy(site, version.uid)
    trash(site, version.uid)
    before = epoch(site, version.uid)
    better = correct(site, wrong.uid, QUALITY)
    assert better.version_uid == copied.uid, "by which it can be put right again"
    assert [one.uid for one in listed(site.world, version.uid)] == [better.uid, other.uid]
    assert epoch(site, version.uid) == before + 1
    assert correct(site, better.uid, LATENCY).supersedes == better.uid
    site.world.command("root", lambda call: versions.restore(call, version.uid))
    assert correct(site, other.uid, QUALITY).version_uid == version.uid, "it is asked again once it is back"


def test_a_copy_puts_right_what_was_purged(site: Site, version: VersionView) -> None:
    wrong, other = record(site, version.uid, QUALITY), record(site, version.uid, LATENCY)
    copied = copy(site, version.uid)
    shown = link(site, copied.uid, make_asset(site, "portfolio"))
    purge(site, version.uid)
    better = correct(site, wrong.uid, LATENCY)
    assert (better.version_uid, better.supersedes) == (copied.uid, wrong.uid)
    assert retract(site, other.uid).standing is False
    for uid in (copied.uid, shown.uid):
        assert [one.uid for one in listed(site.world, uid)] == [better.uid]
        assert standing(site, uid) == [("p95", 120.0)]
    with pytest.raises(Forbidden):
        retract(site, better.uid, "viewer")
    trash(site, shown.uid)
    trash(site, copied.uid)
    with pytest.raises(Conflict):
        correct(site, better.uid, QUALITY)


def test_who_may_change_the_copy_alone_may_not_while_the_home_is_live(site: Site) -> None:
    secret = publish(site, make_asset(site, "secret", "admin", visibility="private").uid, who="admin")
    made = record(site, secret.uid, who="admin")
    copied = copy(site, secret.uid)
    assert names(site.world, copied.uid) == ["suite"]
    with pytest.raises(NotFound):
        retract(site, made.uid)
    trash(site, secret.uid)
    assert retract(site, made.uid).standing is False


def test_a_link_locks_as_all_do(site: Site, version: VersionView) -> None:
    """Rows are locked in the order namespace, asset, version (docs/architecture.md), or two wait for each other."""
    other = make_asset(site, "portfolio")
    with statements(site) as said:
        link(site, version.uid, other)
    locks = ["version" if "FROM version" in one else "asset" for one in said if "FOR UPDATE" in one]
    assert locks == ([] if is_sqlite(site.database) else sorted(locks))
    assert is_sqlite(site.database) or "version" in locks
