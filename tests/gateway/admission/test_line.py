"""The line of calls that wait: who is first, who gives way, and for how long."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from gateway.admission.line import Line, Place
from kit.clock import monotonic

OURS, THEIRS = uuid4(), uuid4()


def enter(line: Line, priority: int = 5, of: UUID = OURS, lane: str = "team") -> Place:
    place = line.enter(lane, of, priority)
    assert place is not None
    return place


async def turn(line: Line, place: Place, pause: float = 0, seconds: float = 0.05) -> bool:
    return await line.turn(place, pause, monotonic() + seconds)


async def test_the_most_urgent_is_first_and_of_equals_who_came_first() -> None:
    line = Line(9)
    usual, later, urgent = enter(line), enter(line), enter(line, 9)
    for place in (urgent, usual, later):
        assert [await turn(line, each, seconds=0.01) for each in (urgent, usual, later)].count(True) == 1
        assert await turn(line, place)
        line.leave(place)
    assert len(line) == 0


async def test_whoever_waits_goes_on_when_the_first_leaves() -> None:
    line = Line(9)
    first, second = enter(line), enter(line)
    waiting = asyncio.create_task(turn(line, second, seconds=30))
    await asyncio.sleep(0)
    assert not waiting.done()
    line.leave(first)
    assert await waiting


async def test_limits_do_not_wait_for_each_other() -> None:
    line = Line(9)
    enter(line)
    assert await turn(line, enter(line, 1, lane="key"))


async def test_what_the_limit_asks_for_is_waited_for_and_no_more_than_there_is_time() -> None:
    line = Line(9)
    place, began = enter(line), monotonic()
    assert await turn(line, place, pause=0.05, seconds=30)
    assert monotonic() - began >= 0.05
    assert not await turn(line, place, pause=31, seconds=30)


async def test_a_full_line_takes_nobody_whose_organisation_is_as_long_in_it() -> None:
    line = Line(2)
    enter(line), enter(line, of=THEIRS)
    assert line.enter("team", OURS, 5) is None
    assert line.enter("team", THEIRS, 5) is None


async def test_in_a_full_line_the_urgent_take_the_place_of_their_own() -> None:
    line = Line(2)
    ours, theirs = enter(line), enter(line, of=THEIRS)
    assert await turn(line, enter(line, 10))
    assert (ours.gave_way, theirs.gave_way) == (True, False)


async def test_whoever_has_most_of_a_full_line_gives_up_the_last_place() -> None:
    line = Line(3)
    urgent, usual, late = enter(line, 9), enter(line), enter(line)
    waiting = asyncio.create_task(turn(line, late, seconds=30))
    await asyncio.sleep(0)
    theirs = enter(line, 1, of=THEIRS, lane="other")
    assert not await waiting
    assert (late.gave_way, usual.gave_way, urgent.gave_way) == (True, False, False)
    assert await turn(line, theirs)


@pytest.mark.parametrize("times", [1, 2])
async def test_leaving_twice_changes_nothing(times: int) -> None:
    line = Line(2)
    stays, leaves = enter(line), enter(line)
    for _ in range(times):
        line.leave(leaves)
    assert len(line) == 1
    assert await turn(line, stays)
