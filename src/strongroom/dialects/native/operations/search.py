"""Search in the filter language: assets, versions, experiments, runs and logged models."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import DEFAULT_PAGE, MAX_TOKEN, Page, PageRequest
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.search import find
from strongroom.application.search.find import EXPERIMENTS_MOST, Question
from strongroom.application.tracking.views import ExperimentView
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.operations.logged_models import LoggedModelAnswer, logged_model_answer
from strongroom.dialects.native.operations.runs import RunAnswer, run_answer
from strongroom.dialects.native.wire import PageSize, Uid, time_us
from strongroom.domain.identity.roles import Permission
from strongroom.domain.search.schema import ORDER_MOST, Entity
from strongroom.domain.search.tokens import LENGTH_MOST

Filter = Annotated[str, Meta(max_length=LENGTH_MOST, description="Such as: metrics.auc > 0.9 AND tags.team = 'x'.")]
Term = Annotated[str, Meta(max_length=1_024)]
OrderBy = Annotated[list[Term], Meta(max_length=ORDER_MOST, description="Each a field, alone or with ASC or DESC.")]
Token = Annotated[str, Meta(max_length=MAX_TOKEN, description="`next_page_token` of the page before.")]


class Search(Struct, frozen=True, kw_only=True):
    """A filter and an order; latest first when there is none. `state` is `active`, `archived`, `trashed` or `all`."""

    filter: Filter = ""
    order_by: OrderBy = []
    state: str = "active"
    page_size: PageSize = DEFAULT_PAGE
    page_token: Token | None = None

    def page(self) -> PageRequest:
        """What is asked for."""
        return PageRequest(self.page_size, self.page_token)

    def question(self, entity: Entity) -> Question:
        """The same for the use cases."""
        return find.asked(entity, self.filter, self.order_by, self.state)


class SearchThen(Search, frozen=True, kw_only=True):
    """The same; with `at`, aliases, stages and tags are compared as they were at that time."""

    at: datetime | None = None

    def question(self, entity: Entity) -> Question:
        """The same for the use cases."""
        return find.asked(entity, self.filter, self.order_by, self.state, at=time_us(self.at))


class SearchRuns(SearchThen, frozen=True, kw_only=True):
    """The same, in some experiments or in all that you may see."""

    experiment_uids: Annotated[list[Uid], Meta(max_length=EXPERIMENTS_MOST)] = []

    def question(self, entity: Entity) -> Question:
        """The same for the use cases."""
        at = time_us(self.at)
        return find.asked(entity, self.filter, self.order_by, self.state, self.experiment_uids, at)


@read(
    "asset.search",
    "/search/assets",
    Permission.ASSET_READ,
    "Assets that fit a filter",
    method="POST",
    body=SearchThen,
    answer=Page[AssetView],
)
def search_assets(call: Call, request: Request[Any, SearchThen]) -> Page[AssetView]:
    return find.assets(call, request.body.question(Entity.ASSET), request.body.page())


@read(
    "version.search",
    "/search/versions",
    Permission.ASSET_READ,
    "Versions, of any asset, that fit a filter",
    method="POST",
    body=SearchThen,
    answer=Page[VersionView],
)
def search_versions(call: Call, request: Request[Any, SearchThen]) -> Page[VersionView]:
    return find.versions(call, request.body.question(Entity.VERSION), request.body.page())


@read(
    "experiment.search",
    "/search/experiments",
    Permission.RUN_READ,
    "Experiments that fit a filter",
    method="POST",
    body=Search,
    answer=Page[ExperimentView],
)
def search_experiments(call: Call, request: Request[Any, Search]) -> Page[ExperimentView]:
    return find.found_experiments(call, request.body.question(Entity.EXPERIMENT), request.body.page())


@read(
    "run.search",
    "/search/runs",
    Permission.RUN_READ,
    "Runs that fit a filter, ordered by any metric, param or attribute",
    method="POST",
    body=SearchRuns,
    answer=Page[RunAnswer],
)
def search_runs(call: Call, request: Request[Any, SearchRuns]) -> Page[RunAnswer]:
    return find.runs(call, request.body.question(Entity.RUN), request.body.page()).map(run_answer)


@read(
    "logged_model.search",
    "/search/logged-models",
    Permission.RUN_READ,
    "Logged models that fit a filter, ordered by any metric, param or attribute",
    method="POST",
    body=SearchRuns,
    answer=Page[LoggedModelAnswer],
)
def search_logged_models(call: Call, request: Request[Any, SearchRuns]) -> Page[LoggedModelAnswer]:
    question = request.body.question(Entity.LOGGED_MODEL)
    return find.found_logged_models(call, question, request.body.page()).map(logged_model_answer)


OPERATIONS = (search_assets, search_versions, search_experiments, search_runs, search_logged_models)
