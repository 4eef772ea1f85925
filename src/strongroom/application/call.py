"""One call of one use case: who calls, in which workspace, in which transaction; what it may do and what it leaves.

Every use case takes a `Call` first, asks it for permission and tells it what happened. The edge opens the transaction,
makes the call, runs the use case and commits; nothing in here does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from strongroom.application.paging import PageSealer
from strongroom.application.ports.audit import StoredRecord
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import AuditRecord, Outcome, Subject
from strongroom.domain.errors import DomainError, Forbidden, Gated, NotFound, PreconditionFailed, Unauthenticated
from strongroom.domain.identity.access import Access, Target
from strongroom.domain.identity.model import ANONYMOUS, Principal
from strongroom.domain.identity.roles import Permission, Visibility
from strongroom.domain.registry.model import Asset, Namespace, Workspace
from strongroom.domain.tracking.model import Experiment

NEEDS_CREDENTIAL = "This needs a token: send it as 'Authorization: Bearer sr_…'."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a principal with its resolved access, or nobody (`principal` is None)."""

    principal: Principal | None
    access: Access
    token_id: str | None = None

    @property
    def uid(self) -> str:
        """How audit records name the caller."""
        return self.principal.uid if self.principal else ANONYMOUS


@dataclass(frozen=True, slots=True)
class Refusal:
    """A permission that was asked for and not held, kept for the audit record of the refusal."""

    permission: Permission
    subject: Subject


