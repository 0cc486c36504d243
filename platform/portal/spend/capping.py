"""From what is spent to what caps it: the form of a budget or a limit, filled in with what is looked at."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from governance.models import UseCase
from kit.context import Actor
from portal.spend.dimensions import DIMENSIONS
from portal.spend.wanted import Wanted

_ACT = "tenants.budget.manage"
_LEVELS = {"key": "api_key", "project": "project", "team": "team"}  # the narrowest first
_CALLS = ("use_case", "model", "tag")


def offered(wanted: Wanted, actor: Actor) -> list[tuple[str, str]]:
    """(what it is called, its address): of what is narrowed down to, where it can be capped and the person may."""
    of = {name: value for name, value in wanted.of.items() if value not in (None, "")}
    if not actor.may(_ACT) or not of or of.keys() != wanted.of.keys() or not set(of) <= {*_LEVELS, *_CALLS}:
        return []
    level = next((name for name in _LEVELS if name in of), None)
    bound = {_LEVELS[level]: str(of[level])} if level else {}
    calls = {name: str(of[name]) for name in _CALLS if name in of}
    if "use_case" in of:
        calls["use_case"] = UseCase.objects.filter(id=of["use_case"]).values_list("slug", flat=True).first() or ""
    name = ", ".join(DIMENSIONS[each].called([of[each]])[of[each]] for each in (level, *calls) if each)
    found = [("Set a budget for this", _form("budget", {"name": name[:200], **bound, **calls}))]
    if level and not calls:
        found.append(("Limit its rate", _form("ratelimit", bound)))
    return found


def _form(kind: str, filled: dict[str, str]) -> str:
    return f"{reverse(f'admin:tenants_{kind}_add')}?{urlencode(filled)}"
