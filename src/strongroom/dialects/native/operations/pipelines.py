"""Runs that belong together: trees of nested runs, pipelines and their steps, what a run read and put out."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.tracking import nested, pipelines
from strongroom.application.tracking.nested import TreeView, UseView
from strongroom.application.tracking.pipelines import PipelineView, StepView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.metrics_wire import Text
from strongroom.dialects.native.operations.runs import SourceBody
from strongroom.dialects.native.wire import ByUid, Name, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.pipelines import DEPENDENCIES_MOST, INPUTS_MOST, STEPS_MOST, WORD_LONGEST

Digest = Annotated[str, Meta(max_length=WORD_LONGEST)]


class Step(Struct, frozen=True, kw_only=True):
    """A step, and the names of the steps it depends on."""

    name: Name
    depends_on: Annotated[list[Name], Meta(max_length=DEPENDENCIES_MOST)] = []


class DefineSteps(Struct, frozen=True, kw_only=True):
    """Steps of a pipeline to add, all or none."""

    steps: Annotated[list[Step], Meta(min_length=1, max_length=STEPS_MOST)]


class StepOf(Struct, frozen=True, kw_only=True):
    """A step of a pipeline's run."""

    uid: Uid
    name: Name


class BeginStep(Struct, frozen=True, kw_only=True):
    """An attempt at a step. `cache` is `use`, `refresh` or `off`; its key is made of name, code, inputs and params.

    `code` is a digest or commit of the step's code (without one nothing is cached), `inputs` digests of what it reads.
    """

    code: Digest = ""
    inputs: Annotated[list[Digest], Meta(max_length=INPUTS_MOST)] = []
    params: dict[str, Text] = {}
    cache: str = "use"
    source: SourceBody = SourceBody()


@read(
    "run.tree",
    "/runs/{uid}/tree",
    Permission.RUN_READ,
    "A run with all runs nested in it, level by level",
    params=ByUid,
    answer=TreeView,
)
def tree(call: Call, request: Request[ByUid, Any]) -> TreeView:
    return nested.tree(call, request.params.uid)


@read(
    "run.inputs",
    "/runs/{uid}/inputs",
    Permission.RUN_READ,
    "What a run read, with what is true of each use",
    params=ByUid,
    answer=list[UseView],
)
def inputs(call: Call, request: Request[ByUid, Any]) -> list[UseView]:
    return nested.inputs(call, request.params.uid)


@read(
    "run.outputs",
    "/runs/{uid}/outputs",
    Permission.RUN_READ,
    "What a run put out, with what is true of each use",
    params=ByUid,
    answer=list[UseView],
)
def outputs(call: Call, request: Request[ByUid, Any]) -> list[UseView]:
    return nested.outputs(call, request.params.uid)


@read(
    "pipeline.get",
    "/runs/{uid}/pipeline",
    Permission.RUN_READ,
    "The steps of a run with what they depend on and how they stand",
    params=ByUid,
    answer=PipelineView,
)
def get_pipeline(call: Call, request: Request[ByUid, Any]) -> PipelineView:
    return pipelines.get(call, request.params.uid)


@command(
    "pipeline.define",
    "POST",
    "/runs/{uid}/pipeline",
    Permission.RUN_WRITE,
    "Add steps to a run, without a circle",
    params=ByUid,
    body=DefineSteps,
    answer=PipelineView,
)
def define_pipeline(call: Call, request: Request[ByUid, DefineSteps]) -> PipelineView:
    steps = [pipelines.DefineStep(step.name, step.depends_on) for step in request.body.steps]
    return pipelines.define(call, request.params.uid, steps)


@command(
    "step.begin",
    "POST",
    "/runs/{uid}/pipeline/{name}/begin",
    Permission.RUN_WRITE,
    "Begin a step as a run, or answer it from a finished one",
    params=StepOf,
    body=BeginStep,
    answer=StepView,
    status=201,
)
def begin_step(call: Call, request: Request[StepOf, BeginStep]) -> StepView:
    p, body = request.params, request.body
    made = pipelines.BeginStep(body.code, body.inputs, body.params, body.cache, body.source.source())
    return pipelines.begin(call, p.uid, p.name, made)


OPERATIONS = (tree, inputs, outputs, get_pipeline, define_pipeline, begin_step)
