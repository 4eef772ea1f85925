"""What the machine does while a run runs, sampled beside it: ``system/...`` series (needs the extra ``system``).

Nothing that goes wrong here reaches the run: a value that cannot be read is left out.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from strongroom.sdk.errors import Invalid

SECONDS = 10.0
SHORTEST = 0.1
PREFIX = "system/"

Sink = Callable[[Mapping[str, float], int], None]
"""Takes a sample and its number; must neither wait nor raise what belongs to the run."""


def sampling(sink: Sink, wish: bool | float) -> "SystemMetrics | None":  # noqa: FBT001 - what the user wrote
    """Sampling as a run was asked for it: not at all, every 10 seconds, or every so many."""
    if wish is False:
        return None
    return SystemMetrics(sink, SECONDS if wish is True else wish)


class SystemMetrics:
    """Samples the machine every so many seconds until `stop`, in a daemon thread of its own.

    :raises Invalid: psutil is not installed, or the pause is too short.
    """

    def __init__(self, sink: Sink, seconds: float = SECONDS) -> None:
        if seconds < SHORTEST:
            raise Invalid(f"System metrics are sampled every {SHORTEST} seconds at most.")
        self._sink, self._seconds = sink, seconds
        self._reader = Machine()
        self._stop = threading.Event()
        self._pid = os.getpid()
        self._number = 0
        self._thread = threading.Thread(target=self._work, name="strongroom-system", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end."""
        self._stop.set()
        if self._pid == os.getpid() and self._thread is not threading.current_thread():
            self._thread.join(self._seconds + 5.0)

    def _work(self) -> None:
        while True:
            stopped = self._stop.wait(self._seconds)
            with contextlib.suppress(Exception):  # whatever it is: training goes on
                self._sink({PREFIX + key: value for key, value in self._reader.sample().items()}, self._number)
                self._number += 1
            if stopped:
                return


class Machine:
    """Reads processor, memory, disk, network and NVIDIA GPUs. Byte counts of disk and network are since it was made."""

    def __init__(self) -> None:
        try:
            psutil: Any = import_module("psutil")
        except ImportError as error:
            raise Invalid("System metrics need psutil: pip install 'strongroom[system]'.") from error
        self._psutil = psutil
        self._process = psutil.Process()
        self._began = time.monotonic()
        self._first = dict(self._counters())
        self._gpus = Gpus()
        psutil.cpu_percent()  # the first call of either tells nothing
        self._process.cpu_percent()

    def sample(self) -> dict[str, float]:
        """What can be read now; percents are since the sample before."""
        found: dict[str, float] = {}
        for read in (self._processor, self._memory, self._disk, self._traffic, self._gpus.sample):
            with contextlib.suppress(Exception):  # an operating system that does not tell
                found.update(read())
        return found

    def _processor(self) -> Iterator[tuple[str, float]]:
        yield "cpu/percent", self._psutil.cpu_percent()
        yield "process/cpu_percent", self._process.cpu_percent()
        yield "process/threads", float(self._process.num_threads())

    def _memory(self) -> Iterator[tuple[str, float]]:
        memory = self._psutil.virtual_memory()
        yield "memory/percent", memory.percent
        yield "memory/used_bytes", float(memory.total - memory.available)
        yield "process/memory_bytes", float(self._process.memory_info().rss)

    def _disk(self) -> Iterator[tuple[str, float]]:
        usage = self._psutil.disk_usage(str(Path.cwd()))
        yield "disk/percent", usage.percent
        yield "disk/used_bytes", float(usage.used)

    def _traffic(self) -> Iterator[tuple[str, float]]:
        for key, value in self._counters():
            yield key, value - self._first.get(key, 0.0)

    def _counters(self) -> Iterator[tuple[str, float]]:
        if (disk := self._psutil.disk_io_counters()) is not None:
            yield "disk/read_bytes", float(disk.read_bytes)
            yield "disk/written_bytes", float(disk.write_bytes)
        if (network := self._psutil.net_io_counters()) is not None:
            yield "network/sent_bytes", float(network.bytes_sent)
            yield "network/received_bytes", float(network.bytes_recv)


class Gpus:
    """NVIDIA GPUs through nvidia-ml-py where it is installed and finds a driver; otherwise there are none."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            nvml: Any = import_module("pynvml")
            nvml.nvmlInit()
            self._handles = [nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount())]
            self._nvml = nvml
        except Exception:  # noqa: BLE001 - no package, no driver, no device: each with errors of its own
            self._handles = []

    def sample(self) -> dict[str, float]:
        """Use, memory, temperature and power of each."""
        found: dict[str, float] = {}
        nvml = self._nvml
        reads: Mapping[str, Callable[[Any], Any]] = {
            "percent": lambda gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
            "memory_used_bytes": lambda gpu: nvml.nvmlDeviceGetMemoryInfo(gpu).used,
            "memory_total_bytes": lambda gpu: nvml.nvmlDeviceGetMemoryInfo(gpu).total,
            "temperature_celsius": lambda gpu: nvml.nvmlDeviceGetTemperature(gpu, 0),
            "power_watts": lambda gpu: nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
        }
        for number, handle in enumerate(self._handles):
            for name, read in reads.items():
                with contextlib.suppress(Exception):  # a device that does not tell
                    found[f"gpu/{number}/{name}"] = float(read(handle))
        return found
