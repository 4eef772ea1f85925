"""What the live tables say stands, told in pages to whoever compares it with the log (`domain.audit.replay`).

No transaction lives as long as the answer. The header says which records were committed before the first page, the
last line which were before the end of the last: what changed in between is left to the comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.audit.log import LOG, require_server
from strongroom.application.call import Call
from strongroom.application.ports.standing import Place
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.state import MAX_PENDING, NO_HISTORY, Closing, Fact, Kind, Opening
from strongroom.domain.errors import Unavailable

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """A page of facts, and where the next one begins; None after the last page."""

    facts: Sequence[Fact]
    after: Place | None


def begin(call: Call, at: int | None) -> Opening:
    """Say that the state of the whole server is read, and what was committed before.

    :param at: microseconds UTC; None is now, and so is what is still to come.
    """
    require_server(call)
    call.record("audit.state", LOG, {"at": at}, event=False, outcome="read")
    past = at if at is not None and at < call.now else None
    waiting = _waiting(call.tx)  # before the size: a record is numbered sooner or later, and never the other way round
    kinds = tuple(kind for kind in Kind if past is None or kind not in NO_HISTORY)
    return Opening(past, call.now, kinds, call.tx.audit.size(), frozenset(waiting))


def _waiting(tx: Transaction) -> Sequence[str]:
    found = tx.audit.waiting(MAX_PENDING + 1)
    if len(found) > MAX_PENDING:
        raise Unavailable("Too many records wait for their number; try again in a second.", limit=MAX_PENDING)
    return found


def page(call: Call, opening: Opening, kind: Kind, after: Place | None) -> Step:
    """The next facts of a kind."""
    require_server(call)
    found = call.tx.standing.page(kind, opening.at, opening.now, after, AT_ONCE)
    return Step([fact for _, fact in found], found[-1][0] if len(found) == AT_ONCE else None)


def close(call: Call, facts: int) -> Closing:
    """What was committed by now."""
    require_server(call)
    return Closing(call.tx.audit.size() + len(_waiting(call.tx)), facts)
