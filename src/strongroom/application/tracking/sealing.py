"""The heads of runs' chains as audit records: at run end, at freeze, and at most every 10 minutes (domain.md N15).

A batch of points is too small for an audit record of its own; the record of a head covers every batch before it.
"""

from strongroom.application.call import Call
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM
from strongroom.domain.tracking.model import Chain, Run

ACTION = "run.chain"
PERIOD_US = 600_000_000


def seal_chain(call: Call, run: Run) -> Chain:
    """Write the head of a run's chain into the audit log, unless the log has it already; locks the run.

    Publishing calls this when it registers a version from a run, so that what the version rests on is covered.
    """
    call.tx.runs.lock(run.id)
    chain = call.tx.runs.chain(run.id)
    if chain.audited_count < chain.count:
        call.record(ACTION, Subject("run", run.uid), {"head": chain.head, "count": chain.count}, event=False)
        call.tx.runs.mark_audited(run.id, chain.count, call.now)
    return chain


def seal_due(tx: Transaction, limit: int = 100) -> int:
    """Write the heads of runs whose last audited head is 10 minutes old and does not cover all; in the system's name.

    For the background worker, in a writing transaction of its own; several workers may do it at once.

    :returns: how many heads were written; at `limit` there may be more.
    """
    written = 0
    for run_id in sorted(tx.runs.due(tx.now() - PERIOD_US, limit)):
        run = tx.runs.lock(run_id)
        chain = tx.runs.chain(run_id)
        if chain.audited_count == chain.count or chain.audited_at > tx.now() - PERIOD_US:
            continue  # another worker was here
        record = AuditRecord(
            uid=tx.new_uid(),
            workspace=tx.workspaces.by_id(run.workspace_id).uid,
            recorded_at=tx.now(),
            actor=SYSTEM,
            token_id=None,
            action=ACTION,
            outcome="done",
            subject=Subject("run", run.uid),
            details={"head": chain.head, "count": chain.count},
        )
        tx.audit.append(record, run.workspace_id)
        tx.runs.mark_audited(run_id, chain.count, tx.now())
        written += 1
    return written
