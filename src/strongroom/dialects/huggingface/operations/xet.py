"""Tokens for the store of chunks: what a client of the Xet protocol holds for one repository (application/xet)."""

from strongroom.application.call import Call
from strongroom.application.recalls.chunked import source_of
from strongroom.application.xet import tokens
from strongroom.application.xet.tokens import Granted
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, command
from strongroom.dialects.huggingface.operations import found
from strongroom.domain.identity.roles import Permission


def _answer(granted: Granted) -> Answer:
    """The same twice: the Rust client reads the body, the Python one the headers."""
    said = {"casUrl": granted.url, "accessToken": granted.token, "exp": granted.expires_at_s}
    headers = {
        "X-Xet-Cas-Url": granted.url,
        "X-Xet-Access-Token": granted.token,
        "X-Xet-Token-Expiration": str(granted.expires_at_s),
    }
    return Answer(said, headers=headers)


@command("xet.read", "GET", "/api/{kinds}/{repo}/xet-read-token/{rev}", Permission.VERSION_BYTES)
def to_read(call: Call, asked: Asked[NoBody]) -> Answer:
    """A token to read the files of a revision; where it is a version's, what is read counts as its reads."""
    asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
    head = found.revision_of(call, asset, asked.path["rev"])
    version = call.tx.versions.by_revision(asset.id, head.digest)
    source = source_of(version, head.tree)
    return _answer(tokens.grant(call, asset.uid, write=False, origin=asked.origin, source=source))


@command("xet.write", "GET", "/api/{kinds}/{repo}/xet-write-token/{rev}", Permission.VERSION_REGISTER)
def to_write(call: Call, asked: Asked[NoBody]) -> Answer:
    """A token to send files to a repository; which branch they are for shows when they are committed."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    return _answer(tokens.grant(call, asset.uid, write=True, origin=asked.origin))


OPERATIONS = (to_read, to_write)
