"""A gateway whose request log and metrics are the test's own, and reading them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support import gateway as gateways
from tests.support.gateway import METRICS_TOKEN, RunningGateway
from tests.support.loopback import WITHOUT_TLS


@dataclass(slots=True)
class Watched:
    gateway: RunningGateway
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def line_of(self, request_id: str) -> dict[str, Any]:
        """The one line of a request, which is written a moment after its end."""
        deadline = time.monotonic() + 5
        while True:
            found = [line for line in self.lines() if line["request_id"] == request_id]
            if found:
                assert len(found) == 1
                return found[0]
            assert time.monotonic() < deadline, "no line was written"
            time.sleep(0.02)

    def page(self) -> str:
        answer = self.gateway.get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"})
        assert answer.status_code == 200
        return answer.text

    def figures(self) -> Figures:
        return Figures(self.page())


class Figures:
    """A page, parsed by the parser of Prometheus' own client."""

    def __init__(self, page: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(page)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def values(self, name: str, label: str) -> set[str]:
        return {sample.labels[label] for sample in self.samples if sample.name == name}


class Since:
    """How much figures have grown since a moment."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._before = watched.figures()

    def sum(self, name: str, **labels: str) -> float:
        return self._watched.figures().sum(name, **labels) - self._before.sum(name, **labels)


def eventually(look: Callable[[], bool]) -> None:
    """Other processes' figures are seconds old, and what a client has read whole is counted a moment later."""
    deadline = time.monotonic() + 8
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def watched(environment: dict[str, str], folder: Path, **settings: str) -> Iterator[Watched]:
    """One of its own, with figures of nobody else."""
    log = folder / "requests.log"
    home = {"CHANCERY_HOME": str(folder), "KEYSTORE_DIR": f"{environment['CHANCERY_HOME']}/keystore"}
    common = {"EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8", "REQUEST_LOG": str(log)}
    running = gateways.start({**environment, **home, **common, **settings}, folder / "log")
    try:
        yield Watched(running, log)
    finally:
        running.stop()


def metrics_of(port: int) -> Figures:
    """Of the port that is for metrics alone."""
    headers = {"authorization": f"Bearer {METRICS_TOKEN}"}
    address = f"http://127.0.0.1:{port}/metrics"
    return Figures(httpx.get(address, headers=headers, timeout=10, verify=WITHOUT_TLS).text)
