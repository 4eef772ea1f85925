"""What made a version, rebuilt in a folder: source, lock of the environment, inputs, each with what is missing.

A folder that was rebuilt before is not made anew but compared with what was recorded: what differs has drifted.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from strongroom.sdk import reproduce_source
from strongroom.sdk.api import Api, encode
from strongroom.sdk.destination import checked
from strongroom.sdk.download import is_there
from strongroom.sdk.errors import BadPath, Conflict, NotFound
from strongroom.sdk.lineage_models import Use
from strongroom.sdk.models import Entry, Version
from strongroom.sdk.progress import Silent
from strongroom.sdk.run_models import RunInfo
from strongroom.sdk.steps import Step, drifted, missing, right
from strongroom.sdk.surroundings import DIFF_PATH
from strongroom.sdk.transfers import pull, wanted

NOTE = "reproduce.json"
LOCK = "requirements.lock"
INPUTS = "inputs"
_SHOWN = 5
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is recorded of how a version was made.

    :ivar environment: lock text; None when it was not recorded. :ivar diff: what differed from the commit.
    """

    version: Version
    run: RunInfo
    environment: str | None
    diff: bytes | None
    inputs: list[Use]

    def told(self) -> dict[str, Any]:
        """As ``reproduce.json`` keeps it."""
        return {
            "version": self.version.reference,
            "version_uid": self.version.uid,
            "tree": self.version.tree,
            "run": self.run.uid,
            "source": dict(self.run.source),
            "params": dict(self.run.params),
            "metrics": {key: one.last for key, one in self.run.metrics.items()},
            "inputs": [_told(use) for use in self.inputs],
        }


