"""Login, logout and whoami."""

import getpass
import sys
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk import Client, config
from strongroom.sdk.errors import Invalid, Unauthenticated
from strongroom.sdk.identity_models import IssuedToken


def login(
    url: str,
    *,
    user: str | None = None,
    workspace: str | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Check a token and save it with the server's address, readable by you alone.

    The token is asked for without showing it, or read as a line from standard input when that is no terminal.

    Parameters
    ----------
    url:
        Address of the server, such as https://registry.example.com.
    user:
        Log in by this user's password instead of a token; the token made so lives for 12 hours.
    workspace:
        Slug of the workspace to work in; your home when left out.
    json:
        Write JSON to standard output.
    """
    secret = _ask("Password: " if user else "Token: ")
    token = _by_password(url, user, secret) if user else secret
    with Client(url, token, workspace) as client:
        who = client.whoami()
        if who.principal is None:
            raise Unauthenticated("The server does not know this token.")
        where = config.save(config.Settings(client.settings.url, token, workspace))
    output.note(f"Saved in {where}.")
    output.one(who, as_json=True) if json else output.line(f"{who.principal.name} in workspace {who.workspace}")


def _ask(prompt: str) -> str:
    secret = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise Invalid("Nothing was given.")
    return secret.strip("\r\n")


def _by_password(url: str, user: str, password: str) -> str:
    with Client(url, None) as client:
        client.transport.settings = config.Settings(client.settings.url)
        return client.api.call("login.create", IssuedToken, name=user, password=password).token


def logout() -> None:
    """Forget what login saved. The token itself stays valid: end it with `strongroom token revoke`."""
    output.note("Forgotten." if config.forget() else "Nothing was saved.")


def whoami(*, common: Common | None = None) -> None:
    """Who you are to the server, and which roles you can use in the workspace."""
    common = common or NONE
    with common.client() as client:
        who = client.whoami()
    if common.json:
        output.emit(who)
        return
    name = who.principal.name if who.principal else "anonymous"
    output.line(f"{name} in workspace {who.workspace} at {client.settings.url}")
    for role in who.roles:
        output.line(f"  {role.role} on {role.level} {role.scope}".rstrip())
