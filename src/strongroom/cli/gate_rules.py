"""``strongroom gate check``: asks the server what the gates before a transition say of a version, for pipelines."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import Invalid, NotConfigured, NotFound
from strongroom.sdk.models import Answer

if TYPE_CHECKING:
    from strongroom.sdk import Client

PASSES, FAILS, USAGE, IN_VAIN = 0, 1, 2, 3
_MARKS = {"passed": "ok", "failed": "FAILED", "error": "ERROR", "waived": "waived"}
_FIRST_PAUSE, _LONGEST_PAUSE, LONGEST_WAIT = 2.0, 30.0, 86_400


class Rule(Answer, frozen=True):
    """What came of one rule: passed, failed, error (it could not be evaluated), or waived."""

    policy: str
    rule: str
    result: str
    reason: str = ""


class Verdict(Answer, frozen=True):
    """What all the gates before a transition say."""

    passed: bool
    rules: list[Rule]


def check(
    reference: str,
    *,
    env: str | None = None,
    stage: str | None = None,
    alias: str | None = None,
    source: str | None = None,
    wait: int = 0,
    junit: Path | None = None,
    common: Common | None = None,
) -> int:
    """Ask whether a version may pass the gates before an environment, a stage or an alias. Nothing is changed.

    Ends with 0: it may. 1: it may not. 2: wrong usage, or there is no such version. 3: waited in vain. Other failures
    have the exit codes of every command.

    Parameters
    ----------
    reference:
        The version; a reference that moves, such as @candidate, is looked up once.
    env:
        Before this environment.
    stage:
        Before this stage.
    alias:
        Before this alias.
    source:
        The stage or environment that it comes from; the version's stage when left out.
    wait:
        Ask again for so many seconds, until it may; for approvals and evaluations that are on their way.
    junit:
        Write a JUnit report to this file, with a test case for each rule.
    """
    common = common or NONE
    try:
        kind, target = _asked(env, stage, alias)
        if not 0 <= wait <= LONGEST_WAIT:
            raise Invalid(f"--wait takes 0 to {LONGEST_WAIT} seconds.")
        with common.client() as client:
            version = client.resolve(reference)
            name = f"{version.asset}:{version.number} -> {kind} {target}"
            found = _verdict(client, version.uid, kind, target, source, wait)
    except (Invalid, NotFound, NotConfigured) as error:
        exits.explain(error, as_json=common.json)
        return USAGE
    if junit is not None:
        from strongroom.cli.junit import write

        write(junit, name, found.rules)
    _show(name, found, as_json=common.json)
    if found.passed:
        return PASSES
    return IN_VAIN if wait else FAILS


def _asked(env: str | None, stage: str | None, alias: str | None) -> tuple[str, str]:
    given = [
        (kind, target)
        for kind, target in (("environment", env), ("stage", stage), ("alias", alias))
        if target is not None
    ]
    if len(given) != 1:
        raise Invalid("Say one of --env, --stage and --alias.")
    return given[0]


def _verdict(client: "Client", uid: str, kind: str, target: str, source: str | None, wait: int) -> Verdict:
    """What the gates say, at last when it may pass, or when the time is up."""
    end, pause = time.monotonic() + wait, _FIRST_PAUSE
    while True:
        found = client.api.call("gate.check", Verdict, uid=uid, kind=kind, target=target, source=source)
        left = end - time.monotonic()
        if found.passed or left <= 0:
            return found
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _show(name: str, found: Verdict, *, as_json: bool) -> None:
    if as_json:
        output.emit({"gate": name, "passed": found.passed, "rules": found.rules})
        return
    for one in found.rules:
        reason = f": {one.reason}" if one.reason else ""
        output.line(output.text(f"{_MARKS.get(one.result, one.result):<7} {one.policy} / {one.rule}{reason}"))
    output.line(output.text(f"{name}: {'passes' if found.passed else 'does not pass'}."))
