"""The audit log: checkpoints, exports, proofs, and verification without any server."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from cyclopts import Parameter

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common
from strongroom.domain.audit.checkpoint import open_checkpoint
from strongroom.domain.audit.export import MAX_LINE_BYTES
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.audit.proofs import verify_inclusion
from strongroom.domain.audit.verify import Report, verify_export
from strongroom.domain.errors import Invalid as DomainInvalid
from strongroom.sdk.errors import Corrupted, Invalid, Unavailable

if TYPE_CHECKING:
    from strongroom.cli.audit_lines import Format

Many = Parameter(negative_iterable="")
_SHOWN = 20


def verify(
    export: Path,
    *,
    checkpoint: Annotated[list[Path] | None, Many] = None,
    key: Annotated[list[str] | None, Many] = None,
    receipt: Annotated[list[Path] | None, Many] = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Verify an exported audit log, with no server, and name the first wrong record.

    Exit code 0: nothing is wrong. 6: something is; each finding is a line.

    Parameters
    ----------
    export:
        File written by `strongroom audit export`.
    checkpoint:
        Signed checkpoint that you kept, or a folder of them, such as a copy of witness/ in the store: shows a log that
        was cut off or rewritten since. Repeat it for several.
    key:
        Key of the log that you trust (name+id+key), or a file with one a line. Without any, the export is only
        compared with the keys that it names itself.
    receipt:
        Receipt of a command that you kept, or a file with one a line.
    json:
        Write the report as JSON.
    """
    from strongroom.cli.ed25519 import verify as signed_by

    try:
        report = verify_export(
            lines(export),
            signed_by,
            [line for text in key for line in key_lines(text)] if key else None,
            [path.read_text(encoding="utf-8") for path in _each(checkpoint or [])],
            [line for path in receipt or [] for line in path.read_text(encoding="utf-8").splitlines() if line],
        )
    except (DomainInvalid, UnicodeDecodeError) as error:
        raise Invalid(str(error)) from error
    tell(report, as_json=json)
    return exits.OK if report.ok else exits.CORRUPTED


def _each(given: Sequence[Path]) -> Iterator[Path]:
    """Files, and the checkpoints in folders."""
    for path in given:
        found = sorted(path.glob("*.checkpoint")) if path.is_dir() else [path]
        if not found:
            raise Invalid(f"There is no *.checkpoint in {path}.")
        yield from found


