"""A load generator of our own: many keep-alive connections on raw asyncio, each sending its next call as the last ends.

With a rate (`per_second`) a connection waits for its turn, and falls behind where answers come later than that.
Reads one order as JSON from standard input, prints one Window as JSON. It makes the load of streams, and of plain
calls where wrk is not installed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

from tests.bench.processes import cost
from tests.bench.window import Window, percentile

_DRAIN_SECONDS = 20.0
_EVENT = b"data: {"


@dataclass(slots=True)
class Counts:
    """What all connections saw in the measured stretch; failures count from the beginning, warm-up included."""

    requests: int = 0
    refused: int = 0
    broken: int = 0
    events: int = 0
    latencies: list[float] = field(default_factory=list)
    first_events: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


class Load:
    """What the connections share: the calls to send, the counts, and whether to go on."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.calls: Iterator[bytes] = itertools.cycle(_calls(order))
        self.counts = Counts()
        self.pause_seconds: float = order["connections"] / order["per_second"] if order["per_second"] else 0.0
        self.going = True
        self.busy = 0

    def window(self, seconds: float, cpu_seconds: dict[str, float]) -> Window:
        counts = self.counts
        p50, p95, p99 = _percentiles(counts.latencies, 0.5, 0.95, 0.99)
        first_p50, first_p99 = _percentiles(counts.first_events, 0.5, 0.99)
        gap_p50, gap_p99 = _percentiles(counts.gaps, 0.5, 0.99)
        return Window(
            seconds=seconds,
            requests=counts.requests,
            refused=counts.refused,
            broken=counts.broken,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            cpu_seconds=cpu_seconds,
            events=counts.events,
            first_event_p50_ms=first_p50,
            first_event_p99_ms=first_p99,
            gap_p50_ms=gap_p50,
            gap_p99_ms=gap_p99,
        )


def _percentiles(seconds: list[float], *shares: float) -> list[float]:
    ordered = sorted(seconds)
    return [1000 * percentile(ordered, share) for share in shares]


def _calls(order: dict[str, Any]) -> list[bytes]:
    body = order["body"].encode()
    fixed = {"host": "127.0.0.1", "content-type": "application/json", **order["headers"], "content-length": len(body)}
    bearer = [{"authorization": f"Bearer {token}"} for token in order["tokens"]] or [{}]
    return [
        b"\r\n".join(
            [f"POST {order['path']} HTTP/1.1".encode()]
            + [f"{name}: {value}".encode() for name, value in {**fixed, **extra}.items()]
            + [b"", body]
        )
        for extra in bearer
    ]


class Caller(asyncio.Protocol):
    """One connection. An answer ends with its content length or with the last chunk."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.tail = b""
        self.in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.load.going:
            self.load.counts.broken += 1
            self.load.busy -= 1

    def _send(self) -> None:
        self.load.busy += 1
        self.tail, self.in_body = b"", False
        self.sent_at = time.perf_counter()
        self.piece_at: float | None = None
        self.transport.write(next(self.load.calls))

    def data_received(self, data: bytes) -> None:
        if not self.in_body:
            head, separator, body = (self.tail + data).partition(b"\r\n\r\n")
            if not separator:
                self.tail = head
                return
            self._begin(head)
            data = body
        self._body(data)

    def _begin(self, head: bytes) -> None:
        self.in_body, self.tail = True, b"\r\n"
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            self.load.counts.refused += 1
        lowered = head.lower()
        position = lowered.find(b"\r\ncontent-length:")
        self.missing = -1 if position < 0 else int(lowered[position + 17 :].split(b"\r\n", 1)[0])

    def _body(self, data: bytes) -> None:
        seen = self.tail[-len(_EVENT) + 1 :] + data
        if found := seen.count(_EVENT):
            now = time.perf_counter()
            self.load.counts.events += found
            if self.piece_at is None:
                self.load.counts.first_events.append(now - self.sent_at)
            else:
                self.load.counts.gaps.append(now - self.piece_at)
            self.piece_at = now
        if self.missing >= 0:
            self.missing -= len(data)
            self.tail = data
            ended = self.missing <= 0
        else:
            self.tail = (self.tail + data)[-16:]
            ended = self.tail.endswith(b"\r\n0\r\n\r\n")
        if ended:
            self._end()

    def _end(self) -> None:
        self.load.busy -= 1
        self.load.counts.requests += 1
        self.load.counts.latencies.append(time.perf_counter() - self.sent_at)
        if not self.load.going:
            self.transport.close()
        elif self.load.pause_seconds:
            due = self.sent_at + self.load.pause_seconds - time.perf_counter()
            asyncio.get_running_loop().call_later(max(due, 0), self._send_again)
        else:
            self._send()

    def _send_again(self) -> None:
        if self.load.going:
            self._send()
        else:
            self.transport.close()


async def run(order: dict[str, Any]) -> Window:
    load, loop = Load(order), asyncio.get_running_loop()
    for _ in range(order["connections"]):
        await loop.create_connection(lambda: Caller(load), "127.0.0.1", order["port"])
        await asyncio.sleep(order["warm_up_seconds"] / order["connections"] / 2)
    await asyncio.sleep(order["warm_up_seconds"] / 2)
    load.counts = Counts(refused=load.counts.refused, broken=load.counts.broken)
    before = {name: cost(pid).cpu_seconds for name, pid in order["watch"].items()}
    started = time.perf_counter()
    await asyncio.sleep(order["seconds"])
    seconds = time.perf_counter() - started
    cpu_seconds = {name: cost(pid).cpu_seconds - before[name] for name, pid in order["watch"].items()}
    window = load.window(seconds, cpu_seconds)
    load.going = False
    deadline = time.monotonic() + _DRAIN_SECONDS
    while load.busy and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return window


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(uvloop.run(run(json.load(sys.stdin))))) + "\n")
