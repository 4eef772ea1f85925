"""Xorbs and reconstructions (docs/storage-format.md, Chunks)."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from strongroom.adapters.sql.tables.base import Int64, index_of_present, key, metadata, ref, time_us

#: A pack of chunks. Its body is a blob; what is known of its chunks is `chunks`, packed.
xorb = Table(
    "xorb",
    metadata,
    key(),
    Column("hash", String(64), nullable=False, unique=True),
    ref("blob_id", "blob"),
    Column("chunks", LargeBinary, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    Column("raw_bytes", BigInteger, nullable=False),
    time_us("recorded_at"),
    time_us("condemned_at", nullable=True),
    Index("ix_xorb_blob", "blob_id"),
    index_of_present("ix_xorb_condemned", "condemned_at"),
)

#: Chunks that answer questions of clients: the first eight bytes of the hash as a signed number, and where it is.
xorb_answer = Table(
    "xorb_answer",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("xorb_id", Int64, primary_key=True, autoincrement=False),
    Index("ix_xorb_answer_xorb", "xorb_id"),
    sqlite_with_rowid=False,
)

#: Xorbs that a principal has sent, or whose chunks it was told of under a key: for as long as clients remember them.
xorb_ledger = Table(
    "xorb_ledger",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("xorb_id", Int64, primary_key=True, autoincrement=False),
    time_us("until"),
    Index("ix_xorb_ledger_xorb", "xorb_id"),
    Index("ix_xorb_ledger_until", "until"),
    sqlite_with_rowid=False,
)

#: A reconstruction: a blob as ranges of chunks (`terms`, packed).
xet_file = Table(
    "xet_file",
    metadata,
    key(),
    Column("hash", String(64), nullable=False, unique=True),
    ref("blob_id", "blob"),
    Column("terms", LargeBinary, nullable=False),
    time_us("recorded_at"),
    Index("ix_xet_file_blob", "blob_id"),
)

xet_file_xorb = Table(
    "xet_file_xorb",
    metadata,
    Column("file_id", Int64, primary_key=True, autoincrement=False),
    Column("xorb_id", Int64, primary_key=True, autoincrement=False),
    Index("ix_xet_file_xorb_xorb", "xorb_id", "file_id"),
    sqlite_with_rowid=False,
)
