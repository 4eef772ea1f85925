"""Manifests, cards, statistics, packagings of models: what a tree's content says, so it is kept by its digest."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from strongroom.adapters.sql.tables.base import metadata, time_us

#: `body` is the JSON of the tree's strongroom.json, `digest` that of its meaning (docs/manifests.md).
manifest = Table(
    "manifest",
    metadata,
    Column("tree", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("body", Text, nullable=False),
    time_us("recorded_at"),
)

#: The distinct words of a tree's README.md or other card, with spaces between: full text of its versions.
card_words = Table(
    "card_words",
    metadata,
    Column("tree", String(64), primary_key=True),
    Column("words", Text, nullable=False),
)

#: `next_at` of statistics that a process works on is the end of its lease. `splits` is JSON: paths by declared split.
statistics = Table(
    "dataset_statistics",
    metadata,
    Column("tree", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("splits", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    time_us("next_at"),
    Column("body", Text, nullable=False),
    time_us("recorded_at"),
    Index("ix_dataset_statistics_due", "state", "next_at"),
)

#: What the tree's MLmodel says of the model; what is searched has a column. `body` is JSON: the documents read.
packaging = Table(
    "packaging",
    metadata,
    Column("tree", String(64), primary_key=True),
    Column("flavor", String(255), nullable=True, index=True),
    Column("flavor_version", String(255), nullable=True),
    Column("python_version", String(255), nullable=True, index=True),
    Column("has_signature", Boolean, nullable=False),
    Column("reason", Text, nullable=True),
    Column("body", Text, nullable=False),
    time_us("recorded_at"),
)
