"""One request at the edge: opens the transactions, makes the calls, records refusals, remembers answers.

All dialects come in through here, so none can forget to authenticate, to check a permission or to record a refusal.
The credential is resolved inside every transaction: a revoked token or grant ends with the next statement, and what
is decided and what is written see the same snapshot.
"""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Protocol, TypeVar

from strongroom.application.artifacts.blobstore import BlobStore, DirectUploads
from strongroom.application.audit.log import LogKeyring
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.call import Call, Caller, note_refusal
from strongroom.application.events.waiting import Waiting
from strongroom.application.gates import deciding
from strongroom.application.gates.deciding import Verdicts
from strongroom.application.identity.authentication import Shown, authenticate
from strongroom.application.identity.throttle import PasswordGate
from strongroom.application.paging import PageSealer
from strongroom.application.ports.audit import Remembered, StoredRecord
from strongroom.application.ports.documents import LoadYaml
from strongroom.application.ports.evaluation_rows import EvaluationRows
from strongroom.application.ports.events import Outgoing
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.gates import Expressions
from strongroom.application.ports.identity import Admission, PasswordHasher
from strongroom.application.ports.outside import Outside
from strongroom.application.ports.transaction import Transaction
from strongroom.application.ports.xet import XetCodec
from strongroom.application.xet.turns import Turns
from strongroom.domain.errors import DomainError, GateRefused, IdempotencyMismatch, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.identity.tokens import Token
from strongroom.domain.registry.model import Workspace

T = TypeVar("T")
DEFAULT_WORKSPACE = "default"


class ByteReader(Protocol):
    """What reading bytes needs: snapshots of the database, and the store."""

    @property
    def store(self) -> BlobStore:
        """Where the bytes are."""
        ...

    @property
    def yaml(self) -> LoadYaml:
        """What reads YAML that nobody trusts."""
        ...

    async def read(self, work: Callable[[Call], T]) -> T:
        """Run a step that reads, on a snapshot of its own."""
        ...


class Edge(Protocol):
    """What a use case asks for that needs more than one transaction (transfers, freezing before sealing)."""

    @property
    def gateway(self) -> "Gateway":
        """What the server has: keys, hasher, executor."""
        ...

    @property
    def store(self) -> BlobStore:
        """Where the bytes are."""
        ...

    @property
    def yaml(self) -> LoadYaml:
        """What reads YAML that nobody trusts."""
        ...

    @property
    def reads(self) -> ReadCounters:
        """Where reads of versions are counted for audit."""
        ...

    async def command(self, work: Callable[[Call], T]) -> T:
        """Run a step that writes, in a transaction of its own."""
        ...

    async def finish(self, work: Callable[[Call], T]) -> T:
        """Run the last step, whose result is the answer: an idempotency key is remembered in its transaction."""
        ...

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        """Run a step that reads, on a snapshot of its own.

        :param brief: a handful of rows by their keys (see `Executor.read`).
        """
        ...


