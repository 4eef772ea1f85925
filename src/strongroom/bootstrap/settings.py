"""What an operator can set, defined once: the command line, STRONGROOM_* variables and the TOML file all fill these."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from strongroom.domain.errors import Invalid

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DATABASE_FILE: Final = "strongroom.db"
BLOBS: Final = "blobs"
KEYS: Final = "keys"
WORKERS_MOST: Final = 64
PORT_HIGHEST: Final = 65_535
SCRUB_DAYS_MOST: Final = 3650
WITNESS_HOURS_MOST: Final = 8_784.0
SCRUB_RATE_MOST: Final = 1_000_000.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """Where everything is kept.

    Parameters
    ----------
    data:
        Folder of the database, the bytes and the keys, whatever is not elsewhere; made when it is not there.
    database:
        PostgreSQL, as postgresql://user@host/name, instead of SQLite in the data folder.
    artifacts:
        Bucket for the bytes, as s3://, gs:// or az://, instead of the data folder.
    keys:
        Folder of the server's keys, the same on every replica; in the data folder unless told otherwise.
    """

    data: Annotated[Path | None, Parameter(env_var="STRONGROOM_DATA")] = None
    database: Annotated[str | None, Parameter(env_var="STRONGROOM_DATABASE")] = None
    artifacts: Annotated[str | None, Parameter(env_var="STRONGROOM_ARTIFACTS")] = None
    keys: Annotated[Path | None, Parameter(env_var="STRONGROOM_KEYS")] = None

    def __post_init__(self) -> None:
        if self.data is None and self.database is None:
            raise Invalid("Say where the data is: --data DIR, or --database URL with --artifacts URL and --keys DIR.")
        if self.data is None and self.keys is None:
            raise Invalid("With --database and no --data, say where the server's keys are: --keys DIR.")

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the database."""
        if self.database is not None:
            return self.database
        return f"sqlite:///{self._data / DATABASE_FILE}"

    @property
    def blobs(self) -> str | Path:
        """The bucket's URL, or the folder of the bytes.

        :raises Invalid: neither is given.
        """
        if self.artifacts is not None:
            return self.artifacts
        if self.data is None:
            raise Invalid("Say where the bytes are: --artifacts URL, or --data DIR.")
        return self._data / BLOBS

    @property
    def keys_folder(self) -> Path:
        """Where the keys are."""
        return self.keys.absolute() if self.keys is not None else self._data / KEYS

    @property
    def _data(self) -> Path:
        if self.data is None:
            raise Invalid("Say where the data is: --data DIR.")
        return self.data.absolute()


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """How the server is reached.

    Parameters
    ----------
    host:
        Address to listen on; only this machine unless told otherwise.
    port:
        Port to listen on; 0 takes a free one.
    workers:
        Server processes. More than one pays on PostgreSQL.
    public_reads:
        Let everybody read assets that are marked public, without a token.
    allowed_host:
        Host name under which clients reach the server, beside this machine's own; repeat it for several.
    webhook_network:
        Network beyond the public internet that webhooks may lead to, as 10.1.0.0/16; repeat it for several.
    reference_network:
        Network beyond the public internet where references (https://) may be looked up, as 10.1.0.0/16; repeat it.
    reference_bucket:
        Bucket, or part of one, where references may be looked up, written as --artifacts is; repeat it for several.
    proxy_uploads:
        Take chunks through this server also where the bytes are in a bucket: for buckets that clients do not reach.
    scrub_days:
        Days in which all bytes in the store are read once and compared with their digests; 0 reads none.
    scrub_rate:
        MiB a second that this reads at most.
    witness_hours:
        Hours between checkpoints of the audit log that are published below witness/ in the store; 0 publishes none.
    """

    host: Annotated[str, Parameter(env_var="STRONGROOM_HOST")] = "127.0.0.1"
    port: Annotated[int, Parameter(env_var="STRONGROOM_PORT")] = 8600
    workers: Annotated[int, Parameter(env_var="STRONGROOM_WORKERS")] = 1
    public_reads: Annotated[bool, Parameter(env_var="STRONGROOM_PUBLIC_READS", negative="")] = False
    allowed_host: Annotated[tuple[str, ...], Parameter(env_var="STRONGROOM_ALLOWED_HOST", negative="")] = ()
    webhook_network: Annotated[tuple[str, ...], Parameter(env_var="STRONGROOM_WEBHOOK_NETWORK", negative="")] = ()

    reference_network: Annotated[tuple[str, ...], Parameter(env_var="STRONGROOM_REFERENCE_NETWORK", negative="")] = ()
    reference_bucket: Annotated[tuple[str, ...], Parameter(env_var="STRONGROOM_REFERENCE_BUCKET", negative="")] = ()
    proxy_uploads: Annotated[bool, Parameter(env_var="STRONGROOM_PROXY_UPLOADS", negative="")] = False
    scrub_days: Annotated[float, Parameter(env_var="STRONGROOM_SCRUB_DAYS")] = 90.0
    scrub_rate: Annotated[float, Parameter(env_var="STRONGROOM_SCRUB_RATE")] = 20.0

    witness_hours: Annotated[float, Parameter(env_var="STRONGROOM_WITNESS_HOURS")] = 24.0

    def __post_init__(self) -> None:
        if not 0 <= self.witness_hours <= WITNESS_HOURS_MOST:
            raise Invalid("Checkpoints are published at least once a year; 0 for never.")
        if not 0 <= self.scrub_days <= SCRUB_DAYS_MOST:
            raise Invalid(f"The store is scrubbed in at most {SCRUB_DAYS_MOST} days; 0 for never.")
        if not 0 < self.scrub_rate < SCRUB_RATE_MOST:
            raise Invalid("The scrub reads some MiB a second.")
        if not 1 <= self.workers <= WORKERS_MOST:
            raise Invalid(f"Between 1 and {WORKERS_MOST} workers.")
        if not 0 <= self.port <= PORT_HIGHEST:
            raise Invalid(f"A port is a number up to {PORT_HIGHEST}.")

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a request's Host header may have; loopback's always."""
        own = {self.host} - {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound
        return frozenset({*LOOPBACK, *own, *(name.lower() for name in self.allowed_host)})
