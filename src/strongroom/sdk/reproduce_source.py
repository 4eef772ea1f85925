"""The source of a run: a clone at its commit with what differed from it; nothing of it is executed."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strongroom.sdk.steps import Step, drifted, failed, missing, right

NAME = "source"
_SECONDS = 600
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REMOTE = re.compile(r"(https://|ssh://)[^\s-]\S*|[A-Za-z0-9._]+@[A-Za-z0-9.-]+:[^\s-]\S*")
"""Recorded addresses that are cloned unasked; a path of another machine, or what starts a program, never is."""
_SAFE = ("-c", "protocol.ext.allow=never", "-c", f"core.hooksPath={os.devnull}")
_FOREIGN = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


def rebuild(folder: Path, source: Mapping[str, Any], diff: bytes | None, given: str | None) -> Step:
    """Clone into the folder, which is there only when all of it is right.

    :param diff: what differed from the commit. :param given: repository to clone instead of the recorded one.
    """
    lacking, repository = _lacking(source, diff, given)
    if lacking or repository is None:
        return lacking or missing(NAME, "no repository")
    partial = folder.with_name(f".source.{os.getpid()}")
    try:
        wrong = _clone(partial, repository, str(source["commit"]), diff)
        if wrong is None:
            partial.rename(folder)
    except (OSError, subprocess.SubprocessError) as error:
        return failed(NAME, f"git: {error}")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return wrong or right(NAME, f"{folder} at {source['commit']}{' with what differed from it' if diff else ''}")


def _lacking(source: Mapping[str, Any], diff: bytes | None, given: str | None) -> tuple[Step | None, str | None]:
    """What keeps it from being rebuilt; else the repository."""
    commit, digest = str(source.get("commit") or ""), source.get("dirty_diff_digest")
    if not _COMMIT.fullmatch(commit):
        return missing(NAME, "no commit was recorded"), None
    if source.get("dirty") and diff is None:
        return missing(NAME, "what differed from the commit was not kept"), None
    if diff is not None and digest and hashlib.sha256(diff).hexdigest() != digest:
        return drifted(NAME, "the difference in the run's folder is not the one that was recorded"), None
    repository = given or str(source.get("repository") or "")
    if not repository:
        return missing(NAME, f"no repository was recorded for commit {commit}; name one (--repository)"), None
    if not given and not _REMOTE.fullmatch(repository):
        return missing(NAME, f"{repository!r} is not cloned unasked; name it, if you trust it (--repository)"), None
    return None, repository


def _clone(folder: Path, repository: str, commit: str, diff: bytes | None) -> Step | None:
    cloned = _git(folder.parent, "clone", "--quiet", "--no-checkout", "--no-hardlinks", "--", repository, str(folder))
    if cloned.returncode:
        return missing(NAME, f"{repository} cannot be cloned: {_said(cloned)}")
    if _git(folder, "checkout", "--quiet", "--detach", commit).returncode:
        return missing(NAME, f"{repository} has no commit {commit}")
    if diff:
        applied = _git(folder, "apply", "--binary", "--whitespace=nowarn", "-", data=diff)
        if applied.returncode:
            return failed(NAME, f"what differed cannot be applied: {_said(applied)}")
    return None


def compare(folder: Path, source: Mapping[str, Any]) -> Step:
    """Whether the folder still is what was recorded, in the files that git knows."""
    try:
        head = _git(folder, "rev-parse", "HEAD").stdout.decode().strip()
        diff = _git(folder, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD").stdout
    except (OSError, subprocess.SubprocessError) as error:
        return failed(NAME, f"git: {error}")
    if head != source.get("commit"):
        return drifted(NAME, f"{folder} is at {head or 'no commit'}, the run was at {source.get('commit')}")
    found = hashlib.sha256(diff).hexdigest() if diff else None
    if found != source.get("dirty_diff_digest"):
        return drifted(NAME, f"files in {folder} are not those of the run")
    return right(NAME, f"{folder} is still as recorded")


def _git(folder: Path, *words: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    return subprocess.run(  # noqa: S603 - without a shell; addresses are checked or the caller's own
        ["git", *_SAFE, "-C", str(folder), *words],  # noqa: S607 - the user's git, found as their shell finds it
        input=data or b"",
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        env={**environment, "GIT_TERMINAL_PROMPT": "0"},
    )


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip()[-500:]