def lines(path: Path) -> Iterator[bytes]:
    """Lines of a file, none read further than one of an export may be long."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            yield line


def key_lines(text: str) -> list[str]:
    """Keys given as themselves or in a file."""
    if "+" in text and not Path(text).is_file():
        return [text]
    return [line.strip() for line in Path(text).read_text(encoding="utf-8").splitlines() if line.strip()]


def tell(report: Report, *, as_json: bool) -> None:
    """Say what a verification found."""
    if as_json:
        findings = [{"place": one.place, "code": one.code, "sentence": one.sentence} for one in report.findings]
        output.emit(
            {
                "ok": report.ok,
                "origin": report.origin,
                "size": report.size,
                "records": report.records,
                "confirmed": report.confirmed,
                "root": report.root.hex() if report.root else None,
                "pinned": report.pinned,
                "findings": findings,
                "left_out": report.left_out,
            }
        )
        return
    output.line(report.sentence)
    for finding in report.findings[1:_SHOWN]:
        output.line(f"  {finding.sentence}")
    if (more := len(report.findings) - _SHOWN + report.left_out) > 0:
        output.line(f"  and {more} more")
    if report.ok and not report.pinned:
        output.note("No key was given: compare the export's keys with one you got elsewhere, and name it by --key.")


def checkpoint(*, to: Path | None = None, common: Common | None = None) -> None:
    """The log's size and root, signed now. Keep it: it proves later that nothing was cut off or rewritten.

    Parameters
    ----------
    to:
        File to write it to; standard output when left out.
    """
    common = common or NONE
    with common.client() as client:
        found = client.audit.checkpoint()
    if to is not None:
        to.write_text(found.note, encoding="utf-8")
        output.note(f"Checkpoint of {found.size} records in {to}.")
    if common.json:
        output.emit(found)
    elif to is None:
        output.line(found.note.rstrip("\n"))


def export(
    to: str | None = None,
    *,
    format: Annotated[Literal["log", "jsonl", "syslog"], Parameter(name="--format")] = "log",  # noqa: A002 - the word
    follow: Annotated[bool, Parameter(negative="")] = False,
    position: Path | None = None,
    start: int | None = None,
    ca: Path | None = None,
    common: Common | None = None,
) -> None:
    """Write the whole log to a file that `strongroom audit verify` reads, or pass its records on to another system.

    Parameters
    ----------
    to:
        A file; jsonl and syslog are appended to it, or go to standard output when it is left out. Syslog goes to
        tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT, too.
    format:
        log is what `audit verify` reads. jsonl is a record a line, syslog is RFC 5424 with the same as text.
    follow:
        Go on with records as they come, until you stop it; a connection that breaks is made again.
    position:
        File of how far it came, to go on there the next time. Each record is sent at least once.
    start:
        Leaf to begin with, instead.
    ca:
        Certificates that tls:// trusts, instead of the system's.
    """
    common = common or NONE
    if format != "log":
        _pass_on(to, format, follow=follow, kept=(position, start, ca), common=common)
        return
    if to is None or follow or any(given is not None for given in (position, start, ca)):
        raise Invalid(
            "The log for `audit verify` is one file: strongroom audit export FILE. To follow: --format jsonl."
        )
    with common.client() as client:
        path = client.audit.export(to)
    said = {"path": str(path), "bytes": path.stat().st_size}
    output.emit(said) if common.json else output.line(f"{path}: {said['bytes']:,} bytes")


def _pass_on(
    to: str | None,
    format_: "Format",
    *,
    follow: bool,
    kept: tuple[Path | None, int | None, Path | None],
    common: Common,
) -> None:
    from strongroom.cli.audit_follow import Follower
    from strongroom.cli.audit_sinks import opener

    position, start, authorities = kept
    if start is not None and start < 0:
        raise Invalid("Records are numbered from 0.")
    with common.client() as client:
        host = urlsplit(client.settings.url).hostname or "-"
        opened = opener(to, format_, host, authorities)
        try:
            sent = Follower(client.audit, opened, position).run(start, follow=follow)
        except OSError as error:
            raise Unavailable(f"{to or 'standard output'}: {error}") from error
    output.note(f"{sent} records sent.")


def proof(uid: str, *, key: Annotated[list[str] | None, Many] = None, common: Common | None = None) -> None:
    """Fetch the proof that a record is in the log, and check it here.

    Parameters
    ----------
    uid:
        Of the record.
    key:
        Key of the log that you trust, or a file with one a line; those that the server names when left out.
    """
    common = common or NONE
    with common.client() as client:
        found = client.audit.proof(uid)
        keys = [line for text in key for line in key_lines(text)] if key else client.audit.checkpoint().keys
    _check(found.checkpoint, keys, bytes.fromhex(found.hash), found.leaf, found.size, found.proof)
    if common.json:
        output.emit(found)
    else:
        output.line(f"Record {uid} is leaf {found.leaf} of the log of {found.size} records, as the log's key signed.")


def _check(note: str, keys: Sequence[str], leaf: bytes, index: int, size: int, path: Sequence[str]) -> None:
    from strongroom.cli.ed25519 import verify as signed_by

    try:
        signed = open_checkpoint(note, [VerifierKey.parse(text) for text in keys], signed_by)
    except DomainInvalid as error:
        raise Corrupted(error.message) from error
    hashes = [bytes.fromhex(text) for text in path]
    if signed.size != size or not verify_inclusion(leaf, index, size, hashes, signed.root):
        raise Corrupted("The proof does not lead to the root that the log's key signed.")
