"""Whose signatures count: wrong, unknown, early and retired keys have their own names, and trust passes on."""

import pytest

from strongroom.cli.ed25519 import verify
from strongroom.domain.audit import findings as found
from strongroom.domain.audit.checkpoint import Checkpoint, sign_checkpoint
from strongroom.domain.audit.export import LogKey
from strongroom.domain.audit.verify import verify_export
from strongroom.domain.errors import Invalid
from tests.domain.audit.support import FOREIGN, NEW, OLD, ORIGIN, KeySigner, Log, check

SIZE = 700


@pytest.fixture
def log() -> Log:
    return Log(SIZE, checkpoints=[100, 300, 512, 600])


def test_a_wrong_signature_an_unknown_key_and_a_foreign_log_are_told_apart(log: Log) -> None:
    final = log.checkpoint(SIZE)
    wrong = final[:-10] + ("A" if final[-10] != "A" else "B") + final[-9:]
    log.checkpoints = [(SIZE, wrong)]
    what = f"the checkpoint of 700 records (line {len(log.lines())})"
    report = check(log.lines())
    assert found.SignatureWrong(what, f"{ORIGIN}+{OLD.key.key_id.hex()}") in report.findings
    assert found.CheckpointMissing(SIZE, 0) in report.findings
    log.checkpoints = [(SIZE, log.checkpoint(SIZE, [FOREIGN]))]
    report = check(log.lines())
    assert found.KeyUnknown(what, (f"{ORIGIN}+{FOREIGN.key.key_id.hex()}",)) in report.findings
    assert found.CheckpointMissing(SIZE, 0) in report.findings
    other = KeySigner(1, "elsewhere.example")
    log.checkpoints = [(SIZE, sign_checkpoint(Checkpoint("elsewhere.example", SIZE, bytes(32)), [other]))]
    assert found.OriginWrong(what, "elsewhere.example", ORIGIN) in check(log.lines()).findings
    assert found.OriginWrong("the export", ORIGIN, "elsewhere.example") in check(log.lines(), [other.key]).findings


def test_a_log_signed_anew_with_a_key_of_the_forger_fails_against_pinned_keys(log: Log) -> None:
    log.keys = [LogKey(FOREIGN.key, 0)]
    log.checkpoints = [(SIZE, log.checkpoint(SIZE, [FOREIGN]))]
    assert check(log.lines(), trusted=None).ok
    report = check(log.lines())
    assert report.findings == (found.CheckpointMissing(SIZE, 0),)
    log.keys.insert(0, LogKey(OLD.key, 0))
    assert not check(log.lines()).ok


def test_trust_passes_to_a_new_key_by_the_checkpoint_that_both_signed() -> None:
    log = Log(SIZE, checkpoints=[100, 600], rotated_at=300)
    for trusted in ([OLD.key], [NEW.key], [OLD.key, NEW.key], None):
        assert check(log.lines(), trusted).ok, trusted
    unsigned = [line for line in log.lines() if line.startswith(b'{"checkpoint"') and b"\\n300\\n" in line]
    assert not check([line for line in log.lines() if line not in unsigned], [OLD.key]).ok


def test_a_retired_or_early_key_does_not_count() -> None:
    log = Log(SIZE, rotated_at=300)
    log.checkpoints[-1] = (SIZE, log.checkpoint(SIZE, [OLD]))
    findings = check(log.lines(), [OLD.key, NEW.key]).findings
    assert any(isinstance(one, found.KeyOutOfTime) for one in findings)
    assert found.CheckpointMissing(SIZE, 300) in findings
    log = Log(SIZE, checkpoints=[100], rotated_at=300)
    log.checkpoints[0] = (100, log.checkpoint(100, [NEW]))
    assert [type(one) for one in check(log.lines(), [OLD.key]).findings] == [found.KeyOutOfTime]


def test_held_checkpoints_and_receipts_are_checked_themselves(log: Log) -> None:
    short = log.checkpoint(100)
    wrong = short[:-10] + ("A" if short[-10] != "A" else "B") + short[-9:]
    report = check(log.lines(), older=[wrong, log.checkpoint(300, [FOREIGN])])
    assert [type(one) for one in report.findings] == [found.SignatureWrong, found.KeyUnknown]
    forged = sign_checkpoint(Checkpoint(ORIGIN, 100, bytes(32)), [FOREIGN])
    assert [type(one) for one in check(log.lines(), older=[forged]).findings] == [found.KeyUnknown]
    receipt = log.receipt(5)
    mangled = receipt.replace(log.rows[5][1].hex(), bytes(32).hex())
    assert [type(one) for one in check(log.lines(), receipts=[mangled]).findings] == [found.SignatureWrong]
    report = check(log.lines(), [NEW.key], receipts=[receipt])
    assert not any(isinstance(one, found.KeyUnknown) and "receipt" in one.what for one in report.findings)
    for bad in ({"older": ["x"]}, {"receipts": ["x"]}):
        with pytest.raises(Invalid):
            check(log.lines(), **bad)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        verify_export(log.lines(), verify, ["x"])
