"""Offline verification of an exported log (`export`), streaming, in memory that does not grow with the log.

What each witness can show. A row's stored hash against its text: which record was edited. Leaf numbers: what was
removed, doubled, moved or misnumbered. Stored subtree hashes: which 256 records hold a row that was edited together
with its hash. Signed checkpoints: that none of this was covered up, for they alone cannot be made without the key;
those that the user kept also show a log that was cut off or rewritten by someone who has the key. Signed receipts
that the user kept name the record.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.audit.checkpoint import SignedCheckpoint
from strongroom.domain.audit.export import Entry, Header, Leaf, Malformed, Note, Tile, decode
from strongroom.domain.audit.findings import (
    CheckpointMisplaced,
    CheckpointMissing,
    Finding,
    HistoryContradicted,
    LineMalformed,
    LogTruncated,
    OriginWrong,
    ReceiptContradicted,
    ReceiptUnanswered,
    RecordEdited,
)
from strongroom.domain.audit.frontier import TILE_WIDTH
from strongroom.domain.audit.hashing import leaf_hash
from strongroom.domain.audit.ledger import Ledger
from strongroom.domain.audit.note import VerifierKey, Verify
from strongroom.domain.audit.numbering import Numbering
from strongroom.domain.audit.receipt import Receipt
from strongroom.domain.audit.trust import Keyring
from strongroom.domain.errors import Invalid

MAX_FINDINGS: Final = 1000
"""Findings a report keeps; the others are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found.

    :param origin: the log's name, by the header; empty if there was none.
    :param size: records the header states.
    :param records: rows read.
    :param confirmed: the greatest size that a trusted signature confirmed.
    :param root: the Merkle root of that size, 32 bytes; ``None`` if no size was confirmed.
    :param pinned: the user named the keys to trust. If not, a clean report only says that the export agrees with the
        keys it names itself; compare those with keys obtained elsewhere.
    :param findings: what is wrong, by leaf; what concerns no leaf comes last.
    :param left_out: further findings beyond `MAX_FINDINGS`.
    """

    origin: str
    size: int
    records: int
    confirmed: int
    root: bytes | None
    pinned: bool
    findings: tuple[Finding, ...]
    left_out: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found wrong."""
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding at the lowest leaf."""
        return self.findings[0] if self.findings else None

    @property
    def sentence(self) -> str:
        """The result in a sentence or two, for people."""
        if self.first:
            return f"{len(self.findings) + self.left_out} finding(s). The first: {self.first.sentence}"
        whom = "a key that you trust" if self.pinned else "the key that the export names itself"
        return f"All {self.size} records of {self.origin} are as {whom} signed them."


def verify_export(
    lines: Iterable[bytes],
    verify_signature: Verify,
    trusted_keys: Sequence[str] | None = None,
    older_checkpoints: Sequence[str] = (),
    receipts: Sequence[str] = (),
) -> Report:
    """Verify an export line by line.

    :param lines: of the file, each with or without its line feed; bound them as `export.MAX_LINE_BYTES` says.
    :param verify_signature: Ed25519, see `note.Verify`.
    :param trusted_keys: verifier key strings (``name+id+key``); ``None`` takes those the export names.
    :param older_checkpoints: signed checkpoints of this log that the user kept, of any size.
    :param receipts: receipts that the user kept.
    :raises Invalid: a key, checkpoint or receipt given by the user is none. What is wrong with the export itself is
        never raised, but reported.
    """
    trusted = None if trusted_keys is None else [VerifierKey.parse(key) for key in trusted_keys]
    held = [SignedCheckpoint.parse(text) for text in older_checkpoints]
    kept = [Receipt.parse(text) for text in receipts]
    entries = enumerate(map(decode, lines), start=1)
    _, header = next(entries, (1, Malformed("the export is empty.")))
    if not isinstance(header, Header):
        reason = header.reason if isinstance(header, Malformed) else "the header is missing."
        return Report("", 0, 0, 0, None, trusted is not None, (LineMalformed(1, reason),))
    run = _Verification(header, Keyring(header, trusted, verify_signature))
    run.expect(trusted, held, kept)
    for line, entry, following in _with_next(entries):
        run.take(line, entry, following)
    return run.end(pinned=trusted is not None)


class _Verification:
    """The state between two lines."""

    def __init__(self, header: Header, keyring: Keyring) -> None:
        self._header, self._keyring = header, keyring
        self._numbering, self._ledger = Numbering(header.size), Ledger()
        self._findings: list[Finding] = []
        self._left_out = 0
        self._held: list[SignedCheckpoint] = []
        self._held_good = 0
        self._receipts: dict[str, Receipt] = {}
        self._answered: set[str] = set()
        self._records, self._ahead, self._line = 0, 0, 1
        self._confirmed, self._root = 0, b""
        self._tile_due = False

    def expect(
        self, trusted: Sequence[VerifierKey] | None, held: Sequence[SignedCheckpoint], kept: Sequence[Receipt]
    ) -> None:
        """Take what the user holds against the log; what is not signed by the log's keys is reported and left aside."""
        origin = self._header.origin
        if trusted and all(key.name != origin for key in trusted):
            self._add(OriginWrong("the export", origin, trusted[0].name))
        for signed in sorted(held, key=lambda one: one.checkpoint.size):
            judgement = self._keyring.judge(
                signed, f"the checkpoint that you hold for {signed.checkpoint.size} records"
            )
            self._add(*judgement.findings)
            if judgement.genuine:
                self._held.append(signed)
        for receipt in kept:
            wrong = self._keyring.judge_receipt(receipt)
            self._add(*wrong)
            if not wrong:
                self._receipts[receipt.uid] = receipt

    def take(self, line: int, entry: Entry, following: Entry | None) -> None:
        """Judge one line, knowing the next."""
        self._line = line
        match entry:
            case Leaf():
                self._leaf(line, entry, following)
            case Tile():
                self._tile(line, entry)
            case Note():
                self._checkpoint(line, entry)
            case Header():
                self._add(LineMalformed(line, "it is a second header."))
            case Malformed(reason):
                self._add(LineMalformed(line, reason))

    def end(self, *, pinned: bool) -> Report:
        """What only the end shows, and the report."""
        self._held_checkpoints()
        self._tile_missing(self._line + 1)
        self._add(*self._numbering.end())
        found, header = self._numbering.next, self._header
        cut = [LogTruncated(found, header.size, "header")] if found < header.size else []
        cut += [LogTruncated(found, self._ahead, "checkpoint")] if found < self._ahead else []
        cut += [LogTruncated(found, one.checkpoint.size, "held checkpoint") for one in self._held]
        self._add(*cut)
        covered = self._root and self._confirmed == header.size
        if not (covered or cut) and self._judging:
            self._add(CheckpointMissing(header.size, self._confirmed))
        self._add(*(ReceiptUnanswered(uid) for uid in self._receipts if uid not in self._answered))
        ordered = tuple(sorted(self._findings, key=lambda one: math.inf if one.place is None else one.place))
        return Report(
            header.origin,
            header.size,
            self._records,
            self._confirmed,
            self._root or None,
            pinned,
            ordered,
            self._left_out,
        )

    def _leaf(self, line: int, leaf: Leaf, following: Entry | None) -> None:
        self._held_checkpoints()
        self._records += 1
        place = self._numbering.next
        in_place, findings = self._numbering.take(leaf.number, _next_number(following), line)
        self._add(*findings)
        self._content(place if in_place and self._numbering.sound else leaf.number, leaf)
        if self._judging and in_place:
            self._tile_missing(line)
            self._ledger.leaf(leaf.hash)
            self._tile_due = self._ledger.size % TILE_WIDTH == 0

    def _content(self, place: int, leaf: Leaf) -> None:
        digest = leaf_hash(leaf.record)
        if digest == leaf.hash and not self._receipts:
            return
        uid, action = _peek(leaf.record)
        if digest != leaf.hash:
            self._add(RecordEdited(place, uid, action))
        receipt = self._receipts.get(uid or "")
        if receipt:
            self._answered.add(receipt.uid)
            if receipt.hash != digest:
                self._add(ReceiptContradicted(place, receipt.uid))

    def _tile(self, line: int, tile: Tile) -> None:
        if not self._judging:
            return
        if not self._tile_due or self._ledger.size != (tile.position + 1) * TILE_WIDTH:
            self._add(LineMalformed(line, f"the subtree hash {tile.position} does not belong here."))
            return
        self._tile_due = False
        self._ledger.tile(tile.hash)

    def _tile_missing(self, line: int) -> None:
        if self._tile_due and self._judging:
            size = self._ledger.size
            reason = f"the subtree hash over records {size - TILE_WIDTH} to {size - 1} is missing before it."
            self._add(LineMalformed(line, reason))
        self._tile_due = False

    def _checkpoint(self, line: int, note: Note) -> None:
        try:
            signed = SignedCheckpoint.parse(note.text)
        except Invalid as error:
            self._add(LineMalformed(line, f"it holds no checkpoint: {error.message}"))
            return
        size, position = signed.checkpoint.size, self._numbering.next
        judgement = self._keyring.judge(signed, f"the checkpoint of {size} records (line {line})")
        self._add(*judgement.findings)
        if size > position:
            self._ahead = max(self._ahead, size)  # a gap or the end of the log: the next row tells
        elif size < position:
            self._add(CheckpointMisplaced(line, size, position))
        elif judgement.trusted and self._judging:
            proven = self._ledger.anchor(signed.checkpoint.root)
            if proven is None:
                proven = [self._ledger.fail(size)]
            else:
                self._confirmed, self._root = size, signed.checkpoint.root
            self._add(*proven)

    def _held_checkpoints(self) -> None:
        """Compare with the user's own checkpoints of the present size, after those of the export."""
        while self._held and self._held[0].checkpoint.size <= self._numbering.next:
            stated = self._held.pop(0).checkpoint
            if not self._judging or stated.size != self._ledger.size:
                continue
            proven = self._ledger.anchor(stated.root)
            if proven is None:
                last = max(self._held_good, stated.size - 1)
                self._add(HistoryContradicted(self._held_good, last, stated.size))
            else:
                self._add(*proven)
                self._held_good = stated.size

    @property
    def _judging(self) -> bool:
        """Whether the tree still is complete and in agreement with the signed roots."""
        return self._numbering.sound and not self._ledger.broken

    def _add(self, *findings: Finding) -> None:
        room = MAX_FINDINGS - len(self._findings)
        self._findings += findings[:room]
        self._left_out += len(findings[room:])


def _with_next(entries: Iterator[tuple[int, Entry]]) -> Iterator[tuple[int, Entry, Entry | None]]:
    here = next(entries, None)
    while here is not None:
        after = next(entries, None)
        yield *here, after and after[1]
        here = after


def _next_number(following: Entry | None) -> int | None:
    """The number of records before the following line, by what it says of itself."""
    match following:
        case Leaf(number=number):
            return number
        case Tile(position=position):
            return (position + 1) * TILE_WIDTH
        case Note(text=text):
            size = text.split("\n", 2)[1:2]
            return int(size[0]) if size and size[0].isdecimal() and len(size[0]) < len(str(2**63)) else None
    return None


def _peek(record: bytes) -> tuple[str | None, str | None]:
    """The uid and action of a record that need not be one any more, each cut to 64 printable characters."""
    try:
        content = json.loads(record)
    except (ValueError, RecursionError):
        return None, None
    values = (content.get(key) if isinstance(content, dict) else None for key in ("uid", "action"))
    uid, action = (one[:64] if isinstance(one, str) and one.isprintable() else None for one in values)
    return uid, action
