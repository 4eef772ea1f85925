"""What the verification of an exported log can find wrong, each with a sentence for people and fields for programs.

Leaf numbers count from 0, as in the log; line numbers count from 1, as editors do.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """Base of all findings. `code` is stable."""

    code: ClassVar[str] = "finding"

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        raise NotImplementedError

    @property
    def place(self) -> int | None:
        """The first leaf it concerns; ``None`` where it concerns no leaf."""
        return None


@dataclass(frozen=True, slots=True)
class _AtLeaf(Finding):
    leaf: int

    @property
    def place(self) -> int:
        """The first leaf it concerns."""
        return self.leaf


@dataclass(frozen=True, slots=True)
class _Range(Finding):
    first: int
    last: int

    @property
    def place(self) -> int:
        """The first leaf it concerns."""
        return self.first

    @property
    def span(self) -> str:
        """The leaves, for people."""
        return f"record {self.first}" if self.first == self.last else f"records {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class RecordEdited(_AtLeaf):
    """The text of a record is not the text that the log hashed; `uid` and `action` as far as it can still be read."""

    code: ClassVar[str] = "record_edited"
    uid: str | None
    action: str | None

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        who = f" (uid {self.uid or 'unreadable'}, action {self.action or 'unreadable'})"
        return f"Record {self.leaf}{who} was edited: its text does not have the hash that the log stored for it."


@dataclass(frozen=True, slots=True)
class RecordsAltered(_Range):
    """At least one record of the range, text and stored hash alike, is not what the log signed.

    :param proven: the range is exact: its stored subtree hash agrees with the signed root and the records do not.
    :param likely: the part of the range that the stored subtree hashes point to, first and last leaf, if they do.
    :param size: size of the signed checkpoint that shows it.
    """

    code: ClassVar[str] = "records_altered"
    size: int
    proven: bool = False
    likely: tuple[int, int] | None = None

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        text = f"Among {self.span} something was altered, added or removed: they do not give the root that the "
        text += f"log signed for {self.size} records."
        if self.likely:
            text += f" Stored subtree hashes point to records {self.likely[0]} to {self.likely[1]}."
        return text


@dataclass(frozen=True, slots=True)
class RecordsRemoved(_Range):
    """These leaf numbers do not occur."""

    code: ClassVar[str] = "records_removed"

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Missing from the log: {self.span}."


@dataclass(frozen=True, slots=True)
class RecordReordered(_AtLeaf):
    """A record stands at another place than its leaf number says; `leaf` is its number, `position` where it stands."""

    code: ClassVar[str] = "record_reordered"
    position: int
    line: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: record {self.leaf} stands where record {self.position} belongs; rows were reordered."


@dataclass(frozen=True, slots=True)
class RecordMisnumbered(_AtLeaf):
    """A single row bears a wrong leaf number; `leaf` is the place it stands at, `number` what it bears."""

    code: ClassVar[str] = "record_misnumbered"
    number: int
    line: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: the record at place {self.leaf} bears the wrong leaf number {self.number}."


@dataclass(frozen=True, slots=True)
class RecordDuplicated(_AtLeaf):
    """A leaf number occurs again."""

    code: ClassVar[str] = "record_duplicated"
    line: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: record {self.leaf} occurs a second time."


@dataclass(frozen=True, slots=True)
class RecordAdded(_AtLeaf):
    """A record beyond the size that the export states."""

    code: ClassVar[str] = "record_added"
    line: int
    size: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: record {self.leaf} lies beyond the {self.size} records that the export states."


@dataclass(frozen=True, slots=True)
class LogTruncated(Finding):
    """The export ends before a size that something vouches for."""

    code: ClassVar[str] = "log_truncated"
    found: int
    expected: int
    witness: Literal["header", "checkpoint", "held checkpoint"]

    @property
    def place(self) -> int:
        """The first leaf that is gone."""
        return self.found

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        who = {
            "header": "its header states",
            "checkpoint": "a checkpoint in it covers",
            "held checkpoint": "a checkpoint that you hold covers",
        }[self.witness]
        return f"The log was cut off: it ends after {self.found} records, {who} {self.expected}."


@dataclass(frozen=True, slots=True)
class TileAltered(_Range):
    """A stored subtree hash is wrong although the records below it agree with the signed root."""

    code: ClassVar[str] = "tile_altered"

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"The stored subtree hash over {self.span} was altered; the records are as the log signed them."


@dataclass(frozen=True, slots=True)
class HistoryContradicted(_Range):
    """A checkpoint that the user holds, of `size` records, was signed for other records than the export has."""

    code: ClassVar[str] = "history_contradicted"
    size: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        text = f"History was rewritten: the checkpoint that you hold for {self.size} records covers other ones"
        return f"{text}; the first of them is among {self.span}."


@dataclass(frozen=True, slots=True)
class CheckpointMissing(Finding):
    """No checkpoint by a trusted key covers the whole export, so nothing vouches for its end."""

    code: ClassVar[str] = "checkpoint_missing"
    size: int
    confirmed: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        text = f"No trusted signature confirms all {self.size} records of the export"
        return f"{text}; the greatest confirmed size is {self.confirmed}."


@dataclass(frozen=True, slots=True)
class CheckpointMisplaced(Finding):
    """A checkpoint stands behind more records than it covers."""

    code: ClassVar[str] = "checkpoint_misplaced"
    line: int
    size: int
    position: int

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: a checkpoint of {self.size} records stands after {self.position}."


@dataclass(frozen=True, slots=True)
class SignatureWrong(Finding):
    """A signature names a known key and is not that key's. `what` says of which checkpoint or receipt."""

    code: ClassVar[str] = "signature_wrong"
    what: str
    key: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"The signature by {self.key} on {self.what} is wrong."


@dataclass(frozen=True, slots=True)
class KeyUnknown(Finding):
    """Signed only by keys that neither the user nor the header names."""

    code: ClassVar[str] = "key_unknown"
    what: str
    keys: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Only unknown keys ({', '.join(self.keys)}) have signed {self.what}."


@dataclass(frozen=True, slots=True)
class KeyOutOfTime(Finding):
    """A key of the log signed a size at which it was not yet, or no longer, the log's key."""

    code: ClassVar[str] = "key_out_of_time"
    what: str
    key: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"The key {self.key} was not the log's key at the size of {self.what}, which it signed."


@dataclass(frozen=True, slots=True)
class OriginWrong(Finding):
    """A checkpoint or receipt of another log."""

    code: ClassVar[str] = "origin_wrong"
    what: str
    found: str
    expected: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"The log of {self.what} is {self.found}, not {self.expected}."


@dataclass(frozen=True, slots=True)
class ReceiptContradicted(_AtLeaf):
    """The record has another hash than the signed receipt promised."""

    code: ClassVar[str] = "receipt_contradicted"
    uid: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Record {self.leaf} (uid {self.uid}) is not the one that your signed receipt is for: it was replaced."


@dataclass(frozen=True, slots=True)
class ReceiptUnanswered(Finding):
    """The log promised this record and it is not in the export."""

    code: ClassVar[str] = "receipt_unanswered"
    uid: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"The record with uid {self.uid}, for which you hold a signed receipt, is not in the log."


@dataclass(frozen=True, slots=True)
class LineMalformed(Finding):
    """A line that is none of the format, or stands where it may not."""

    code: ClassVar[str] = "line_malformed"
    line: int
    reason: str

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return f"Line {self.line}: {self.reason}"
