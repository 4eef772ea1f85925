"""Which verdicts and waivers stand: every reason of decision 37, alone and in order."""

from dataclasses import replace

import pytest

from strongroom.domain.approvals.model import RequestState, Said, Verdict, Void, Waiver, WaiverState, Way
from strongroom.domain.approvals.rules import Moment, judged, opens, standing
from strongroom.domain.gates.policy import TransitionKind

PROD = Way(TransitionKind.STAGE, "production")
STAGING = Way(TransitionKind.STAGE, "staging")
NOW = Moment("t", 3, 100, frozenset({"author"}), {PROD: frozenset({"asker"})}, "performer")
GIVEN = Verdict(
    1, "v1", "r1", RequestState.OPEN, 1, PROD, False, Said.APPROVE, "ann", False, "t", 3, "contributor", (), "",
    50, 200, None,
)  # fmt: skip
WAIVED = Waiver(
    1, "w", 1, 1, 1, "v", "t", "p", "production", "r", "", "because", "ann", WaiverState.GRANTED, 1, 50, 200, "bob",
    False, 60, "", None, None, "",
)  # fmt: skip


def void(one: Verdict, at: Moment = NOW) -> Void | None:
    ((_, found),) = judged([one], at)
    return found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"withdrawn_at": 60}, Void.WITHDRAWN),
        ({"request_state": RequestState.WITHDRAWN}, Void.WITHDRAWN),
        ({"request_state": RequestState.DONE}, None),
        ({"expires_at": 100}, Void.EXPIRED),
        ({"expires_at": 101}, None),
        ({"tree": "other"}, Void.CONTENT),
        ({"epoch": 2}, None),
        ({"epoch": 2, "strict": True}, Void.EVIDENCE),
        ({"by": "author"}, Void.AUTHOR),
        ({"by": "asker"}, Void.REQUESTER),
        ({"by": "asker", "way": STAGING}, None),
        ({"by": "performer"}, Void.REQUESTER),
        ({"disabled": True}, Void.DISABLED),
        ({"disabled": True, "tree": "other", "expires_at": 1}, Void.EXPIRED),
    ],
)
def test_why_a_verdict_does_not_stand(change: dict[str, object], why: Void | None) -> None:
    """ "separation of duties (author and requester cannot approve), bound to the digest, void on change, expiring"."""
    assert void(replace(GIVEN, **change)) is why  # type: ignore[arg-type]  # fields of a verdict


def test_of_one_person_and_transition_the_latest_counts() -> None:
    """Whoever approves, rejects and approves again has one word; on another transition it is another."""
    later = replace(GIVEN, id=2, uid="v2", said=Said.REJECT)
    elsewhere = replace(GIVEN, id=3, uid="v3", way=STAGING)
    assert [(one.uid, why) for one, why in judged([GIVEN, later, elsewhere], NOW)] == [
        ("v3", None), ("v2", None), ("v1", Void.REPLACED),
    ]  # fmt: skip
    taken = replace(later, withdrawn_at=70)
    assert [one.uid for one in standing([GIVEN, taken], NOW)] == ["v1"], "what was taken back replaces nothing"
    expired = replace(later, expires_at=100)
    assert standing([GIVEN, expired], NOW) == [], "what a later word replaced does not come back when that ends"


@pytest.mark.parametrize(
    ("change", "open_"),
    [
        ({}, True),
        ({"tree": ""}, True),
        ({"tree": "other"}, False),
        ({"ends_at": 100}, False),
        ({"state": WaiverState.ASKED, "decided_by": None}, False),
        ({"state": WaiverState.REVOKED}, False),
        ({"state": WaiverState.REFUSED}, False),
        ({"decided_by": "ann"}, False),
        ({"decided_by": "author"}, False),
        ({"disabled": True}, False),
    ],
)
def test_when_a_waiver_opens(change: dict[str, object], open_: bool) -> None:
    """ "waivers with reason, second person and end date, after which the gate closes again"."""
    assert opens(replace(WAIVED, **change), NOW) is open_  # type: ignore[arg-type]  # fields of a waiver
