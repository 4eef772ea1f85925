"""A brief read on the event loop is ended when it is none: one caller's question must not keep the others waiting."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

STEPS = 1_000
"""Instructions of SQLite's machine between two looks."""
LOOKS = 60
"""Looks that a read may have: a few milliseconds. Each statement may bring one that it owes from its last run."""


class NotBriefError(Exception):
    """A read took more steps than the event loop may be kept from others."""


@contextmanager
def within_budget(connection: Connection, *, brief: bool) -> Iterator[None]:
    """End the statements of a brief read when they take too many steps together.

    :raises NotBriefError: they did, whatever the work made of the statement that was interrupted.
    """
    if not brief:
        yield
        return
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - only SQLite answers where it stands
    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return looks > LOOKS

    driver.set_progress_handler(look, STEPS)
    try:
        yield
    except Exception as error:
        if looks > LOOKS:
            raise NotBriefError from error
        raise
    finally:
        driver.set_progress_handler(None, 0)
    if looks > LOOKS:
        raise NotBriefError
