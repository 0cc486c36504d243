"""What callers who mean no good cost the others.

    python -m tests.bench.hostile [--rounds N]

Ordinary calls over 16 connections are measured alone and beside 1,000 connections that say nothing and 200 that send
a byte a second, in turn. Then bodies that are too large or nested too deep: how soon each is refused, and what it
leaves in the worker's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from tests.bench import load, stage
from tests.bench.bars import Bar
from tests.bench.load import Stretch
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.processes import cost
from tests.bench.report import table
from tests.bench.target import Running

IDLE, SLOW = 1000, 200
TIMES_P99, REFUSED_MS, MORE_MB = 2.0, 100.0, 50.0
_STRETCH = Stretch(16, 4, 1)
_LARGE = 100 * 1024 * 1024
_DEEP = 200_000


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: str
    status: int
    milliseconds: float


async def _crowd(port: int, there: Event, enough: Event) -> None:
    """Connections that say nothing, and others that say it slowly. A closed one comes back."""
    connected = 0

    async def hang_on(is_slow: bool) -> None:
        nonlocal connected
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-padding: "
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                connected += 1
                if is_slow:
                    for byte in head + b"x" * 100_000:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(1)
                await reader.read()
                writer.close()

    crowd = [asyncio.create_task(hang_on(number < SLOW)) for number in range(IDLE + SLOW)]
    while connected < IDLE + SLOW:
        await asyncio.sleep(0.05)
    there.set()
    await asyncio.to_thread(enough.wait)
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


def _come(port: int, there: Event, enough: Event) -> None:
    asyncio.run(_crowd(port, there, enough))


@contextmanager
def crowd(port: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    there, enough = context.Event(), context.Event()
    process = context.Process(target=_come, args=(port, there, enough), daemon=True)
    process.start()
    if not there.wait(30):
        raise RuntimeError("the crowd could not connect")
    yield
    enough.set()
    process.join(10)


def refusals(gateway: Running) -> list[Refusal]:
    headers = f"host: x\r\ncontent-type: application/json\r\nauthorization: Bearer {gateway.plain.tokens[0]}\r\n"
    start = f"POST {gateway.plain.path} HTTP/1.1\r\n{headers}".encode()
    deep = b'{"a":' * _DEEP + b"1" + b"}" * _DEEP
    lists = b'{"model":' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    return [
        _refusal(gateway, "100 MB announced", start + b"content-length: %d\r\n\r\n" % _LARGE, b""),
        _refusal(gateway, "100 MB in chunks", start + b"transfer-encoding: chunked\r\n\r\n", _chunks()),
        _refusal(gateway, "200,000 nested objects", start + b"content-length: %d\r\n\r\n" % len(deep), deep),
        _refusal(gateway, "200,000 nested lists", start + b"content-length: %d\r\n\r\n" % len(lists), lists),
    ]


def _chunks() -> bytes:
    piece = b"x" * 65_536
    return (b"%x\r\n%b\r\n" % (len(piece), piece)) * (_LARGE // len(piece))


def _refusal(gateway: Running, kind: str, head: bytes, body: bytes) -> Refusal:
    """Timed from when the gateway has had enough: the last byte it took, or all of them."""
    with socket.create_connection(("127.0.0.1", gateway.plain.port), timeout=30) as connection:
        connection.sendall(head)
        connection.setblocking(False)
        sent, answer, last = 0, b"", time.perf_counter()
        while not answer:
            if sent < len(body):
                with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                    sent += connection.send(body[sent : sent + 65_536])
                    last = time.perf_counter()
            try:
                answer = connection.recv(65_536)
            except BlockingIOError:
                time.sleep(0.0002)
    return Refusal(kind, int(answer.split()[1]), 1000 * (time.perf_counter() - last))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.hostile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the run keeps its files")
    options = parser.parse_args()
    with stage.set_up(options.directory) as ready, ready.installation.running("hostile") as gateway:
        load.plain(gateway.plain, Stretch(16, 3, 0), {})
        found = [*beside_a_crowd(gateway, options.rounds), *too_large(gateway)]
    rows = ([bar.name, bar.figure, bar.verdict] for bar in found)
    sys.stdout.write(f"Measured on {ready.machine}.\n\n{table(['bar', 'this run', 'verdict'], rows)}\n")
    return 0 if all(bar.passed for bar in found) else 1


def beside_a_crowd(gateway: Running, rounds: int) -> list[Bar]:
    ratios, failures = [], 0
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        alone = load.plain(gateway.plain, _STRETCH, {})
        with crowd(gateway.plain.port):
            beside = load.plain(gateway.plain, _STRETCH, {})
        ratios.append(beside.p99_ms / alone.p99_ms)
        failures += alone.failures + beside.failures
    times = median(ratios)
    return [
        Bar(
            f"p99 beside {IDLE:,} idle and {SLOW} slow connections ≤ {TIMES_P99:g} ×",
            f"{times:.2f} ×",
            times <= TIMES_P99,
        ),
        Bar("ordinary calls that failed meanwhile", str(failures), failures == 0),
    ]


def too_large(gateway: Running) -> list[Bar]:
    before = cost(gateway.pid).resident_bytes
    found: Sequence[Refusal] = [one for _ in range(3) for one in refusals(gateway)]
    more = (cost(gateway.pid).resident_bytes - before) / 1e6
    bars = []
    for kind in dict.fromkeys(one.kind for one in found):
        took = median(one.milliseconds for one in found if one.kind == kind)
        statuses = sorted({one.status for one in found if one.kind == kind})
        refused = all(400 <= status < 500 for status in statuses)
        bars.append(
            Bar(f"{kind} refused ≤ {REFUSED_MS:g} ms", f"{took:.1f} ms, {statuses}", refused and took <= REFUSED_MS)
        )
    return [*bars, Bar(f"memory after all of them ≤ +{MORE_MB:g} MB", f"{more:+.1f} MB", more <= MORE_MB)]


if __name__ == "__main__":
    sys.exit(main())
