"""What a run records, collected and sent in batches: each second, and when a thousand points wait."""

import atexit
import os
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.errors import StrongroomError, Unavailable
from strongroom.sdk.models import number

SECONDS = 1.0
POINTS = 1_000
"""Waiting points that are sent at once."""
POINTS_BATCH = 10_000
PARAMS_BATCH = 200
POINTS_HELD = 100_000
"""Waiting points at which a call waits for the server instead of holding more."""


class Recorder:
    """Sends a run's params, points and tags in the background.

    A batch keeps its idempotency key until the server has answered it, so that nothing is recorded twice however
    often it has to be sent. While the server is away, points wait; another failure is raised by the next call.
    """

    def __init__(self, api: Api, run_uid: str) -> None:
        self._api, self._run_uid = api, run_uid
        self._waiting = threading.Condition()
        self._sending = threading.Lock()
        self._params: list[dict[str, str]] = []
        self._points: list[dict[str, Any]] = []
        self._tags: dict[str, str | None] = {}
        self._pending: tuple[str, dict[str, Any]] | None = None
        self._failure: StrongroomError | None = None
        self._closed = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._work, name="strongroom-run", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    def params(self, values: Mapping[str, object], mode: str) -> None:
        """Record params."""
        with self._waiting:
            self._must_be_well()
            self._params += [{"key": key, "value": str(value), "mode": mode} for key, value in values.items()]

    def points(self, values: Mapping[str, Any], step: int, time_us: int | None) -> None:
        """Record a point of each of some series."""
        at = time.time_ns() // 1000 if time_us is None else time_us
        points = [{"key": key, "value": number(value), "step": step, "time_us": at} for key, value in values.items()]
        with self._waiting:
            self._must_be_well()
            self._points += points
            many = len(self._points)
            if many >= POINTS:
                self._waiting.notify()
        if many >= POINTS_HELD:
            self.flush()

    def aside(self, values: Mapping[str, float], step: int) -> None:
        """The same for points that the caller's code did not ask for: never waits, raises nothing, may drop some."""
        at = time.time_ns() // 1000
        points = [{"key": key, "value": number(value), "step": step, "time_us": at} for key, value in values.items()]
        with self._waiting:
            if not self._closed and len(self._points) < POINTS_HELD // 2:
                self._points += points

    def tags(self, values: Mapping[str, str | None]) -> None:
        """Record tags."""
        with self._waiting:
            self._must_be_well()
            self._tags.update(values)

    def flush(self) -> None:
        """Send everything that waits. :raises StrongroomError: what kept an earlier or this batch from being taken."""
        while self._send_one():
            pass
        with self._waiting:
            self._must_be_well()

    def close(self) -> None:
        """Send everything and end the thread; see `flush` for what it raises."""
        try:
            self.flush()
        finally:
            with self._waiting:
                self._closed = True
                self._waiting.notify()
            atexit.unregister(self._at_exit)
            if self._pid == os.getpid():
                self._thread.join()

    def _must_be_well(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _work(self) -> None:
        while True:
            with self._waiting:
                if not self._closed and len(self._points) < POINTS:
                    self._waiting.wait(SECONDS)
                if self._closed:
                    return
            try:
                while self._send_one():
                    pass
            except Unavailable:
                time.sleep(SECONDS)  # the batch waits and is sent again
            except StrongroomError as error:
                self._failure = self._failure or error

    def _send_one(self) -> bool:
        """Send one batch; whether there was one."""
        with self._sending:
            if self._pid != os.getpid():
                return False  # a fork's copy: the parent sends what waits
            if self._pending is None:
                batch = self._take()
                if batch is None:
                    return False
                self._pending = (uuid.uuid4().hex, batch)
            key, batch = self._pending
            try:
                self._api.send("run.log", idempotency_key=key, uid=self._run_uid, **batch)
            except Unavailable:
                raise
            except StrongroomError:
                self._pending = None  # sent again it would fail again
                raise
            self._pending = None
            return True

    def _take(self) -> dict[str, Any] | None:
        with self._waiting:
            params, self._params = self._params[:PARAMS_BATCH], self._params[PARAMS_BATCH:]
            points, self._points = self._points[:POINTS_BATCH], self._points[POINTS_BATCH:]
            tags, self._tags = self._tags, {}
        if not (params or points or tags):
            return None
        return {"params": params, "points": points, "tags": tags}

    def _at_exit(self) -> None:
        try:
            self.flush()
        except StrongroomError:
            return  # the process ends; there is nobody left to tell
