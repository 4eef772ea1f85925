"""What is said of repositories, commits and refs, from our words to the Hub's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from strongroom.application.lineage.consumption import Downloads
from strongroom.application.registry.views import AssetView, RefView, RevisionView
from strongroom.dialects.huggingface.operation import PLACES
from strongroom.dialects.huggingface.translate.names import PULLS, repo_id, sha

ORGANISATION: Final = "org"


def moment(time: datetime) -> str:
    """A time as JavaScript writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def page_of(base: str, kind: str, name: str) -> str:
    """The address of a repository for people, which clients read its name from."""
    return f"{base}/{PLACES[kind][1]}{name}"


def info(
    view: AssetView,
    name: str,
    head: RevisionView | None,
    downloads: Downloads | None,
    card: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A repository. :param name: its id. :param head: the revision that was asked for. :param card: its fields."""
    said: dict[str, Any] = {
        "_id": view.uid,
        "id": name,
        "author": name.partition("/")[0],
        "sha": sha(head.digest) if head else None,
        "lastModified": moment(head.created_at if head else view.updated_at),
        "createdAt": moment(view.created_at),
        "private": view.visibility != "public",
        "gated": view.gated or False,
        "disabled": False,
        "downloads": downloads.lately if downloads else 0,
        "downloadsAllTime": downloads.ever if downloads else 0,
        "likes": 0,
        "tags": [tag.key if tag.value is None else f"{tag.key}:{tag.value}" for tag in view.tags],
    }
    if card is not None:
        said |= {"cardData": card}
    for name_, field in (("pipeline_tag", "pipeline_tag"), ("library_name", "library_name")):
        if isinstance(value := (card or {}).get(field), str):
            said[name_] = value
    if view.kind == "model":
        said["modelId"] = name
    if view.kind == "space":
        said |= {"sdk": view.type or None}
    return said


def kept_item(view: AssetView, name: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """A repository and the bytes of its different files, beside those listed with it."""
    total, own = sum(sizes.values()), sizes.get(view.uid, 0)
    return {
        "id": name,
        "type": view.kind,
        "updatedAt": moment(view.updated_at),
        "visibility": "public" if view.visibility == "public" else "private",
        "storage": own,
        "storagePercent": 100 * own / total if total else 0,
    }


def name_of(namespace: str, slug: str) -> str:
    """The id of a repository."""
    return repo_id(namespace, slug)


def ref_item(view: RefView) -> dict[str, Any]:
    """A branch, tag or pull request."""
    if view.name.startswith(PULLS):
        return {"name": view.name, "ref": view.name, "targetCommit": sha(view.revision)}
    place = "tags" if view.kind == "pin" else "heads"
    return {"name": view.name, "ref": f"refs/{place}/{view.name}", "targetCommit": sha(view.revision)}


def title_of(message: str) -> str:
    """The first line of a commit's message."""
    return message.partition("\n")[0]


def message_of(title: str, description: str) -> str:
    """A commit's message of its two parts."""
    return f"{title}\n\n{description}" if description else title


def commit_item(view: RevisionView, names: Mapping[str, str], *, formatted: bool) -> dict[str, Any]:
    """A commit in a history."""
    title, _, rest = view.message.partition("\n")
    said = {
        "id": sha(view.digest),
        "title": title,
        "message": rest.strip("\n"),
        "date": moment(view.created_at),
        "authors": [{"user": names.get(view.author, view.author)}],
    }
    return said | ({"formatted": {"title": title, "message": rest.strip("\n")}} if formatted else {})


def last_commit(view: RevisionView) -> dict[str, Any]:
    """A commit as the one that changed a file last."""
    return {"id": sha(view.digest), "title": title_of(view.message), "date": moment(view.created_at)}
