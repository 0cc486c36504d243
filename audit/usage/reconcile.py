"""A provider's account of what was used beside ours, day by day and model by model: what differs, and what explains it.

Pure. What lies within the tolerance, and within a cent, agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from audit.usage.totals import Figures
from kit.money import NANO

CENT = NANO // 100
_PERCENT_PPM = 1_000_000
Place = tuple[date, str]  # UTC, and the model's name upstream without its date


class Why(StrEnum):
    """In the order in which they are looked for."""

    ONLY_THEIRS = "only theirs: no call of ours is on record"
    ONLY_OURS = "only ours: they do not charge for it, or not yet"
    ESTIMATED = "ours is estimated: nobody has told what was used"
    TOKENS = "other tokens"
    PRICE = "another price: the tokens agree"
    COST = "another cost: the export does not say of how many tokens"


@dataclass(frozen=True, slots=True)
class Theirs:
    """None: they do not say."""

    input_tokens: int | None
    output_tokens: int | None
    nano_usd: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    day: date
    model: str
    theirs: Theirs | None
    ours: Figures | None
    why: Why

    @property
    def nano_usd(self) -> int | None:
        """What they charge beyond what we have; none where they do not say what they charge."""
        if self.theirs is not None and self.theirs.nano_usd is None:
            return None
        return ((self.theirs and self.theirs.nano_usd) or 0) - (self.ours.nano_usd if self.ours else 0)


def compare(theirs: Mapping[Place, Theirs], ours: Mapping[Place, Figures], *, tolerance_ppm: int) -> list[Difference]:
    """In order of day and model."""
    return list(_differences(theirs, ours, sorted(theirs.keys() | ours.keys()), tolerance_ppm))


def _differences(
    theirs: Mapping[Place, Theirs], ours: Mapping[Place, Figures], places: Iterable[Place], tolerance_ppm: int
) -> Iterator[Difference]:
    for day, model in places:
        said, found = theirs.get((day, model)), ours.get((day, model))
        why = _why(said, found, tolerance_ppm)
        if why is not None:
            yield Difference(day, model, said, found, why)


def _why(theirs: Theirs | None, ours: Figures | None, ppm: int) -> Why | None:
    if ours is None:
        return Why.ONLY_THEIRS if theirs and (theirs.nano_usd or theirs.input_tokens or theirs.output_tokens) else None
    if theirs is None:
        return Why.ONLY_OURS if ours.nano_usd else None
    says_tokens = theirs.input_tokens is not None or theirs.output_tokens is not None
    same_tokens = _near(theirs.input_tokens, ours.input_tokens, ppm) and _near(
        theirs.output_tokens, ours.output_tokens, ppm
    )
    same_cost = _near(theirs.nano_usd, ours.nano_usd, ppm, at_least=CENT)
    if same_tokens and same_cost:
        return None
    if ours.estimated_nano_usd and _is_explained(theirs, ours, ppm):
        return Why.ESTIMATED
    if not same_tokens:
        return Why.TOKENS
    return Why.PRICE if says_tokens else Why.COST


def _is_explained(theirs: Theirs, ours: Figures, ppm: int) -> bool:
    """Whether it would agree if what is estimated had cost less, down to nothing."""
    if theirs.nano_usd is None:
        return (theirs.input_tokens or 0) <= ours.input_tokens and (theirs.output_tokens or 0) <= ours.output_tokens
    least = ours.nano_usd - ours.estimated_nano_usd
    return least - max(CENT, least * ppm // _PERCENT_PPM) <= theirs.nano_usd <= ours.nano_usd


def _near(said: int | None, found: int, ppm: int, *, at_least: int = 0) -> bool:
    return said is None or abs(said - found) <= max(at_least, abs(found) * ppm // _PERCENT_PPM)
