"""Runs in the Hub clients' own environment: takes pieces of Python on standard input, answers with `result` or error.

One process runs many pieces, since importing the libraries takes seconds; what a piece sets stays for the next.
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
        noise = io.StringIO()
        try:
            with contextlib.redirect_stdout(noise):
                exec(json.loads(line), names)  # noqa: S102 - the tests' own pieces
            answer = {"result": names["result"]}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            response = getattr(error, "response", None)
            answer = {
                "error": type(error).__name__,
                "status": getattr(response, "status_code", None),
                "message": str(error),
                "trace": traceback.format_exc(),
            }
        out.write(json.dumps(answer, default=str) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
