"""Running what made a version again, on this machine, when it is asked for; and comparing what comes out."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Invalid
from strongroom.sdk.finding import quoted, quoted_name, search
from strongroom.sdk.lineage_models import Use
from strongroom.sdk.localfiles import find, hash_all
from strongroom.sdk.models import Entry, Version
from strongroom.sdk.progress import Silent
from strongroom.sdk.reproduce import INPUTS, Recipe
from strongroom.sdk.run_models import RunInfo
from strongroom.sdk.steps import Step, drifted, failed, missing, right
from strongroom.sdk.surroundings import REPRODUCES, REPRODUCES_TAG

INPUTS_VARIABLE = "STRONGROOM_INPUTS"
OWN = "system/"
"""Series about the machine, which no two runs have alike."""


@dataclass(frozen=True, slots=True)
class Again:
    """What came of running it: the step, and the run that was recorded meanwhile, if any."""

    step: Step
    run: RunInfo | None = None


def execute(api: Api, made: Recipe, into: Path, python: str | None = None, arguments: Sequence[str] = ()) -> Again:
    """Run the recorded entry point in the rebuilt source. It finds the inputs' folder in STRONGROOM_INPUTS.

    :param python: instead of this one. :param arguments: which the entry point gets; they are not recorded.
    """
    recorded, root = str(made.run.source.get("entry_point") or ""), (into / "source").resolve()
    entry = entry_point(root, recorded)
    if entry is None:
        return Again(missing("run", f"the entry point {recorded!r} is not in {root}" if recorded else "no entry point"))
    before = {run.uid for run in _repeated(api, made.run)}
    settings = api.transport.settings
    known = {
        "STRONGROOM_URL": settings.url,
        "STRONGROOM_TOKEN": settings.token,
        "STRONGROOM_WORKSPACE": settings.workspace,
        REPRODUCES: made.run.uid,
        INPUTS_VARIABLE: str((into / INPUTS).resolve()),
    }
    environment = {**os.environ, **{key: value for key, value in known.items() if value}}
    program = os.path.abspath(python) if python and os.sep in python else python  # noqa: PTH100 - links stay: a venv's is one
    command = [program or sys.executable, str(entry), *arguments]
    try:  # standard output is for the answer of the command that called this
        code = subprocess.run(command, cwd=root, env=environment, stdout=sys.stderr, check=False).returncode  # noqa: S603
    except OSError as error:
        return Again(failed("run", f"{command[0]}: {error}"))
    if code:
        return Again(failed("run", f"{entry.relative_to(root)} ended with {code}"))
    new = next((run for run in _repeated(api, made.run) if run.uid not in before), None)
    said = f", recorded as run {new.uid}" if new else "; it recorded no run"
    return Again(right("run", f"{entry.relative_to(root)} ended well{said}"), new)


def entry_point(root: Path, recorded: str) -> Path | None:
    """The recorded script below the folder: as much of the end of its path as is there."""
    parts = PurePosixPath(recorded.replace("\\", "/")).parts
    for at in range(len(parts)):
        if ".." in parts[at:] or parts[at] == "/":
            continue
        found = root.joinpath(*parts[at:])
        if found.is_file() and found.resolve().is_relative_to(root):
            return found
    return None


def _repeated(api: Api, run: RunInfo) -> Iterator[RunInfo]:
    said = f"tags.{quoted_name(REPRODUCES_TAG)} = {quoted(run.uid)}"
    return search(api, "run", RunInfo, filter=said, experiment_uids=[run.experiment_uid])


def compare_metrics(recorded: RunInfo, other: RunInfo, tolerance: float = 0.0) -> list[Step]:
    """The last value of each series against the recorded one.

    :param tolerance: relative; 0 is equal. :raises Invalid: it is none.
    """
    if not 0 <= tolerance < math.inf:
        raise Invalid(f"A tolerance is 0 or more, not {tolerance}.")
    keys = [key for key in recorded.metrics if not key.startswith(OWN)]
    if not keys:
        return [missing("metrics", "the run recorded none to compare")]
    steps = []
    for key in keys:
        was, now = float(recorded.metrics[key].last), other.metrics.get(key)
        if now is None:
            steps.append(drifted(f"metric {key}", f"recorded {was}, now nothing"))
        elif not _equal(was, float(now.last), tolerance):
            steps.append(drifted(f"metric {key}", f"recorded {was}, now {float(now.last)}"))
    if recorded.metrics_total > len(recorded.metrics):
        steps.append(missing("metrics", f"only {len(recorded.metrics)} of {recorded.metrics_total} were compared"))
    return steps or [right("metrics", f"{len(keys)} are equal")]


def _equal(was: float, now: float, tolerance: float) -> bool:
    return (math.isnan(was) and math.isnan(now)) or math.isclose(was, now, rel_tol=tolerance)


def compare_files(api: Api, version: Version, outputs: Path) -> list[Step]:
    """Files of a folder against those of the version, by their SHA-256."""
    entries = api.every("file.list", Entry, uid=version.uid, recursive=True)
    was = {one.path: one.sha256 for one in entries if one.kind == "file"}
    if not outputs.exists():
        return [missing("outputs", f"there is no {outputs}")]
    now = {one.path: one.sha256 for one in hash_all(find(outputs), Silent())}
    steps = [
        drifted(f"file {path}", "absent" if path not in now else "new" if path not in was else "another digest")
        for path in sorted(was.keys() | now.keys())
        if was.get(path) != now.get(path)
    ]
    return steps or [right("digest", f"{len(was)} files are equal")]


def compare_versions(api: Api, version: Version, other: RunInfo) -> list[Step]:
    """The versions that another run put out against this one, by the digest of the whole."""
    uids = [use.vertex.uid for use in api.call("run.outputs", list[Use], uid=other.uid) if use.vertex.kind == "version"]
    found = [api.call("version.get", Version, uid=uid) for uid in uids if uid]
    if not found:
        return [missing("digest", f"run {other.uid} put out no version; name the files (--outputs)")]
    if same := next((one for one in found if one.tree == version.tree), None):
        return [right("digest", f"{same.reference} has the same digest {version.tree}")]
    return [
        drifted("digest", f"recorded {version.tree}, now {', '.join(f'{one.reference} {one.tree}' for one in found)}")
    ]