def recipe(api: Api, version: Version) -> Recipe:
    """Ask for all of it. :raises NotFound: no run is named as what made the version, or none that you may see."""
    if version.run_uid is None:
        raise NotFound(f"Nothing says which run made {version.reference}.")
    run = api.call("run.get", RunInfo, uid=version.run_uid)
    environment = diff = None
    with contextlib.suppress(NotFound):
        environment = str(api.call("run.environment", dict, uid=run.uid)["environment"])
    if run.source.get("dirty"):
        with contextlib.suppress(NotFound):
            diff = api.send("folder.download", kind="run", uid=run.uid, path=DIFF_PATH).body
    return Recipe(version, run, environment, diff, api.call("run.inputs", list[Use], uid=run.uid))


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller has: a repository (path or address), and files for inputs that lie elsewhere, by their name."""

    repository: str | None = None
    inputs: Mapping[str, Path] = field(default_factory=dict)


def rebuild(api: Api, made: Recipe, into: Path, given: Given) -> list[Step]:
    """Rebuild in a folder, or compare with what stands there; a step for each part.

    :raises Conflict: the folder holds something else.
    """
    before = _begin(made, into)
    steps = [_lock(made, into)]
    source = into / "source"
    steps.append(
        reproduce_source.compare(source, made.run.source)
        if source.exists()
        else reproduce_source.rebuild(source, made.run.source, made.diff, given.repository)
    )
    steps += [_input(api, use, into / INPUTS, given, compare=before) for use in made.inputs]
    if unknown := sorted(given.inputs.keys() - {use.vertex.label for use in made.inputs}):
        steps.append(missing("inputs", f"the run read nothing named {', '.join(unknown)}"))
    _note(made, into, complete=True, steps=steps)
    return steps


def _begin(made: Recipe, into: Path) -> bool:
    """Whether it was rebuilt here before."""
    note = into / NOTE
    if note.exists():
        try:
            said = msgspec.json.decode(note.read_bytes(), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise Conflict(f"{note} cannot be read: {error}") from error
        if said.get("version_uid") != made.version.uid:
            raise Conflict(f"{into} was made for {said.get('version')}, not {made.version.reference}.")
        return bool(said.get("complete"))
    if into.exists() and any(into.iterdir()):
        raise Conflict(f"{into} holds something else; name a folder that is empty or not there.")
    into.mkdir(parents=True, exist_ok=True)
    _note(made, into, complete=False, steps=[])
    return False


def _note(made: Recipe, into: Path, *, complete: bool, steps: list[Step]) -> None:
    said = {**made.told(), "complete": complete, "steps": steps}
    partial = into / f".{NOTE}.{os.getpid()}"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(said, enc_hook=encode), indent=2) + b"\n")
    partial.replace(into / NOTE)


def _lock(made: Recipe, into: Path) -> Step:
    if made.environment is None:
        return missing("environment", "what was installed was not recorded")
    text, file = made.environment, into / LOCK
    if file.exists() and file.read_text(encoding="utf-8") != text:
        return drifted("environment", f"{LOCK} is not what was recorded")
    file.write_text(text, encoding="utf-8")
    return right("environment", f"{LOCK}, {sum(not line.startswith('#') for line in text.splitlines())} packages")


def _told(use: Use) -> dict[str, Any]:
    vertex = use.vertex
    return {
        "kind": vertex.kind,
        "name": vertex.label,
        "uid": vertex.uid,
        "digest": vertex.digest or (use.node.digest if use.node else None),
        "uri": use.node.uri if use.node else None,
    }


def _input(api: Api, use: Use, folder: Path, given: Given, *, compare: bool) -> Step:
    name = f"input {use.vertex.label or use.vertex.kind}"
    if use.vertex.kind == "version" and use.vertex.uid:
        try:
            version = api.call("version.get", Version, uid=use.vertex.uid)
            return _registered(api, name, version, folder, compare=compare)
        except (NotFound, Conflict) as error:
            return missing(name, error.detail)
    if use.vertex.kind == "hidden":
        return missing(name, "the run read something that you may not see")
    return _foreign(name, _told(use), folder, given.inputs.get(use.vertex.label or ""))


def _registered(api: Api, name: str, version: Version, folder: Path, *, compare: bool) -> Step:
    place = folder / _place(version)
    if not (compare and place.exists()):
        found = pull(api, version, place, "", Silent())
        left = f"; not fetched, they lie elsewhere: {_some(one.path for one in found.references)}"
        return right(name, f"{place}, {found.files} files, digest {version.tree}{left if found.references else ''}")
    if wrong := sorted(_wrong(api, version, place)):
        return drifted(name, f"not what the run read: {_some(wrong)}")
    return right(name, f"{place} is still {version.tree}")


def _place(version: Version) -> str:
    try:
        return checked(f"{version.asset}/{version.number}")
    except BadPath:
        return version.uid


def _wrong(api: Api, version: Version, place: Path) -> Iterator[str]:
    """Paths that are absent, changed or not of the version."""
    files = [one for one in api.every("file.list", Entry, uid=version.uid, recursive=True) if one.kind == "file"]
    yield from (one.path for one in files if not is_there(place, wanted(version, one)))
    known = {one.path for one in files}
    for found in place.rglob("*"):
        path = found.relative_to(place).as_posix()
        if (found.is_symlink() or not found.is_dir()) and path not in known:
            yield path


def _foreign(name: str, told: Mapping[str, Any], folder: Path, given: Path | None) -> Step:
    """Something that is not in the registry: taken from the caller, compared when its digest is a SHA-256."""
    place = folder / "foreign" / re.sub(r"[^A-Za-z0-9._-]+|^\.+", "-", str(told["name"]))[:200]
    digest = _SHA256.fullmatch(str(told["digest"] or ""))
    where = f"{told['uri'] or 'nobody knows where'}, digest {told['digest'] or 'unknown'}"
    file = given if given is not None else place
    if not file.is_file():
        lacking = f"there is no file {given}; " if given is not None else ""
        return (missing if given is not None else _elsewhere)(name, f"{lacking}it lies elsewhere: {where}")
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest and digest[1] != found:
        return drifted(name, f"{file} has the digest sha256:{found}, the run read {told['digest']}")
    if file != place:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    return right(name, f"{place}, {'as recorded' if digest else 'no SHA-256 was recorded: not compared'}")


def _elsewhere(name: str, detail: str) -> Step:
    return Step(name, "elsewhere", detail)


def _some(names: Any) -> str:  # noqa: ANN401 - any iterable of texts
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
