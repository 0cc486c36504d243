"""uvicorn's server with an end that callers do not notice.

SIGTERM            `/ready` says `draining`; connections are taken for DRAIN_NOTICE_SECONDS more, each for one answer
then               nothing more is accepted; calls that run have DRAIN_SECONDS; a connection that idles is answered
                   once more or ends when its keep-alive does, since its owner may be about to send
then, or SIGTERM   calls that still run are cut off: their callers hear `server_stopping`, and so does the ledger
at last            holds are settled and records written, the process exits with 0
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from kit.errors import Unavailable
from portal import drain

_STOPPING = Unavailable("The server is being stopped. Try again.", code="server_stopping", headers={"retry-after": "1"})
_LEAVING_SECONDS = 10.0  # for what is cut off, to say how it ended
_POLL_SECONDS = 0.05


class DrainingServer(uvicorn.Server):
    """`alive`: a descriptor to which a byte is written when it serves, and every second while its loop turns. Whoever
    reads it passes a terminal's Ctrl-C on, which reaches both."""

    def __init__(
        self, config: uvicorn.Config, *, notice_seconds: float, drain_seconds: float, alive: int | None = None
    ) -> None:
        super().__init__(config)
        self._notice_seconds = notice_seconds
        self._drain_seconds = drain_seconds
        self._alive = alive
        self._closes_at = float("inf")
        self._hastened = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGINT and self._alive is not None:
            return
        self._hastened = self._hastened or drain.has_begun()
        drain.begin()
        self._closes_at = min(self._closes_at, time.monotonic() + (0 if self._hastened else self._notice_seconds))

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        self._say_alive()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self._say_alive()
        self.should_exit = self.should_exit or self._hastened or time.monotonic() >= self._closes_at
        return await super().on_tick(counter)

    async def _wait_tasks_to_complete(self) -> None:
        """In place of uvicorn's, which goes on to close the application before a call it cut off has said so."""
        until = time.monotonic() + self._drain_seconds
        state = self.server_state
        while (state.connections or state.tasks) and not self._hastened and time.monotonic() < until:
            self._say_alive()
            await asyncio.sleep(_POLL_SECONDS)
        from gateway import process  # needs Django, which the application has set up by now

        await process.cut_calls(_STOPPING, _LEAVING_SECONDS)
        left = list(state.tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_LEAVING_SECONDS)

    def _say_alive(self) -> None:
        if self._alive is not None:
            with suppress(OSError):  # nobody reads any more, or has not read for long
                os.write(self._alive, b".")
