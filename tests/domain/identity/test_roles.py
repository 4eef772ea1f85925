"""Roles: the whole table spelled out once more, every combination of scope and visibility, and lists that agree."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.identity.access import Access, Target, Visible
from strongroom.domain.identity.roles import RULES, Grant, Level, Permission, Role, Scope, Visibility, permissions_of

ADDED = {
    Role.VIEWER: "asset:read version:bytes folder:read lineage:read namespace:read run:read workspace:read "
    "principal:read server:read comment:read release:read recall:read",
    Role.CONTRIBUTOR: "asset:edit version:register version:edit evaluation:write folder:write blob:upload "
    "lineage:write asset:create run:write comment:write flag:set target:write release:create approval:ask verdict:give "
    "waiver:ask recall:ask",
    Role.MAINTAINER: "alias:set stage:set version:delete asset:rename asset:share asset:delete grant:read "
    "run:delete namespace:create namespace:edit webhook:read comment:moderate flag:remove ref:protect publication:set "
    "automation:read automation:write release:place hold:place",
    Role.ADMIN: "alias:protect waiver:grant hold:release retention:set environment:write "
    "asset:purge grant:write namespace:delete workspace:settings policy:write webhook:write "
    "principal:write token:manage audit:read recall:write workspace:create workspace:delete server:settings "
    "server:backup",
}
ANYWHERE = {Permission.PUBLIC, Permission.SELF}
ON_ASSETS = [p for p, rule in RULES.items() if rule.level is Level.ASSET]
READS = {Permission.ASSET_READ, Permission.VERSION_BYTES, Permission.FOLDER_READ, Permission.LINEAGE_READ}
SCOPES = {
    "server": Scope.server(),
    "workspace": Scope.workspace(1),
    "namespace": Scope.namespace_at(1, "vision"),
    "asset": Scope.asset(1, 7),
}
REACHES_PRIVATE = {("asset", role) for role in Role} | {("workspace", Role.ADMIN), ("server", Role.ADMIN)}


def access(*grants: tuple[Scope, Role], **caps: object) -> Access:
    return Access("p", tuple(Grant("p", scope, role) for scope, role in grants), **caps)  # type: ignore[arg-type]


def asset(visibility: Visibility = Visibility.WORKSPACE, namespace: str = "vision/resnet") -> Target:
    return Target(1, namespace, 7, visibility)


@pytest.mark.parametrize("role", Role)
def test_each_role_holds_what_the_table_says(role: Role) -> None:
    held = {word for smaller in Role if smaller <= role for word in ADDED[smaller].split()}
    assert {permission.value for permission in permissions_of(role)} == held


@pytest.mark.parametrize(("role", "restricted"), list(product(Role, (False, True))))
def test_on_an_environment(role: Role, restricted: bool) -> None:
    """A grant on it reaches it and nothing else; from above, only admins change what runs in a restricted one."""
    target = Target(1, environment_id=3, restricted=restricted)
    own, other, elsewhere = Scope.environment(1, 3), Scope.environment(1, 4), Scope.workspace(2)
    for permission in (Permission.RELEASE_READ, Permission.TARGET_WRITE, Permission.RELEASE_PLACE):
        holds = role >= RULES[permission].role
        assert access((own, role)).allows(permission, target) == holds
        open_ = not restricted or permission is Permission.RELEASE_READ or role is Role.ADMIN
        for above in (Scope.workspace(1), Scope.server()):
            assert access((above, role)).allows(permission, target) == (holds and open_)
        for none in (other, elsewhere, SCOPES["asset"], SCOPES["namespace"]):
            assert not access((none, role)).allows(permission, target)
    assert not any(access((own, role)).allows(permission, asset()) for permission in ON_ASSETS)
    assert not access((own, role)).allows(Permission.WORKSPACE_READ, Target(1, ""))
    assert not access((own, role)).allows(Permission.GRANT_WRITE, target)


def test_every_permission_has_a_rule() -> None:
    assert set(RULES) | ANYWHERE == set(Permission)
    assert not set(RULES) & ANYWHERE


@pytest.mark.parametrize(("name", "role", "visibility"), list(product(SCOPES, Role, Visibility)))
def test_on_an_asset(name: str, role: Role, visibility: Visibility) -> None:
    caller = access((SCOPES[name], role))
    reached = visibility is not Visibility.PRIVATE or (name, role) in REACHES_PRIVATE
    for permission in ON_ASSETS:
        expected = reached and role >= RULES[permission].role
        assert caller.allows(permission, asset(visibility)) == expected, permission


@pytest.mark.parametrize(("name", "permission"), list(product(SCOPES, RULES)))
def test_a_grant_never_gives_a_right_over_what_is_above_it(name: str, permission: Permission) -> None:
    caller = access((SCOPES[name], Role.ADMIN))
    assert caller.allows(permission, asset()) == (SCOPES[name].level >= RULES[permission].level)


@pytest.mark.parametrize("permission", RULES)
def test_nobody_may_do_anything_without_a_grant(permission: Permission) -> None:
    for target in (Target(), Target(1), asset(Visibility.PUBLIC), asset()):
        for caller in (Access(None), Access("p"), Access("p", role_cap=Role.ADMIN, workspace_cap=1)):
            assert not caller.allows(permission, target)


@pytest.mark.parametrize("permission", RULES)
def test_grants_elsewhere_do_not_reach_here(permission: Permission) -> None:
    caller = access(
        *((Scope.workspace(2), Role.ADMIN), (Scope.namespace_at(1, "vis"), Role.ADMIN)),
        *((Scope.namespace_at(1, "vision/resnet/x"), Role.ADMIN), (Scope.namespace_at(2, "vision"), Role.ADMIN)),
        *((Scope.asset(1, 8), Role.ADMIN), (Scope.asset(2, 7), Role.ADMIN)),
    )
    for target in (Target(), Target(1), Target(1, "vision"), asset(), Target(None, "vision", 7)):
        assert not caller.allows(permission, target)


@pytest.mark.parametrize("permission", Permission)
def test_public_assets_are_read_by_all_where_the_operator_says_so(permission: Permission) -> None:
    for caller in (Access(None, public_reads=True), Access("p", public_reads=True, role_cap=Role.VIEWER)):
        known = permission is Permission.PUBLIC or (permission is Permission.SELF and caller.subject is not None)
        assert caller.allows(permission, asset(Visibility.PUBLIC)) == (known or permission in READS)
        assert caller.allows(permission, asset(Visibility.WORKSPACE)) == known
        assert caller.allows(permission, Target(1, "vision", None, Visibility.PUBLIC)) == known


def test_an_unknown_visibility_counts_as_private() -> None:
    odd: Visibility = "odd"  # type: ignore[assignment]
    plain: Visibility = "workspace"  # type: ignore[assignment]
    caller = access((Scope.workspace(1), Role.MAINTAINER))
    assert not caller.allows(Permission.ASSET_READ, asset(odd))
    assert caller.allows(Permission.ASSET_READ, asset(plain))


def test_the_largest_of_several_grants_counts_where_it_reaches() -> None:
    caller = access((Scope.workspace(1), Role.CONTRIBUTOR), (Scope.asset(1, 7), Role.VIEWER))
    assert caller.allows(Permission.VERSION_REGISTER, asset())
    assert caller.allows(Permission.ASSET_READ, asset(Visibility.PRIVATE))
    assert not caller.allows(Permission.VERSION_REGISTER, asset(Visibility.PRIVATE))


@pytest.mark.parametrize(("cap", "permission"), list(product(Role, RULES)))
def test_a_token_caps_the_role(cap: Role, permission: Permission) -> None:
    caller = access((Scope.server(), Role.ADMIN), role_cap=cap)
    assert caller.allows(permission, asset(Visibility.PRIVATE)) == (RULES[permission].role <= cap)


def test_a_token_caps_the_workspace() -> None:
    caller = access((Scope.server(), Role.ADMIN), workspace_cap=1, public_reads=True)
    assert caller.allows(Permission.ASSET_PURGE, asset())
    assert not caller.allows(Permission.SERVER_BACKUP)
    assert not caller.allows(Permission.ASSET_READ, Target(2, "", 9, Visibility.PUBLIC))
    assert caller.enters(1)
    assert not caller.enters(2)
    assert caller.visible(2).nothing


def test_who_enters_a_workspace() -> None:
    assert access((Scope.asset(1, 7), Role.VIEWER)).enters(1)
    assert not access((Scope.asset(1, 7), Role.VIEWER)).enters(2)
    assert access((Scope.server(), Role.VIEWER)).enters(2)
    assert not Access(None, public_reads=True).enters(1)


def test_ranges_of_namespaces_do_not_overlap() -> None:
    paths = ["a/b", "a", "a-b", "a/b/c", "b"]
    caller = access(*((Scope.namespace_at(1, path), Role.VIEWER) for path in paths))
    assert sorted(caller.visible(1).namespaces) == ["a", "a-b", "b"]
    with pytest.raises(Invalid):
        Scope.namespace_at(1, "")


def test_roles_are_read_by_name() -> None:
    assert [Role.parse(text) for text in ("viewer", "contributor", "maintainer", "admin")] == list(Role)
    for text in ("Admin", "", "owner"):
        with pytest.raises(Invalid):
            Role.parse(text)


def listed(view: Visible, target: Target) -> bool:
    """What SQL makes of the filter."""
    namespace = target.namespace or ""
    wide = view.whole_workspace or any(namespace == p or f"{p}/" <= namespace < f"{p}0" for p in view.namespaces)
    open_here = target.visibility is not Visibility.PRIVATE or view.sees_private
    public = view.public and target.visibility is Visibility.PUBLIC
    return target.asset_id in view.asset_ids or public or (wide and open_here)


PLACES = st.sampled_from(["a", "a/b", "a-b", "a/b/c", "ab", "b"])
SOME_SCOPES = st.one_of(
    st.just(Scope.server()),
    st.builds(Scope.workspace, st.integers(1, 2)),
    st.builds(Scope.namespace_at, st.integers(1, 2), PLACES),
    st.builds(Scope.asset, st.integers(1, 2), st.integers(1, 3)),
)
CALLERS = st.builds(
    Access,
    st.just("p"),
    st.lists(st.builds(Grant, st.just("p"), SOME_SCOPES, st.sampled_from(Role)), max_size=4).map(tuple),
    st.one_of(st.none(), st.sampled_from(Role)),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)


@given(CALLERS, st.one_of(st.just(""), PLACES), st.integers(1, 3), st.sampled_from(Visibility))
def test_a_list_shows_what_a_read_allows(caller: Access, namespace: str, number: int, visibility: Visibility) -> None:
    target = Target(1, namespace, number, visibility)
    view = caller.visible(1)
    assert listed(view, target) == caller.allows(Permission.ASSET_READ, target)
    assert not (view.nothing and listed(view, target))
