"""What the content of a version is: part of a run's or logged model's folder, files of the source, or an address."""

import re
from dataclasses import dataclass

from strongroom.sdk.imports.model import ModelVersion, Run
from strongroom.sdk.imports.places import Place, local_path
from strongroom.sdk.imports.source import Source
from strongroom.sdk.imports.target import DIALECT, Target

_OF_RUN = re.compile(r"runs:/+(?P<id>[^/]+)/?(?P<path>.*)")
_OF_MODEL = re.compile(r"models:/+(?P<id>m-[0-9a-zA-Z]+)/?(?P<path>.*)")
_MODEL_IN_PATH = re.compile(r"/models/(?P<id>m-[0-9a-zA-Z]+)/artifacts(?:/|$)")
_RUN_IN_PATH = re.compile(r"/(?P<id>[0-9a-zA-Z][\w-]{0,63})/artifacts(?:/|$)")
SCHEMED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Content:
    """Where the files of a version are.

    :ivar run_uid: the run that made it. :ivar folder: ``run`` or ``logged_model`` when they lie in one's folder here,
        at `path`. :ivar place: where they can be read in the source. :ivar uri: their address, when nothing else is.
    """

    run_uid: str | None
    folder: str | None = None
    folder_uid: str | None = None
    path: str = ""
    place: Place | None = None
    uri: str = ""


def content_of(target: Target, source: Source, version: ModelVersion) -> Content:
    """Find the content of a version, by the addresses that the source has of it."""
    run = source.run(version.run_id) if version.run_id else None
    found = target.find(DIALECT, "run", [version.run_id]).get(version.run_id) if version.run_id else None
    run_uid = found.uid if found else None
    for address in dict.fromkeys([version.location, version.source]):
        if owned := _owned(target, source, address, run, run_uid):
            return owned
    for address in dict.fromkeys([version.location, version.source]):
        if (place := source.place(address)) is not None and address:
            return Content(run_uid, place=place, uri=_uri(version))
    return Content(run_uid, uri=_uri(version))


def _owned(target: Target, source: Source, address: str, run: Run | None, run_uid: str | None) -> Content | None:
    """The part of a run's or logged model's folder that an address means."""
    for pattern in (_OF_MODEL, _MODEL_IN_PATH):
        if (match := pattern.search(address)) and (model := source.logged_model(match["id"])) is not None:
            path = match["path"] if pattern is _OF_MODEL else below(address, model.location)
            known = target.find(DIALECT, "logged_model", [model.id]).get(model.id)
            if path is not None:
                place = source.place(model.location, model=model)
                uid = known.uid if known else None
                return Content(run_uid, "logged_model" if uid else None, uid, path, _part(place, path), address)
    named = _OF_RUN.fullmatch(address) or _RUN_IN_PATH.search(address)
    owner = run if run is not None and named and named["id"] == run.id else (source.run(named["id"]) if named else None)
    if owner is None or named is None:
        return None
    path = named["path"] if "path" in named.groupdict() else below(address, owner.location)
    if path is None:
        return None
    known = target.find(DIALECT, "run", [owner.id]).get(owner.id)
    uid = known.uid if known else None
    return Content(
        run_uid or uid, "run" if uid else None, uid, path, _part(source.place(owner.location, run=owner), path)
    )


def _part(place: Place | None, path: str) -> Place | None:
    return place.below(path) if place is not None and path else place


def below(address: str, root: str) -> str | None:
    """The path of an address below another; None when it is not below it."""
    here, there = _plain(address), _plain(root)
    if here == there:
        return ""
    return here.removeprefix(there + "/") if here.startswith(there + "/") else None


def _plain(address: str) -> str:
    path = local_path(address)
    return (str(path) if path is not None and not address.startswith("mlflow-artifacts:") else address).rstrip("/")


def _uri(version: ModelVersion) -> str:
    """The address to keep when there are no bytes; a path of another machine as ``file://``."""
    address = version.location or version.source
    return address if SCHEMED.match(address) or not address else f"file://{address}"
