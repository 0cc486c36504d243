"""A proxy on loopback that makes a service slow, silent, or gone, without the service's knowing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 64 * 1024


class Proxy:
    """In front of a service that listens on a unix socket. `target` is asked at every connection.

    `delay` seconds pass before each piece in either direction; while `silent` nothing passes, and what was sent is
    delivered afterwards; while `gone` connections are refused.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        self.gone = False
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.heal()
            self.reset()
            await asyncio.gather(*self._serving)
            await self._server.wait_closed()

    def fall_silent(self) -> None:
        self._flowing.clear()

    def vanish(self) -> None:
        self.gone = True
        self.reset()

    def reset(self) -> None:
        """Cuts every connection, without a farewell."""
        for writer in self._writers:
            writer.transport.abort()

    def heal(self) -> None:
        self.delay, self.gone = 0.0, False
        self._flowing.set()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.gone:
            writer.transport.abort()
            return
        try:
            behind_reader, behind = await asyncio.open_unix_connection(self._target())
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, behind}
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, behind))
                both.create_task(self._pump(behind_reader, writer))
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends when either side has ended, and takes the other direction with it."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
