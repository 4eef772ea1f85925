"""Members: what a manifest is made of, each named by its digest, so that the whole changes when one of them does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.artifacts.tree import URI_LONGEST
from strongroom.domain.manifests.document import Plain, bad, below

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}:[^\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SECRET_IN_URI = re.compile(r"[^/?#]+://[^/?#@]*:[^/?#@]+@")
NAME_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Member:
    """A version of this registry, by uid and the digest of its tree, or something elsewhere by URI and digest.

    `name` is how people call it (a reference such as ``prod/base:3``); it decides nothing and is in no digest.
    """

    digest: str
    version: str | None = None
    uri: str | None = None
    name: str | None = None

    @property
    def tree(self) -> str:
        """The digest without its prefix, as versions have it."""
        return self.digest.removeprefix("sha256:")


@dataclass(frozen=True, slots=True)
class Placed:
    """A member, its place in the manifest, and the kinds that it may be of (any when empty)."""

    member: Member
    path: str
    kinds: tuple[str, ...]


def read_member(value: Plain, path: str) -> Member:
    """A member as a manifest writes it: ``{"version": uid, "digest": "sha256:…"}`` or ``{"uri": …, "digest": …}``.

    :raises BadManifest: anything else.
    """
    if not isinstance(value, Mapping):
        bad(path, "must be an object that names a version or URI by its digest.")
    if unknown := sorted(value.keys() - {"version", "uri", "digest", "name"}):
        bad(below(path, unknown[0]), "is not a field of it.")
    digest = _text(value, "digest", _DIGEST, path, "must be 'sha256:' and 64 lower-case hex digits.")
    if digest is None:
        bad(below(path, "digest"), "is missing.")
    version = _text(value, "version", _UID, path, "must be the uid of a version.")
    uri = _text(value, "uri", _URI, path, "must be an absolute URI.")
    if (version is None) == (uri is None):
        bad(path, "names either a version or a URI.")
    if uri is not None and (len(uri) > URI_LONGEST or _SECRET_IN_URI.match(uri)):
        bad(below(path, "uri"), f"has at most {URI_LONGEST} characters and carries no password.")
    name = value.get("name")
    if name is not None and (not isinstance(name, str) or len(name) > NAME_LONGEST):
        bad(below(path, "name"), "must be a text.")
    return Member(digest, version, uri, name)


def _text(value: Mapping[str, Plain], key: str, form: re.Pattern[str], path: str, message: str) -> str | None:
    text = value.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or not form.fullmatch(text):
        bad(below(path, key), message)
    return text
