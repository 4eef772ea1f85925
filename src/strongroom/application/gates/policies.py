"""Policies of a workspace: each change is a new version, and the old ones stay, for the decisions that rest on them."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any, Final

from strongroom.application.call import Call
from strongroom.application.gates.views import PolicyView, policy_view
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound, PreconditionFailed
from strongroom.domain.gates import policy as policies
from strongroom.domain.gates.question import StoredPolicy, spelled
from strongroom.domain.identity.roles import Permission

POLICIES_MOST: Final = 100
"""Policies of a workspace, those retired too."""
DOCUMENT_LARGEST: Final = 256 * 1024


def understood(call: Call, document: Mapping[str, Any], before: StoredPolicy | None) -> StoredPolicy:
    """A policy as it would be stored. :raises Invalid: its form, or more than 256 KiB."""
    text = spelled(document)
    if len(text.encode()) > DOCUMENT_LARGEST:
        raise Invalid("A policy has at most 256 KiB.", limit=DOCUMENT_LARGEST)
    return StoredPolicy(
        id=before.id if before else 0,
        uid=before.uid if before else call.tx.new_uid(),
        workspace_id=call.workspace.id,
        number=before.number + 1 if before else 1,
        digest=sha256(text.encode()).hexdigest(),
        policy=policies.parse(document),
        document=document,
        created_by=call.actor.uid,
        recorded_at=call.now,
    )


def apply(call: Call, document: Mapping[str, Any], expected: int | None = None) -> PolicyView:
    """Put a policy in force under its name: as its first or next version; the same document again changes nothing.

    :param expected: the number that its present version must have, 0 for none; None does not compare.
    """
    call.require(Permission.POLICY_WRITE)
    call.tx.workspaces.lock(call.workspace.id)
    name = policies.parse(document).name
    before = call.tx.policies.lock(call.workspace.id, name)
    found = before.number if before else 0
    if expected is not None and expected != found:
        raise PreconditionFailed(f"The policy {name!r} is at another version.", etag=found)
    new = understood(call, document, before)
    if before is not None and before.digest == new.digest and before.retired_at is None:
        return policy_view(before)
    if before is None and call.tx.policies.count(call.workspace.id) >= POLICIES_MOST:
        raise Conflict(f"A workspace has at most {POLICIES_MOST} policies.", limit=POLICIES_MOST)
    stored = call.tx.policies.put(new, call.actor.id)
    details: dict[str, Json] = {"number": stored.number, "digest": stored.digest, "rules": len(stored.policy.rules)}
    call.record("policy.apply", Subject("policy", stored.uid), details)
    return policy_view(stored)


def retire(call: Call, uid: str) -> PolicyView:
    """Put a policy out of force; its versions stay."""
    call.require(Permission.POLICY_WRITE)
    found = call.tx.policies.by_uid(call.workspace.id, uid)
    before = call.tx.policies.lock(call.workspace.id, found.policy.name) if found else None
    if before is None:
        raise NotFound("There is no such policy.")
    if before.retired_at is not None:
        return policy_view(before)
    retired = call.tx.policies.retire(before, call.now)
    call.record("policy.retire", Subject("policy", uid), {"number": before.number})
    return policy_view(retired)


def get(call: Call, uid: str, number: int | None = None) -> PolicyView:
    """A policy, in its present version or another."""
    call.require(Permission.WORKSPACE_READ)
    found = call.tx.policies.by_uid(call.workspace.id, uid, number)
    if found is None:
        raise NotFound("There is no such policy.")
    return policy_view(found)


def listed(call: Call, page: PageRequest) -> Page[PolicyView]:
    """All policies of the workspace, those retired too."""
    call.require(Permission.WORKSPACE_READ)
    listing = f"policies/{call.workspace.id}"
    rows = call.tx.policies.list(call.workspace.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return within_bytes(kept, _views, _weight, lambda one: call.sealer.seal(listing, (one.id,)))


def versions(call: Call, uid: str, page: PageRequest) -> Page[PolicyView]:
    """Every version of a policy, the latest first."""
    call.require(Permission.WORKSPACE_READ)
    found = call.tx.policies.by_uid(call.workspace.id, uid)
    if found is None:
        raise NotFound("There is no such policy.")
    listing = f"policy-versions/{found.id}"
    rows = call.tx.policies.versions(found.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.number,))
    return within_bytes(kept, _views, _weight, lambda one: call.sealer.seal(listing, (one.number,)))


def _views(rows: Any) -> list[PolicyView]:  # noqa: ANN401
    return [policy_view(one) for one in rows]


_weight = partial(lambda view: 300 + len(spelled(view.document)))
