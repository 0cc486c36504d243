"""The upstream itself, without a gateway: what added latency is counted from, and proof that it is never the limit."""

from __future__ import annotations

from tests.bench import traffic
from tests.bench.target import Place, Request, Running, Target


def _start(place: Place) -> Running:
    upstream = place.upstream
    return Running(
        pid=upstream.processes[-1].pid,
        plain=Request(port=upstream.plain_port, body=traffic.chat()),
        stream=None,
        stop=lambda: None,
    )


def target() -> Target:
    return Target(name="upstream, direct", does="answers from memory", start=_start)
