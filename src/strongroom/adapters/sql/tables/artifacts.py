"""Blobs, who possesses them, trees, folders and uploads."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import ByteOrdered, Int64, index_of_present, key, metadata, ref, time_us

blob = Table(
    "blob",
    metadata,
    key(),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("blocks", LargeBinary, nullable=False),
    time_us("recorded_at"),
    time_us("condemned_at", nullable=True),
    time_us("damaged_at", nullable=True),
    index_of_present("ix_blob_condemned", "condemned_at"),
    index_of_present("ix_blob_damaged", "damaged_at"),
)

#: One row: how far the scrub has come, and until when a process has the turn.
scrub = Table(
    "scrub",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("after", BigInteger, nullable=False),
    time_us("begun_at"),
    Column("rounds", BigInteger, nullable=False),
    time_us("taken_until"),
)

#: Taken from `blob` by the collector, and not yet erased (decision 21). Once erased they stay a while where erasing is
#: done in two steps.
blob_leaving = Table(
    "blob_leaving",
    metadata,
    key(),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    time_us("condemned_at"),
    time_us("erased_at", nullable=True),
    # found in the store, where no row named it: how old its place is still counts
    Column("orphan", Boolean, nullable=False, server_default=sql("false")),
    # digests of its blocks, for one that cannot be erased and becomes a row of `blob` again; how often that was tried
    Column("blocks", LargeBinary, nullable=True),
    Column("tries", BigInteger, nullable=False, server_default=sql("0")),
    Index("ix_blob_leaving_sha256", "sha256"),
)

blob_digest = Table(
    "blob_digest",
    metadata,
    Column("blob_id", Int64, primary_key=True, autoincrement=False),
    Column("algo", String(16), primary_key=True),
    Column("value", String(128), nullable=False),
    Index("ix_blob_digest_value", "algo", "value"),
)

#: Possession: which asset holds which blob. Read-by-digest, recall, show-back and collection all read this table.
asset_blob = Table(
    "asset_blob",
    metadata,
    Column("asset_id", Int64, primary_key=True, autoincrement=False),
    Column("blob_id", Int64, primary_key=True, autoincrement=False),
    Index("ix_asset_blob_blob", "blob_id", "asset_id"),
    sqlite_with_rowid=False,
)

#: What a principal has sent within the last 48 hours (domain.md N16).
blob_ledger = Table(
    "blob_ledger",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("blob_id", Int64, primary_key=True, autoincrement=False),
    time_us("until"),
    Index("ix_blob_ledger_blob", "blob_id"),
    Index("ix_blob_ledger_until", "until"),
    sqlite_with_rowid=False,
)

#: Assets whose possession is looked at after a time: it was written for what is not there yet, or has become too much.
#: Until then nothing takes from the asset what is in `blobs`, ids of 8 bytes each.
possession_review = Table(
    "possession_review",
    metadata,
    Column("uid", String(36), primary_key=True),
    Column("asset_id", Int64, nullable=False),
    time_us("until"),
    Column("blobs", LargeBinary, nullable=True),
    Index("ix_possession_review_asset", "asset_id", "until"),
)

tree = Table(
    "tree",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("unpinned", Boolean, nullable=False, server_default=sql("false")),
)

tree_page = Table(
    "tree_page",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

folder = Table(
    "folder",
    metadata,
    key(),
    Column("owner_kind", String(16), nullable=False),
    Column("owner_id", Int64, nullable=False),
    ref("workspace_id", "workspace"),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    Index("uq_folder_owner", "owner_kind", "owner_id", unique=True),
)

folder_entry = Table(
    "folder_entry",
    metadata,
    Column("folder_id", Int64, primary_key=True, autoincrement=False),
    # compared byte by byte on both databases, as the tree is sorted
    Column("path", ByteOrdered, primary_key=True),
    Column("blob_id", Int64, nullable=True),
    Column("sha256", String(64), nullable=True),
    Column("uri", Text, nullable=True),
    Column("pin", Text, nullable=True),
    Column("size", BigInteger, nullable=True),
    Column("media_type", String(255), nullable=True),
    time_us("written_at"),
    index_of_present("ix_folder_entry_blob", "blob_id"),
    sqlite_with_rowid=False,
)

upload = Table(
    "upload",
    metadata,
    Column("uid", String(36), primary_key=True),
    ref("principal_id", "principal"),
    ref("workspace_id", "workspace"),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_size", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    time_us("recorded_at"),
    time_us("expires_at"),
    Index("ix_upload_resume", "principal_id", "sha256", "state"),
    Index("ix_upload_expires", "state", "expires_at"),
)

#: Like `upload`, for clients that announce neither digest nor size; its parts are in `upload_part` too.
file_upload = Table(
    "file_upload",
    metadata,
    Column("uid", String(36), primary_key=True),
    ref("principal_id", "principal"),
    ref("workspace_id", "workspace"),
    Column("owner_kind", String(16), nullable=False),
    Column("owner_uid", String(36), nullable=False),
    Column("path", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    time_us("recorded_at"),
    time_us("expires_at"),
    Index("ix_file_upload_mine", "principal_id", "state"),
    Index("ix_file_upload_expires", "state", "expires_at"),
)

upload_part = Table(
    "upload_part",
    metadata,
    Column("upload_uid", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)
