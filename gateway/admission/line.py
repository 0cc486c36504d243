"""Where calls wait that a limit refuses for a moment: a bounded number of them, the most urgent first.

Of the calls that the same limit refuses only the first tries again; who came first is first among equally urgent ones.
Where the line is full, an organisation that has more in it than the one that comes gives up its last place, and else a
less urgent call of its own does: nobody is kept out by another's burst.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import Counter
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from kit.clock import monotonic

LEAST, MOST = 1, 10  # urgent


@dataclass(slots=True, eq=False)
class Place:
    """`rank` sorts the places of a lane. `gave_way`: somebody else has it now."""

    lane: Hashable
    organization_id: UUID
    rank: tuple[int, int]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gave_way: bool = False


class Line:
    """Of one process, which has at most so many calls wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._came = 0
        self._lanes: dict[Hashable, list[Place]] = {}
        self._waiting: Counter[UUID] = Counter()

    def __len__(self) -> int:
        return self._waiting.total()

    def enter(self, lane: Hashable, organization_id: UUID, priority: int) -> Place | None:
        """None where the line is full of calls that have as good a right to be there."""
        if len(self) >= self._most and not self._make_room(organization_id, priority):
            return None
        self._came += 1
        place = Place(lane, organization_id, (-priority, self._came))
        insort(self._lanes.setdefault(lane, []), place, key=lambda waiting: waiting.rank)
        self._waiting[organization_id] += 1
        return place

    def leave(self, place: Place) -> None:
        """However the wait ended; a second time changes nothing."""
        places = self._lanes.get(place.lane, [])
        if place not in places:
            return
        places.remove(place)
        if places:
            places[0].changed.set()
        else:
            del self._lanes[place.lane]
        self._waiting[place.organization_id] -= 1
        if not self._waiting[place.organization_id]:
            del self._waiting[place.organization_id]

    async def turn(self, place: Place, pause: float, until: float) -> bool:
        """Waits to be the first of the lane, and as many seconds as the limit asks for. False where that is not to be
        before `until`, by `clock.monotonic`, or the place was given up.
        """
        ready = monotonic() + pause
        while not place.gave_way:
            now, is_first = monotonic(), self._lanes[place.lane][0] is place
            if now >= until or (is_first and ready > until):
                return False
            if is_first and now >= ready:
                return True
            place.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout((ready if is_first else until) - now):
                    await place.changed.wait()
        return False

    def _make_room(self, organization_id: UUID, priority: int) -> bool:
        if not self._waiting:
            return False
        longest, most = self._waiting.most_common(1)[0]
        is_anothers = most > self._waiting[organization_id] + 1
        gives_way = longest if is_anothers else organization_id
        places = [each for lane in self._lanes.values() for each in lane if each.organization_id == gives_way]
        last = max(places, key=lambda place: place.rank, default=None)
        if last is None or (not is_anothers and last.rank[0] <= -priority):
            return False
        self.leave(last)
        last.gave_way = True
        last.changed.set()
        return True
