"""Principals, teams, grants, tokens, passwords, and the set-up of a server."""

from collections.abc import Mapping

from tests.support.api_world import World, in_days
from tests.support.plausible import Asked, Request, said


def own_token(world: World) -> Asked:
    return Asked({"id": world.token["id"]}, {})


def admin(world: World) -> object:
    return {"code": "x", "name": world.new("admin"), "password": "a long password"}


REQUESTS: Mapping[str, Request] = {
    "token.get": own_token,
    "token.revoke": own_token,
    **said("team.create", lambda world: {"name": world.new("made")}),
    **said("team.update", {"description": "d"}),
    **said("team.add_member", principal_uid=lambda world: world.principal["uid"]),
    **said("team.remove_member", principal_uid=lambda world: world.member["uid"]),
    **said("setup.complete", admin),
    **said("login.create", {"name": "nobody", "password": "wrong"}),
    **said("password.change", {"old_password": "x", "new_password": "a long password"}),
    **said("password.reset", {"password": "a long password"}),
    **said("token.issue", lambda _: {"expires_at": in_days(30)}),
    **said("grant.create", lambda world: {"role": "viewer", "subject": world.principal["uid"]}),
    **said("principal.create", lambda world: {"kind": "user", "name": world.new("someone")}),
    **said("principal.update", {"display_name": "d"}),
}
