"""How long dashboards take with ten million records behind them, and the list of requests that a chart leads to.

    python -m tests.bench.dashboard [--requests N] [--listed N] [--looks N] [--directory D]

Every request has a settlement, and all of them are counted by the real roll-up: five million requests are ten million
records. To save disk and time only the newest requests have their two records, which the list of requests reads. One
portal process, one browser that looks at each page in turn, from the request to the last byte. Prints a table; ends
with 1 where a page misses its bar.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from kit import clock
from tests.bench import past
from tests.bench.looking import look, markdown, portal, seed
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.support import services

DASHBOARD_BAR_MS = 200.0
LIST_BAR_MS = 1000.0
_ADMINISTRATOR, _LEAD = "administrator", "team lead"
DASHBOARDS: list[tuple[str, str]] = [
    (_ADMINISTRATOR, "/account/"),  # without figures: how busy the machine is with other things
    (_ADMINISTRATOR, "/"),
    (_LEAD, "/"),
    (_ADMINISTRATOR, "/spend/"),
    (_ADMINISTRATOR, "/spend/?period=30&by=model"),
    (_ADMINISTRATOR, "/spend/?period=30&by=key&team={team}"),
    (_ADMINISTRATOR, "/spend/?period=7&by=deployment&model=model-1"),
    (_ADMINISTRATOR, "/spend/?period=30&by=tag"),
    (_ADMINISTRATOR, "/spend/?since={day}&until={day}&by=outcome"),
    (_LEAD, "/spend/"),
    (_LEAD, "/spend/?period=30&by=model&key={key}"),
    (_ADMINISTRATOR, "/operations/"),
    (_ADMINISTRATOR, "/operations/?day={day}&by=deployment"),
    (_ADMINISTRATOR, "/operations/?span=6h&by=model&model=model-1"),
    (_LEAD, "/operations/"),
    (_ADMINISTRATOR, "/operations/savings/"),
    (_LEAD, "/operations/savings/"),
    (_ADMINISTRATOR, "/budgets/"),
    (_LEAD, "/budgets/"),
]
LISTS: list[tuple[str, str]] = [
    ("auditor", "/requests/"),
    ("auditor", "/requests/?since={day}&until={day}&model=model-1&key_id={key}"),
    ("auditor", "/requests/?since={day}&until={day}&deployment={deployment}&status=failed"),
    (_LEAD, "/requests/?since={hour}&until={next_hour}&model=model-1"),
    (_LEAD, "/requests/?since={week}&until={day}&key_id={key}&model=model-4&status=failed"),
]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.dashboard", description=__doc__)
    parser.add_argument("--requests", type=int, default=5_000_000, help="settled within 30 days")
    parser.add_argument("--listed", type=int, default=500_000, help="of them, the newest, that have records")
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
        environment = running.clone("dashboard")
        seeded = seed(environment, "dashboard_seed") | _times()
        _fill(environment, seeded, options)
        with portal(environment, home) as url:
            looked = [look(url, who, page, seeded, options.looks, DASHBOARD_BAR_MS) for who, page in DASHBOARDS]
            looked += [look(url, who, page, seeded, options.looks, LIST_BAR_MS) for who, page in LISTS]
    finally:
        running.stop()
    sys.stdout.write(
        f"{markdown(looked)}\n{2 * options.requests:,} records behind them. Bars: p95 of dashboards "
        f"{DASHBOARD_BAR_MS:.0f} ms, of lists of requests {LIST_BAR_MS:.0f} ms.\n"
    )
    return int(any(one.is_late for one in looked))


def _fill(environment: dict[str, str], seeded: dict[str, Any], options: argparse.Namespace) -> None:
    with (
        psycopg.connect(environment["DATABASE_URL_MIGRATOR"], autocommit=True) as owner,
        psycopg.connect(environment["DATABASE_URL_SYSTEM"], autocommit=True) as system,
    ):
        past.write(owner, seeded, requests=options.requests, listed=options.listed)
        began = time.perf_counter()
        past.count(system)
        say(f"counted in {time.perf_counter() - began:.0f} s")
        owner.execute(
            "VACUUM (ANALYZE) audit_usage_combination, audit_usage_quarter, audit_usage_day, audit_usage_latency"
        )


def _times() -> dict[str, str]:
    """Of yesterday, which is over, and has records."""
    day = clock.now().astimezone(UTC) - timedelta(days=1)
    return {
        "day": f"{day:%Y-%m-%d}",
        "week": f"{day - timedelta(days=7):%Y-%m-%d}",
        "hour": _hour(day),
        "next_hour": _hour(day + timedelta(hours=1)),
    }


def _hour(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}:00"


if __name__ == "__main__":
    sys.exit(main())
