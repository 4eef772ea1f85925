"""Runs in a foreign client's own environment: takes pieces of Python on standard input, answers `result` or the error.

One process runs many pieces, since importing such libraries takes seconds; what a piece sets stays for the next.
"""

import contextlib
import io
import json
import sys
import traceback


def main() -> None:
    names: dict[str, object] = {}
    out = sys.stdout
    for line in sys.stdin:
        names["result"] = None
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(json.loads(line), names)  # noqa: S102 - the tests' own pieces
            answer = {"result": names["result"]}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            response = getattr(error, "response", None)
            answer = {
                "error": type(error).__name__,
                "code": getattr(error, "error_code", None),
                "status": getattr(response, "status_code", None),
                "message": str(error),
                "trace": traceback.format_exc(),
            }
        out.write(json.dumps(answer, default=str) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
