"""Time never stands still within a process, and uids are UUIDv7 in order."""

import threading
import time
import uuid

from strongroom.adapters.identity.random import Identifiers, SystemClock, SystemRandom
from strongroom.domain.audit.record import _UID


def test_the_clock_is_the_systems() -> None:
    before = time.time_ns() // 1000
    assert before <= SystemClock().now_us() <= time.time_ns() // 1000 + 1


def test_time_strictly_increases_even_when_the_system_is_set_back() -> None:
    readings = iter([5_000_000, 5_000_000, 5_000_500, 1_000, 9_000_000])
    clock = SystemClock(lambda: next(readings))
    assert [clock.now_us() for _ in range(5)] == [5_000, 5_001, 5_002, 5_003, 9_000]


def test_threads_never_get_the_same_time() -> None:
    clock = SystemClock()
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.extend(clock.now_us() for _ in range(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == len(seen) == 8_000


def test_uids_are_ordered_uuid7_that_a_record_takes() -> None:
    make = Identifiers(SystemClock(), SystemRandom())
    uids = [make.new_uid() for _ in range(5_000)]
    assert uids == sorted(set(uids))
    for one in uids[:100]:
        assert _UID.fullmatch(one)
        assert uuid.UUID(one).version == 7
        assert uuid.UUID(one).variant == uuid.RFC_4122


def test_a_uid_holds_its_millisecond_and_its_fraction() -> None:
    make = Identifiers(SystemClock(lambda: 1_645_557_742_000_500_000), SystemRandom())
    made = make.new_uid()
    assert made.startswith("017f22e2-79b0-7800-")
    assert len(SystemRandom().token_bytes(16)) == 16


class Fixed(SystemRandom):
    """Randomness of ones only."""

    def token_bytes(self, count: int) -> bytes:
        return b"\xff" * count


def test_randomness_never_reaches_the_version_or_the_variant() -> None:
    made = uuid.UUID(Identifiers(SystemClock(lambda: 0), Fixed()).new_uid())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert str(made).endswith("-bfff-ffffffffffff")
