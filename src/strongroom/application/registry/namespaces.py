"""Namespaces: paths of names inside a workspace, made by hand or when an asset first needs one."""

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry.views import NamespaceView, namespace_view
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Held, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.model import Namespace
from strongroom.domain.registry.names import clean_namespace_path, slug_candidates, slug_key

HOLDERS_NAMED = 20


def root(call: Call) -> Namespace:
    """The root namespace of the workspace. :raises NotFound: the workspace was deleted meanwhile, with its root."""
    found = call.tx.namespaces.by_path(call.workspace.id, "")
    if found is None:
        raise NotFound("There is no such workspace.")
    return found


def find(call: Call, path: str) -> Namespace | None:
    """A live namespace by its path, without any check; the empty path is the root."""
    return call.tx.namespaces.by_path(call.workspace.id, "/".join(clean_namespace_path(path)))


def ensure(call: Call, path: str, needed: Permission) -> Namespace:
    """The namespace of that path; missing levels are made, when the caller may do `needed` in the whole path.

    A contributor who may create assets in `a` may so create `a/b` by creating an asset in it: a namespace gives no
    right of its own.
    """
    parent = root(call)
    walked: list[str] = []
    for level in clean_namespace_path(path):
        walked.append(level)
        here = call.tx.namespaces.by_path(call.workspace.id, "/".join(walked))
        if here is None:
            call.require_namespace(needed, parent)
            here = _add(call, parent, level, "")
        parent = here
    _hold(call, parent)
    return parent


def _hold(call: Call, namespace: Namespace) -> None:
    """Keep a namespace for what is about to be put into it. :raises Conflict: it was deleted meanwhile."""
    if not call.tx.namespaces.hold(namespace.id):
        raise Conflict("The namespace was deleted meanwhile; try again.")


def _add(call: Call, parent: Namespace, name: str, description: str) -> Namespace:
    _hold(call, parent)
    path = f"{parent.path}/{name}" if parent.path else name
    taken = call.tx.namespaces.slugs_in(parent)
    slugs = slug_candidates(name, namespace=True, top=not parent.path, workspace=call.workspace.slug)
    slug = next(slug for slug in slugs if slug_key(slug) not in taken)
    slug_path = f"{parent.slug_path}/{slug}" if parent.slug_path else slug
    if not parent.path:
        _refuse_anothers_home(call, name)
    namespace = call.tx.namespaces.add(call.workspace.id, path, slug_path, description)
    call.record("namespace.create", Subject("namespace", namespace.uid), {"slug_path": slug_path})
    return namespace


def _refuse_anothers_home(call: Call, name: str) -> None:
    """Principals and top namespaces share one list of names; a principal's home is made when it first needs it."""
    owner = call.tx.principals.by_name(name)
    if owner is not None and owner.id != call.actor.id:
        raise AlreadyExists(f"{name!r} is the name of a principal: only it can make its home namespace.")


def create(call: Call, path: str, description: str) -> NamespaceView:
    """Make a namespace; its parents must exist.

    :raises AlreadyExists: there is one of that path. :raises NotFound: its parent is missing.
    """
    levels = clean_namespace_path(path)
    if not levels:
        raise AlreadyExists("The root namespace exists.")
    parent = call.require_namespace(
        Permission.NAMESPACE_CREATE, call.tx.namespaces.by_path(call.workspace.id, "/".join(levels[:-1]))
    )
    if call.tx.namespaces.by_path(call.workspace.id, "/".join(levels)) is not None:
        raise AlreadyExists("There is a namespace of that path.")
    return namespace_view(_add(call, parent, levels[-1], clean_description(description)))


def listed(call: Call, page: PageRequest) -> Page[NamespaceView]:
    """The namespaces that the caller may see, by path."""
    call.ask(Permission.NAMESPACE_READ)
    access, listing = call.caller.access, f"namespaces/{call.workspace.id}"
    found: list[Namespace] = []
    after = call.sealer.open(listing, page.token)
    while len(found) <= page.size:
        rows = call.tx.namespaces.list(call.workspace.id, after, page.size + 1)
        found += [n for n in rows if access.allows(Permission.NAMESPACE_READ, Target(n.workspace_id, n.slug_path))]
        if len(rows) <= page.size:
            break
        after = (rows[-1].path,)
    return call.sealer.page(listing, found, page.size, lambda n: (n.path,)).map(namespace_view)


def by_uid(call: Call, uid: str, permission: Permission) -> Namespace:
    """A namespace by its uid, when the caller may do this in it."""
    return call.require_namespace(permission, call.tx.namespaces.by_uid(call.workspace.id, uid))


def _locked(call: Call, uid: str, permission: Permission) -> Namespace:
    """The same, with its row locked until the end of the transaction."""
    namespace = call.tx.namespaces.lock(by_uid(call, uid, permission).id)
    if namespace is None:
        raise NotFound("There is no such namespace.")
    return namespace


def get(call: Call, uid: str) -> NamespaceView:
    """One namespace."""
    return namespace_view(by_uid(call, uid, Permission.NAMESPACE_READ))


def update(call: Call, uid: str, description: str, etag: int | None) -> NamespaceView:
    """Change the description."""
    namespace = _locked(call, uid, Permission.NAMESPACE_EDIT)
    check_etag(etag, namespace.etag)
    changed = call.tx.namespaces.update(
        namespace, description=clean_description(description), settings=namespace.settings
    )
    call.record("namespace.update", Subject("namespace", uid))
    return namespace_view(changed)


def delete(call: Call, uid: str) -> None:
    """Remove an empty namespace.

    :raises Held: something lives in it or below it.
    """
    namespace = _locked(call, uid, Permission.NAMESPACE_DELETE)
    if not namespace.path:
        raise NotFound("The root namespace goes with its workspace.")
    holders = call.tx.namespaces.holders(namespace, HOLDERS_NAMED)
    if holders:
        raise Held("The namespace is not empty.", holders=list(holders))
    call.tx.namespaces.delete(namespace, call.now)
    call.record("namespace.delete", Subject("namespace", uid))
