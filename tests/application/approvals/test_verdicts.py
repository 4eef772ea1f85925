"""Verdicts: who may give them, what they bear, and what voids them."""

import pytest

from strongroom.application.approvals import requests, verdicts
from strongroom.application.identity import principals, teams
from strongroom.application.lineage import flags
from strongroom.application.paging import PageRequest
from strongroom.application.registry import copying
from strongroom.application.registry.publishing import PublishDetails
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.application.approvals.conftest import Board
from tests.application.conftest import DAY
from tests.promises.support import make_asset, publish, reference, run


def test_n_of_m_bear_teams_role_and_digest(board: Board) -> None:
    """ "it carries the teams the approver is a member of at that moment", "bound to the version's tree digest"."""
    board.person("ann", "contributor", "risk", "legal")
    board.person("bob", "maintainer", "risk")
    asked = board.ask()
    board.give("ann", asked, note="looked at the drift")
    shown = board.give("bob", asked, tree=board.version.tree)
    assert (shown.approvals, shown.rejections) == (2, 0)
    assert {(one.by_name, one.role, tuple(one.teams), one.tree) for one in shown.verdicts} == {
        ("ann", "contributor", ("legal", "risk"), board.version.tree),
        ("bob", "maintainer", ("risk",), board.version.tree),
    }
    approvals, rejections = board.standing()
    assert [(one.by, one.teams, one.target) for one in approvals] == [
        (board.world.uid("ann"), ["legal", "risk"], "production"),
        (board.world.uid("bob"), ["risk"], "production"),
    ]
    assert rejections == []
    with pytest.raises(Conflict, match="something else"):
        board.give("admin", asked, tree="0" * 64)


def test_author_requester_and_machines_give_none(board: Board) -> None:
    """ "separation of duties (author and requester cannot approve)": refused, and the refusal is recorded."""
    asked = board.ask("maintainer")
    board.person("robot", kind="service")
    for who, why in (("contributor", "made"), ("maintainer", "asks"), ("robot", "people")):
        with pytest.raises(Forbidden, match=why):
            board.give(who, asked)
        refused = board.world.last
        assert refused is not None and refused.refusal is not None  # noqa: PT018 - one thing
        assert refused.refusal.permission.value == "verdict:give"
    for who in ("viewer", "stranger"):
        with pytest.raises((Forbidden, NotFound)):
            board.give(who, asked)
    assert board.get(asked).verdicts == []


def test_who_performs_the_transition_does_not_count(board: Board) -> None:
    asked = board.ask("contributor")
    board.give("maintainer", asked)
    board.give("admin", asked)
    assert len(board.standing()[0]) == 2
    assert [one.by for one in board.standing("maintainer")[0]] == [board.world.uid("admin")]


def test_the_authors_of_a_copy_are_those_of_the_content(board: Board) -> None:
    """Neither a copy nor a second registration by a friend lets an author approve; a later copy bars no reviewer."""
    there = make_asset(board.site, "copied", "admin")
    again = publish(board.site, there.uid, who="maintainer")
    assert again.tree == board.version.tree
    board.person("asker")
    asked = board.ask("asker", uid=again.uid)
    for who in ("contributor", "maintainer"):
        with pytest.raises(Forbidden, match="made"):
            board.give(who, asked)
    first = board.ask("asker")
    assert board.give("maintainer", first).approvals == 1, "who copied it later is no author of it"


def test_a_copy_of_a_copy_has_the_first_author(board: Board) -> None:
    command = copying.CopyVersion(name="elsewhere")
    made = run(copying.copy(board.site.edge("admin"), board.version.uid, command))
    board.person("asker")
    asked = board.ask("asker", uid=made.uid)
    for who in ("contributor", "admin"):
        with pytest.raises(Forbidden, match="made"):
            board.give(who, asked)


