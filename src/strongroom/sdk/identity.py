"""Principals, teams, tokens and grants."""

from collections.abc import Iterator
from datetime import datetime

from strongroom.sdk.api import Api
from strongroom.sdk.identity_models import (
    AccessRequest,
    Grant,
    IssuedToken,
    Principal,
    Review,
    Standing,
    Team,
    Token,
    WhoAmI,
)
from strongroom.sdk.lookup import AssetRef, asset_uid


class Tokens:
    """``client.tokens``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def issue(
        self,
        *,
        description: str = "",
        principal: str | None = None,
        role_cap: str | None = None,
        workspace: str | None = None,
        expires_at: datetime | str | None = None,
    ) -> IssuedToken:
        """Make a token; its secret is in this answer and nowhere else.

        :param principal: uid of whom it is for; None is yourself. :param role_cap: the most it may use of any role.
        :param workspace: slug of the only one it works in. :param expires_at: None (never) is for service accounts.
        """
        return self._api.call(
            "token.issue",
            IssuedToken,
            description=description,
            principal=principal,
            role_cap=role_cap,
            workspace=workspace,
            expires_at=expires_at,
        )

    def list(self, principal: str | None = None) -> Iterator[Token]:
        """Your tokens, or those of a principal (uid), newest first."""
        return self._api.every("token.list", Token, principal=principal)

    def revoke(self, id: str) -> Token:  # noqa: A002 - the API's word
        """End a token now, by its public id."""
        return self._api.call("token.revoke", Token, id=id)

    def whoami(self) -> WhoAmI:
        """Who you are to the server."""
        return self._api.call("whoami.get", WhoAmI)


class Principals:
    """``client.principals``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(
        self, name: str, kind: str = "service", *, display_name: str = "", password: str | None = None
    ) -> Principal:
        """A user or service account at home in this workspace. It may do nothing until it is granted a role."""
        return self._api.call(
            "principal.create", Principal, kind=kind, name=name, display_name=display_name, password=password
        )

    def list(self, *, everywhere: bool = False) -> Iterator[Principal]:
        """Those of the workspace, or of the whole server."""
        return self._api.every("principal.list", Principal, everywhere=everywhere)

    def get(self, uid: str) -> Principal:
        """One principal."""
        return self._api.call("principal.get", Principal, uid=uid)

    def disable(self, uid: str) -> Principal:
        """Shut it out and revoke its tokens."""
        return self._api.call("principal.disable", Principal, uid=uid)

    def enable(self, uid: str) -> Principal:
        """Let it in again; its old tokens stay revoked."""
        return self._api.call("principal.enable", Principal, uid=uid)


class Teams:
    """``client.teams``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, name: str, description: str = "") -> Team:
        """A team without members."""
        return self._api.call("team.create", Team, name=name, description=description)

    def list(self) -> Iterator[Team]:
        """Teams of the workspace."""
        return self._api.every("team.list", Team)

    def delete(self, uid: str) -> None:
        """Delete it; its memberships and grants end."""
        self._api.send("team.delete", uid=uid)

    def members(self, uid: str, *, at: datetime | str | None = None) -> Iterator[Principal]:
        """Who is in it, now or as of a time."""
        return self._api.every("team.members", Principal, uid=uid, at=at)

    def add(self, uid: str, principal_uid: str) -> None:
        """Put a principal into it."""
        self._api.send("team.add_member", uid=uid, principal_uid=principal_uid)

    def remove(self, uid: str, principal_uid: str) -> None:
        """Take a principal out of it."""
        self._api.send("team.remove_member", uid=uid, principal_uid=principal_uid)


class Grants:
    """``client.grants``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(
        self,
        subject: str,
        role: str,
        *,
        subject_kind: str = "principal",
        asset: AssetRef | None = None,
        level: str = "workspace",
        scope_uid: str | None = None,
    ) -> Grant:
        """Give a role to a principal or team (uid or name), on the workspace or on one asset.

        :param level: server, workspace, namespace, asset or environment; `scope_uid` says which of the last three.
        """
        if asset is not None:
            level, scope_uid = "asset", asset_uid(self._api, asset)
        return self._api.call(
            "grant.create",
            Grant,
            role=role,
            subject=subject,
            subject_kind=subject_kind,
            level=level,
            scope_uid=scope_uid,
        )

    def list(
        self,
        *,
        asset: AssetRef | None = None,
        level: str = "workspace",
        scope_uid: str | None = None,
        subject: str | None = None,
        at: datetime | str | None = None,
    ) -> Iterator[Grant]:
        """Grants of a place (the workspace means all in it), now or as of a time."""
        if asset is not None:
            level, scope_uid = "asset", asset_uid(self._api, asset)
        return self._api.every("grant.list", Grant, level=level, scope_uid=scope_uid, subject=subject, at=at)

    def review(self, permission: str | None = None) -> Iterator[Review]:
        """Who holds which role in the workspace and why, by name; for its admins.

        :param permission: only who may do this, such as ``release:place``, and the roles that give it.
        """
        return self._api.every("access.review", Review, page_size=100, permission=permission)

    def revoke(self, uid: str) -> Grant:
        """End a grant; it stays in the history."""
        return self._api.call("grant.revoke", Grant, uid=uid)


class AccessRequests:
    """``client.access_requests``: the files of gated assets (``client.assets.update(..., gated="manual")``)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def ask(self, asset: AssetRef, message: str = "") -> AccessRequest:
        """Ask for the files of a gated asset; again changes nothing.

        :raises Conflict: there is no gate, or you were refused.
        """
        return self._api.call("access_request.create", AccessRequest, uid=asset_uid(self._api, asset), message=message)

    def own(self, asset: AssetRef) -> Standing:
        """Whether you pass the gate, and what became of your request."""
        return self._api.call("access_request.own", Standing, uid=asset_uid(self._api, asset))

    def list(self, asset: AssetRef, status: str | None = None) -> Iterator[AccessRequest]:
        """Who asked, the oldest first. :param status: pending, accepted or rejected."""
        return self._api.every("access_request.list", AccessRequest, uid=asset_uid(self._api, asset), status=status)

    def decide(self, asset: AssetRef, principal: str, status: str, *, reason: str = "") -> AccessRequest:
        """Accept a request (of a uid or name), refuse it, or put it back; a grant comes and goes with it."""
        return self._api.call(
            "access_request.decide",
            AccessRequest,
            uid=asset_uid(self._api, asset),
            principal=principal,
            status=status,
            reason=reason,
        )
