"""Promise 5: every record of a run is covered by an audited chain head."""

from sqlalchemy import text

from strongroom.application.tracking import recording, runs
from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.application.tracking.sealing import PERIOD_US, seal_chain, seal_due
from strongroom.application.tracking.views import RunView
from strongroom.domain.audit.chain import ChainBreak, verify
from tests.application.conftest import World
from tests.application.tracking.conftest import Audited


def log(world: World, run: RunView, step: int) -> None:
    batch = Batch([LogParam(f"p{step}", "x")], [LogPoint("loss", 1.0, step)], {"step": str(step)})
    world.command("contributor", lambda c: recording.log(c, run.uid, batch))


def heads(audited: Audited, run: RunView) -> dict[int, bytes]:
    found = [details for action, details in audited(run.uid) if action == "run.chain"]
    return {details["count"]: bytes.fromhex(details["head"]) for details in found}


def check(world: World, audited: Audited, run: RunView) -> ChainBreak | None:
    """Check the stored batches against what the audit log says of them."""
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run.uid))
    assert found is not None
    batches = world.read_tx(lambda tx: list(tx.runs.batches(found.id)))
    return verify(batches, heads(audited, run))


def test_a_batch_has_no_audit_record_and_the_end_has_the_head(world: World, run: RunView, audited: Audited) -> None:
    for step in range(3):
        log(world, run, step)
    assert [action for action, _ in audited(run.uid)] == ["run.create"]
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    assert list(heads(audited, run)) == [3]
    assert check(world, audited, run) is None


def test_registration_writes_the_head_of_an_open_run(world: World, run: RunView, audited: Audited) -> None:
    log(world, run, 0)
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run.uid))
    assert found is not None
    chain = world.command("contributor", lambda c: seal_chain(c, found))
    assert world.command("contributor", lambda c: seal_chain(c, found)).audited_count == chain.count == 1
    assert list(heads(audited, run)) == [1], "the same head is written once"


def test_an_open_run_is_audited_every_ten_minutes_and_no_oftener(world: World, run: RunView, audited: Audited) -> None:
    log(world, run, 0)
    assert world.command_tx(seal_due) == 0
    world.clock.advance(PERIOD_US)
    assert world.command_tx(seal_due) == 1
    log(world, run, 1)
    assert world.command_tx(seal_due) == 0, "ten minutes are not over"
    world.clock.advance(PERIOD_US)
    assert world.command_tx(seal_due) == 1
    world.clock.advance(PERIOD_US)
    assert world.command_tx(seal_due) == 0, "nothing was recorded since"
    assert list(heads(audited, run)) == [1, 2]
    assert check(world, audited, run) is None


def test_a_changed_or_dropped_batch_is_found(world: World, run: RunView, audited: Audited) -> None:
    for step in range(3):
        log(world, run, step)
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))

    def spoil(statement: str) -> None:
        world.command_tx(lambda tx: tx.connection.execute(text(statement)))  # type: ignore[attr-defined]

    spoil("UPDATE block SET record = (SELECT record FROM block WHERE position = 0) WHERE position = 1")
    assert check(world, audited, run) == ChainBreak(0, 2, missing=False)
    spoil("DELETE FROM block WHERE position = 2")
    assert check(world, audited, run) == ChainBreak(0, 2, missing=True)
