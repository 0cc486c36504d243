"""One connection to a Redis-compatible server, shared by every call of the process.

redis-py spends about ten times the CPU of this module on a command, which is most of what admission would cost.
Here commands of one turn of the event loop leave in one write, replies are matched in order, and a single timer
watches the oldest command. Everything that is not on the path of a call uses redis-py.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from contextlib import suppress
from typing import Any

import hiredis

from gateway.admission.endpoint import Endpoint
from gateway.admission.resp import Argument, bulks
from gateway.admission.scripts import Script
from gateway.admission.wire import ConnectionLost, LinkError, Refused, Superseded, Unreachable, Wire

logger = logging.getLogger(__name__)

# What a server says that cannot be trusted with writes now: another one may have taken over.
_TURNED_AWAY = ("READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "NOPERM")
_LONGEST_PAUSE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 1.0


class Connection:
    """Connects on first use and again whenever it is lost, until it is closed.

    `server_epoch` names the data set on the other side, from the server's run id and replication id: it changes when
    the server was restarted or another has taken over, and is None while there is no connection.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float = 1.0,
        command_timeout: float = 1.0,
        most_pending: int = 10_000,
    ) -> None:
        self._endpoint = Endpoint.parse(url)
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._most_pending = most_pending
        self._wire: Wire | None = None
        self._epoch = ""
        self._up = asyncio.Event()
        self._down_since: float | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def server_epoch(self) -> str | None:
        return self._epoch if self._wire else None

    async def run(self, script: Script, count: int, arguments: bytes, *, under: str) -> Any:
        """The script's reply. `arguments` are the `count` bulk strings behind its digest.

        Raises `Superseded` where the server epoch is not `under`, and otherwise as `command` does.
        """
        wire = self._wire or await self._connected()
        if under != self._epoch:
            raise Superseded("another server has taken over, or this one was restarted")
        try:
            return await wire.send(b"*%d\r\n%b%b" % (count + 2, script.by_digest, arguments))
        except hiredis.ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise self._refused(error) from error
        try:
            return await wire.send(b"*%d\r\n%b%b" % (count + 2, script.by_text, arguments))
        except hiredis.ReplyError as error:
            raise self._refused(error) from error

    async def command(self, *arguments: Argument) -> Any:
        """The reply to a single command.

        Raises `ConnectionLost` or `TimedOut` where it may or may not have run, `Unreachable` where it has not,
        `Refused` where the server answered with an error.
        """
        wire = self._wire or await self._connected()
        try:
            return await wire.send(b"*%d\r\n%b" % (len(arguments), bulks(arguments)))
        except hiredis.ReplyError as error:
            raise self._refused(error) from error

    def post(self, script: Script, count: int, arguments: bytes) -> None:
        """Sends a script behind what was sent before and lets its reply go. Does nothing without a connection."""
        if self._wire:
            with suppress(Unreachable):
                reply = self._wire.send(b"*%d\r\n%b%b" % (count + 2, script.by_digest, arguments))
                reply.add_done_callback(lambda future: future.cancelled() or future.exception())

    async def read_epoch(self) -> str:
        """Asks the server for its epoch again. Raises as `run` does."""
        wire = self._wire or await self._connected()
        epoch = await _epoch_of(wire)
        if self._wire is wire:
            self._epoch = epoch
        return epoch

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if wire := self._wire:
            wire.abort(ConnectionLost("closed"))
            await wire.closed.wait()

    async def _connected(self) -> Wire:
        """Waits for the connection, but not once it has been down for longer than connecting may take."""
        loop = asyncio.get_running_loop()
        if self._down_since is None:
            self._down_since = loop.time()
        if self._keeper is None or self._keeper.done():
            self._keeper = loop.create_task(self._keep(), name="admission-connection")
        patience = self._down_since + self._connect_timeout - loop.time()
        try:
            async with asyncio.timeout(max(patience, 0)):
                await self._up.wait()
        except TimeoutError:
            raise Unreachable("no connection to the server") from None
        if self._wire is None:
            raise Unreachable("the connection was lost again")
        return self._wire

    async def _keep(self) -> None:
        pause = 0.01
        while True:
            try:
                wire = await self._connect()
            except (OSError, TimeoutError, LinkError, hiredis.HiredisError) as error:
                logger.warning("admission cannot reach its server: %s: %s", type(error).__name__, error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = 0.01
            await self._watch(wire)

    async def _connect(self) -> Wire:
        async with asyncio.timeout(self._connect_timeout):
            wire = await self._endpoint.open(lambda: Wire(self._lost, self._command_timeout, self._most_pending))
            try:
                self._epoch = await self._greet(wire)
            except BaseException:
                wire.abort(ConnectionLost("not accepted"))
                raise
        self._wire, self._down_since = wire, None
        self._up.set()
        return wire

    async def _greet(self, wire: Wire) -> str:
        endpoint = self._endpoint
        greetings: list[tuple[Argument, ...]] = []
        if endpoint.password:
            greetings.append(("AUTH", *filter(None, (endpoint.username,)), endpoint.password))
        if endpoint.database:
            greetings.append(("SELECT", endpoint.database))
        greetings.append(("PING",))  # answered with an error while the server is loading
        for greeting in greetings:
            await wire.send(b"*%d\r\n%b" % (len(greeting), bulks(greeting)))
        return await _epoch_of(wire)

    async def _watch(self, wire: Wire) -> None:
        """Returns once the connection is lost: a heartbeat finds out even when no call does."""
        while self._wire is wire:
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await wire.lost.wait()
            except TimeoutError:
                with suppress(LinkError, hiredis.HiredisError):
                    await self.read_epoch()

    def _lost(self, wire: Wire) -> None:
        if self._wire is wire:
            self._wire = None
            self._up.clear()
            self._down_since = asyncio.get_running_loop().time()

    def _refused(self, error: hiredis.ReplyError) -> Exception:
        if str(error).startswith(_TURNED_AWAY) and self._wire:
            self._wire.abort(ConnectionLost("turned away"))
        return Refused(str(error))


async def _epoch_of(wire: Wire) -> str:
    """Sixteen hexadecimal digits for the data set this server answers from.

    Raises `Refused` for a replica, and for a server that does not say who it is.
    """
    said: dict[bytes, bytes] = {}
    for section in ("server", "replication"):
        text: bytes = await wire.send(b"*2\r\n" + bulks(("INFO", section)))
        said.update(line.partition(b":")[::2] for line in text.splitlines())
    if said.get(b"role") != b"master" or b"run_id" not in said:
        raise Refused("the server is a replica, or does not say who it is")
    identity = said[b"run_id"] + b":" + said.get(b"master_replid", b"")
    return hashlib.sha256(identity).hexdigest()[:16]
