"""What runs where, now or at any time: releases, who put them there and why, and what targets say they run."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing, watching
from strongroom.application.delivery.views import EnvironmentView, PlacementView, environment_view, placement_views
from strongroom.application.delivery.watching import TargetView
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.delivery.model import Placement
from strongroom.domain.delivery.rules import shares
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

LINES_SHOWN = 1_000
TARGETS_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class LineView:
    """What runs on a line in an environment, what is live first, and the targets that run it (now only)."""

    environment: str
    line: str
    placements: Sequence[PlacementView]
    targets: Sequence[TargetView]


@dataclass(frozen=True, slots=True)
class BoardView:
    """Environments in their order, and what runs in each; `complete` is false where more is left out."""

    environments: Sequence[EnvironmentView]
    lines: Sequence[LineView]
    complete: bool


def board(call: Call, *, environment: str | None = None, line: str | None = None, at: int | None = None) -> BoardView:
    """What runs where, now or as it was set at a time (microseconds UTC), as far as the caller may see.

    :raises Invalid: the time is in the future.
    """
    if at is not None and at > call.now:
        raise Invalid("That time is yet to come.")
    if environment is None:
        chosen = environments.visible(call)
    else:
        chosen = [environments.by_name(call, environment, Permission.RELEASE_READ)]
    ids = [one.id for one in chosen]
    placed = call.tx.placements.current(ids) if at is None else call.tx.placements.at(ids, at)
    places = {one.id: place for place, one in enumerate(chosen)}
    rows = [one for one in placing.in_order(placed) if line is None or one.line == line]
    rows.sort(key=lambda one: (places[one.environment_id], one.line))
    grouped: dict[tuple[int, str], list[Placement]] = {}
    for one in rows:
        grouped.setdefault((one.environment_id, one.line), []).append(one)
    kept = dict(list(grouped.items())[:LINES_SHOWN])
    known = {one.id: one for one in chosen}
    views = placement_views(
        call,
        [one for some in kept.values() for one in some],
        known,
        {id_: share for some in kept.values() for id_, share in shares(some).items()},
    )
    targets = watching.of(call, known, line, TARGETS_SHOWN) if at is None else {}
    waiting = iter(views)
    lines = [
        LineView(known[key[0]].name, key[1], [next(waiting) for _ in some], targets.pop(key, ()))
        for key, some in kept.items()
    ]
    lines += [LineView(known[key[0]].name, key[1], (), some) for key, some in targets.items()]
    shown = sum(len(one.targets) for one in lines)
    return BoardView(
        [environment_view(one) for one in chosen], lines, len(kept) == len(grouped) and shown < TARGETS_SHOWN
    )


def history(call: Call, name: str, line: str | None, page: PageRequest) -> Page[PlacementView]:
    """Everything that ever ran in an environment, on one line or all, the latest first."""
    environment = environments.by_name(call, name, Permission.RELEASE_READ)
    listing = f"placements/{environment.id}/{line}"
    rows = call.tx.placements.history(environment.id, line, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page(placement_views(call, kept.items, {environment.id: environment}, {}), kept.next_page_token)