@dataclass(slots=True)
class Call:
    """The context of one use case; see the module.

    :param automations: uids of those that led to it, the first one first; none for what somebody asked for.
    :param verdicts: what the expressions of gates gave, by the digest of the question.
    """

    tx: Transaction
    caller: Caller
    workspace: Workspace
    sealer: PageSealer
    request_id: str | None = None
    asked: set[Permission] = field(default_factory=set)
    refusal: Refusal | None = None
    absent: bool = False
    records: list[StoredRecord] = field(default_factory=list)
    automations: tuple[str, ...] = ()
    verdicts: Mapping[str, Sequence[object]] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """Microseconds UTC: the time of the transaction."""
        return self.tx.now()

    @property
    def actor(self) -> Principal:
        """The principal that acts.

        :raises Unauthenticated: nobody is logged in.
        """
        if self.caller.principal is None:
            raise Unauthenticated(NEEDS_CREDENTIAL)
        return self.caller.principal

    # -- permission ----------------------------------------------------------------------------------------------

    def allows(self, permission: Permission, target: Target | None = None) -> bool:
        """Whether the caller may; asking counts as the permission check of the route."""
        self.asked.add(permission)
        return self.caller.access.allows(permission, target or self.in_workspace())

    def ask(self, permission: Permission) -> None:
        """Note that this right is asked for item by item, as lists and look-ups do.

        :raises Unauthenticated: nobody is logged in, and the operator does not let everybody read public assets.
        """
        self.asked.add(permission)
        if self.caller.principal is None and not self.caller.access.public_reads:
            raise Unauthenticated(NEEDS_CREDENTIAL)

    def in_workspace(self) -> Target:
        """The workspace of the call as the target of a permission; its root namespace is meant."""
        return Target(workspace_id=self.workspace.id, namespace="")

    def require(self, permission: Permission, target: Target | None = None, subject: Subject | None = None) -> None:
        """:raises Forbidden: the caller may not. :raises Unauthenticated: nobody is logged in."""
        if not self.allows(permission, target):
            self._refuse(permission, subject or Subject("workspace", self.workspace.uid))

    def require_workspace(self, workspace: Workspace | None) -> Workspace:
        """The workspace that a request names, when the caller may enter it.

        :raises NotFound: none of that name, or nothing in it is for this caller: never a fallback to another.
        """
        hidden = "There is no such workspace."
        if workspace is None:
            raise self._absent(hidden)
        if not (self.caller.access.public_reads or self.caller.access.enters(workspace.id)):
            self._refuse(Permission.WORKSPACE_READ, Subject("workspace", workspace.uid), hidden=hidden)
        return workspace

    def require_asset(self, permission: Permission, asset: Asset | None, what: str = "asset") -> Asset:
        """The asset, when the caller may do this to it. One that it may not see does not exist for it.

        :raises NotFound: no such asset, or not visible. :raises Forbidden: visible, but this is not allowed.
        """
        self.asked.add(permission)
        if asset is None:
            raise self._absent(f"There is no such {what}.")
        target, subject = asset_target(asset), Subject("asset", asset.uid)
        if not self.caller.access.allows(Permission.ASSET_READ, target):
            self._refuse(permission, subject, hidden=f"There is no such {what}.")
        if not self.caller.access.allows(permission, target):
            if target.gated and self.caller.access.allows(permission, replace(target, gated=False)):
                self.refusal = Refusal(permission, subject)
                raise Gated("The files of this asset are for those who asked for access and got it.", asset=asset.uid)
            self._refuse(permission, subject)
        return asset

    def require_namespace(self, permission: Permission, namespace: Namespace | None) -> Namespace:
        """The namespace, when the caller may do this in it; see `require_asset`."""
        self.asked.add(permission)
        if namespace is None:
            raise self._absent("There is no such namespace.")
        target = Target(workspace_id=namespace.workspace_id, namespace=namespace.slug_path)
        subject = Subject("namespace", namespace.uid)
        if not self.caller.access.allows(permission, target):
            readable = self.caller.access.allows(Permission.NAMESPACE_READ, target)
            self._refuse(permission, subject, hidden=None if readable else "There is no such namespace.")
        return namespace

    def require_experiment(self, permission: Permission, experiment: Experiment | None) -> Experiment:
        """The experiment, when the caller may do this to it or its runs; see `require_asset`."""
        self.asked.add(permission)
        if experiment is None:
            raise self._absent("There is no such experiment or run.")
        target = Target(workspace_id=experiment.workspace_id, namespace=experiment.namespace_slug_path)
        if not self.caller.access.allows(permission, target):
            readable = self.caller.access.allows(Permission.RUN_READ, target)
            hidden = None if readable else "There is no such experiment or run."
            self._refuse(permission, Subject("experiment", experiment.uid), hidden=hidden)
        return experiment

    def refuse(self, permission: Permission, subject: Subject, message: str) -> NoReturn:
        """Refuse for a reason that grants do not tell, such as what a token was limited to; it is recorded.

        :raises Forbidden: always.
        """
        self.refusal = Refusal(permission, subject)
        raise Forbidden(message, permission=permission.value)

    def _refuse(self, permission: Permission, subject: Subject, hidden: str | None = None) -> NoReturn:
        self.refusal = Refusal(permission, subject)
        if hidden:
            raise self._absent(hidden)
        if self.caller.principal is None:
            raise Unauthenticated(NEEDS_CREDENTIAL)
        raise Forbidden(f"You need {permission.value} on this {subject.kind}.", permission=permission.value)

    def _absent(self, message: str) -> DomainError:
        """What is not there and what may not be seen answer alike, to those without a token as well."""
        self.absent = True
        if self.caller.principal is None and not self.caller.access.public_reads:
            return Unauthenticated(NEEDS_CREDENTIAL)
        return NotFound(message)

    # -- what happened -------------------------------------------------------------------------------------------

    def record(
        self,
        action: str,
        subject: Subject,
        details: Mapping[str, Json] | None = None,
        *,
        asset: Asset | None = None,
        event: bool = True,
        outcome: Outcome = "done",
    ) -> StoredRecord:
        """Write the audit record of a command and, unless told otherwise, its event, in the same transaction.

        :param details: ids, digests, numbers; never e-mail addresses, tokens or free text (architecture.md section 2).
        :param asset: the asset it happened to, after `advance`: its `event_seq` orders the asset's events.
        """
        record = AuditRecord(
            uid=self.tx.new_uid(),
            workspace=self.workspace.uid,
            recorded_at=self.now,
            actor=self.caller.uid,
            token_id=self.caller.token_id,
            action=action,
            outcome=outcome,
            subject=subject,
            subject_seq=asset.event_seq if asset else None,
            request_id=self.request_id,
            details=dict(details or {}) | ({"automations": self.automations} if self.automations else {}),
        )
        stored = self.tx.audit.append(record, self.workspace.id)
        if event:
            told = {"subject": [subject.kind, subject.uid], **record.details}
            body = json.dumps(told, separators=(",", ":"), default=dict)
            seq = asset.event_seq if asset else None
            self.tx.audit.emit(stored.id, action, asset.id if asset else None, seq, body)
        self.records.append(stored)
        return stored


def note_refusal(call: Call, refusal: Refusal) -> None:
    """Record a refusal in a transaction of its own."""
    noun, _, verb = refusal.permission.value.partition(":")
    action = f"{noun}.{verb}" if verb else f"permission.{noun}"
    call.record(action, refusal.subject, event=False, outcome="refused")


def asset_target(asset: Asset) -> Target:
    """An asset as the target of a permission."""
    return Target(
        workspace_id=asset.workspace_id,
        namespace=asset.namespace_slug_path,
        asset_id=asset.id,
        visibility=Visibility(asset.visibility),
        gated=bool(asset.gated),
    )


def check_etag(stated: int | None, found: int) -> None:
    """:raises PreconditionFailed: a caller stated an ETag and the object is at another."""
    if stated is not None and stated != found:
        raise PreconditionFailed("The object changed since you read it; read it again and retry.", etag=found)
