"""Passwords of people, hashed with Argon2id (RFC 9106) by argon2-cffi."""

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from strongroom.domain.errors import Corrupted, Invalid

MIN_CHARACTERS: Final = 12
"""Characters a new password needs at least, after normalization."""

MAX_BYTES: Final = 1024
"""Bytes of UTF-8 beyond which no password goes, so that nobody makes the server hash megabytes."""


class Passwords:
    """Hash and check passwords. They are compared in Unicode's NFC (RFC 8265, 4.2.2).

    :param hasher: Argon2's costs; by default argon2-cffi's (RFC 9106's low-memory profile: 64 MiB, 3 passes).
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """The string to store for a new password, in PHC form (``$argon2id$...``).

        :raises Invalid: fewer than `MIN_CHARACTERS` characters, more than `MAX_BYTES` bytes, or not Unicode text.
        """
        data = _prepared(password)
        if data is None:
            raise Invalid(f"A password has at most {MAX_BYTES} bytes of Unicode text.", limit=MAX_BYTES)
        if len(data.decode()) < MIN_CHARACTERS:
            raise Invalid(f"A password has at least {MIN_CHARACTERS} characters.", minimum=MIN_CHARACTERS)
        return self._hasher.hash(data)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether this is the password that `stored` was made from.

        :param stored: what `hash` gave; ``None`` for somebody without a password or unknown, which takes as long and
            is ``False``.
        :raises Corrupted: what is stored is no hash.
        """
        data = _prepared(password)
        if data is None:
            return False
        try:
            self._hasher.verify(self._nobody if stored is None else stored, data)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            raise Corrupted("The stored hash of a password is damaged.") from error
        return stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether `stored` was made with other costs than today's, so that the next login should replace it.

        :raises Corrupted: what is stored is no hash.
        """
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError as error:
            raise Corrupted("The stored hash of a password is damaged.") from error


def _prepared(password: str) -> bytes | None:
    if len(password) > MAX_BYTES:  # normalization must not be handed megabytes either
        return None
    try:
        data = unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
    return data if len(data) <= MAX_BYTES else None
