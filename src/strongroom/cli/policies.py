"""``strongroom policy test``: a policy against fixtures, without a server."""

import asyncio
import json
from pathlib import Path

from cyclopts import App

from strongroom.cli import exits, output

app = App(name="policy", help="Gates as code.")
LARGEST = 8 * 1024 * 1024


@app.command(name="test")
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
