"""What the server does by itself: counts on their way, checkpoints of the log, and the end of what has expired."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from strongroom.adapters.jobs.background import Job
from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.audit import log, reads
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.automations import performing
from strongroom.application.collaboration import notifying
from strongroom.application.collection import collecting
from strongroom.application.delivery import watching
from strongroom.application.edge import Gateway
from strongroom.application.events.delivery import KEPT_US as DELIVERIES_KEPT_US
from strongroom.application.gates import risks
from strongroom.application.identity import setup
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls import reaching
from strongroom.application.registry import publication, publishing, retaining
from strongroom.application.tracking import compaction, sealing

AT_ONCE = 100
USES_MOST = 100_000
REMEMBERED_US = 24 * 3600 * 1_000_000
#: Seconds between looks at the feed for automations, and for inboxes.
WORK_AUTOMATIONS_S = 0.5
FILL_INBOXES_S = 0.5
#: Seconds between runs of the collector; what it condemns waits a day in any case.
COLLECT_S = 3600
#: Seconds between runs of what retention rules ask for.
RETAIN_S = 3600
HALF_FILES_KEPT = timedelta(hours=1)


class TokenUses:
    """When tokens were last used, until it is in the database. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}

    def note(self, token_id: str) -> None:
        """The token was used now."""
        with self._lock:
            if len(self._used) < USES_MOST or token_id in self._used:
                self._used[token_id] = time.time_ns() // 1000

    def take(self) -> dict[str, int]:
        """All uses so far (token id -> microseconds UTC), which are forgotten here."""
        with self._lock:
            used, self._used = self._used, {}
            return used

    def give_back(self, used: dict[str, int]) -> None:
        """Uses that could not be written."""
        with self._lock:
            self._used = {**used, **self._used}


async def flush_uses(executor: Executor, uses: TokenUses) -> None:
    """Write the last uses of tokens, to the minute."""
    used = uses.take()
    if not used:
        return
    try:
        await executor.command(lambda tx: tx.tokens.touch(used))
    except BaseException:
        uses.give_back(used)
        raise


async def flush_reads(executor: Executor, counters: ReadCounters) -> None:
    """Add the counts of reads to their windows."""
    counts = counters.take()
    if not counts:
        return
    try:
        await executor.command(lambda tx: reads.write_counts(tx, counts))
    except BaseException:
        counters.give_back(counts)
        raise


async def checkpoint(executor: Executor, keys: log.LogKeyring, agree: Callable[[Transaction], None]) -> None:
    """Sign the log's head, if it has grown.

    :param agree: raises when the log is signed with a key that this server does not hold.
    """

    def grown(tx: Transaction) -> bool:
        kept = tx.audit.latest_checkpoint()
        return tx.audit.size() > (kept[0] if kept else -1)

    def sign(tx: Transaction) -> None:
        agree(tx)
        log.sign(tx, keys)

    if await executor.read(grown):
        await executor.command(sign)


async def until_done(executor: Executor, step: Callable[[Transaction], int]) -> None:
    """Repeat a step, each in a transaction of its own, until it finds less than `AT_ONCE` to do."""
    while await executor.command(step) >= AT_ONCE:
        pass


def expire_drafts(tx: Transaction) -> int:
    """End drafts whose time is up, as their owners would; returns how many."""
    expired = tx.versions.expired_drafts(tx.now(), AT_ONCE)
    for version_id in expired:
        version = tx.versions.by_id(version_id)
        asset = tx.assets.by_id(version.asset_id)
        call = setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id))
        publishing.abort_draft(call, version.uid)
    return len(expired)


async def expire_uploads(executor: Executor, store: BlobStore) -> None:
    """End uploads whose time is up and drop their parts."""
    for upload in await executor.read(lambda tx: tx.uploads.expired(tx.now(), AT_ONCE)):
        await executor.command(lambda tx, uid=upload.uid: tx.uploads.finish(uid, "expired"))  # type: ignore[misc]
        await store.abort_upload(upload.uid)
    for one in await executor.read(lambda tx: tx.file_uploads.expired(tx.now(), AT_ONCE)):
        await executor.command(lambda tx, uid=one.uid: tx.file_uploads.finish(uid, "expired"))  # type: ignore[misc]
        await store.abort_upload(one.uid)


async def sweep(store: BlobStore) -> None:
    """Remove half files of processes that were killed; those of living ones are locked."""
    await store.sweep(older_than=datetime.now(UTC) - HALF_FILES_KEPT)


def forget(tx: Transaction) -> None:
    """Drop what is kept for a time only: answers, ledger entries, ended deliveries and runs, items of inboxes."""
    tx.idempotency.forget(tx.now() - REMEMBERED_US)
    tx.blobs.forget_sent(tx.now())
    tx.xet.forget_noted(tx.now())
    tx.deliveries.forget(tx.now() - DELIVERIES_KEPT_US)
    tx.automations.forget(tx.now() - performing.KEPT_US)
    tx.inbox.forget(tx.now() - notifying.DONE_KEPT_US, tx.now() - notifying.KEPT_US)


async def publish_quiet(gateway: Gateway) -> None:
    """Publish what has been quiet for as long as its rule asks."""
    await publication.publish_quiet(gateway.executor, gateway.store, gateway.yaml, gateway.expressions)


def jobs(gateway: Gateway, uses: TokenUses, agree: Callable[[Transaction], None]) -> list[Job]:
    """All housekeeping of one server process; each may run in several processes at once."""
    executor = gateway.executor
    return [
        Job("flush-reads", 5, lambda: flush_reads(executor, gateway.reads), last=True),
        Job("flush-token-uses", 30, lambda: flush_uses(executor, uses), last=True),
        Job("close-read-windows", 60, lambda: executor.command(reads.close_windows)),
        Job("announce-silent-targets", 10, lambda: until_done(executor, watching.announce_silent)),
        Job("ask-gates-again", 5, lambda: risks.look(executor, gateway.expressions)),
        Job("follow-recalls", 1, lambda: reaching.go_on(executor)),
        Job("seal-runs", 15, lambda: until_done(executor, lambda tx: sealing.seal_due(tx, AT_ONCE))),
        Job("merge-blocks", 5, lambda: compaction.merge_due(executor)),
        Job("expire-drafts", 60, lambda: until_done(executor, expire_drafts)),
        Job("publish-quiet", 1, lambda: publish_quiet(gateway)),
        Job("expire-uploads", 60, lambda: expire_uploads(executor, gateway.store)),
        Job("work-automations", WORK_AUTOMATIONS_S, lambda: performing.work(executor)),
        Job("fill-inboxes", FILL_INBOXES_S, lambda: notifying.notify(executor)),
        Job("retain", RETAIN_S, lambda: retaining.retain(executor)),
        Job("collect", COLLECT_S, lambda: collecting.collect(executor, gateway.store)),
        Job("forget", 600, lambda: executor.command(forget)),
        Job("sweep", 600, lambda: sweep(gateway.store)),
        Job("checkpoint", 8, lambda: checkpoint(executor, gateway.keys, agree), last=True),
    ]
