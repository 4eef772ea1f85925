"""Pipelines: steps that are runs, begun when what they depend on is finished, or answered from earlier ones."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from strongroom.sdk.api import Api
from strongroom.sdk.run_models import Pipeline, RunInfo, Step

if TYPE_CHECKING:
    from strongroom.sdk.runs import Run


class Pipelines:
    """``client.pipelines``: the steps of a run, which is ended like any other."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def define(self, run: Any, steps: Mapping[str, Sequence[str]]) -> Pipeline:  # noqa: ANN401 - a Run, answer or uid
        """Add steps: name -> names of the steps it depends on. :raises Invalid: they depend in a circle."""
        said = [{"name": name, "depends_on": [*depends_on]} for name, depends_on in steps.items()]
        return self._api.call("pipeline.define", Pipeline, uid=getattr(run, "uid", run), steps=said)

    def get(self, run: Any) -> Pipeline:  # noqa: ANN401 - a Run, answer or uid
        """The steps with what they depend on and how they stand."""
        return self._api.call("pipeline.get", Pipeline, uid=getattr(run, "uid", run))

    def begin(
        self,
        run: Any,  # noqa: ANN401 - a Run, answer or uid
        step: str,
        *,
        code: str = "",
        inputs: Sequence[str] = (),
        params: Mapping[str, object] | None = None,
        cache: str = "use",
    ) -> Step:
        """Begin a step. When it is `cached`, its run is finished already: there is nothing to do.

        :param code: digest or commit of the step's code; without one nothing is cached.
        :param inputs: digests of what it reads. :param cache: ``use``, ``refresh`` or ``off``.
        """
        return self._api.call(
            "step.begin",
            Step,
            uid=getattr(run, "uid", run),
            name=step,
            code=code,
            inputs=[*inputs],
            params={key: str(value) for key, value in (params or {}).items()},
            cache=cache,
        )

    def record(self, step: Step) -> "Run":
        """The run of a step that was begun, to record it; use it in a ``with`` block."""
        from strongroom.sdk.runs import Run

        return Run(self._api, self._api.call("run.get", RunInfo, uid=str(step.run_uid)))
