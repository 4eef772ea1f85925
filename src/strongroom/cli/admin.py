"""``strongroom admin``: what the operator does beside the server, running or not, with the data in hand.

Whoever may read the data folder, or the database, is the operator: nothing here asks for a token.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.installation import Installation, install
from strongroom.bootstrap.settings import Storage
from strongroom.domain.errors import DomainError, NotFound

T = TypeVar("T")
RoleName = Literal["viewer", "contributor", "maintainer", "admin"]

app = App(name="admin", help="Act on a server's data directly.")
token = App(name="token", help="Tokens.")
principal = App(name="principal", help="Users and service accounts.")
key = App(name="key", help="Keys: of the audit log, of webhooks.")
audit = App(name="audit", help="The audit log.")
store = App(name="store", help="The store of the bytes.")
for _app in (token, principal, key, audit, store):
    app.command(_app)


def run(storage: Storage | None, work: Callable[[Installation], Awaitable[T]]) -> T:
    """Open the installation, initialising an empty one, do the work and close it; a refusal ends the program with 1."""

    async def whole() -> T:
        installation = await install(storage or Storage())
        try:
            return await work(installation)
        finally:
            installation.database.close()

    try:
        return asyncio.run(whole())
    except DomainError as error:
        print(f"strongroom admin: {error.message}", file=sys.stderr)  # noqa: T201 - what the command line says
        raise SystemExit(1) from error


def command(storage: Storage | None, work: Callable[[Transaction], T]) -> T:
    """Do the work in one writing transaction; see `run`."""
    return run(storage, lambda installation: installation.database.command(work))


def say(line: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(line + "\n")


@token.command(name="create")
def create_token(
    *,
    name: Annotated[str, Parameter(name="--principal")],
    role: RoleName | None = None,
    workspace: str = "default",
    server: Annotated[bool, Parameter(negative="")] = False,
    service: Annotated[bool, Parameter(negative="")] = False,
    storage: Storage | None = None,
) -> None:
    """Make a token; the last line of the output is the token itself, shown this once.

    Parameters
    ----------
    name:
        Whom it stands for; made if not there.
    role:
        Granted on the workspace; without it the principal gets no grant at all.
    workspace:
        Home of the principal.
    server:
        Grant the role on the whole server instead.
    service:
        A service account, whose tokens do not expire, rather than a user.
    """
    from strongroom.application.identity import setup

    kind = "service" if service else "user"
    made = command(
        storage,
        lambda tx: setup.ensure_principal_with_token(tx, name, role, workspace, server=server, kind=kind),
    )
    say(made.text)


@principal.command(name="disable")
def disable_principal(name: str, *, storage: Storage | None = None) -> None:
    """Disable a principal: its tokens stop working at once.

    Parameters
    ----------
    name:
        Its name.
    """
    from strongroom.application.identity import principals, setup

    def disable(tx: Transaction) -> None:
        found = tx.principals.by_name(name)
        if found is None:
            raise NotFound("There is no principal of that name.")
        principals.disable(setup.as_system(tx, setup.ensure_default_workspace(tx)), found.uid)

    command(storage, disable)
    say(f"{name} is disabled.")


@app.command(name="setup-link")
def setup_link(*, url: str = "http://127.0.0.1:8600", storage: Storage | None = None) -> None:
    """Print a new single-use link for making the first admin; there is none once a user exists.

    Parameters
    ----------
    url:
        Where the server is reached.
    """
    from strongroom.application.identity import setup
    from strongroom.domain.errors import Conflict

    def prepare(tx: Transaction) -> str:
        code = setup.prepare(tx)
        if code is None:
            raise Conflict("There are users already; an admin makes others.")
        return code

    say(f"{url.rstrip('/')}/setup?code={command(storage, prepare)}")


@key.command(name="rotate")
def rotate_key(*, storage: Storage | None = None) -> None:
    """Replace the audit log's signing key; old and new key both sign the handing over."""
    from strongroom.bootstrap.rotation import rotate

    say(run(storage, rotate))


@key.command(name="replace-webhook-key")
def replace_webhook_key(*, storage: Storage | None = None) -> None:
    """Give up the key of webhooks, lost or known to others. Stop the server first. Every webhook is then paused."""
    from strongroom.bootstrap import webhook_keys

    place = storage or Storage()
    paused = command(place, lambda tx: webhook_keys.replace(tx, place.keys_folder))
    say(f"The key is replaced; {paused} webhook{'' if paused == 1 else 's'} paused.")
    say("For each: strongroom webhook rotate, tell its receiver, then webhook update --state active.")


@audit.command(name="checkpoint")
def sign_checkpoint(*, storage: Storage | None = None) -> None:
    """Sign the audit log's present size and root, and print the note."""
    from strongroom.application.audit import log

    async def sign(installation: Installation) -> str:
        await installation.database.command(lambda _tx: None)  # on SQLite: numbers what a killed server left pending
        view = await installation.database.command(lambda tx: log.sign(tx, installation.keyring))
        return view.note

    sys.stdout.write(run(storage, sign))


@audit.command(name="publish")
def publish_checkpoint(*, storage: Storage | None = None) -> None:
    """Sign the audit log's present size and root, and put the note below witness/ in the store."""
    from strongroom.application.audit import witnessing
    from strongroom.bootstrap.installation import open_upkeep

    async def publish(installation: Installation) -> str | None:
        upkeep = open_upkeep(installation.storage.blobs)
        keyring, database = installation.keyring, installation.database
        try:
            await database.command(lambda _tx: None)  # on SQLite: numbers what a killed server left pending
            return await witnessing.publish(database, upkeep, keyring, keyring.agree, 0)
        finally:
            await upkeep.aclose()

    name = run(storage, publish)
    say(f"Published witness/{name}." if name else "The log has not grown since the last one was published.")


@store.command(name="adopt")
def adopt_store(*, storage: Storage | None = None) -> None:
    """Make the store this database's, after a restore or a move. No other server may use it any more.

    Clients of the Xet protocol then forget what they have sent: a restored store may not have it.
    """
    from strongroom.bootstrap.integrity import adopted

    try:
        asyncio.run(adopted(storage or Storage()))
    except DomainError as error:
        print(f"strongroom admin: {error.message}", file=sys.stderr)  # noqa: T201 - what the command line says
        raise SystemExit(1) from error
    say("The store is this database's.")


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        app()
