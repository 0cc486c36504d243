"""Mixed traffic for as long as the faults last, and budgets that are kept just out of reach of it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from tests.chaos.history import History
from tests.chaos.installation import Installation
from tests.chaos.policy import Policy
from tests.chaos.traffic import FAILURES, Asked, Callers

CALLERS = 24
_LONGEST_PAUSE = 0.25
_TOP_UP_SECONDS = 4.0
_TOP_UP_NANO_USD = 600_000


class Workload:
    """`run` until `stop`; what is under way then comes to its end."""

    def __init__(self, installation: Installation, callers: Callers, policy: Policy, history: History, seed: int):
        self._organizations = installation.organizations
        self._callers = callers
        self._policy = policy
        self._history = history
        self._seed = seed
        self._over = asyncio.Event()

    def stop(self) -> None:
        self._over.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self._caller(random.Random(f"{self._seed}-{number}")))
            group.create_task(self._top_up())

    async def burst(self, script: str, *, streams: bool, count: int = 3) -> None:
        """A few calls at once to an upstream that fails as the script says."""
        asked = Asked("open", self._key("open", 0), streams=streams, script=script)
        await asyncio.gather(*(self._callers.call(asked) for _ in range(count)))

    async def desert(self, after: int, *, count: int = 4) -> None:
        """A few callers that go away in the midst of their streams."""
        asked = Asked("open", self._key("open", 0), streams=True, script="interval_ms=40", leaves_after=after)
        await asyncio.gather(*(self._callers.call(asked) for _ in range(count)))

    def _key(self, organization: str, number: int) -> str:
        keys: list[str] = self._organizations[organization]["keys"]
        return keys[number % len(keys)]

    async def _caller(self, chance: random.Random) -> None:
        while not self._over.is_set():
            await self._callers.call(self._something(chance))
            await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE))

    def _something(self, chance: random.Random) -> Asked:
        organization = chance.choices(("open", "tight", "limited"), (4, 4, 1))[0]
        asked = Asked(
            organization,
            self._key(organization, chance.randrange(2)),
            model=chance.choices(("helper", "pair"), (5, 1))[0],
            streams=chance.random() < 0.5,
        )
        if chance.random() < 0.08:
            return replace(asked, script=chance.choice(FAILURES))
        return replace(
            asked, script=f"latency_ms={chance.choice((1, 20, 200))} interval_ms={chance.choice((0, 5, 60))}"
        )

    async def _top_up(self) -> None:
        """Raises the tight budgets by a little, so that they go on being used up."""
        while not self._over.is_set():
            for budget in self._organizations["tight"]["budgets"]:
                limit = budget["limit_nano_usd"] + _TOP_UP_NANO_USD
                self._history.note_limit(budget["id"], limit)
                if await self._policy.set_budget(budget["id"], limit):
                    budget["limit_nano_usd"] = limit
            await asyncio.sleep(_TOP_UP_SECONDS)
