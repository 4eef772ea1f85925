"""What runs where, now or at any time: releases, who put them there and why, and what targets say they run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing, watching
from strongroom.application.delivery.views import (
    EnvironmentView,
    PlacementView,
    environment_view,
    placement_views,
    placement_weight,
)
from strongroom.application.delivery.watching import TargetView
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.domain.delivery.model import Environment, Mode, Placement
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
    known = {one.id: one for one in chosen}
    placed, whole = _placed(call, known, line, at)
    targets, all_ = watching.of(call, known, line, TARGETS_SHOWN) if at is None else ({}, True)
    lines = [LineView(known[key[0]].name, key[1], some, targets.pop(key, ())) for key, some in placed]
    lines += [LineView(known[key[0]].name, key[1], (), some) for key, some in targets.items()]
    return BoardView([environment_view(one) for one in chosen], lines, whole and all_)


_Line = tuple[tuple[int, str], list[PlacementView]]


def _placed(call: Call, known: Mapping[int, Environment], line: str | None, at: int | None) -> tuple[list[_Line], bool]:
    """What is set to run by environment and line, bounded in lines and bytes; and whether that is all."""
    most = LINES_SHOWN * len(Mode)
    rows = call.tx.placements.board(sorted(known), line, at, most + 1)
    groups = [list(some) for _, some in groupby(rows, lambda one: (one.environment_id, one.line))]
    kept = groups[: -1 if len(rows) > most else None][:LINES_SHOWN]
    places = {id_: place for place, id_ in enumerate(known)}
    kept.sort(key=lambda some: (places[some[0].environment_id], some[0].line))
    page = within_bytes(
        Page(kept, None),
        lambda some: _lines(call, known, some),
        lambda one: sum(map(placement_weight, one[1])),
        lambda _: "there is more",
    )
    return list(page.items), page.next_page_token is None and len(kept) == len(groups)


def _lines(call: Call, known: Mapping[int, Environment], groups: Sequence[Sequence[Placement]]) -> list[_Line]:
    rows = [one for some in groups for one in placing.in_order(some)]
    answered = {id_: share for some in groups for id_, share in shares(some).items()}
    views = iter(placement_views(call, rows, known, answered))
    return [((some[0].environment_id, some[0].line), [next(views) for _ in some]) for some in groups]


def history(call: Call, name: str, line: str | None, page: PageRequest) -> Page[PlacementView]:
    """Everything that ever ran in an environment, on one line or all, the latest first."""
    environment = environments.by_name(call, name, Permission.RELEASE_READ)
    listing = f"placements/{environment.id}/{line}"
    rows = call.tx.placements.history(environment.id, line, call.sealer.open(listing, page.token), page.size + 1)
    return within_bytes(
        call.sealer.page(listing, rows, page.size, lambda one: (one.id,)),
        lambda some: placement_views(call, some, {environment.id: environment}, {}),
        placement_weight,
        lambda one: call.sealer.seal(listing, (one.id,)),
    )
