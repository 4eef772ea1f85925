"""Rules that ask for N of M approvals from named teams, made into the CEL that any rule is (docs/gates.md).

"Each by another team" asks whether `count` people can be given `count` different teams that they are members of. By
Hall's theorem they can when every set of teams has enough people; that is a condition on each set, which CEL can say.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_line

COUNT_MOST: Final = 20
TEAMS_MOST: Final = 20
APART_MOST: Final = 4
"""Teams of a rule whose approvals come from different ones: the conditions double with each."""
TEAM_LONGEST: Final = 255
DAYS_MOST: Final = 365
ROLES: Final = ("viewer", "contributor", "maintainer", "admin")
MEMBERS: Final = frozenset({"count", "teams", "distinct_teams", "role", "days", "despite_rejections"})


@dataclass(frozen=True, slots=True)
class Approving:
    """N of M.

    :param teams: members of these count; none: everybody of the role. :param distinct: each by another team.
    :param role: the least one; empty for any. :param days: how old an approval may be; None leaves that to its end.
    :param despite: approvals count even where somebody who counts rejected.
    """

    count: int
    teams: tuple[str, ...] = ()
    distinct: bool = False
    role: str = ""
    days: int | None = None
    despite: bool = False


def parse(said: Mapping[str, Any]) -> Approving:
    """What a rule asks for. :raises Invalid: a member has another form, or too few teams are named for the count."""
    teams = said.get("teams", [])
    if not isinstance(teams, list) or len(teams) > TEAMS_MOST or not all(isinstance(one, str) for one in teams):
        raise Invalid(f"Teams are a list of at most {TEAMS_MOST} names.", limit=TEAMS_MOST)
    named = tuple(
        dict.fromkeys(clean_line(one, what="name of a team", longest=TEAM_LONGEST, error=Invalid) for one in teams)
    )
    role = said.get("role", "" if named else "maintainer")
    if role not in ("", *ROLES):
        raise Invalid(f"A role is one of {', '.join(ROLES)}.")
    distinct, despite = said.get("distinct_teams", False), said.get("despite_rejections", False)
    if not isinstance(distinct, bool) or not isinstance(despite, bool):
        raise Invalid("`distinct_teams` and `despite_rejections` are true or false.")
    count = _number(said.get("count", 1), "count", COUNT_MOST)
    if distinct and not count <= len(named) <= APART_MOST:
        raise Invalid(f"With `distinct_teams` a rule names `count` to {APART_MOST} teams.", limit=APART_MOST)
    days = None if said.get("days") is None else _number(said["days"], "days", DAYS_MOST)
    return Approving(count, named, distinct, role, days, despite)


def _number(found: object, what: str, most: int) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= most:
        raise Invalid(f"`{what}` is a number from 1 to {most}.", limit=most)
    return found


def expression(asked: Approving) -> str:
    """The same in CEL, over `version.approvals` and `version.rejections`."""
    parts = list(_enough(asked))
    if not asked.despite:
        parts.append(f"!version.rejections.exists(r, {_counts('r', asked.role, asked.teams, None)})")
    return " && ".join(parts)


def _enough(asked: Approving) -> Iterator[str]:
    if not asked.distinct:
        yield _at_least(asked, asked.teams, asked.count)
        return
    spare = len(asked.teams) - asked.count
    for size in range(spare + 1, len(asked.teams) + 1):
        for teams in combinations(asked.teams, size):
            yield _at_least(asked, teams, size - spare)


def _at_least(asked: Approving, teams: Sequence[str], count: int) -> str:
    return f"version.approvals.filter(a, {_counts('a', asked.role, teams, asked.days)}).size() >= {count}"


def _counts(name: str, role: str, teams: Sequence[str], days: int | None) -> str:
    """Whether one approval or rejection, called `name`, is of those that count."""
    parts = []
    if role:
        parts.append(f"{name}.role in {_list(ROLES[ROLES.index(role) :])}")
    if teams:
        parts.append(f"{name}.teams.exists(t, t in {_list(teams)})")
    if days is not None:
        parts.append(f"{name}.days <= {days}.0")
    return " && ".join(parts) or "true"


def _list(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
