"""Data sets of ours have the registry's names; what somebody only claims neither takes nor hides them."""

import pytest

from strongroom.application.automations import objects
from strongroom.application.call import Call
from strongroom.application.registry import assets
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.model import Measure
from strongroom.domain.search.parse import parse_filter
from strongroom.domain.search.schema import Entity
from tests.application.evaluations.conftest import listed, record
from tests.application.evaluations.test_searching import found
from tests.promises.support import Site, make_asset, publish, reference

GOOD, BAD = Measure("quality", 0.9), Measure("quality", 0.4)


@pytest.fixture
def holdout(site: Site) -> VersionView:
    return publish(site, make_asset(site, "holdout").uid, [reference("rows", "data")])


@pytest.fixture
def toy(site: Site) -> VersionView:
    return publish(site, make_asset(site, "toy").uid, [reference("rows", "toy")])


def test_a_version_of_ours_has_its_name_and_no_other(
    site: Site, version: VersionView, holdout: VersionView, toy: VersionView
) -> None:
    """A contributor evaluates on a toy and calls it the holdout."""
    with pytest.raises(Invalid, match="called 'toy' here"):
        record(site, version.uid, GOOD, dataset_uid=toy.uid, dataset_digest="", dataset_name="holdout")
    record(site, version.uid, GOOD, dataset_uid=toy.uid, dataset_digest="")
    assert found(site, "evaluations.quality ON 'holdout' > 0.8") == []
    made = record(site, version.uid, BAD, dataset_uid=holdout.uid, dataset_digest="", dataset_name="holdout")
    assert (made.data.name, made.data.resolved, made.data.version_uid) == ("holdout", True, holdout.uid)
    assert found(site, "evaluations.quality ON 'holdout' > 0.3") == [1], "named by nobody, and found by its name"
    assert found(site, f"evaluations.quality ON '{holdout.tree}' = 0.4") == [1]
    assert found(site, f"evaluations.quality ON ('toy', '{holdout.tree}') > 0") == []


def test_a_claim_does_not_take_the_name_of_a_data_set_of_ours(
    site: Site, version: VersionView, holdout: VersionView, toy: VersionView
) -> None:
    made = record(site, version.uid, GOOD, dataset_digest=toy.tree, dataset_name="holdout")
    assert (made.data.name, made.data.resolved) == ("holdout", False)
    assert found(site, "evaluations.quality ON 'holdout' > 0.8") == []
    assert found(site, "name = 'churn' AND evaluations.quality ON 'holdout' IS NULL") == [1]
    assert holds(site, version, "evaluations.quality ON 'holdout' > 0.8") is None
    record(site, version.uid, BAD, dataset_uid=holdout.uid, dataset_digest="")
    assert found(site, "name = 'churn'", ["evaluations.quality ON 'holdout' DESC"]) == [1]
    assert holds(site, version, "evaluations.quality ON 'holdout' > 0.8") is False
    assert holds(site, version, "evaluations.quality ON 'holdout' = 0.4") is True
    record(site, version.uid, GOOD, dataset_digest=toy.tree, dataset_name="no data set of ours")
    assert found(site, "evaluations.quality ON 'no data set of ours' > 0.8") == [1]


def holds(site: Site, version: VersionView, what: str) -> bool | None:
    """What an automation's condition says."""
    condition = parse_filter(Entity.VERSION, what)
    assert condition is not None

    def ask(call: Call) -> bool | None:
        return objects.holds(call, Entity.VERSION, version.uid, condition)

    return site.world.read("viewer", ask)


def test_a_later_record_on_the_same_bytes_does_not_hide_a_name(
    site: Site, version: VersionView, holdout: VersionView
) -> None:
    record(site, version.uid, BAD, dataset_uid=holdout.uid, dataset_digest="")
    record(site, version.uid, GOOD, dataset_digest=holdout.tree, dataset_name="mine")
    assert found(site, "evaluations.quality ON 'holdout' = 0.4") == [1]
    assert found(site, "evaluations.quality ON 'mine' = 0.9") == [1]
    assert found(site, "evaluations.quality = 0.4") == [], "of the data set the newest counts"
    assert found(site, f"evaluations.quality ON '{holdout.tree}' = 0.9") == [1]
    assert found(site, "evaluations.quality = 0.9", ["evaluations.quality"]) == [1]
    assert holds(site, version, "evaluations.quality = 0.4") is False
    assert holds(site, version, "evaluations.quality ON 'holdout' = 0.4") is True


def test_the_name_follows_the_asset(site: Site, version: VersionView, holdout: VersionView) -> None:
    """ "grants and audit follow the asset's uid, never its name" (domain.md N2)."""
    record(site, version.uid, GOOD, dataset_uid=holdout.uid, dataset_digest="")
    uid = holdout.asset_uid
    site.world.command("admin", lambda call: assets.rename(call, uid, "", "test set", None))
    assert listed(site.world, version.uid)[0].data.name == "test set"
    assert found(site, "evaluations.quality ON 'test set' > 0.8") == [1]
    assert found(site, "evaluations.quality ON 'holdout' > 0.8") == [1], "a rename leaves a redirect"
    other = publish(site, make_asset(site, "holdout").uid, [reference("rows", "other")])
    assert found(site, "evaluations.quality ON 'holdout' > 0.8") == []
    assert found(site, f"evaluations.quality ON '{other.tree}' > 0.8") == []


def test_a_hidden_data_set_tells_its_digest_only(site: Site, version: VersionView) -> None:
    secret = make_asset(site, "secret", "admin", visibility="private")
    data = publish(site, secret.uid, [reference("rows", "secret")], who="admin")
    record(site, version.uid, GOOD, dataset_uid=data.uid, dataset_digest="", who="admin")
    (seen,) = listed(site.world, version.uid)
    assert (seen.data.name, seen.data.version_uid, seen.data.resolved) == ("", None, True)
    assert found(site, "evaluations.quality ON 'secret' > 0.8") == []
    assert found(site, "evaluations.quality ON 'secret' > 0.8", who="admin") == [1]
    assert found(site, f"evaluations.quality ON '{data.tree}' > 0.8") == [1]
