"""Requests for approval, verdicts on them, and waivers of rules, as values. Times are microseconds UTC."""

from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.gates.policy import TransitionKind


class Said(StrEnum):
    """What a verdict says."""

    APPROVE = "approve"
    REJECT = "reject"


class RequestState(StrEnum):
    """An open request takes verdicts; those of a withdrawn one do not stand, those of one that is done do."""

    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class WaiverState(StrEnum):
    """A waiver opens a gate while it is granted and not past its end."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    REVOKED = "revoked"


class Void(StrEnum):
    """Why a verdict does not stand; of several reasons the first of these."""

    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    EXPIRED = "expired"
    CONTENT = "content"
    EVIDENCE = "evidence"
    AUTHOR = "author"
    REQUESTER = "requester"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Way:
    """A transition that approval is asked for: its kind, and the stage, alias or environment."""

    kind: TransitionKind
    target: str


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """That somebody asks for approval of a version, with the digest it has, for one transition.

    :param strict: verdicts stand only as long as the evidence is what they were given on.
    :param requested_by: uid. :param expires_at: when it ends to take verdicts and to wait for them.
    """

    id: int
    uid: str
    workspace_id: int
    asset_id: int
    version_id: int
    version_uid: str
    way: Way
    tree: str
    strict: bool
    note: str
    requested_by: str
    state: RequestState
    etag: int
    recorded_at: int
    expires_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class TeamThen:
    """A team that a principal was a member of when it said something. `present`: the very team is still there."""

    uid: str
    name: str
    present: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person's word on a request.

    :param by: uid; `disabled` is how it is now. :param role: the greatest it held on the asset at that moment.
    :param epoch: the version's `evidence_epoch` that it was given on, or taken along to by later verdicts.
    :param request_state: of its request, now.
    """

    id: int
    uid: str
    request_uid: str
    request_state: RequestState
    version_id: int
    way: Way
    strict: bool
    said: Said
    by: str
    disabled: bool
    tree: str
    epoch: int
    role: str
    teams: tuple[TeamThen, ...]
    note: str
    recorded_at: int
    expires_at: int
    withdrawn_at: int | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """That one rule of one policy does not stop a version, or any version of an asset, until an end.

    :param tree: digest of the version; empty where it is for the asset. :param rule_digest: of the rule's text as it
        was when this was asked for. :param decided_by: uid of who granted or refused; `disabled` is how it is now.
    """

    id: int
    uid: str
    workspace_id: int
    asset_id: int
    version_id: int | None
    version_uid: str | None
    tree: str
    policy: str
    policy_name: str
    rule: str
    rule_digest: str
    reason: str
    asked_by: str
    state: WaiverState
    etag: int
    recorded_at: int
    ends_at: int
    decided_by: str | None
    disabled: bool
    decided_at: int | None
    decision_note: str
    revoked_by: str | None
    revoked_at: int | None
    revoked_reason: str
