"""Checkpoints of the log, published in the store on a schedule, for witnesses who keep copies elsewhere."""

from collections.abc import Callable
from typing import Final

from strongroom.application.artifacts.upkeep import UpkeepBlobs
from strongroom.application.audit.log import CheckpointView, LogKeyring, sign
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction

SETTING: Final = "witness_published"
"""Size of the log that was published last, and when in microseconds UTC, with a space between."""


async def publish(
    executor: Executor,
    upkeep: UpkeepBlobs,
    keys: LogKeyring,
    agree: Callable[[Transaction], None],
    period_us: int,
) -> str | None:
    """Publish the log's present checkpoint, unless it has not grown, or one was published less than a period ago.

    Two processes at once publish two checkpoints, or the same one: both are true.

    :param agree: raises when the log is signed with a key that this server does not hold.
    :returns: the name of what is there now; None where nothing was to be done.
    """

    def signed(tx: Transaction) -> CheckpointView:
        agree(tx)
        return sign(tx, keys)

    if not await executor.read(lambda tx: _due(tx, period_us)):
        return None
    view = await executor.command(signed)
    name = f"{view.size:016d}"
    await upkeep.publish(f"{name}.keys", "".join(f"{key}\n" for key in view.keys).encode())
    await upkeep.publish(f"{name}.checkpoint", view.note.encode())
    await executor.command(lambda tx: tx.settings.put(SETTING, f"{view.size} {tx.now()}"))
    return f"{name}.checkpoint"


def _due(tx: Transaction, period_us: int) -> bool:
    size, _, at = (tx.settings.get(SETTING) or "0 0").partition(" ")
    return tx.audit.size() > int(size) and tx.now() >= int(at) + period_us
