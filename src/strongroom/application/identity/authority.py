"""Calls by the server itself, for what no principal asked for."""

from strongroom.application.call import Call, Caller
from strongroom.application.paging import PageSealer
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.roles import Grant, Role, Scope
from strongroom.domain.registry.model import Workspace


def as_system(tx: Transaction, workspace: Workspace) -> Call:
    """A call by the server itself, which may do everything; for what no principal asked for."""
    system = tx.principals.system()
    access = Access(system.uid, (Grant(system.uid, Scope.server(), Role.ADMIN),))
    return Call(tx, Caller(system, access), workspace, PageSealer(b""))
