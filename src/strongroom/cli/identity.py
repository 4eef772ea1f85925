"""Tokens and grants in words that are easier than the API's."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk import Client
from strongroom.sdk.errors import NotFound
from strongroom.sdk.lookup import asset_uid

RoleName = Literal["viewer", "contributor", "maintainer", "admin"]


def token_issue(
    *,
    description: str = "",
    principal: str | None = None,
    role_cap: RoleName | None = None,
    only_workspace: str | None = None,
    days: int | None = 90,
    never_expires: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Make a token; it is printed once, as the last line.

    Parameters
    ----------
    description:
        What it is for.
    principal:
        Name or uid of whom it is for; yourself when left out.
    role_cap:
        The most that it may use of any role.
    only_workspace:
        Slug of the only workspace it works in.
    days:
        Days until it expires, at most 366.
    never_expires:
        For service accounts only.
    """
    common = common or NONE
    expires = None if never_expires or days is None else datetime.now(UTC) + timedelta(days=days)
    with common.client() as client:
        issued = client.tokens.issue(
            description=description,
            principal=_principal(client, principal) if principal else None,
            role_cap=role_cap,
            workspace=only_workspace,
            expires_at=expires,
        )
    if common.json:
        output.emit(issued)
        return
    output.note(f"Token {issued.details.id}, expires {output.text(issued.details.expires_at) or 'never'}:")
    output.line(issued.token)


def _principal(client: Client, text: str) -> str:
    for found in client.principals.list():
        if text in (found.uid, found.name):
            return found.uid
    raise NotFound(f"There is no principal {text!r} in this workspace.")


def grant_create(
    subject: str,
    role: RoleName,
    *,
    team: Annotated[bool, Parameter(negative="")] = False,
    asset: str | None = None,
    namespace: str | None = None,
    environment: str | None = None,
    server: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Give a role on the workspace, or on an asset, a namespace, an environment or the whole server.

    Parameters
    ----------
    subject:
        Name or uid of a principal (of a team with --team).
    role:
        Role.
    team:
        The subject is a team.
    asset:
        Asset, by reference.
    namespace:
        Namespace, by its path.
    environment:
        Environment, by its name.
    server:
        The whole server.
    """
    common = common or NONE
    with common.client() as client:
        level, scope = "server" if server else "workspace", None
        if asset is not None:
            level, scope = "asset", asset_uid(client.api, asset)
        elif namespace is not None:
            level, scope = "namespace", _namespace(client, namespace)
        elif environment is not None:
            level, scope = "environment", str(client.call("environment.get", name=environment)["uid"])
        kind = "team" if team else "principal"
        grant = client.grants.create(subject, role, subject_kind=kind, level=level, scope_uid=scope)
    output.one(grant, as_json=common.json)


def _namespace(client: Client, path: str) -> str:
    from strongroom.sdk.models import Namespace

    for found in client.api.every("namespace.list", Namespace):
        if path in (found.path, found.uid):
            return found.uid
    raise NotFound(f"There is no namespace {path!r}.")
