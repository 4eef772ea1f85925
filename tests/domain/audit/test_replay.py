"""The fold over records and its comparison, without any database."""

import tracemalloc
from collections.abc import Iterator, Mapping, Sequence

import pytest

from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.export import Header, Leaf, encode
from strongroom.domain.audit.fold import rebuilds
from strongroom.domain.audit.record import AuditRecord, Outcome, Subject, canonical, leaf_hash
from strongroom.domain.audit.replay import MAX_DIFFERENCES, Report, rebuilt, replay
from strongroom.domain.audit.state import Closing, Fact, Kind, Opening, decode
from strongroom.domain.audit.state import encode as told
from strongroom.domain.errors import Invalid
from tests.domain.audit.support import uid

ASSET, ONE, TWO, WORKSPACE = (uid(number) for number in (1, 2, 3, 4))
START = 1_790_000_000_000_000


def said(
    number: int,
    action: str,
    subject: str,
    details: Mapping[str, Json] | None = None,
    *,
    at: int | None = None,
    outcome: Outcome = "done",
) -> AuditRecord:
    when = START + number if at is None else START + at
    on = Subject(action.partition(".")[0][:16], subject)
    return AuditRecord(uid(100 + number), WORKSPACE, when, "system", None, action, outcome, on, details=details or {})


def pointed(number: int, to: str | None, name: str = "champion", *, at: int | None = None) -> AuditRecord:
    action = "alias.set" if to else "alias.remove"
    return said(number, action, ASSET, {"alias": name, "to": to, "from": None}, at=at)


def log(records: Sequence[AuditRecord]) -> list[bytes]:
    rows = [Leaf(place, canonical(one), leaf_hash(canonical(one))) for place, one in enumerate(records)]
    return [encode(Header("test", len(rows), ())), *map(encode, rows)]


def state(
    *facts: Fact, at: int | None = None, size: int = 1_000, pending: Sequence[str] = (), end: int = 0
) -> list[bytes]:
    opening = Opening(None if at is None else START + at, START + 999, tuple(Kind), size, frozenset(pending))
    return [told(opening), *map(told, facts), told(Closing(end, len(facts)))]


def alias(to: str, name: str = "champion", **more: Json) -> Fact:
    return Fact(Kind.ALIAS, (ASSET, name), {"to": to, "protected": False, **more})


def whats(report: Report) -> list[tuple[str, str]]:
    return [(one.what, one.kind) for one in report.differences]


def test_what_is_as_the_log_says_does_not_differ() -> None:
    report = replay(state(alias(TWO)), log([pointed(0, ONE), pointed(1, TWO)]))
    assert (report.ok, report.compared, report.records) == (True, {"alias": 1}, 2)


def test_each_difference_is_named_with_the_record_that_says_otherwise() -> None:
    records = [pointed(0, ONE), pointed(1, ONE, "gone"), pointed(2, TWO, "kept")]
    report = replay(state(alias(TWO), alias(TWO, "kept"), alias(ONE, "forged")), log(records))
    assert whats(report) == [("altered", "alias"), ("unrecorded", "alias"), ("missing", "alias")]
    altered, forged, gone = report.differences
    assert (altered.leaf, altered.logged, altered.told) == (0, {"to": ONE}, {"to": TWO})
    assert (forged.key, forged.leaf) == ((ASSET, "forged"), None)
    assert (gone.key, gone.leaf) == ((ASSET, "gone"), 1)
    assert all(word in altered.sentence for word in ("champion", ONE, TWO, "record 0"))


def test_refusals_and_reads_change_nothing() -> None:
    refused = said(1, "alias.set", ASSET, {"alias": "champion", "to": TWO}, outcome="refused")
    assert replay(state(alias(ONE)), log([pointed(0, ONE), refused])).ok


@pytest.mark.parametrize(("at", "to"), [(0, ONE), (4, ONE), (5, TWO), (9, TWO)])
def test_it_is_as_of_the_time_that_is_asked(at: int, to: str) -> None:
    records = [pointed(0, ONE), pointed(1, TWO, at=5), pointed(2, None, at=10)]
    assert replay(state(alias(to), at=at), log(records)).ok
    assert not replay(state(alias(ONE if to is TWO else TWO), at=at), log(records)).ok
    assert replay(state(at=10), log(records)).ok
    assert replay(state(), log(records)).ok


def test_a_clock_that_is_behind_does_not_undo_what_came_before() -> None:
    """The tables do the same: a placement never begins before the one that it replaces."""
    records = [pointed(0, ONE, at=8), pointed(1, TWO, at=3)]
    assert replay(state(at=7), log(records)).ok
    assert replay(state(alias(ONE), at=8), log(records)).ok
    assert replay(state(alias(TWO), at=9), log(records)).ok