def test_the_last_word_counts_and_can_be_taken_back(board: Board) -> None:
    asked = board.ask()
    board.give("admin", asked)
    shown = board.give("admin", asked, "reject", note="wrong holdout")
    assert (shown.approvals, shown.rejections, [one.void for one in shown.verdicts]) == (0, 1, ["", "replaced"])
    assert [one.by for one in board.standing()[1]] == [board.world.uid("admin")]
    back = board.world.command("admin", lambda call: verdicts.take_back(call, asked.uid))
    assert (back.approvals, back.rejections) == (0, 0)
    with pytest.raises(Forbidden):
        board.world.command("admin", lambda call: verdicts.take_back(call, asked.uid))
    with pytest.raises(Forbidden):
        board.world.command("root", lambda call: verdicts.take_back(call, asked.uid))
    with pytest.raises(Invalid):
        board.give("admin", asked, "perhaps")


def test_verdicts_expire(board: Board) -> None:
    """ "expiring"."""
    asked = board.ask(days=365)
    board.give("admin", asked, days=2)
    board.give("root", asked, days=20)
    board.world.clock.advance(3 * DAY)
    assert board.voids(asked) == {"admin": "expired", "root": ""}
    assert [one.by for one in board.standing()[0]] == [board.world.uid("root")]
    board.world.clock.advance(20 * DAY)
    assert board.standing() == ([], [])


def test_strict_requests_are_void_when_evidence_changes(board: Board) -> None:
    """ "void ... when evidence it was given on changed if so requested"; further verdicts void none."""
    strict, plain = board.ask(strict=True), board.ask(target="staging")
    board.give("admin", strict)
    board.give("root", strict)
    board.give("admin", plain)
    assert board.voids(strict) == {"admin": "", "root": ""}
    wrong = flags.SetFlag("version", board.version.uid, "labels leaked", "bad_data")
    board.world.command("contributor", lambda call: flags.set_(call, wrong))
    assert board.voids(strict) == {"admin": "evidence", "root": "evidence"}
    assert board.voids(plain) == {"admin": ""}
    board.give("root", strict)
    assert board.voids(strict)["admin"] == "evidence", "a new verdict does not bring an old one back"
    assert len([one for one in board.standing()[0] if one.target == "production"]) == 1


def test_a_verdict_stays_what_it_was_but_for_the_disabled(board: Board) -> None:
    """A member who left had approved as a member; who is disabled counts no more; so does a team that was deleted."""
    board.person("ann", "contributor", "risk")
    board.person("bob", "contributor", "risk")
    asked = board.ask()
    for who in ("ann", "bob"):
        board.give(who, asked)
    risk, ann, bob = board.team("risk"), board.world.uid("ann"), board.world.uid("bob")
    board.world.command("admin", lambda call: teams.remove_member(call, risk, ann))
    assert [one.teams for one in board.standing()[0]] == [["risk"], ["risk"]]
    board.world.command("root", lambda call: principals.disable(call, bob))
    assert board.voids(asked) == {"ann": "", "bob": "disabled"}
    board.world.command("admin", lambda call: teams.delete(call, risk))
    board.team("risk")
    assert [one.teams for one in board.standing()[0]] == [[]], "a re-created team inherits nothing"


def test_another_version_of_the_asset_has_none(board: Board) -> None:
    """ "bound to the digest": what was said of version 1 is not said of version 2."""
    board.give("admin", board.ask())
    second = publish(board.site, board.version.asset_uid, [reference("weights", "other")], PublishDetails())
    found = board.world.read("viewer", lambda call: list(requests.listed(call, second.uid, PageRequest()).items))
    assert found == []
    assert board.epoch() >= 2


def test_verdicts_at_once_all_count(board: Board) -> None:
    """Of two at the same moment neither is lost, and neither voids the other."""
    asked, world = board.ask(strict=True), board.world
    approve = verdicts.GiveVerdict("approve")
    works = [lambda tx, who=who: verdicts.give(world.call(tx, who), asked.uid, approve) for who in ("admin", "root")]
    world.race(*works)
    assert board.voids(asked) == {"admin": "", "root": ""}
    assert board.epoch() == 3
