"""What drives an alert, in names, and where to look at it closer."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from governance.models import Alert
from portal.spend.dimensions import DIMENSIONS
from portal.subjects import ids_in, named

_LABELS = {
    "team": "Team",
    "api_key": "Key",
    "model": "Model",
    "prompt_version": "Prompt version",
    "operation": "Operation",
}
_PARAMETERS = {"api_key": "key"}


@dataclass(frozen=True, slots=True)
class Driver:
    """`share` is in per cent of the difference; `address` is that of its spend, empty where there is no such page."""

    dimension: str
    name: str
    share: int
    address: str


def drivers_of(alert: Alert) -> list[Driver]:
    """The greatest parts of each dimension first, in the order they were found in."""
    ids = {found for one in alert.drivers for found in ids_in(one["member"])}
    names = named(ids) if ids else {}
    return [
        Driver(
            _LABELS.get(one["dimension"], one["dimension"]),
            _name(one["member"], {str(known): subject.name for known, subject in names.items()}),
            int(one["share"]),
            _address(alert, one["dimension"], one["member"]),
        )
        for one in alert.drivers
    ]


def _name(member: str, names: dict[str, str]) -> str:
    """What may not be seen, or is no row any more, by the end of its id."""
    if member in names:
        return names[member]
    return f"…{member[-12:]}" if list(ids_in(member)) else member


def _address(alert: Alert, dimension: str, member: str) -> str:
    """Of the page that tells why spend changed, narrowed down to that part."""
    name = _PARAMETERS.get(dimension, dimension)
    if name not in DIMENSIONS:
        return ""
    narrowed = {name: member}
    if alert.team_id and name != "team":
        narrowed["team"] = str(alert.team_id)
    return f"{reverse('spend')}?{urlencode(narrowed)}"
