"""One run of kills: callers, a process after the other that dies at a point of its work, recovery, and the books."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.output import say
from tests.chaos import checker, points, recovery
from tests.chaos.books import Books, Page
from tests.chaos.checker import Verdict
from tests.chaos.children import gateway_name
from tests.chaos.history import History
from tests.chaos.installation import Installation, NotStarted
from tests.chaos.points import Point
from tests.chaos.policy import Policy
from tests.chaos.report import table
from tests.chaos.run import evidence, new_history
from tests.chaos.traffic import Callers
from tests.chaos.workload import Workload

_KILLED_SECONDS = 90.0  # the timetable closes calls every quarter of a minute, half a minute after their worker died
_COUNTED_SECONDS = 75.0  # and counts usage every half minute
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Kill:
    """`requests`: whose calls were at the point, where it is one of a call."""

    point: Point
    requests: list[str]


@dataclass(frozen=True, slots=True)
class Killed:
    kills: list[Kill]
    history: History
    page: Page
    recovered: bool
    verdicts: list[Verdict]

    @property
    def passed(self) -> bool:
        return self.recovered and not any(verdict.broken for verdict in self.verdicts)

    def text(self) -> str:
        by_point = Counter(kill.point for kill in self.kills)
        ends = Counter(one.outcome for settled in self.page.settlements.values() for one in settled)
        calls = [
            *(f"{result} {count}".split() for result, count in sorted(self.history.results().items())),
            ("settled", str(ends.total())),
            ("of these as unknown, at their hold", str(ends["outcome_unknown"])),
            ("of these corrected by a late truth", str(len(self.page.corrections))),
        ]
        return "\n".join(
            [
                *table(
                    ("killed", "times"), [(f"{point.name}: {point.means}", str(n)) for point, n in by_point.items()]
                ),
                "",
                *table(("calls", "count"), calls),
                "",
                *table(("must be none", "found"), [(one.law, str(len(one.broken))) for one in self.verdicts]),
                *(f"  {one.law}: {each}" for one in self.verdicts for each in one.broken[:_SHOWN]),
                "",
                "Every law held." if self.passed else "FAILED.",
                "",
            ]
        )


async def killed(installation: Installation, rounds: int) -> Killed:
    """Raises `NotStarted` where it never worked, or a process never comes by a point."""
    history = new_history(installation)
    callers = Callers(history, installation.urls, 0)
    workload = Workload(installation, callers, Policy(installation, callers), history, 0)
    if await recovery.admitting(installation, callers, history) is None:
        raise NotStarted("the gateways admit no calls")
    say("killing")
    traffic = asyncio.create_task(workload.run())
    lanes = [_lane(installation, gateway_name(number), points.OF_GATEWAYS, rounds) for number in callers.gateways]
    lanes.append(_lane(installation, "tasks", points.OF_TASKS, 1))
    kills = [kill for lane in await asyncio.gather(*lanes) for kill in lane]
    say(f"{len(kills)} killed: waiting until it works again, nothing is open, and all is counted")
    admitting = await recovery.admitting(installation, callers, history)
    workload.stop()
    await traffic
    await callers.close()
    books = Books(installation)
    closed = await recovery.closed(books, history)
    uncounted = await _uncounted(books)
    found = await evidence(history, books)
    verdicts = [
        *checker.judge(found),
        Verdict("Calls that ended otherwise than their point leaves them", list(_otherwise(kills, found.page))),
        Verdict("Requests and nano-USD that the sums of usage lack", [str(uncounted)] if any(uncounted) else []),
    ]
    return Killed(kills, history, found.page, admitting is not None and closed is not None, verdicts)


async def _lane(installation: Installation, program: str, of: tuple[Point, ...], rounds: int) -> list[Kill]:
    """One kill after the other: whoever is started in place of the dead comes by the next point."""
    kills: list[Kill] = []
    for point in of * rounds:
        points.order(installation.home.run, program, point)
        async with asyncio.timeout(_KILLED_SECONDS):
            while (requests := points.taken(installation.home.run, program, point)) is None:
                await asyncio.sleep(0.05)
        kills.append(Kill(point, requests))
    return kills


async def _uncounted(books: Books) -> tuple[int, int]:
    """None of both once the sums are what the books say; or what they lack when that has not come about."""
    for _ in range(int(_COUNTED_SECONDS)):
        found = await books.uncounted_usage()
        if not any(found):
            break
        await asyncio.sleep(1)
    return found


def _otherwise(kills: list[Kill], page: Page) -> Iterator[str]:
    for kill in kills:
        for request in kill.requests:
            ends = [one.outcome for one in page.settlements.get(request, [])]
            if kill.point.is_known is not None and (ends == ["outcome_unknown"]) is kill.point.is_known:
                yield f"{request} at {kill.point.name}: {ends}"