def test_what_changed_while_the_tables_were_read_is_not_compared() -> None:
    records = [pointed(0, ONE), pointed(1, TWO), pointed(2, ONE, "other"), pointed(3, TWO, "other")]
    log_ = log(records)
    for seen in (ONE, TWO):
        report = replay(state(alias(seen), alias(TWO, "other"), size=1, pending=[records[2].uid], end=4), log_)
        assert (report.ok, report.moved, report.compared) == (True, 2, {}), "leaf 3 came later, too"
    with pytest.raises(Invalid, match="older"):
        replay(state(alias(ONE), end=5), log_)


def test_a_record_that_does_not_say_what_it_did_is_named() -> None:
    report = replay(state(), log([said(0, "alias.set", ASSET, {"alias": "champion"})]))
    assert whats(report) == [("unreadable", "record")]
    assert "does not say its to" in report.differences[0].sentence
    with pytest.raises(Invalid):
        list(rebuilt(log([said(0, "alias.set", ASSET, {"alias": "champion"})]), None))


def test_a_detail_that_older_records_lack_is_not_compared() -> None:
    old = said(0, "token.issue", "SR" + "A" * 18, {"principal": ONE, "role_cap": None, "expires_at": None})
    fields: dict[str, Json] = {"principal": ONE, "role_cap": None, "expires_at": None, "workspace": TWO}
    assert replay(state(Fact(Kind.TOKEN, (old.subject.uid,), fields)), log([old])).ok
    wider = Fact(Kind.TOKEN, (old.subject.uid,), fields | {"role_cap": "admin"})
    assert whats(replay(state(wider), log([old]))) == [("altered", "token")]


def test_expired_tokens_are_told_by_neither() -> None:
    issued = said(0, "token.issue", "SR" + "A" * 18, {"principal": ONE, "expires_at": START + 5})
    assert replay(state(at=5), log([issued])).ok
    assert not replay(state(at=4), log([issued])).ok


def test_what_the_log_says_can_be_written_and_compared() -> None:
    records = [pointed(0, ONE), pointed(1, TWO, at=5), said(2, "principal.disable", ONE)]
    for at, to in ((1, ONE), (5, TWO)):
        lines = list(rebuilt(log(records), START + at))
        assert [line for line in map(decode, lines) if isinstance(line, Fact) and line.kind is Kind.ALIAS] == [
            alias(to)
        ]
        assert replay(lines, log(records)).ok
    assert replay(list(rebuilt(log(records), None)), log(records)).ok


@pytest.mark.parametrize(
    "lines",
    [
        [],
        state()[1:],
        state(alias(ONE))[:-1],
        [*state(), *state()],
        [*state()[:1], told(alias(ONE)), *state()[1:]],
        [b"{}\n"],
        [state()[0].replace(b'"alias"', b'"aliaz"'), *state()[1:]],
        [state()[0], told(alias(ONE)).replace(b'"key":["', b'"key":[["'), state()[1]],
        [b"x" * 2_000_000],
    ],
)
def test_a_file_of_facts_that_is_not_whole_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(Invalid):
        replay(lines, log([pointed(0, ONE)]))


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(Invalid):
        replay(state(), state())


def test_only_what_rebuilds_is_parsed() -> None:
    assert rebuilds(canonical(pointed(0, ONE)))
    assert not rebuilds(canonical(said(0, "version.register", ONE)))
    assert not rebuilds(b"{")


def test_memory_does_not_grow_with_the_records() -> None:
    """The same few aliases, moved again and again: what is kept is less than the log holds, however long it is."""

    def lines(count: int) -> Iterator[bytes]:
        yield encode(Header("test", count, ()))
        rows = [canonical(pointed(number, ONE, f"a{number % 10}")) for number in range(100)]
        for number in range(count):
            yield encode(Leaf(number, rows[number % 100], b"\0" * 32))

    def peak(count: int) -> int:
        tracemalloc.start()
        report = replay(state(*(alias(ONE, f"a{number}") for number in range(10))), lines(count))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.ok
        return used

    assert peak(10_000) < 1_000_000 < 10_000 * len(canonical(pointed(0, ONE)))


def test_differences_are_bounded() -> None:
    report = replay(state(*(alias(ONE, f"a{number}") for number in range(MAX_DIFFERENCES + 5))), log([]))
    assert (len(report.differences), report.left_out) == (MAX_DIFFERENCES, 5)
