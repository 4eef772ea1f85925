"""Password hashing, loaded when somebody first logs in: a hash takes 64 MiB for a moment, an idle server none."""

from functools import cached_property

from strongroom.application.ports.identity import PasswordHasher


class LazyPasswords:
    """See :class:`strongroom.application.ports.identity.PasswordHasher`."""

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from strongroom.adapters.identity.passwords import Passwords

        return Passwords()

    def hash(self, password: str) -> str:
        """See the port."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """See the port."""
        return self._hasher.verify(stored, password)

    def needs_rehash(self, stored: str) -> bool:
        """See the port."""
        return self._hasher.needs_rehash(stored)
