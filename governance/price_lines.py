"""Rates as lines of text, for a form and for reading: `cache_write 3.75`, `batch input 1.5`, `>200000 input 6`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from audit.pricing.quantities import Component
from audit.pricing.schedule import SERVICE_TIERS, STANDARD, Rate
from kit import money

_LINE = re.compile(
    r"(?:(?P<tier>[a-z]+)\s+)??(?:>\s*(?P<above>[0-9_]{1,11})\s+)?(?P<component>[a-z_0-9]+)\s+\$?(?P<usd>[0-9.]{1,20})"
)
EXAMPLES = "cache_write 3.75 · batch input 1.5 · >200000 input 6"


def read(lines: Iterable[str]) -> tuple[Rate, ...]:
    """USD as `Rate` counts it. Raises `ValueError`, naming the line."""
    return tuple(_rate(line.strip()) for line in lines if line.strip())


def written(rate: Rate) -> str:
    tier = "" if rate.service_tier == STANDARD else f"{rate.service_tier} "
    above = f">{rate.above_input_tokens} " if rate.above_input_tokens else ""
    return f"{tier}{above}{rate.component} {money.plain(rate.nano_usd)}"


def _rate(line: str) -> Rate:
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError(f"“{line}” is no rate; write such as {EXAMPLES}")
    tier, component = found["tier"] or STANDARD, found["component"]
    if tier not in SERVICE_TIERS:
        raise ValueError(f"“{line}”: {tier} is no service tier; there are {', '.join(SERVICE_TIERS)}")
    if component not in set(Component):
        raise ValueError(f"“{line}”: {component} has no rate; there are {', '.join(Component)}")
    try:
        usd = Decimal(found["usd"])
    except InvalidOperation:
        raise ValueError(f"“{line}”: {found['usd']} is no amount") from None
    return Rate(Component(component), money.from_usd(usd), tier, int(found["above"] or 0))
