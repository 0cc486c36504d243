"""The shape every target takes, so that a new one is a module of its own and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Request:
    """One call, sent over and over. With `tokens`, each call carries the next of them as its bearer token."""

    port: int
    body: bytes
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A target that answers. `pid` heads the process tree it is charged for; `beside` names trees reported apart.
    `stream` is None where streams say nothing about the target."""

    pid: int
    plain: Request
    stream: Request | None
    stop: Callable[[], None]
    beside: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """What a target is given to start with: a directory of its own and the upstream to forward to."""

    home: Path
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class Target:
    """`does` says in a few words what the target spends its time on. `ours` marks the gateway; the second of two equal
    targets of ours serves to measure the spread of A against A."""

    name: str
    does: str
    start: Callable[[Place], Running]
    ours: bool = False
