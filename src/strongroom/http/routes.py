"""Every route that the server answers, of any kind, as data, each with the permission that it asks for.

The application is built from this table and from nothing else; a test walks the built application and compares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from strongroom.dialects.huggingface import routes as huggingface
from strongroom.dialects.mlflow import routes as mlflow
from strongroom.dialects.native.pipeline import Pipeline
from strongroom.dialects.native.routes import OPERATIONS, PREFIX
from strongroom.dialects.shared.routes import Route
from strongroom.dialects.xet import routes as xet
from strongroom.domain.identity.roles import Permission
from strongroom.http import documents, health
from strongroom.http.services import Endpoint, Services

FOREIGN = (mlflow, huggingface, xet)


@dataclass(frozen=True, slots=True)
class PublicRoute:
    """A route as the inventory shows it.

    :param id: names it in logs and metrics, where no raw path may stand.
    :param scoped: whether it also answers below ``/w/{workspace}``.
    :param whole: whether an escaped slash (``%2F``) stays inside its segment.
    """

    id: str
    method: str
    path: str
    permission: Permission
    endpoint: Endpoint
    scoped: bool = False
    whole: bool = False


def all_routes(services: Services) -> Sequence[PublicRoute]:
    """The whole table, in the order in which it is matched."""
    foreign = (route for dialect in FOREIGN for route in dialect.routes(services.gateway))
    return (*_own(services), *_native(services), *_foreign(foreign))


def _native(services: Services) -> list[PublicRoute]:
    pipeline = Pipeline(services.gateway)
    return [
        PublicRoute(one.id, one.method, PREFIX + one.path, one.permission, pipeline.endpoint(one), scoped=True)
        for one in OPERATIONS
    ]


def _foreign(routes: Iterable[Route]) -> list[PublicRoute]:
    return [
        PublicRoute(one.id, one.method, one.path, one.permission, one.endpoint, scoped=one.scoped, whole=one.whole)
        for one in routes
    ]


def _own(services: Services) -> list[PublicRoute]:
    def public(id_: str, method: str, path: str, endpoint: Endpoint) -> PublicRoute:
        return PublicRoute(id_, method, path, Permission.PUBLIC, endpoint)

    return [
        *(public(page.id, page.method, page.path, page.endpoint) for page in services.pages),
        public("server.healthz", "GET", "/healthz", health.alive),
        public("server.readyz", "GET", "/readyz", health.Readyz(services.ready).get),
        public("server.metrics", "GET", "/metrics", health.metrics),
        public("server.openapi", "GET", f"{PREFIX}/openapi.json", documents.openapi),
        public("server.docs", "GET", "/docs", documents.docs),
        public("server.docs_style", "GET", "/docs.css", documents.docs_style),
    ]
