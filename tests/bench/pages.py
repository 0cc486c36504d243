"""How long the portal takes for its pages where the register and the inbox are full.

    python -m tests.bench.pages [--models N] [--looks N] [--directory D]

One portal process over a database of its own, one browser that looks at each page in turn. Counted is from the request
to the last byte of the answer; pages are drawn whole, without caches. Prints a table; ends with 1 where a page misses
the bar.
"""

from __future__ import annotations

import argparse
import json
import shutil
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
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.processes import Spawned, StartFailed, free_port
from tests.bench.targets.relay import UVICORN
from tests.support import services

BAR_MS = 300.0
_START_SECONDS = 120.0
# Who looks at what. {model}, {request} and {provider} are some in the middle.
PAGES: list[tuple[str, str]] = [
    ("officer", "/approvals/"),
    ("officer", "/approvals/?tab=overdue"),
    ("officer", "/approvals/?tab=decided"),
    ("officer", "/approvals/?tab=others&sort=tier&page=3"),
    ("officer", "/approvals/?model=model-07&claimed=nobody"),
    ("administrator", "/approvals/?tab=asked"),
    ("officer", "/approvals/{request}/"),
    ("administrator", "/approvals/new/"),
    ("administrator", "/approvals/new/?q=model-07"),
    ("administrator", "/approvals/new/?model={model}"),
    ("officer", "/due/"),
    ("officer", "/notices/"),
    ("officer", "/alerts/"),
    ("officer", "/alert-rules/"),
    ("officer", "/evidence/"),
    ("officer", "/evidence/?tab=expiring"),
    ("officer", "/evidence/new/"),
    ("officer", "/third-parties/"),
    ("officer", "/third-parties/{provider}/"),
    ("officer", "/models/{model}/life/"),
    ("officer", "/models/{model}/card/"),
    ("officer", "/shadow-use/"),
    ("administrator", "/inventory/"),
    ("officer", "/revocations/"),
    ("auditor", "/requests/"),
    ("auditor", "/acts/"),
    ("officer", "/history/?object={model}"),
    ("officer", "/admin/governance/model/"),
    ("officer", "/admin/governance/model/?q=model-05&p=3"),
    ("officer", "/admin/governance/model/{model}/change/"),
    ("officer", "/admin/governance/approval/"),
    ("officer", "/admin/governance/approvalrequest/"),
    ("officer", "/admin/governance/deployment/"),
    ("officer", "/admin/governance/price/"),
    ("officer", "/admin/governance/usecase/"),
    ("officer", "/admin/governance/othersystem/"),
    ("officer", "/search/?q=model-0077"),
    ("officer", "/search/?q=nothing-like-it"),
    ("officer", "/counts/"),
    ("administrator", "/teams/new/"),
    ("administrator", "/"),
    ("administrator", "/operations/"),
    ("administrator", "/operations/savings/"),
    ("administrator", "/admin/"),
    ("team lead", "/"),
    ("administrator", "/spend/"),
    ("administrator", "/spend/?period=90&by=key"),
    ("administrator", "/spend/?by=end_user"),
    ("team lead", "/spend/?by=model"),
    ("officer", "/api/models/?limit=50"),
    ("officer", "/api/approval-requests/?limit=50"),
    ("officer", "/api/approvals/?limit=50"),
    ("officer", "/api/evidence/?limit=50"),
]


@dataclass(frozen=True, slots=True)
class Looked:
    """Milliseconds of each look at a page, and how large it is."""

    who: str
    page: str
    times: list[float]
    bytes: int

    @property
    def p50(self) -> float:
        return median(self.times)

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20, method="inclusive")[-1]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.pages", description=__doc__)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--looks", type=int, default=40, help="at each page")
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the run takes place")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    home = options.directory.resolve() / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    running = services.start(home / "services")
    try:
        environment = running.clone("pages")
        say(f"seeding {options.models:,} models")
        seeded = _seed(environment, options.models)
        with _portal(environment, home) as url:
            looked = [_look(url, who, page, seeded, options.looks) for who, page in PAGES]
    finally:
        running.stop()
    sys.stdout.write(markdown(looked))
    return int(any(one.p95 > BAR_MS for one in looked))


def markdown(looked: list[Looked]) -> str:
    lines = ["| page | who | p50 | p95 | size |", "|---|---|---|---|---|"]
    for one in looked:
        late = " **over the bar**" if one.p95 > BAR_MS else ""
        lines.append(
            f"| `{one.page}` | {one.who} | {one.p50:.0f} ms | {one.p95:.0f} ms{late} | {one.bytes / 1000:.0f} kB |"
        )
    return "\n".join([*lines, "", f"Bar: p95 of every page at most {BAR_MS:.0f} ms.", ""])


def _look(url: str, who: str, page: str, seeded: Mapping[str, Any], looks: int) -> Looked:
    path = page.format(**{name: seeded[name] for name in ("model", "request", "provider")})
    times: list[float] = []
    with httpx.Client(base_url=url, cookies={"sessionid": seeded["sessions"][who]}, timeout=60) as client:
        for _ in range(looks + 2):  # the first two are to warm up
            begun = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != 200:
                raise StartFailed(f"{who} does not get {page}: {answer.status_code}")
    looked = Looked(who, page, times[2:], len(answer.content))
    say(f"{page}: p50 {looked.p50:.0f} ms, p95 {looked.p95:.0f} ms")
    return looked


@contextmanager
def _portal(environment: Mapping[str, str], home: Path) -> Iterator[str]:
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


def _seed(environment: Mapping[str, str], models: int) -> dict[str, Any]:
    command = [sys.executable, "-c", "import django; django.setup(); from tests.bench import pages_seed as s; s.main()"]
    done = subprocess.run([*command, str(models)], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise StartFailed(f"seeding ended with {done.returncode}\n{done.stderr[-3000:]}")
    seeded: dict[str, Any] = json.loads(done.stdout)
    return seeded


if __name__ == "__main__":
    sys.exit(main())
