"""Automations made, changed by their owners only, tried out and listed."""

from collections.abc import Callable

import pytest

from strongroom.application.automations import automations
from strongroom.application.automations.automations import CreateAutomation, UpdateAutomation, WantedAction
from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.domain.errors import DomainError, Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge
from tests.application.automations.conftest import MARK, SAY, Works

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"types": ()}, Invalid),
        ({"types": ("*",)}, Invalid),
        ({"about": "node"}, Invalid),
        ({"condition": "metrics.auc > 1"}, Invalid),
        ({"condition": "name = "}, Invalid),
        ({"condition": "name MATCHES '('"}, Invalid),
        ({"condition": "(" * 5000}, Invalid),
        ({"name": ""}, Invalid),
        ({"state": "deleted"}, Invalid),
        ({"action": WantedAction("mail")}, Invalid),
        ({"action": WantedAction("comment")}, Invalid),
        ({"action": WantedAction("comment", text=" ")}, Invalid),
        ({"action": WantedAction("comment", text="x", key="k")}, Invalid),
        ({"action": WantedAction("tag", value="v")}, Invalid),
        ({"action": MARK, "about": "experiment"}, Invalid),
        ({"action": WantedAction("webhook", webhook_uid=NOBODY)}, NotFound),
        ({"namespace": "risk", "asset_uid": NOBODY}, Invalid),
        ({"namespace": "nowhere"}, NotFound),
        ({"asset_uid": NOBODY}, NotFound),
    ],
    ids=str,
)
def test_what_is_no_automation_is_refused(works: Works, changed: dict[str, object], error: type[DomainError]) -> None:
    given = {"name": "a", "types": ("asset.create",), "about": "asset", "action": SAY, **changed}
    with pytest.raises(error):
        works.world.command("admin", lambda call: automations.create(call, CreateAutomation(**given)))  # type: ignore[arg-type]


@pytest.mark.parametrize("who", ["contributor", "viewer", "stranger"])
def test_only_maintainers_have_automations(works: Works, who: str) -> None:
    uid = works.automation(SAY, "asset.*").uid
    works_: list[Callable[[Call], object]] = [
        lambda call: automations.create(call, CreateAutomation("a", ("asset.*",), "asset", SAY)),
        lambda call: automations.get(call, uid),
        lambda call: automations.listed(call, PageRequest()),
        lambda call: automations.update(call, uid, UpdateAutomation(state="disabled"), None),
        lambda call: automations.delete(call, uid, None),
        lambda call: automations.trial(call, uid, 5),
        lambda call: automations.runs(call, uid, None, PageRequest()),
    ]
    for work in works_:
        with pytest.raises(Forbidden):
            works.world.command(who, work)


def test_a_webhook_is_for_those_who_may_have_one(works: Works) -> None:
    with pytest.raises(Forbidden):
        works.automation(WantedAction("webhook", webhook_uid=NOBODY), "asset.*", who="maintainer")


def test_only_its_owner_says_what_it_does_and_others_may_stop_it(works: Works) -> None:
    """It acts with its owner's rights: whoever could change it would have them."""
    uid = works.automation(SAY, "asset.*").uid
    for change in (
        UpdateAutomation(action=MARK),
        UpdateAutomation(types=("run.*",)),
        UpdateAutomation(condition="name = 'x'"),
        UpdateAutomation(state="enabled"),
        UpdateAutomation(name="b", state="disabled"),
    ):
        with pytest.raises(Forbidden):
            works.world.command("maintainer", lambda call, c=change: automations.update(call, uid, c, None))  # type: ignore[misc]
    stopping = UpdateAutomation(state="disabled")
    view = works.world.command("maintainer", lambda call: automations.update(call, uid, stopping, 1))
    assert (view.state, view.owner_name) == ("disabled", "admin")
    with pytest.raises(Forbidden):
        works.runs(uid, "maintainer")
    works.world.command("maintainer", lambda call: automations.delete(call, uid, 2))
    with pytest.raises(NotFound):
        works.world.read("admin", lambda call: automations.get(call, uid))


def test_changes_compare(works: Works) -> None:
    uid = works.automation(SAY, "asset.*").uid
    change = UpdateAutomation(name="b", action=MARK, condition="name = 'x'", types=("asset.update",))
    with pytest.raises(PreconditionFailed):
        works.world.command("admin", lambda call: automations.update(call, uid, change, 7))
    view = works.world.command("admin", lambda call: automations.update(call, uid, change, 1))
    assert (view.name, view.action.kind, view.condition, view.types, view.etag) == (
        "b", "tag", "name = 'x'", ("asset.update",), 2,
    )  # fmt: skip
    with pytest.raises(PreconditionFailed):
        works.world.command("admin", lambda call: automations.delete(call, uid, 1))


def test_a_workspace_has_a_bounded_number_listed_by_pages(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automations, "AUTOMATIONS_MOST", 3)
    made = [works.automation(SAY, "asset.*").uid for _ in range(3)]
    with pytest.raises(TooLarge):
        works.automation(SAY, "asset.*")
    first = works.world.read("maintainer", lambda call: automations.listed(call, PageRequest(2)))
    rest = works.world.read("maintainer", lambda call: automations.listed(call, PageRequest(2, first.next_page_token)))
    assert [one.uid for one in (*first.items, *rest.items)] == made


def test_a_trial_says_what_would_become_of_past_events_and_does_nothing(works: Works) -> None:
    """ "dry-run/test against past events"."""
    asset, private = works.asset(), works.asset("secret", "private")
    works.change(private)
    works.world.command("admin", lambda call: _tag(call, asset.uid))
    works.change(asset)
    uid = works.automation(SAY, "asset.*", condition="tags.team = 'risk'", state="disabled").uid
    mine = works.world.read("admin", lambda call: automations.trial(call, uid, 10))
    assert [(one.object_uid, one.holds, one.why) for one in mine] == [
        (asset.uid, True, ""),
        (private.uid, None, ""),
        (private.uid, None, ""),
        (asset.uid, True, ""),
    ]
    theirs = works.world.read("maintainer", lambda call: automations.trial(call, uid, 10))
    assert {one.object_uid for one in theirs} == {asset.uid}
    assert len(works.world.read("admin", lambda call: automations.trial(call, uid, 1))) == 1
    works.work()
    assert works.said(asset.uid) == []
    assert works.runs(uid) == []


def _tag(call: Call, uid: str) -> None:
    from strongroom.application.registry import tags

    tags.set_tags(call, "asset", uid, {"team": "risk"})
