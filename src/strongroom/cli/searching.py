"""``search`` of assets, versions, experiments, runs and logged models: the filter language from a terminal."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

Order = Annotated[list[str] | None, Parameter(negative_iterable="")]


def assets(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    order_by: Order = None,
    state: str = "active",
    at: str | None = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Assets that fit a filter, such as "tags.team = 'risk' AND alias = 'champion'".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    order_by:
        A field, alone or with ASC or DESC; repeat it for ties. Latest first when left out.
    state:
        active, archived, trashed or all.
    at:
        A time such as 2026-01-31T12:00:00Z: aliases, stages and tags are compared as they were then.
    limit:
        At most so many rows.
    """
    _show("assets", ("path", "kind", "latest", "created_at", "uid"), filter, order_by, state, limit, common, at)


def versions(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    order_by: Order = None,
    state: str = "active",
    at: str | None = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Versions of any asset that fit a filter, such as "properties.f1 >= 0.9 AND stage = 'production'".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    order_by:
        A field, alone or with ASC or DESC; repeat it for ties. Latest first when left out.
    state:
        active, archived, trashed or all.
    at:
        A time such as 2026-01-31T12:00:00Z: aliases, stages and tags are compared as they were then.
    limit:
        At most so many rows.
    """
    _show(
        "versions",
        ("asset", "number", "aliases", "stage", "created_at", "uid"),
        filter,
        order_by,
        state,
        limit,
        common,
        at,
    )


def experiments(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    order_by: Order = None,
    state: str = "active",
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Experiments that fit a filter, such as "name ILIKE 'base%'".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    order_by:
        A field, alone or with ASC or DESC; repeat it for ties. Latest first when left out.
    state:
        active, trashed or all.
    limit:
        At most so many rows.
    """
    _show("experiments", ("path", "description", "created_at", "uid"), filter, order_by, state, limit, common)


def runs(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    experiment: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    order_by: Order = None,
    state: str = "active",
    at: str | None = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Runs that fit a filter, such as "metrics.auc > 0.9 AND params.depth IN (4, 6)".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    experiment:
        Only runs of it, as namespace/name; repeat it for several.
    order_by:
        A field, alone or with ASC or DESC, such as "metrics.auc DESC"; repeat it for ties.
    state:
        active, trashed or all.
    at:
        A time such as 2026-01-31T12:00:00Z: aliases, stages and tags are compared as they were then.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        found = client.runs.search(filter, order_by=order_by or (), experiments=experiment or (), state=state, at=at)
        columns = ("experiment", "name", "state", "started_at", "params", "uid")
        output.rows(islice(found, limit), as_json=common.json, columns=columns)


def logged_models(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    experiment: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    order_by: Order = None,
    state: str = "active",
    at: str | None = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Logged models that fit a filter, such as "metrics.auc ON 'holdout' > 0.9 AND status = 'ready'".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    experiment:
        Only logged models of it, as namespace/name; repeat it for several.
    order_by:
        A field, alone or with ASC or DESC, such as "metrics.auc ON 'holdout' DESC"; repeat it for ties.
    state:
        active, trashed or all.
    at:
        A time such as 2026-01-31T12:00:00Z: tags are compared as they were then.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        found = client.logged_models.search(
            filter, order_by=order_by or (), experiments=experiment or (), state=state, at=at
        )
        columns = ("experiment", "name", "status", "type", "created_at", "uid")
        output.rows(islice(found, limit), as_json=common.json, columns=columns)


def _show(
    what: str,
    columns: Sequence[str],
    expression: str,
    order_by: list[str] | None,
    state: str,
    limit: int,
    common: Common | None,
    at: str | None = None,
) -> None:
    common = common or NONE
    with common.client() as client:
        found = islice(client.find(what, expression, order_by=order_by or (), state=state, at=at), limit)
        output.rows(found, as_json=common.json, columns=tuple(columns))
