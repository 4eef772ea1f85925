"""From the names in a declaration (``asset model prod/churn``, ``namespace prod``) to what they mean on the server."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from strongroom.sdk.api import Api
from strongroom.sdk.declared.objects import Object
from strongroom.sdk.delivery_models import Environment
from strongroom.sdk.errors import NotFound
from strongroom.sdk.lookup import resolve
from strongroom.sdk.models import Answer, Asset


class Namespace(Answer, frozen=True):
    """A namespace."""

    uid: str
    path: str
    slug_path: str


@dataclass(frozen=True, slots=True)
class Place:
    """Something that a grant stands on or a webhook is limited to. `name`: path of a namespace."""

    level: str
    uid: str | None = None
    name: str | None = None


def asset_at(api: Api, kind: str, path: str) -> Asset | None:
    """The asset of that kind and path, as one that was renamed says it too: see its `path`."""
    try:
        return resolve(api, f"{path}@latest", kind).asset
    except NotFound:
        return None


class Places:
    """What is there, looked up once each. What the declaration itself will make is `coming`.

    `moved`: by how much commands on aliases moved the ETag of an asset (uid) since it was looked up.
    """

    def __init__(self, api: Api, wanted: Iterable[Object]) -> None:
        self.api = api
        self._coming = set(_made_by(wanted))
        self.moved: Counter[str] = Counter()
        self.renamed: dict[tuple[str, str], str] = {}
        self._assets: dict[tuple[str, str], Asset | None] = {}
        self._namespaces: dict[str, Namespace] | None = None
        self._environments: dict[str, Environment] | None = None

    def asset(self, kind: str, path: str) -> Asset | None:
        """The asset of that kind and path; one that has another name now is noted in `renamed`, and is not it."""
        if (kind, path) not in self._assets:
            found = asset_at(self.api, kind, path)
            if found is not None and found.path != path:
                self.renamed[kind, path] = f"{kind} {path} was renamed to {found.path}: declare it under that name."
                found = None
            self._assets[kind, path] = found
        return self._assets[kind, path]

    def environments(self) -> dict[str, Environment]:
        """Environments by their names."""
        if self._environments is None:
            listed = self.api.call("environment.list", list[Environment])
            self._environments = {one.name: one for one in listed}
        return self._environments

    def namespaces(self) -> dict[str, Namespace]:
        """Namespaces by their paths."""
        if self._namespaces is None:
            self._namespaces = {one.path: one for one in self.api.every("namespace.list", Namespace)}
        return self._namespaces

    def problem(self, words: str) -> str | None:
        """Why there is no such place, and none to come."""
        if words in self._coming or self.find(words) is not None:
            return None
        return f"There is no {words.removeprefix('asset ')}, and none is declared."

    def find(self, words: str) -> Place | None:
        """A place by its words: ``workspace``, ``environment prod``, ``namespace prod``, ``asset model prod/churn``."""
        level, _, name = words.partition(" ")
        if level == "asset":
            kind, _, path = name.partition(" ")
            asset = self.asset(kind, path)
            return Place(level, asset.uid) if asset else None
        if level == "environment":
            environment = self.environments().get(name)
            return Place(level, environment.uid) if environment else None
        if level == "namespace":
            namespace = self.namespaces().get(name)
            return Place(level, namespace.uid, name) if namespace else None
        return Place("workspace")

    def now(self, words: str) -> Place:
        """The same, looked up again: it may have been made since. :raises NotFound: it is not there."""
        found = Places(self.api, ()).find(words)
        if found is None:
            raise NotFound(f"There is no {words.removeprefix('asset ')}.")
        return found


def _made_by(wanted: Iterable[Object]) -> Iterable[str]:
    for one in wanted:
        if one.kind == "environment":
            yield f"environment {one.identity['name']}"
        if one.kind == "asset":
            yield f"asset {one.identity['kind']} {one.identity['name']}"
            levels = one.identity["name"].split("/")[:-1]
            yield from (f"namespace {'/'.join(levels[: at + 1])}" for at in range(len(levels)))
