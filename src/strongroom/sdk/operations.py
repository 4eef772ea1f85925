"""Every operation of the native API, for `Api.call` and the command line.

The table is `operations.json` beside this file, which scripts/generate_operations.py writes from the server's route
table; a test holds that it is up to date.
"""

from pathlib import Path

import msgspec

from strongroom.sdk.table import Op

OPERATIONS: tuple[Op, ...] = msgspec.json.decode(
    Path(__file__).with_name("operations.json").read_bytes(), type=tuple[Op, ...]
)
BY_ID = {operation.id: operation for operation in OPERATIONS}
