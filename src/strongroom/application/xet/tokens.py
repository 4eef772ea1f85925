"""CAS tokens: what a client of the Xet protocol holds instead of its token, for one asset and one quarter of an hour.

A CAS token is sealed, not stored. It names the token that it was given for, which is looked up in every request: when
that is revoked or its grant taken back, the CAS token and the addresses given for it end with the next request.

For dialects that grant them (the hub's ``xet-read-token`` and ``xet-write-token`` routes): in a command, call
`grant(call, asset_uid, write=..., origin=..., source=...)`, and answer with `url`, `token` and `expires_at_s`.
"""

from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.identity.authentication import Shown
from strongroom.application.paging import PageSealer
from strongroom.application.recalls import chunked
from strongroom.application.registry import assets, versions
from strongroom.domain.errors import BadPageToken, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset

LIFE_S: Final = 900
STORE_SETTING: Final = "xet_store"
ORIGIN_LONGEST: Final = 300
PREFIX: Final = "/cas"
_SEALED: Final = "xet.token"
_EXPIRED: Final = "The CAS token is unknown or expired."


@dataclass(frozen=True, slots=True)
class Granted:
    """A CAS token with the address of the store that it opens, and when it ends (seconds since 1970)."""

    url: str
    token: str
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class Session:
    """What a CAS token says.

    :ivar origin: scheme and host under which the client reaches us. :ivar token_id: None for those without a token.
    :ivar version: the version whose files may be read, and whose reads that are; `tree:` and a digest of a revision
        that is no version; None where it is for the files of every version.
    """

    store: str
    origin: str
    workspace: str
    asset: str
    write: bool
    token_id: str | None
    expires_at_s: int
    version: str | None = None

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"{self.origin}{PREFIX}/{self.store}"

    @property
    def shown(self) -> Shown | None:
        """The token that it was given for."""
        return Shown(self.token_id) if self.token_id is not None else None


def store_id(call: Call) -> str:
    """The store's name in addresses, made when first asked for. Clients use what they know for no other store."""
    found = call.tx.settings.get(STORE_SETTING)
    if found is None:
        found = call.tx.random_bytes(8).hex()
        call.tx.settings.put(STORE_SETTING, found)
    return found


def grant(call: Call, asset_uid: str, *, write: bool, origin: str, source: str | None = None) -> Granted:
    """A CAS token of the caller for an asset; in a writing transaction, since the first one makes the store's name.

    :param origin: scheme and host under which the client reaches us, such as ``https://models.example``.
    :param source: what is going to be read, by `recalls.chunked.source_of`; reads of a version are counted for audit.
    :raises NotFound, Forbidden: the caller may not read the asset's bytes, or not register versions of it.
    :raises Recalled: what is going to be read is recalled.
    """
    if not origin.startswith(("http://", "https://")) or len(origin) > ORIGIN_LONGEST:
        raise Invalid("The address of this server is written as http://host or https://host.")
    asset = _allowed(call, asset_uid, write=write)
    version_uid = None if source is None or source.startswith(chunked.TREE) else source
    if version_uid is not None and versions.readable(call, version_uid)[0].id != asset.id:
        raise NotFound("The asset has no such version.")
    chunked.refuse_source(call, source)
    expires = call.now // 1_000_000 + LIFE_S
    session = Session(
        store_id(call),
        origin.rstrip("/"),
        call.workspace.slug,
        asset.uid,
        write,
        call.caller.token_id,
        expires,
        source,
    )
    said = (session.store, session.origin, session.workspace, asset.uid, write, session.token_id, expires, source)
    return Granted(session.url, call.sealer.seal_credential(_SEALED, said), expires)


def opened(sealer: PageSealer, token: str) -> Session:
    """What a CAS token says; whether it still lives is looked up where it is used.

    :raises Unauthenticated: this installation did not give it.
    """
    try:
        said = sealer.open_credential(_SEALED, token)
    except BadPageToken:
        raise Unauthenticated(_EXPIRED) from None
    store, origin, workspace, asset, write, token_id, expires, version = said
    held, of = (None if one is None else str(one) for one in (token_id, version))
    return Session(str(store), str(origin), str(workspace), str(asset), bool(write), held, int(str(expires)), of)


def target(call: Call, session: Session, *, write: bool) -> Asset:
    """The asset that a CAS token is for, when it still is, and the caller may still do this.

    :raises Unauthenticated: it has ended. :raises NotFound: the store has another name now, or there is no asset.
    """
    if session.expires_at_s * 1_000_000 <= call.now:
        raise Unauthenticated(_EXPIRED)
    if call.tx.settings.get(STORE_SETTING) != session.store:
        raise NotFound("There is no such store any more; ask for a new token.")
    if write and not session.write:
        raise Forbidden("This CAS token is for reading.", permission=Permission.VERSION_REGISTER.value)
    return _allowed(call, session.asset, write=write)


def readable(call: Call, asset_uid: str) -> Asset:
    """An asset whose bytes the caller may read. :raises Conflict: it is in the trash."""
    return _allowed(call, asset_uid, write=False)


def _allowed(call: Call, asset_uid: str, *, write: bool) -> Asset:
    asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER if write else Permission.VERSION_BYTES)
    if asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    return asset
