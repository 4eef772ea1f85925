"""Runs: listed and shown."""

import json
import time
from itertools import islice
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.cli.values import pairs


def list_(
    experiment: str | None = None,
    *,
    param: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    state: str | None = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Runs of an experiment, latest first; without one, the experiments.

    Parameters
    ----------
    experiment:
        As namespace/name.
    param:
        Only runs with this param, KEY=VALUE; repeat it for several.
    state:
        running, finished, failed or killed.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        if experiment is None:
            found = islice(client.runs.experiments(), limit)
            output.rows(found, as_json=common.json, columns=("path", "description", "created_at", "uid"))
            return
        wanted = {key: value or "" for key, value in pairs(param or []).items()}
        runs = islice(client.runs.list(experiment, params=wanted, state=state), limit)
        output.rows(runs, as_json=common.json, columns=("name", "state", "started_at", "ended_at", "params", "uid"))


def show(uid: str, *, common: Common | None = None) -> None:
    """One run: where it came from, its params, and the last, least and greatest value of each series."""
    common = common or NONE
    with common.client() as client:
        run = client.runs.get(uid)
    if common.json:
        output.emit(run)
        return
    output.line(f"{run.name or run.uid}  {run.state}  {run.experiment}")
    for key in ("commit", "branch", "repository", "entry_point"):
        if run.source.get(key):
            output.line(f"  {key}: {output.text(run.source[key])}")
    for name, value in run.params.items():
        output.line(f"  {output.text(name)} = {output.text(value)}")
    series = [{"series": key, **output.plain(metric)} for key, metric in run.metrics.items()]
    if series:
        output.rows(series, as_json=False, columns=("series", "last", "last_step", "least", "greatest", "count"))
    shown = (run.params_total, len(run.params)), (run.metrics_total, len(run.metrics))
    if any(total > here for total, here in shown):
        output.note(f"{run.params_total} params and {run.metrics_total} series in all.")


def console(
    uid: str,
    *,
    stream: str = "console",
    tail: int | None = None,
    follow: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """The lines of a run's console, or of another stream, as they stand now.

    Parameters
    ----------
    uid:
        Of the run.
    stream:
        Its name.
    tail:
        Only so many of the last lines, at most 5,000.
    follow:
        Go on with what is appended, until the run ends or you stop it.
    """
    common = common or NONE
    with common.client() as client:
        following = 0
        found = client.runs.tail(uid, tail, stream) if tail else client.runs.lines(uid, stream)
        while True:
            running = follow and client.runs.get(uid).state == "running"
            for number, line in found:
                following = number + 1
                output.line(json.dumps({"number": number, "line": line}) if common.json else output.text(line))
            if not running:
                return
            time.sleep(1)
            found = client.runs.lines(uid, stream, first=following)
