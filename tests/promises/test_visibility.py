"""Issue 2: "everything denied by default, and every list, count and facet filtered". domain.md section 3, Visibility: a
principal's grants are one predicate; here every list is compared with asking for each asset by itself.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.application.call import Call, asset_target
from strongroom.application.identity import setup
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, namespaces, versions
from strongroom.application.registry.assets import CreateAsset, ListAssets
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission, Scope
from strongroom.domain.identity.tokens import Token
from tests.promises.support import Site, publish, statements

SPACES = ["", "a", "a/b", "a/b/c", "ab", "a-b", "a0", "B"]
VISIBILITIES = ["private", "workspace", "public"]
ROLES = ["viewer", "contributor", "maintainer", "admin"]


@pytest.fixture
def grid(site: Site) -> list[str]:
    """An asset of each visibility in each namespace, in the default workspace and in a second one."""

    def make(tx: Transaction) -> list[str]:
        made = []
        second = tx.workspaces.add("second", "")
        for workspace in (site.world.workspace, second):
            call = setup.as_system(tx, workspace)
            for space, visibility in itertools.product(SPACES, VISIBILITIES):
                made.append(assets.create(call, CreateAsset("model", visibility, space, visibility=visibility)).uid)
        return made

    return site.world.command_tx(make)


scopes = st.one_of(
    st.tuples(st.just("server"), st.just("")),
    st.tuples(st.just("workspace"), st.sampled_from(["default", "second"])),
    st.tuples(st.just("namespace"), st.sampled_from([space for space in SPACES if space])),
    st.tuples(st.just("asset"), st.integers(0, 47).map(str)),
)
grants = st.lists(st.tuples(scopes, st.sampled_from(ROLES)), max_size=4)


def test_lists_are_what_asking_one_by_one_gives(site: Site, grid: list[str]) -> None:
    """Issue 2: "every list ... filtered", for random grants, visibilities and page sizes."""
    counter = itertools.count()

    def newcomer(given_: list[tuple[tuple[str, str], str]]) -> Token:
        def make(tx: Transaction) -> Token:
            name = f"p{next(counter)}"
            token = setup.ensure_principal_with_token(tx, name, None, "default")
            principal, admin = tx.principals.by_name(name), tx.principals.by_name("root")
            assert principal is not None
            assert admin is not None
            for (level, value), role in given_:
                tx.grants.add("principal", principal.uid, _scope(site, tx, grid, level, value), role, admin.id)
            return token

        return site.world.command_tx(make)

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(given_=grants, public=st.booleans(), size=st.sampled_from([1, 5, 100]))
    def compare(given_: list[tuple[tuple[str, str], str]], size: int, *, public: bool) -> None:
        token = newcomer(given_)
        site.world.public_reads = public
        for workspace in ("default", "second"):
            listed = list(_listed(site, token, workspace, size))
            assert len(listed) == len(set(listed))
            assert set(listed) == site.world.read(token, lambda call: _allowed(call, grid), workspace)
        site.world.public_reads = False

    compare()


def _scope(site: Site, tx: Transaction, grid: list[str], level: str, value: str) -> Scope:
    if level == "server":
        return Scope.server()
    if level == "namespace":
        found = tx.namespaces.by_path(site.world.workspace.id, value)
        assert found is not None
        return Scope.namespace_at(site.world.workspace.id, found.slug_path)
    if level == "asset":
        for workspace in (site.world.workspace, tx.workspaces.by_slug("second")):
            asset = tx.assets.by_uid(workspace.id if workspace else 0, grid[int(value)])
            if asset is not None:
                return Scope.asset(asset.workspace_id, asset.id)
    workspace = tx.workspaces.by_slug(value)
    assert workspace is not None
    return Scope.workspace(workspace.id)


def _allowed(call: Call, grid: list[str]) -> set[str]:
    """Brute force: every asset of the workspace, asked for by itself."""
    found = set()
    for uid in grid:
        asset = call.tx.assets.by_uid(call.workspace.id, uid)
        if asset is not None and call.caller.access.allows(Permission.ASSET_READ, asset_target(asset)):
            found.add(uid)
            assert assets.get(call, uid).uid == uid
        elif asset is not None:
            with pytest.raises(NotFound):
                assets.get(call, uid)
    return found


def _listed(site: Site, who: str | Token, workspace: str | None, size: int) -> Iterator[str]:
    token: str | None = None
    while True:
        request = PageRequest(size, token)
        page = site.world.read(who, lambda call, r=request: assets.listed(call, ListAssets(), r), workspace)  # type: ignore[misc]
        yield from (asset.uid for asset in page.items)
        token = page.next_page_token
        if token is None:
            return


def test_a_page_costs_the_same_number_of_queries_however_many_rows_it_has(site: Site, model: AssetView) -> None:
    """Issue 2: lists with "keyset pages"; no list asks the database once a row."""
    for n in range(30):
        site.world.command("contributor", lambda c, n=n: assets.create(c, CreateAsset("model", f"m{n}", f"space{n}")))  # type: ignore[misc]
    for _ in range(12):
        publish(site, model.uid)
    lists: dict[str, Callable[[Call, PageRequest], object]] = {
        "assets": lambda call, page: assets.listed(call, ListAssets(), page),
        "namespaces": namespaces.listed,
        "versions": lambda call, page: versions.listed(call, model.uid, ListVersions(), page),
    }
    for name, listing in lists.items():
        costs = []
        site.world.read("viewer", lambda call: listing(call, PageRequest()))  # noqa: B023 - who calls is known then
        for size in (2, 12, 30):
            with statements(site) as said:
                site.world.read("viewer", lambda call, s=size: listing(call, PageRequest(s)))  # type: ignore[misc]  # noqa: B023
            costs.append(len(said))
        assert len(set(costs)) == 1, (name, costs)
