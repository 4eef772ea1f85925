"""Where a run runs: the commit of its code and what is installed, read without changing anything."""

import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

_SECONDS = 5.0


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
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            command, capture_output=True, text=True, timeout=_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()


def _without_credentials(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else address
