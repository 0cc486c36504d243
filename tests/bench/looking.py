"""Looking at pages of a portal of one's own and counting how long they take: what the benches of pages share."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from tests.bench.output import say
from tests.bench.processes import Spawned, StartFailed, free_port
from tests.bench.targets.relay import UVICORN

_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Looked:
    """Milliseconds of each look at a page, how large it is, and what its 95th percentile may be."""

    who: str
    page: str
    times: list[float]
    bytes: int
    bar_ms: float

    @property
    def p50(self) -> float:
        return median(self.times)

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20, method="inclusive")[-1]

    @property
    def is_late(self) -> bool:
        return self.p95 > self.bar_ms


def markdown(looked: list[Looked]) -> str:
    lines = ["| page | who | p50 | p95 | size |", "|---|---|---|---|---|"]
    for one in looked:
        late = " **over the bar**" if one.is_late else ""
        lines.append(
            f"| `{one.page}` | {one.who} | {one.p50:.0f} ms | {one.p95:.0f} ms{late} | {one.bytes / 1000:.0f} kB |"
        )
    return "\n".join([*lines, ""])


def look(url: str, who: str, page: str, seeded: Mapping[str, Any], looks: int, bar_ms: float) -> Looked:
    """`seeded` has what the page's address names in braces, and a session for `who`."""
    path = page.format(**{name: word for name, word in seeded.items() if isinstance(word, str)})
    times: list[float] = []
    with httpx.Client(base_url=url, cookies={"sessionid": seeded["sessions"][who]}, timeout=60) as client:
        for _ in range(looks + 2):  # the first two are to warm up
            begun = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != 200:
                raise StartFailed(f"{who} does not get {page}: {answer.status_code}")
    looked = Looked(who, page, times[2:], len(answer.content), bar_ms)
    say(f"{page}: p50 {looked.p50:.0f} ms, p95 {looked.p95:.0f} ms")
    return looked


@contextmanager
def portal(environment: Mapping[str, str], home: Path) -> Iterator[str]:
    """One portal process; its address."""
    port = free_port()
    process = Spawned(
        [sys.executable, *UVICORN, "--lifespan", "on", "--port", str(port), "portal.asgi:application"],
        log=home / "portal.log",
        environment={**environment, "CHANCERY_ROLE": "portal"},
    )
    try:
        process.wait_until_listening(port, seconds=_START_SECONDS)
        yield f"http://localhost:{port}"
    finally:
        process.stop()


def seed(environment: Mapping[str, str], program: str, *arguments: str) -> dict[str, Any]:
    """Runs a module of the bench with the portal's environment; gives the JSON that it prints."""
    command = [sys.executable, "-c", f"import django; django.setup(); from tests.bench import {program} as s; s.main()"]
    done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise StartFailed(f"seeding ended with {done.returncode}\n{done.stderr[-3000:]}")
    seeded: dict[str, Any] = json.loads(done.stdout)
    return seeded
