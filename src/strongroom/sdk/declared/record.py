"""What was applied last: a file in an asset of kind ``other``, named by its alias ``applied``.

An asset and not a table of its own: so it has a history, an audit trail, grants and a compare-and-swap like anything
else here. It is private when it is made, since it names what is declared.
"""

import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from strongroom.sdk.api import Api, encode
from strongroom.sdk.declared.objects import Object
from strongroom.sdk.declared.plan import Record
from strongroom.sdk.errors import Conflict, NotFound
from strongroom.sdk.lookup import plain_name, resolve
from strongroom.sdk.models import Alias, Asset, Version
from strongroom.sdk.progress import Silent
from strongroom.sdk.reader import RemoteFile
from strongroom.sdk.transfers import Said, find_file, push

KIND: Final = "other"
TYPE: Final = "declaration"
ALIAS: Final = "applied"
FILE: Final = "applied.json"
LARGEST: Final = 64 * 1024 * 1024


class _Kept(msgspec.Struct, frozen=True):
    kind: str
    identity: dict[str, str]
    members: dict[str, Any]


class _File(msgspec.Struct, frozen=True):
    strongroom: int
    objects: list[_Kept]


def read(api: Api, name: str | None) -> Record:
    """The record of a declaration; an empty one where nothing was applied yet, or where none is kept.

    :raises Conflict: an asset of that name is something else.
    """
    if name is None:
        return Record()
    try:
        found = resolve(api, f"{name}@{ALIAS}", KIND)
    except NotFound:
        return Record()
    if found.asset.type != TYPE or found.version is None:
        raise Conflict(f"{KIND} {name} is no record of a declaration.")
    alias = api.call("alias.get", Alias, uid=found.asset.uid, name=ALIAS)
    data = _bytes(api, found.version)
    try:
        rows = msgspec.json.decode(data, type=_File).objects
    except msgspec.MsgspecError as error:
        raise Conflict(f"{KIND} {name} is no record of a declaration: {error}") from error
    objects = (Object(one.kind, one.identity, one.members) for one in rows)
    return Record({one.key: one for one in objects}, alias.etag)


def _bytes(api: Api, version: Version) -> bytes:
    with io.BufferedReader(RemoteFile(api.transport, find_file(api, version, FILE))) as file:
        return file.read(LARGEST)


def write(api: Api, name: str, objects: Iterable[Object], etag: int) -> int:
    """Keep what is applied now. :raises PreconditionFailed: another apply was faster.

    :param etag: of the record as it was read. :returns: of the record that is kept now.
    """
    rows = [_Kept(one.kind, dict(one.identity), dict(one.members)) for one in objects]
    asset = _asset(api, name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_bytes(msgspec.json.encode(_File(1, rows), order="deterministic", enc_hook=encode))
        version = push(api, path, name, KIND, Said(message="strongroom apply"), Silent(), create=False)
    return api.call("alias.set", Alias, etag=etag, uid=asset.uid, name=ALIAS, version_uid=version.uid).etag


def _asset(api: Api, name: str) -> Asset:
    namespace, bare = plain_name(name)
    try:
        return resolve(api, f"{name}@latest", KIND).asset
    except NotFound:
        return api.call(
            "asset.create",
            Asset,
            kind=KIND,
            type=TYPE,
            namespace=namespace,
            name=bare,
            visibility="private",
            description="What `strongroom apply` brought about last. Written by it alone.",
        )
