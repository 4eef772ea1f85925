"""Which server, as whom, in which workspace: from arguments, the environment, or the file that `login` wrote."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from strongroom.sdk.errors import Invalid, NotConfigured

_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to call.

    :param url: address of the server, without a trailing slash. :param token: never shown by ``repr``.
    :param workspace: slug; None is the home of the token's principal.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    workspace: str | None = None


def config_file() -> Path:
    """Where `login` keeps url, token and workspace: ``~/.config/strongroom/config.toml`` (or below XDG_CONFIG_HOME)."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "strongroom" / "config.toml"


def cache_folder() -> Path:
    """Where `pull` puts versions when no folder is named: ``~/.cache/strongroom``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "strongroom"


def load(url: str | None = None, token: str | None = None, workspace: str | None = None) -> Settings:
    """Settings by the first source that has each: argument, environment, file.

    A token out of the file is only ever sent to the address it was saved with.

    :raises NotConfigured: no address anywhere. :raises Invalid: an address or token of a wrong form.
    """
    saved = _read(config_file())
    url = url or os.environ.get("STRONGROOM_URL") or saved.get("url")
    if not url:
        raise NotConfigured("No server is named: pass url, set STRONGROOM_URL or run `strongroom login URL`.")
    url = clean_url(url)
    token = token or os.environ.get("STRONGROOM_TOKEN")
    workspace = workspace or os.environ.get("STRONGROOM_WORKSPACE")
    if saved.get("url") == url:
        token = token or saved.get("token")
        workspace = workspace or saved.get("workspace")
    for what, text in (("token", token), ("workspace", workspace)):
        if text and not (text.isascii() and _VISIBLE.fullmatch(text)):
            raise Invalid(f"The {what} holds white space or other characters that it cannot have.")
    return Settings(url, token or None, workspace or None)


def save(settings: Settings) -> Path:
    """Keep settings for later calls in a file that only its owner may read; returns where."""
    path = config_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {"url": settings.url, "token": settings.token, "workspace": settings.workspace}
    text = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
    return path


def forget() -> bool:
    """Remove what `save` kept; whether there was anything."""
    path = config_file()
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def clean_url(url: str) -> str:
    """An address without a slash at its end. :raises Invalid: not http or https, or with credentials in it."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise Invalid("The server's address is http(s)://HOST[:PORT], without user, query or fragment.")
    return url.strip().rstrip("/")


def _read(path: Path) -> Mapping[str, str]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"The configuration {path} cannot be read: {error}") from error
    return {key: value for key, value in content.items() if isinstance(value, str)}
