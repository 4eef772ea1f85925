"""Column types of revision 0001."""

import sqlalchemy as sa

#: SQLite gives a row id of its own only to INTEGER PRIMARY KEY; PostgreSQL wants BIGINT.
INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Compared byte by byte on both databases, as trees are sorted.
PATH = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
