"""Names of repositories and revisions: `ns/name` is namespace and asset by slug (domain.md N2)."""

import re
from typing import Final

from strongroom.application.paging import MAX_PAGE
from strongroom.domain.errors import BadName
from strongroom.domain.registry.refs import MAIN

PULLS: Final = "refs/pr/"
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_PREFIXES: Final = ("refs/heads/", "refs/tags/")
PAGE: Final = MAX_PAGE


class Moved(Exception):
    """A read of a repository by an old name. :param old: as it was asked for. :param new: as it is called now."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(new)
        self.old, self.new = old, new


def slug_path(text: str) -> str:
    """Slugs of a namespace, which the Hub's grammar holds in one segment, joined with dots."""
    return text.replace(".", "/")


def repo_id(namespace: str, slug: str) -> str:
    """How clients name an asset. :param namespace: slugs joined with ``/``."""
    return f"{namespace.replace('/', '.')}/{slug}"


def split_id(text: str) -> tuple[str, str]:
    """Slug path and slug of a repository's id. :raises BadName: it is not `ns/name`."""
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise BadName("A repository is called namespace/name.")
    return slug_path(namespace), name


def sha(digest: str) -> str:
    """What clients see of one of our SHA-256: 40 hex digits (domain.md N11)."""
    return digest[:40]


def revision(text: str) -> str:
    """A revision as clients name it, in our words: a branch, tag or sha, or one of our selectors (``@champion``)."""
    if _SHA.fullmatch(text):
        return f"~{text}"
    if text[:1] in {"@", ":", "~", "^"}:
        return text
    return "^" + ref_name(text).replace("%", "%25").replace("@", "%40")


def ref_name(text: str) -> str:
    """The name of a branch or tag, without what Git puts before it."""
    for prefix in _PREFIXES:
        if text.startswith(prefix):
            return text[len(prefix) :]
    return text or MAIN


def pull_of(number: int) -> str:
    """The branch of a pull request."""
    return f"{PULLS}{number}"
