"""Runs as data frames: ``client.runs.frame`` and ``client.runs.series_frame``."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from strongroom.sdk.api import Api
from strongroom.sdk.finding import search
from strongroom.sdk.lookup import experiment_uid
from strongroom.sdk.run_models import RunInfo

if TYPE_CHECKING:
    from strongroom.sdk.runs import Run

FRAME_ROWS = 10_000


class RunFrames:
    """The part of `Runs` that answers with Arrow tables (needs the extra ``data``)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def frame(
        self,
        filter: str = "",  # noqa: A002 - the API's word
        *,
        experiments: Sequence[str] = (),
        params: Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
        order_by: Sequence[str] = (),
        state: str = "active",
        at: datetime | str | None = None,
        limit: int = FRAME_ROWS,
    ) -> Any:  # noqa: ANN401 - a pyarrow.Table, which is loaded only here
        """Runs that fit a filter as a ``pyarrow.Table``, a row each; ``.to_pandas()`` makes it a pandas frame.

        :param params: which columns ``params.NAME`` (texts); all that occur when None, none when empty.
        :param metrics: which columns ``metrics.NAME`` (the last value); likewise.
        :param limit: at most so many rows.
        """
        from strongroom.sdk.frames import runs_table

        uids = [experiment_uid(self._api, one) for one in experiments]
        fields: dict[str, Any] = {"filter": filter, "state": state, "experiment_uids": uids}
        found = search(self._api, "run", RunInfo, order_by=order_by, at=at, **fields)
        return runs_table(found, lambda run: self._api.call("run.get", RunInfo, uid=run.uid), params, metrics, limit)

    def series_frame(
        self, runs: "Sequence[str | Run | RunInfo]", keys: Sequence[str], *, samples: int | None = None
    ) -> Any:  # noqa: ANN401 - a pyarrow.Table
        """Points of series of numbers as a long ``pyarrow.Table``: run, key, step, time, value.

        :param samples: at most so many points of each series, first, last, least and greatest among
            them; all when None.
        :raises Invalid: a series holds texts or other values.
        """
        from strongroom.sdk.frames import series_table

        uids = [one if isinstance(one, str) else one.uid for one in runs]
        return series_table(self._api, list(dict.fromkeys(uids)), list(dict.fromkeys(keys)), samples)
