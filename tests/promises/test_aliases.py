"""Promise 2: "an alias points at exactly one committed version; alias moves are linearizable per asset". domain.md N8:
"Aliases change in batches, all or none, each with its own compare-and-swap."
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases, locate, tags
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.views import AliasView, AssetView
from strongroom.domain.errors import DomainError, Invalid, NotFound, PreconditionFailed
from tests.promises.support import Site, make_asset, publish, run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("champion", "challenger", "default")
ABSENT = -1


def microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def move(asset_uid: str, *changes: ChangeAlias) -> Callable[[Call], list[AliasView]]:
    return lambda call: aliases.change(call, asset_uid, changes)


def where(site: Site, asset_uid: str, at: int | None = None) -> dict[str, int]:
    found = site.world.read("viewer", lambda call: aliases.listed(call, asset_uid, at))
    return {alias.name: alias.version for alias in found}


def whole_history(site: Site, asset_uid: str, name: str | None = None, size: int = 1_000) -> list[AliasView]:
    rows: list[AliasView] = []
    token: str | None = None
    while True:
        page = site.world.read(
            "viewer",
            lambda call, t=token: aliases.history(call, asset_uid, name, PageRequest(size, t)),  # type: ignore[misc]
        )
        rows += page.items
        token = page.next_page_token
        if token is None:
            return rows


def test_of_two_writers_that_race_one_wins_and_the_other_gets_412(site: Site, model: AssetView) -> None:
    """Issue 2: "two writers racing for an alias (one wins, the other gets 412)"; here 20 rounds of six."""
    first, second = publish(site, model.uid), publish(site, model.uid)
    targets = itertools.cycle([second.uid, first.uid])
    site.world.command("maintainer", move(model.uid, ChangeAlias("champion", first.uid)))

    async def race(etag: int, target: str) -> list[object]:
        work = move(model.uid, ChangeAlias("champion", target, etag))
        attempts = (site.edge("maintainer").command(work) for _ in range(6))
        return list(await asyncio.gather(*attempts, return_exceptions=True))

    for _ in range(20):
        (now,) = site.world.read("viewer", lambda call: aliases.listed(call, model.uid, None))
        outcomes = run(race(now.etag, next(targets)))
        won = [outcome for outcome in outcomes if isinstance(outcome, list)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, PreconditionFailed)]
        assert (len(won), len(lost)) == (1, 5)
        assert {error.details["etag"] for error in lost} == {won[0][0].etag}
    assert len(whole_history(site, model.uid, "champion")) == 21


def test_increments_by_compare_and_swap_lose_none(site: Site, model: AssetView) -> None:
    """Promise 2: "alias moves are linearizable per asset": a counter kept by compare-and-swap counts every success."""
    made = [publish(site, model.uid) for _ in range(17)]
    site.world.command("maintainer", move(model.uid, ChangeAlias("counter", made[0].uid)))

    async def increment() -> None:
        while True:
            edge = site.edge("maintainer")
            now = await edge.read(lambda call: aliases.get(call, model.uid, "counter"))
            try:
                await edge.command(move(model.uid, ChangeAlias("counter", made[now.version].uid, now.etag)))
            except PreconditionFailed:
                continue
            return

    async def together() -> None:
        await asyncio.gather(*(increment() for _ in range(16)))

    run(together())
    assert where(site, model.uid) == {"counter": 17}
    assert [alias.version for alias in whole_history(site, model.uid)] == list(range(17, 0, -1))


def test_a_batch_is_all_or_none_under_contention(site: Site, model: AssetView) -> None:
    """N8: "Aliases change in batches, all or none": two aliases moved together are never seen apart."""
    pair = [publish(site, model.uid), publish(site, model.uid)]
    both = [[ChangeAlias(name, version.uid) for name in ("blue", "green")] for version in pair]
    site.world.command("maintainer", move(model.uid, *both[0]))
    seen: list[dict[str, int]] = []

    async def writer(n: int) -> None:
        await site.edge("maintainer").command(move(model.uid, *both[n % 2]))

    async def reader() -> None:
        found = await site.edge("viewer").read(lambda call: aliases.listed(call, model.uid, None))
        seen.append({alias.name: alias.version for alias in found})

    async def together() -> None:
        await asyncio.gather(*(writer(n) if n % 2 else reader() for n in range(60)))

    run(together())
    assert len(seen) == 30
    assert all(len(found) == 2 and len(set(found.values())) == 1 for found in seen), seen


def test_a_command_that_waited_for_the_asset_cannot_write_into_the_past(site: Site, model: AssetView) -> None:
    """Promise 2: an alias points at exactly one version, also as of any time: placements never overlap.

    The clock is read when a transaction begins; one that then waits for the asset's row is older than what it finds.
    """
    version = publish(site, model.uid)
    site.world.command("maintainer", move(model.uid, ChangeAlias("champion", version.uid)))
    site.world.command("maintainer", lambda call: tags.set_tags(call, "asset", model.uid, {"team": "a"}))
    before = site.world.clock.now_us() - 500_000  # as another server's clock, or a wait of half a second

    def late(work: Callable[[Call], object]) -> None:
        def run_late(call: Call) -> None:
            object.__setattr__(call.tx, "_now", before)
            work(call)

        site.world.command("maintainer", run_late)

    site.world.command("maintainer", move(model.uid, ChangeAlias("champion", None)))
    site.world.command("maintainer", lambda call: tags.remove_tags(call, "asset", model.uid, ["team"]))
    late(move(model.uid, ChangeAlias("champion", version.uid)))
    late(lambda call: tags.set_tags(call, "asset", model.uid, {"team": "b"}))
    newest, oldest = whole_history(site, model.uid, "champion")
    assert oldest.valid_to is not None
    assert newest.valid_from >= oldest.valid_to
    for at in range(microseconds(oldest.valid_from) - 2, microseconds(newest.valid_from) + 2, 50_000):
        assert len(site.world.read("viewer", lambda call, t=at: aliases.listed(call, model.uid, t))) <= 1  # type: ignore[misc]
        assert len(site.world.read("viewer", lambda call, t=at: tags.listed(call, "asset", model.uid, t))) <= 1  # type: ignore[misc]


def test_history_is_paged_without_a_row_twice_or_missing(site: Site, model: AssetView) -> None:
    """Issue 2: aliases are "rows with valid-from / valid-to", asked "as of T"; several change in one command."""
    pair = [publish(site, model.uid), publish(site, model.uid)]
    for n in range(4):
        changes = [ChangeAlias(name, pair[n % 2].uid) for name in ("a", "b", "c")]
        site.world.command("maintainer", move(model.uid, *changes))
    rows = whole_history(site, model.uid, size=2)
    assert len(rows) == len({(row.name, row.valid_from) for row in rows}) == 12
    assert rows == whole_history(site, model.uid)


class AliasMachine(RuleBasedStateMachine):
    """Moves and removals of aliases, single and in batches, with right and wrong ETags, beside a dict."""

    site: Site
    ids: Iterator[int]

    @initialize()
    def begin(self) -> None:
        self.asset = make_asset(self.site, f"m{next(self.ids)}").uid
        self.made = [publish(self.site, self.asset) for _ in range(3)]
        self.now: dict[str, int] = {}
        self.etags: dict[str, int] = {}
        self.used: set[int] = set()
        self.rows: list[tuple[str, int]] = []
        self.past: list[tuple[int, dict[str, int]]] = [(self.site.world.clock.now_us(), {})]

    changes = st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.sampled_from(["none", "right", "wrong", "absent"])),
        min_size=1,
        max_size=3,
    )

    @rule(wanted=changes)
    def change(self, wanted: list[tuple[str, int, str]]) -> None:
        batch = [self._change(*one) for one in wanted]
        expected = self._expect(batch)
        if expected is not None:
            with pytest.raises(expected):
                self.site.world.command("maintainer", move(self.asset, *batch))
            return
        views = self.site.world.command("maintainer", move(self.asset, *batch))
        by_uid = {version.uid: version.number or 0 for version in self.made}
        for change in batch:
            if change.version_uid is None:
                del self.now[change.name], self.etags[change.name]
            else:
                self.now[change.name] = by_uid[change.version_uid]
                self.rows.append((change.name, by_uid[change.version_uid]))
        self.etags |= {view.name: view.etag for view in views}
        fresh = {view.etag for view in views}
        assert not fresh & self.used
        self.used |= fresh
        self.past.append((self.site.world.clock.now_us(), dict(self.now)))

    def _change(self, name: str, target: int, etag: str) -> ChangeAlias:
        right = self.etags.get(name, 0)
        stated = {"none": None, "right": right, "wrong": right + 1_000, "absent": 0}[etag]
        return ChangeAlias(name, self.made[target].uid if target < 3 else None, stated)

    def _expect(self, batch: list[ChangeAlias]) -> type[DomainError] | None:
        if len({change.name for change in batch}) < len(batch):
            return Invalid
        for change in batch:
            if change.etag not in (None, self.etags.get(change.name, 0)):
                return PreconditionFailed
            if change.version_uid is None and change.name not in self.now:
                return NotFound
        return None

    @invariant()
    def the_present_and_every_past_moment_are_as_the_model_says(self) -> None:
        assert where(self.site, self.asset) == self.now
        for time_us, then in self.past[-6:] + self.past[:2]:
            assert where(self.site, self.asset, time_us) == then

    def teardown(self) -> None:
        if hasattr(self, "asset"):
            for time_us, then in self.past:
                assert where(self.site, self.asset, time_us) == then
            rows = whole_history(self.site, self.asset, size=3)
            assert sorted((row.name, row.version) for row in rows) == sorted(self.rows)
            assert {row.name: row.version for row in rows if row.valid_to is None} == self.now


def test_aliases_behave_like_a_dict_with_a_memory(site: Site) -> None:
    """Issue 2: "rows with valid-from / valid-to from the first schema, so that any of them can be asked "as of T"."""

    class Bound(AliasMachine):
        pass

    Bound.site, Bound.ids = site, itertools.count()
    run_state_machine_as_test(
        Bound,
        settings=settings(max_examples=12, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )


def test_what_was_champion_at_time_t(site: Site, model: AssetView) -> None:
    """Issue 2: "answers "what was champion at time T""; by reference, and `default` falls back to latest (N8)."""
    first, second = publish(site, model.uid), publish(site, model.uid)
    site.world.command("maintainer", move(model.uid, ChangeAlias("champion", first.uid)))
    then = site.world.clock.now_us()
    site.world.command("maintainer", move(model.uid, ChangeAlias("champion", second.uid)))

    def number(reference: str, at: int | None = None) -> int | None:
        found = site.world.read("viewer", lambda call: locate.resolve(call, reference, None, at)).version
        return found.number if found else None

    assert number("churn@champion") == 2
    assert number("churn@champion", then) == 1
    assert number("churn@default") == 2
    with pytest.raises(NotFound):
        number("churn@champion", then - 60_000_000)
