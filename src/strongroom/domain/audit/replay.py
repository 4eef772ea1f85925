"""Compares what the log says stands with what the live tables say, fact by fact; in memory for the facts alone.

The tables are read while others write. What a record changed that came after the reading began may be seen or not:
such facts are counted as moved and not compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.export import Header, Leaf
from strongroom.domain.audit.export import decode as decode_log
from strongroom.domain.audit.fold import Book, Standing, apply, rebuilds
from strongroom.domain.audit.record import parse
from strongroom.domain.audit.state import Closing, Fact, Kind, Opening, decode, encode
from strongroom.domain.errors import Invalid

MAX_DIFFERENCES: Final = 1_000
"""Differences that a report keeps; the others are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where tables and log part.

    :param what: ``altered``, ``missing`` (the log says that it stands, the tables do not), ``unrecorded`` (the other
        way round), or ``unreadable`` (a record does not say what it did).
    :param logged: what the log says. :param told: what the tables say. :param leaf: of the record that says it.
    """

    what: str
    kind: str
    key: tuple[str, ...]
    logged: Mapping[str, Json] | None
    told: Mapping[str, Json] | None
    leaf: int | None
    said: str = ""

    @property
    def sentence(self) -> str:
        """It in a sentence, for people."""
        thing = f"{self.kind} {' '.join(self.key)}"
        if self.what == "unreadable":
            return f"Record {self.leaf}: {self.said}"
        if self.what == "missing":
            return f"{thing}: stands by record {self.leaf} ({_shown(self.logged)}), and the tables do not have it."
        if self.what == "unrecorded":
            return f"{thing}: is in the tables ({_shown(self.told)}), and no record says so."
        return f"{thing}: {_shown(self.logged)} by record {self.leaf}, {_shown(self.told)} in the tables."


def _shown(fields: Mapping[str, Json] | None) -> str:
    shown = ", ".join(f"{name}={_plain(value)}" for name, value in sorted((fields or {}).items()))
    return shown or "nothing more is said"


def _plain(value: Json) -> str:
    if isinstance(value, tuple):
        return f"[{' '.join(_plain(one) for one in value)}]"
    return str(value)


@dataclass(slots=True)
class Report:
    """What a replay found.

    :ivar of: the time that was compared, microseconds UTC. :ivar records: of the log.
    :ivar compared: facts that were compared, by kind. :ivar moved: facts that changed meanwhile, and were not.
    :ivar left_out: differences beyond `MAX_DIFFERENCES`.
    """

    of: int
    records: int = 0
    compared: dict[str, int] = field(default_factory=dict)
    moved: int = 0
    differences: list[Difference] = field(default_factory=list)
    left_out: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def add(self, found: Difference) -> None:
        """Keep a difference, or count it."""
        if len(self.differences) < MAX_DIFFERENCES:
            self.differences.append(found)
        else:
            self.left_out += 1


def replay(state: Iterable[bytes], log: Iterable[bytes]) -> Report:
    """Compare a file of facts with an exported log.

    :param state: lines of the one, see `state`. :param log: lines of the other, see `export`; not verified here.
    :raises Invalid: one of the files is not whole, or the log is too short to explain the facts.
    """
    told = map(decode, state)
    opening = next(told, None)
    if not isinstance(opening, Opening):
        raise Invalid("The file of facts has no header.")
    report, book = Report(opening.of), Book(opening.at)
    moved: set[tuple[Kind, tuple[str, ...]]] = set()

    def late(leaf: int, uid: str) -> None:
        book.touched = moved if leaf >= opening.size and uid not in opening.pending else None

    size = _fold(book, log, report, late)
    closing = _compare(opening, told, book, moved, report)
    if closing.end > size:
        raise Invalid("The log is older than the facts; export it after they were read.", needs=closing.end, size=size)
    report.moved = sum(kind in opening.kinds for kind, _ in moved)
    return report


def _fold(book: Book, log: Iterable[bytes], report: Report, before: Callable[[int, str], None]) -> int:
    """Take all records; how many the log says to have."""
    entries = map(decode_log, log)
    header = next(entries, None)
    if not isinstance(header, Header):
        raise Invalid("That is not an exported log: it has no header.")
    for entry in entries:
        if isinstance(entry, Leaf):
            report.records += 1
            if rebuilds(entry.record):
                _take(book, entry, report, before)
    return header.size


def _take(book: Book, leaf: Leaf, report: Report, before: Callable[[int, str], None]) -> None:
    try:
        record = parse(leaf.record)
        before(leaf.number, record.uid)
        apply(book, record, leaf.number)
    except Invalid as error:
        report.add(Difference("unreadable", "record", (), None, None, leaf.number, error.message))


def _compare(
    opening: Opening,
    told: Iterator[Opening | Fact | Closing],
    book: Book,
    moved: set[tuple[Kind, tuple[str, ...]]],
    report: Report,
) -> Closing:
    """Compare facts as they come, then look for what none told of."""
    for facts, line in enumerate(told):
        if isinstance(line, Closing):
            if line.facts != facts or next(told, None) is not None:
                break
            _missing(opening, book, moved, report)
            return line
        if isinstance(line, Opening):
            break
        standing = book.take(line.kind, line.key)
        if (line.kind, line.key) not in moved:
            report.compared[line.kind.value] = report.compared.get(line.kind.value, 0) + 1
            _one(line, standing, report)
    raise Invalid("The file of facts is not whole.")


def _one(fact: Fact, standing: Standing | None, report: Report) -> None:
    if standing is None:
        report.add(Difference("unrecorded", fact.kind.value, fact.key, None, fact.fields, None))
        return
    known = standing.fields.keys() & fact.fields.keys()
    apart = sorted(name for name in known if standing.fields[name] != fact.fields[name])
    if apart:
        logged, told = ({name: one[name] for name in apart} for one in (standing.fields, fact.fields))
        report.add(Difference("altered", fact.kind.value, fact.key, logged, told, standing.leaf))


def _missing(opening: Opening, book: Book, moved: set[tuple[Kind, tuple[str, ...]]], report: Report) -> None:
    for fact, standing in book.facts():
        if fact.kind not in opening.kinds or (fact.kind, fact.key) in moved or _expired(fact, opening.of):
            continue
        report.add(Difference("missing", fact.kind.value, fact.key, fact.fields, None, standing.leaf))


def _expired(fact: Fact, at: int) -> bool:
    until = fact.fields.get("expires_at")
    return fact.kind is Kind.TOKEN and isinstance(until, int) and until <= at


def rebuilt(log: Iterable[bytes], at: int | None) -> Iterator[bytes]:
    """What the log says stands at a time (microseconds UTC; None: after its last record), as a file of facts.

    :raises Invalid: it is not an exported log, or a record does not say what it did.
    """
    book, report = Book(at), Report(at or 0)
    size = _fold(book, log, report, lambda _leaf, _uid: None)
    if report.differences:
        raise Invalid(report.differences[0].sentence)
    latest = max((standing.since for _, standing in book.facts()), default=0)
    yield encode(Opening(at, latest if at is None else at, tuple(Kind), size, frozenset()))
    facts = 0
    for fact, _standing in book.facts():
        if not _expired(fact, latest if at is None else at):
            facts += 1
            yield encode(fact)
    yield encode(Closing(size, facts))
