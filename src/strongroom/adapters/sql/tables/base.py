"""Column shapes shared by every table."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    func,
    literal_column,
)
from sqlalchemy import text as sql
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite gives a row id of its own only to INTEGER PRIMARY KEY; PostgreSQL wants BIGINT.
Int64: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def key() -> Column[int]:
    """A surrogate primary key."""
    return Column("id", Int64, primary_key=True, autoincrement=True)


def uid() -> Column[str]:
    """The id that is shown outside: UUIDv7 as text."""
    return Column("uid", String(36), nullable=False, unique=True)


def ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """A foreign key to `target`.id."""
    return Column(name, Int64, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def time_us(name: str, *, nullable: bool = False) -> Column[int]:
    """A time in microseconds since 1970, UTC."""
    return Column(name, BigInteger, nullable=nullable)


def changed_at() -> Column[int]:
    """When the row was last changed; a row of a release that did not note it has its time of recording."""
    return Column("updated_at", BigInteger, nullable=False, server_default="0")


def claimed_at() -> Column[int]:
    """When the object was made elsewhere, as an import says (domain.md N17); none for what was made here."""
    return Column("claimed_at", BigInteger, nullable=True)


def text(name: str, *, default: str | None = None, nullable: bool = False) -> Column[str]:
    """Text without a length of its own (the domain bounds it)."""
    return Column(name, Text, nullable=nullable, server_default=default)


#: Text whose order decides what is below what, compared byte by byte on both databases, whatever the server's locale.
ByteOrdered: TypeEngine[str] = Text(collation="C").with_variant(Text(), "sqlite")


def json_text(name: str) -> Column[str]:
    """A JSON document as text: both databases then return the very characters that were written."""
    return Column(name, Text, nullable=False, server_default="{}")


def head(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """What an index holds of a text of any length; written as in the index, so that planners know it again."""
    return func.substr(text, literal_column("1"), literal_column("100"))


def index_of_present(name: str, column: str) -> Index:
    """An index over the rows in which a column is not NULL."""
    present = sql(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=present, postgresql_where=present)
