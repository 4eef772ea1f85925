"""Policies from files: tried against fixtures without a server, looked at, put in force."""

import asyncio
import json
from pathlib import Path

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common

LARGEST = 8 * 1024 * 1024


def apply(policy: Path, /, *, dry_run: bool = False, expected: int | None = None, common: Common | None = None) -> int:
    """Put a policy in force under its name. The same policy again changes nothing.

    With `--dry-run` nothing is changed: what stands now and the policy would keep back is shown, and the command ends
    with 1 when there is any.

    Parameters
    ----------
    policy:
        A policy, JSON.
    dry_run:
        Only show what the policy would keep back of what stands now.
    expected:
        Refuse unless the policy in force has this number (0: there is none).
    """
    common = common or NONE
    try:
        document = _read(policy)
    except (ValueError, OSError) as error:
        output.note(f"strongroom: {error}")
        return exits.USAGE
    with common.client() as client:
        if not dry_run:
            done = client.call("policy.apply", document=document, expected=expected)
            output.emit(done) if common.json else output.line(f"{done['name']} #{done['number']} is in force.")
            return exits.OK
        found = client.call("policy.try", document=document)
    if common.json:
        output.emit(found)
    for one in () if common.json else found["broken"]:
        output.line(f"{one['kind']}\t{one['target']}\t{output.text(one['asset'])}:{one['number']}")
        for rule in one["rules"]:
            output.line(f"\t{rule['rule']}: {output.text(rule['reason'])}")
    if not common.json:
        more = " There is more than was looked at." if found["truncated"] else ""
        output.line(f"{len(found['broken'])} of {found['looked']} would be kept back.{more}")
    return exits.FAILURE if found["broken"] else exits.OK


def try_(policy: Path, fixtures: Path, /, *, as_json: bool = False) -> int:
    """Try a policy against fixtures: what it says of made-up versions, and what it must say.

    Ends with 1 when a fixture does not hold, with 2 when a file is not of its form.

    Parameters
    ----------
    policy:
        A policy, JSON.
    fixtures:
        Versions on their way and what must come of them, JSON.
    as_json:
        One JSON document instead of lines.
    """
    from strongroom.bootstrap.policies import tried
    from strongroom.domain.errors import DomainError
    from strongroom.domain.gates import fixtures as made_up
    from strongroom.domain.gates import policy as policies

    try:
        found = asyncio.run(tried(policies.parse(_read(policy)), made_up.parse(_read(fixtures))))
    except (DomainError, ValueError, OSError) as error:
        output.note(f"strongroom: {getattr(error, 'message', error)}")
        return exits.USAGE
    failed = [one for one in found if one.differs]
    if as_json:
        output.emit({"fixtures": found, "failed": len(failed)})
    for one in () if as_json else found:
        output.line(f"{'FAILED' if one.differs else 'ok'}\t{output.text(one.fixture)}")
        for difference in one.differs:
            output.line(f"\t{output.text(difference)}")
    if not as_json:
        output.line(f"{len(found) - len(failed)} of {len(found)} fixtures hold.")
    return exits.FAILURE if failed else exits.OK


def _read(path: Path) -> object:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST} bytes.")
    found: object = json.loads(path.read_text(encoding="utf-8"))
    return found
