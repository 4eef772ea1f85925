"""ls, resolve, diff and lineage."""

from itertools import islice
from typing import Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.cli.manifests import told
from strongroom.sdk.lookup import SIGNS
from strongroom.sdk.models import Graph, Vertex


def ls(
    reference: str | None = None,
    path: str = "",
    *,
    recursive: Annotated[bool, Parameter(name=["--recursive", "-r"], negative="")] = False,
    kind: str | None = None,
    tag: str | None = None,
    state: str = "active",
    limit: int = 1000,
    common: Common | None = None,
) -> None:
    """List assets; the versions of an asset (`ls prod/churn`); or the files of a version (`ls prod/churn:3`).

    Parameters
    ----------
    reference:
        Nothing, an asset, a version; or a namespace with a slash at its end.
    path:
        Directory of the version.
    recursive:
        All files below it.
    kind:
        Only assets of this kind.
    tag:
        Only those with this tag, KEY or KEY=VALUE.
    state:
        active, archived, trashed or all.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        if reference is None or reference.endswith("/"):
            namespace = reference.rstrip("/") if reference else None
            assets = client.search(kind=kind, namespace=namespace, tag=tag, state=state)
            columns: tuple[str, ...] = ("path", "kind", "latest", "aliases", "tags", "created_at")
            output.rows(islice(assets, limit), as_json=common.json, columns=columns)
        elif any(sign in reference for sign in SIGNS):
            version = client.resolve(reference, kind=kind)
            files = client.versions.files(version, path, recursive=recursive)
            output.rows(islice(files, limit), as_json=common.json, columns=("path", "kind", "size", "sha256"))
        else:
            asset = client.assets.get(reference, kind)
            versions = client.versions.list(asset, state=state, tag=tag)
            columns = ("number", "label", "aliases", "stage", "files", "bytes", "created_at", "description")
            output.rows(islice(versions, limit), as_json=common.json, columns=columns)


def resolve(reference: str, *, at: str | None = None, kind: str | None = None, common: Common | None = None) -> None:
    """What a reference such as prod/churn@champion means, now or (for an alias) at a time.

    Parameters
    ----------
    reference:
        Version.
    at:
        A time, RFC 3339.
    kind:
        Kind of the asset, when several have the name.
    """
    common = common or NONE
    with common.client() as client:
        output.one(client.resolve(reference, at=at, kind=kind), as_json=common.json)


def diff(before: str, after: str, *, common: Common | None = None) -> None:
    """What differs between two versions: files, card, signature, params and metrics of their runs."""
    common = common or NONE
    with common.client() as client:
        found = client.diff(before, after)
    if common.json:
        output.emit(found)
        return
    signs = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
    for change in found.changes:
        was = f" (was {output.text(change.before.path)})" if change.before and change.change == "renamed" else ""
        output.line(f"{signs.get(change.change, '?')} {output.text(change.path)}{was}")
    values = [(one.key, str(one.before), str(one.after)) for one in found.params]
    values += [(one.key, str(one.before), str(one.after)) for one in found.metrics]
    for key, before_, after_ in values:
        output.line(f"{output.text(key)}: {output.text(before_)} -> {output.text(after_)}")
    for change_ in found.packaging:
        for line in told(change_):
            output.line(output.text(line))
    for line in found.card or ():
        output.line(output.text(line))
    output.note(f"{len(found.changes)} path(s) differ{', and more' if found.truncated else ''}.")


def lineage(
    reference: str,
    *,
    run: Annotated[bool, Parameter(negative="")] = False,
    direction: Literal["up", "down", "both"] = "both",
    depth: int = 10,
    common: Common | None = None,
) -> None:
    """What a version or run came from (up), what came of it (down), or both.

    Parameters
    ----------
    reference:
        Version; or with --run the uid of a run.
    run:
        The reference is the uid of a run.
    depth:
        How many edges away.
    """
    common = common or NONE
    with common.client() as client:
        start = client.runs.get(reference) if run else reference
        graph = client.lineage(start, direction=direction, depth=depth)
    if common.json:
        output.emit(graph)
        return
    for edge in graph.edges:
        ends = _label(graph, edge.source), _label(graph, edge.target)
        output.line(f"{ends[0]} --{edge.type}--> {ends[1]}")
    if not graph.edges:
        output.note("Nothing is known of where it came from or what came of it.")
    if graph.truncated:
        output.note("There is more: the graph was cut at a limit.")


def _label(graph: Graph, place: int) -> str:
    vertex: Vertex = graph.vertices[place]
    return output.text(f"{vertex.type or vertex.kind} {vertex.label or vertex.uid or '(not visible)'}")