@dataclass(frozen=True, slots=True)
class Gateway:
    """What every request needs of the server.

    :param public_reads: whether the operator lets everybody read public assets.
    :param outgoing: who signs and sends webhooks; None where nothing is sent.
    :param outside: who looks at references; None where nothing is looked at.
    :param codec: what the Xet protocol needs of others; None where it is not served.
    :param direct: takes bytes that do not pass us; None where they lie in a folder.
    :param rows: who reads the results of single rows; None where none are taken.
    :param expressions: evaluates the rules of gates; where it is None, no rule passes.
    :param turns: bounds how many shards are verified at a time.
    :param waiting: bounds the requests that wait for events.
    """

    executor: Executor
    store: BlobStore
    sealer: PageSealer
    reads: ReadCounters
    keys: LogKeyring
    hasher: PasswordHasher
    yaml: LoadYaml
    public_reads: bool = False
    outgoing: Outgoing | None = None
    outside: Outside | None = None
    codec: XetCodec | None = None
    direct: DirectUploads | None = None
    rows: EvaluationRows | None = None
    expressions: Expressions | None = None
    waiting: Waiting = field(default_factory=Waiting)
    turns: Turns = field(default_factory=Turns)
    gate: PasswordGate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gate", PasswordGate(self.hasher))


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key with what the request was, and how to keep its answer."""

    key: str
    request_hash: str
    remember: Callable[[object], Remembered]


class AnsweredBefore(Exception):
    """The idempotency key got this answer before; the request is not run again."""

    def __init__(self, answer: Remembered) -> None:
        super().__init__("answered before")
        self.answer = answer


class RequestEdge:
    """The edge of one request; see :class:`Edge`."""

    def __init__(
        self,
        gateway: Gateway,
        token: Token | Shown | None,
        workspace: str | None,
        request_id: str | None = None,
        once: Once | None = None,
        declared: Permission = Permission.PUBLIC,
    ) -> None:
        self._gateway = gateway
        self._token = token
        self._workspace = workspace
        self._request_id = request_id
        self._once = once
        self._declared = declared
        self.asked: set[Permission] = set()
        self.records: list[StoredRecord] = []
        self.caller: Caller | None = None

    @property
    def gateway(self) -> Gateway:
        """What the server has."""
        return self._gateway

    @property
    def store(self) -> BlobStore:
        """Where the bytes are."""
        return self._gateway.store

    @property
    def yaml(self) -> LoadYaml:
        """What reads YAML that nobody trusts."""
        return self._gateway.yaml

    @property
    def reads(self) -> ReadCounters:
        """Where reads of versions are counted for audit."""
        return self._gateway.reads

    @property
    def anonymous(self) -> bool:
        """Whether no credential came with the request."""
        return self._token is None

    async def command(self, work: Callable[[Call], T]) -> T:
        """See :class:`Edge`."""
        return await self._run(self._gateway.executor.command, work)

    async def finish(self, work: Callable[[Call], T]) -> T:
        """See :class:`Edge`."""

        def last(call: Call) -> T:
            result = self._once_only(call, work)
            self.must_have_asked(call.asked)
            return result

        return await self.command(last)

    def must_have_asked(self, now: AbstractSet[Permission] = frozenset()) -> None:
        """Refuse to commit, or to answer, unless a use case asked for the right that the route declares.

        :raises RuntimeError: none did: a mistake of ours that must not become a hole.
        """
        if self._declared is not Permission.PUBLIC and self._declared not in self.asked | now:
            raise RuntimeError(f"a use case ended without asking for {self._declared.value}")

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        """See :class:`Edge`.

        :param brief: a handful of rows by their keys (see `Executor.read`).
        """
        return await self._run(partial(self._gateway.executor.read, brief=brief), work)

    def _once_only(self, call: Call, work: Callable[[Call], T]) -> T:
        if self._once is None or call.caller.principal is None:
            return work(call)
        # in another workspace it is another request, however the workspace was named
        request_hash = sha256(f"{call.workspace.uid}/{self._once.request_hash}".encode()).hexdigest()
        before = call.tx.idempotency.get(call.caller.principal.id, self._once.key)
        if before is not None:
            if before.request_hash != request_hash:
                raise IdempotencyMismatch("This idempotency key was used for another request.")
            raise AnsweredBefore(before)
        result = work(call)
        answer = replace(self._once.remember(result), request_hash=request_hash)
        call.tx.idempotency.put(call.caller.principal.id, self._once.key, answer)
        return result

    async def _run(self, execute: Callable[[Callable[[Transaction], T]], Awaitable[T]], work: Callable[[Call], T]) -> T:
        """Run a step, again when gates had to be asked first (`application.gates.passing`)."""
        return await deciding.settled(
            self._gateway.expressions, lambda verdicts: self._run_with(verdicts, execute, work)
        )

    async def _run_with(
        self,
        verdicts: Verdicts,
        execute: Callable[[Callable[[Transaction], T]], Awaitable[T]],
        work: Callable[[Call], T],
    ) -> T:
        made: list[Call] = []

        def run(tx: Transaction) -> T:
            admission = tx.admission()
            caller = authenticate(tx, self._token, admission, public_reads=self._gateway.public_reads)
            home = _home_of(admission, caller)
            call = Call(tx, caller, home, self._gateway.sealer, self._request_id, verdicts=verdicts)
            made[:] = [call]  # a transaction that is tried again makes a new call
            if self._workspace is not None:
                call.workspace = call.require_workspace(admission.workspace(self._workspace))
            return work(call)

        try:
            result = await execute(run)
        except DomainError as error:
            for call in made:
                await self._note_refusal(call, error)
            raise
        finally:
            for call in made:
                self.asked |= call.asked
                self.caller = call.caller
        self.records += made[0].records
        return result

    async def _note_refusal(self, refused: Call, error: DomainError) -> None:
        """Refusals to a known principal are records, in a transaction of their own; anonymous ones are not.

        What is not there costs the same commit as what is hidden, so that the time taken tells nothing apart.
        """
        refusal = refused.refusal
        decided = error.decided if isinstance(error, GateRefused) else ()
        if refused.caller.principal is None or not (refusal or refused.absent or decided):
            return

        def write(tx: Transaction) -> None:
            call = Call(tx, refused.caller, refused.workspace, refused.sealer, refused.request_id)
            deciding.note(call, decided)
            if refusal is not None:
                note_refusal(call, refusal)
            elif refused.absent:
                tx.settings.put("absent.asked_at", str(tx.now()))

        await self._gateway.executor.command(write)


def _home_of(admission: Admission, caller: Caller) -> Workspace:
    """The workspace of a request that names none: the home of its principal, else `default` (domain.md N1)."""
    home = caller.principal.home_workspace_id if caller.principal else None
    workspace = admission.home(home) if home is not None else admission.workspace(DEFAULT_WORKSPACE)
    if workspace is None:
        raise NotFound("There is no default workspace.")
    return workspace
