"""``strongroom serve``: one server process on this machine, or several; loaded by the command line when called."""

import asyncio
import os
import sys

from cyclopts import App
from cyclopts.config import Toml

from strongroom.bootstrap.settings import Serving, Storage
from strongroom.domain.errors import DomainError

#: The TOML file, if any, is named by this variable; the keys of its table [serve] are the flags' names.
CONFIG_VARIABLE = "STRONGROOM_CONFIG"

_config = os.environ.get(CONFIG_VARIABLE)
app = App(
    name="serve",
    help="Run a server.",
    config=[Toml(_config, must_exist=True)] if _config else [],
)


@app.default
def serve(*, storage: Storage | None = None, serving: Serving | None = None) -> None:
    """Run a server until it is told to stop (Ctrl-C, SIGTERM).

    An empty place is initialised; one made by another release is refused. Logs go to stderr, a JSON object a line.
    """
    from strongroom.bootstrap import serving as run

    try:
        storage, serving = storage or Storage(), serving or Serving()
        if serving.workers > 1:
            run.serve_workers(storage, serving)
        else:
            asyncio.run(run.serve_here(storage, serving))
    except DomainError as error:
        print(f"strongroom serve: {error.message}", file=sys.stderr)  # noqa: T201 - what the command line says
        raise SystemExit(1) from error


if __name__ == "__main__":
    app()
