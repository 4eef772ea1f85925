"""Where a run runs: the commit of its code, what differs from it, and what is installed; nothing is changed."""

import hashlib
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_SECONDS = 5.0
DIFF_PATH = "source/dirty.diff"
"""Where the difference to the commit goes in the run's folder."""
DIFF_LARGEST = 8 * 1024 * 1024
"""Bytes of a difference that is kept; of a larger one only its digest is."""

REPRODUCES = "STRONGROOM_REPRODUCES"
"""Environment variable with the uid of the run that is being run again (`strongroom reproduce --run` sets it)."""
REPRODUCES_TAG = "strongroom.reproduces"
"""Tag of a run that says which run it does again."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What surrounds a run: source, lock text of what is installed, and the difference to the commit, if any."""

    source: dict[str, object]
    environment: str
    diff: bytes | None


def captured(folder: Path | None = None) -> Captured:
    """What surrounds a run that begins now in this working folder.

    The difference is of files that git knows (`git diff HEAD --binary`), so that `git apply` brings it back.
    """
    found = source(folder)
    diff = (
        _git_bytes(folder or Path.cwd(), "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD")
        if found.get("dirty")
        else None
    )
    if diff:
        found["dirty_diff_digest"] = hashlib.sha256(diff).hexdigest()
    return Captured(found, environment(), diff if diff and len(diff) <= DIFF_LARGEST else None)


def source(folder: Path | None = None) -> dict[str, object]:
    """Repository, commit, branch, whether files differ from the commit, and the script; what is unknown is left out."""
    found: dict[str, object] = {}
    if sys.argv and sys.argv[0] not in {"", "-c", "-m"}:
        found["entry_point"] = sys.argv[0][-500:]
    where = folder or Path.cwd()
    commit = _git(where, "rev-parse", "HEAD")
    if not commit:
        return found
    found["commit"] = commit
    if branch := _git(where, "symbolic-ref", "--short", "-q", "HEAD"):
        found["branch"] = branch[:500]
    if repository := _git(where, "config", "--get", "remote.origin.url"):
        found["repository"] = _without_credentials(repository)[:2000]
    changes = _git(where, "status", "--porcelain", "--untracked-files=no")
    if changes is not None:
        found["dirty"] = bool(changes)
    return found


def environment() -> str:
    """Python, platform and every installed package with its version, a line each."""
    packages = {
        f"{name}=={one.version}" for one in metadata.distributions() if (name := one.metadata["Name"]) and one.version
    }
    head = [f"# python {platform.python_version()}", f"# platform {platform.platform()}"]
    return "\n".join([*head, *sorted(packages, key=str.lower)]) + "\n"


def _git(folder: Path, *arguments: str) -> str | None:
    found = _git_bytes(folder, *arguments)
    try:
        return found.decode().strip() if found is not None else None
    except UnicodeDecodeError:
        return None


def _git_bytes(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            command, capture_output=True, timeout=_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _without_credentials(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else address
