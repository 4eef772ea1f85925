"""Passwords: bounded, hashed with Argon2id, and checked alike for people who exist and who do not."""

from typing import Literal

import pytest
from argon2 import PasswordHasher

from strongroom.adapters.identity.passwords import MAX_BYTES, Passwords
from strongroom.domain.errors import Corrupted, Invalid

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(CHEAP)


def test_a_password_is_stored_as_argon2id_and_checked(passwords: Passwords) -> None:
    stored = passwords.hash(GOOD)
    assert stored.startswith("$argon2id$")
    assert stored != passwords.hash(GOOD)
    assert passwords.verify(stored, GOOD)
    assert not passwords.verify(stored, GOOD + " ")


def test_the_default_costs_are_those_of_the_rfc() -> None:
    assert "$m=65536,t=3,p=4$" in Passwords().hash(GOOD)


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 11, "x" * (MAX_BYTES + 1), "ü" * 513, "\ud800" * 12, "u\u0308" * 11]
)
def test_short_long_and_broken_passwords_are_refused(passwords: Passwords, password: str) -> None:
    with pytest.raises(Invalid):
        passwords.hash(password)


@pytest.mark.parametrize("password", ["x" * 12, "x" * MAX_BYTES, "ü" * 512])
def test_passwords_at_the_bounds_are_taken(passwords: Passwords, password: str) -> None:
    assert passwords.verify(passwords.hash(password), password)


def test_two_spellings_of_one_text_are_one_password(passwords: Passwords) -> None:
    assert passwords.verify(passwords.hash("Schlüssel-Wort"), "Schlu\u0308ssel-Wort")


class Counting(PasswordHasher):
    """Counts verifications, to show that nobody's password costs as much as somebody's."""

    calls = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2-cffi's name
        self.calls += 1
        return super().verify(hash, password)


def test_nobody_costs_as_much_as_somebody_and_never_passes() -> None:
    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(hasher)
    assert not passwords.verify(None, GOOD)
    assert not passwords.verify(None, "the password of nobody")
    assert hasher.calls == 2
    assert not passwords.verify(passwords.hash(GOOD), "x" * (MAX_BYTES + 1))
    assert not passwords.verify(passwords.hash(GOOD), "\ud800")
    assert hasher.calls == 2


def test_costs_that_changed_ask_for_a_new_hash(passwords: Passwords) -> None:
    stored = passwords.hash(GOOD)
    assert not passwords.needs_rehash(stored)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).needs_rehash(stored)


def test_a_damaged_hash_is_no_wrong_password(passwords: Passwords) -> None:
    for stored in ("", "plain", "$argon2id$v=19$m=8,t=1,p=1$x"):
        with pytest.raises(Corrupted):
            passwords.verify(stored, GOOD)
    with pytest.raises(Corrupted):
        passwords.needs_rehash("plain")
