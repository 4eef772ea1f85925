"""Workspaces, namespaces, assets, versions and what is said of them."""

from collections.abc import Mapping

from strongroom.domain.registry.stages import DEFAULT_STAGES
from tests.support.api_world import World
from tests.support.plausible import Asked, Request, said


def workspace(json: object = ...) -> Request:
    return lambda world: Asked({"slug": world.workspace}, {}, json)


def made(word: str, **more: str) -> object:
    return lambda world: {word: world.new("made"), **more}


def described(json: object = ...) -> Request:
    return lambda world: Asked({"kind": "asset", "uid": world.asset["uid"]}, {}, json)


def own_alias(world: World) -> Asked:
    return Asked({"uid": world.asset["uid"], "name": world.alias["name"]}, {})


def changed(world: World) -> object:
    return {"changes": [{"name": "one", "version_uid": world.version["uid"]}]}


STAGES = {"stages": [*DEFAULT_STAGES.stages], "edges": sorted(map(list, DEFAULT_STAGES.edges))}

REQUESTS: Mapping[str, Request] = {
    "workspace.get": workspace(),
    "workspace.stages": workspace(),
    "workspace.update": workspace({"description": "d"}),
    "workspace.define_stages": workspace(STAGES),
    "tag.list": described(),
    "tag.set": described({"tags": {"a": "b"}}),
    "tag.remove": described({"keys": ["t"]}),
    "property.set": described({"properties": {"a": 1}}),
    "lineage.walk": lambda world: Asked({"kind": "version", "uid": world.version["uid"]}, {}),
    "alias.get": own_alias,
    "alias.remove": own_alias,
    **said("workspace.create", lambda world: {"slug": world.new("place")}),
    **said("namespace.create", made("path")),
    **said("namespace.update", {"description": "d"}),
    **said("asset.create", made("name", kind="model")),
    **said("asset.update", {"description": "d"}),
    **said("asset.resolve", query={"reference": lambda world: world.asset["name"]}),
    **said("asset.rename", lambda world: {"name": world.new("renamed")}),
    **said("asset.purge", {"reason": "r"}),
    **said("alias.change", changed),
    **said("alias.set", lambda world: {"version_uid": world.version["uid"]}, name="new"),
    **said("version.update", {"description": "d"}),
    **said("version.purge", {"reason": "r"}),
    **said("version.register", lambda world: {"run_uid": world.run["uid"]}),
    **said("version.diff", other=lambda world: world.version["uid"]),
    **said("draft.create", {}),
    **said("draft.seal", {}),
    **said("stage.set", {"stage": "development"}),
}
