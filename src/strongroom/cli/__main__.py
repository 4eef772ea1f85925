"""The entry point: parses, runs one command, and says by its exit code what came of it."""

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from strongroom.cli import exits
from strongroom.cli.root import SERVER_COMMANDS, app
from strongroom.sdk.errors import StrongroomError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (see `exits`)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app(given, exit_on_error=False, print_error=True, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError:
        return exits.USAGE
    except StrongroomError as error:
        exits.explain(error, as_json="--json" in given)
        return exits.code_of(error)
    except ImportError as error:
        cause = error.__cause__ or error
        if given[:1] and given[0] in SERVER_COMMANDS and isinstance(cause, ModuleNotFoundError):
            sys.stderr.write(f"strongroom: {given[0]} needs the server: pip install 'strongroom[server]' ({cause})\n")
            return exits.FAILURE
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; say nothing more
        return exits.FAILURE
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except OSError as error:
        sys.stderr.write(f"strongroom: {error}\n")
        return exits.FAILURE
    return result if isinstance(result, int) else exits.OK


if __name__ == "__main__":
    sys.exit(main())
