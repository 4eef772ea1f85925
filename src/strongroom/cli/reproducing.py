"""``strongroom reproduce``: what made a version, shown, rebuilt, run again and compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common
from strongroom.cli.values import pairs

if TYPE_CHECKING:
    from strongroom.sdk import Client
    from strongroom.sdk.reproduce import Recipe
    from strongroom.sdk.run_models import RunInfo
    from strongroom.sdk.steps import Step

Flag = Annotated[bool, Parameter(negative="")]
Many = Annotated[list[str] | None, Parameter(negative_iterable="")]
Compare = Literal["metrics", "digest"]
_CODES = {"drifted": exits.CORRUPTED, "failed": exits.FAILURE, "missing": exits.NOT_FOUND}


def reproduce(
    reference: str,
    *,
    into: Path | None = None,
    repository: str | None = None,
    input_: Annotated[list[str] | None, Parameter(name="--input", negative_iterable="")] = None,
    run: Flag = False,
    python: str | None = None,
    argument: Many = None,
    compare: Compare | None = None,
    against: str | None = None,
    outputs: Path | None = None,
    tolerance: float = 0.0,
    common: Common | None = None,
) -> int:
    """What made a version: shown; rebuilt in a folder; run again and compared, when you ask for it.

    In a folder that it made before, it says what has drifted since. Nothing is run without --run; then it is run here,
    as you.

    Parameters
    ----------
    reference:
        Version, such as prod/churn@champion or churn:3.
    into:
        Folder to rebuild in: requirements.lock, source/, inputs/ and reproduce.json.
    repository:
        Path or address to clone instead of the recorded one.
    input_:
        NAME=PATH: a file for an input that is not in the registry; repeat it for several.
    run:
        Run the recorded entry point in the rebuilt source.
    python:
        The Python to run it with, such as that of an environment made from requirements.lock.
    argument:
        For the entry point; they are not recorded. Repeat it for several.
    compare:
        metrics or digest; without it, after --run, metrics if there are any.
    against:
        Uid of the run to compare with, instead of the one that --run recorded.
    outputs:
        Folder to compare with the files of the version.
    tolerance:
        How far metrics may be apart, relatively; 0 is not at all.
    """
    from strongroom.sdk.errors import Invalid
    from strongroom.sdk.reproduce import Given, rebuild, recipe
    from strongroom.sdk.steps import worst

    common = common or NONE
    if run and into is None:
        raise Invalid("--run needs --into: a folder to rebuild in.")
    if compare and not (run or against or outputs):
        raise Invalid("--compare needs what to compare with: --run, --against or --outputs.")
    steps: list[Step] = []
    with common.client() as client:
        made = recipe(client.api, client.resolve(reference))
        if into is not None:
            files = {name: Path(path or "") for name, path in pairs(input_ or []).items()}
            steps = rebuild(client.api, made, into, Given(repository, files))
        other = None
        if run and into is not None:
            step, other = _again(client, made, into, python, argument or [], steps)
            steps.append(step)
        if against is not None:
            other = client.runs.get(against)
        chosen = compare or ("digest" if outputs else "metrics" if made.run.metrics else "digest")
        if other is not None or outputs is not None:
            steps += _compared(client, made, other, chosen, outputs, tolerance)
        elif run and steps[-1].state == "done":
            steps.append(_nothing(chosen))
    _show(made, steps, as_json=common.json)
    return _CODES.get(worst(steps), exits.OK)


def _again(
    client: "Client", made: "Recipe", into: Path, python: str | None, arguments: Sequence[str], steps: "list[Step]"
) -> "tuple[Step, RunInfo | None]":
    """Run it, unless what it would run or read is not what was recorded."""
    from strongroom.sdk.reproduce_run import execute
    from strongroom.sdk.steps import Step

    wrong = [step.name for step in steps if step.state in _CODES and step.name != "environment"]
    if wrong:
        return Step("run", "skipped", f"not as recorded: {', '.join(wrong)}"), None
    done = execute(client.api, made, into, python, arguments)
    return done.step, done.run


def _compared(
    client: "Client", made: "Recipe", other: "RunInfo | None", chosen: str, outputs: Path | None, tolerance: float
) -> "list[Step]":
    from strongroom.sdk import reproduce_run

    if chosen == "digest" and outputs is not None:
        return reproduce_run.compare_files(client.api, made.version, outputs)
    if other is None:
        return [_nothing(chosen)]
    if chosen == "digest":
        return reproduce_run.compare_versions(client.api, made.version, other)
    return reproduce_run.compare_metrics(made.run, other, tolerance)


def _nothing(chosen: str) -> "Step":
    from strongroom.sdk.steps import missing

    return missing(chosen, "no run was recorded to compare with; name one (--against), or files (--outputs)")


def _show(made: "Recipe", steps: "Sequence[Step]", *, as_json: bool) -> None:
    if as_json:
        output.emit({**made.told(), "steps": steps})
        return
    told = made.told()
    output.line(f"{told['version']}  {told['tree']}  run {told['run']}")
    for key, value in told["source"].items():
        output.line(f"  {key}: {output.text(value)}")
    for one in told["inputs"]:
        output.line(f"  input: {output.text(one['name'])}  {output.text(one['digest'] or one['uri'] or one['kind'])}")
    for step in steps:
        output.line(f"{step.state}\t{output.text(step.name)}\t{output.text(step.detail)}")
