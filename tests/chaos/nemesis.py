"""Which faults, in which order: chosen by the seed, so that a run can be had again. When they meet is up to chance."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.faults import Impossible, Kind, Scene
from tests.chaos.history import History

# Of every hundred faults, so many in each lane; the rest goes to the gateways.
_SHARES = {"tasks": 7, "valkey": 20, "postgres": 18, "upstream": 20, "client": 8, "policy": 6}


@dataclass(frozen=True, slots=True)
class Fault:
    number: int
    kind: Kind
    seconds: float
    seed: int


@dataclass(slots=True)
class Done:
    """How often each fault was done, and how often there was nothing to be broken."""

    done: Counter[str] = field(default_factory=Counter)
    impossible: Counter[str] = field(default_factory=Counter)


def plan(kinds: list[Kind], count: int, seed: int) -> list[Fault]:
    """The same for the same seed. Each kind of a lane comes before any comes for the second time too often."""
    chance = random.Random(seed)
    lanes = sorted({kind.lane for kind in kinds})
    gateways = [lane for lane in lanes if lane not in _SHARES]
    rest = 100 - sum(_SHARES.values())
    weights = [_SHARES[lane] if lane in _SHARES else rest / len(gateways) for lane in lanes]
    chosen = [chance.choices(lanes, weights)[0] for _ in range(count)]
    decks: dict[str, list[Kind]] = {lane: [] for lane in lanes}
    return [_fault(number, _drawn(decks, lane, kinds, chance), chance) for number, lane in enumerate(chosen)]


def _drawn(decks: dict[str, list[Kind]], lane: str, kinds: list[Kind], chance: random.Random) -> Kind:
    """From a shuffled deck with as many of each kind as it weighs; a new one when that is used up."""
    deck = decks[lane]
    if not deck:
        deck.extend(kind for kind in kinds if kind.lane == lane for _ in range(kind.weight))
        chance.shuffle(deck)
    return deck.pop()


def _fault(number: int, kind: Kind, chance: random.Random) -> Fault:
    return Fault(number, kind, round(chance.uniform(kind.least, kind.most), 2), chance.getrandbits(32))


async def inject(faults: list[Fault], scene: Scene, history: History) -> Done:
    """All of them, each lane for itself."""
    done = Done()
    lanes: dict[str, list[Fault]] = {}
    for fault in faults:
        lanes.setdefault(fault.kind.lane, []).append(fault)
    async with asyncio.TaskGroup() as group:
        for lane in lanes.values():
            group.create_task(_in_turn(lane, scene, history, done))
    return done


async def _in_turn(lane: list[Fault], scene: Scene, history: History, done: Done) -> None:
    for fault in lane:
        name = f"{fault.kind.lane}: {fault.kind.name}"
        history.note("fault", number=fault.number, fault=name, seconds=fault.seconds)
        chance = random.Random(fault.seed)
        try:
            await fault.kind.act(scene, fault.seconds, chance)
            done.done[name] += 1
        except Impossible as why:
            done.impossible[name] += 1
            history.note("impossible", number=fault.number, why=why)
        history.note("healed", number=fault.number)
        if fault is not lane[-1]:
            await asyncio.sleep(fault.kind.rest * chance.uniform(0.5, 1.5))
