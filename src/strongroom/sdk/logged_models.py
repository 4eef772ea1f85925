"""Logged models: what runs put out, filled with files, measured, and registered."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.errors import StrongroomError
from strongroom.sdk.finding import search
from strongroom.sdk.localfiles import find, hash_all
from strongroom.sdk.lookup import experiment_uid
from strongroom.sdk.models import Entry, number
from strongroom.sdk.progress import Progress, choose
from strongroom.sdk.run_models import Experiment, LoggedModel, Measured, RunInfo
from strongroom.sdk.upload import Folder, send_files

ModelRef = str | LoggedModel
"""A logged model by its uid, or the answer itself."""


def uid_of(model: ModelRef) -> str:
    """Its uid."""
    return model if isinstance(model, str) else model.uid


class LoggedModels:
    """``client.logged_models``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(
        self,
        experiment: str | Experiment,
        name: str,
        *,
        type: str = "",  # noqa: A002 - the API's word
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
        step: int | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> LoggedModel:
        """Begin a logged model; it is pending until `finalise`. :param run: what puts it out, at `step`."""
        return self._api.call(
            "logged_model.create",
            LoggedModel,
            uid=experiment_uid(self._api, experiment),
            name=name,
            type=type,
            run_uid=getattr(run, "uid", run),
            step=step,
            params={key: str(value) for key, value in (params or {}).items()},
            tags=dict(tags or {}),
        )

    def get(self, uid: str) -> LoggedModel:
        """One logged model."""
        return self._api.call("logged_model.get", LoggedModel, uid=uid)

    def list(
        self,
        experiment: str | Experiment,
        *,
        status: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's word
        name: str | None = None,
        run: RunInfo | str | None = None,
    ) -> Iterator[LoggedModel]:
        """Logged models of an experiment, newest first."""
        return self._api.every(
            "logged_model.list",
            LoggedModel,
            uid=experiment_uid(self._api, experiment),
            status=status,
            type=type,
            name=name,
            run_uid=getattr(run, "uid", run),
        )

    def search(
        self,
        filter: str = "",  # noqa: A002 - the API's word
        *,
        order_by: Sequence[str] = (),
        experiments: Sequence[str | Experiment] = (),
        state: str = "active",
        at: datetime | str | None = None,
    ) -> Iterator[LoggedModel]:
        """Logged models that fit a filter such as ``metrics.auc ON 'holdout' > 0.9``, in the order asked for.

        :param experiments: as ``namespace/name``; all that you may see when empty.
        """
        uids = [experiment_uid(self._api, one) for one in experiments]
        fields = {"filter": filter, "state": state, "experiment_uids": uids}
        return search(self._api, "logged_model", LoggedModel, order_by=order_by, at=at, **fields)

    def send(self, model: ModelRef, source: str | Path, path: str = "", *, progress: Progress | bool = False) -> int:
        """Put a file or folder into the model's folder, below `path`; returns how many bytes were sent."""
        shown = choose(progress)
        files = hash_all(find(Path(source), path), shown)
        return send_files(self._api, Folder("logged_model", uid_of(model)), files, [], shown)

    def files(self, model: ModelRef) -> Iterator[Entry]:
        """Every file of the model's folder."""
        return self._api.every("folder.list", Entry, kind="logged_model", uid=uid_of(model), recursive=True)

    def log(
        self,
        model: ModelRef,
        *,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> LoggedModel:
        """Record params, each written once, and tags."""
        said = {key: str(value) for key, value in (params or {}).items()}
        return self._api.call("logged_model.log", LoggedModel, uid=uid_of(model), params=said, tags=dict(tags or {}))

    def measure(
        self,
        model: ModelRef,
        metrics: Mapping[str, Any],
        *,
        step: int = 0,
        time_us: int | None = None,
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
        dataset: str | None = None,
        dataset_digest: str | None = None,
    ) -> LoggedModel:
        """Record what was measured of it: by which run, on which data set."""
        of = {
            "step": step,
            "time_us": time_us,
            "run_uid": getattr(run, "uid", run),
            "dataset": dataset,
            "dataset_digest": dataset_digest,
        }
        points = [{"key": key, "value": number(value), **of} for key, value in metrics.items()]
        return self._api.call("logged_model.log", LoggedModel, uid=uid_of(model), points=points)

    def points(self, model: ModelRef, key: str) -> Iterator[Measured]:
        """The points of one metric by step."""
        return self._api.every("logged_model.points", Measured, uid=uid_of(model), key=key)

    def untag(self, model: ModelRef, keys: Sequence[str]) -> LoggedModel:
        """Remove tags."""
        return self._api.call("logged_model.untag", LoggedModel, uid=uid_of(model), keys=[*keys])

    def finalise(self, model: ModelRef, status: str = "ready") -> LoggedModel:
        """Say that it is ready, or has failed."""
        return self._api.call("logged_model.finalise", LoggedModel, uid=uid_of(model), status=status)

    def delete(self, model: ModelRef) -> LoggedModel:
        """Move it to the trash; versions made of it stay."""
        return self._api.call("logged_model.delete", LoggedModel, uid=uid_of(model))

    def restore(self, uid: str) -> LoggedModel:
        """Take it out of the trash."""
        return self._api.call("logged_model.restore", LoggedModel, uid=uid)


def log_model(
    api: Api,
    run: RunInfo,
    source: Path,
    name: str,
    shown: Progress,
    **fields: Any,
) -> LoggedModel:
    """A logged model of a run with the files of a file or folder; ready when all of them are there, else failed."""
    models = LoggedModels(api)
    files = hash_all(find(source), shown)
    model = api.call("logged_model.create", LoggedModel, uid=run.experiment_uid, name=name, run_uid=run.uid, **fields)
    try:
        send_files(api, Folder("logged_model", model.uid), files, [], shown)
    except StrongroomError:
        models.finalise(model, "failed")
        raise
    return models.finalise(model)
