"""What a call was refused for, in words, and where to ask that such calls run all the same."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from governance import selectors
from governance.models import Approval, WaivedCondition
from governance.services import increases, waivers
from kit.context import Actor
from kit.data_class import DataClass
from kit.errors import CODES
from portal.readings import Request
from tenants.models import ApiKey, Budget

_CONDITION = "condition_"
_OVER = ("approval_expired", "recertification_overdue")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`asking` is the page to ask for a waiver on, begun with what the call said; empty where none can be asked for.
    `budget` is the one that had no room, of which more `may_be_asked`."""

    code: str
    meaning: str
    asking: str = ""
    budget: Budget | None = None
    may_be_asked: bool = False


def refusal_of(told: Request, actor: Actor) -> Refusal | None:
    """None for a request that did not end in an error."""
    code = told.said.get("error")
    if not code:
        return None
    meaning = CODES[code].meaning if code in CODES else ""
    if told.decided.get("refused_by"):
        budget = Budget.objects.filter(id=told.decided["refused_by"]).first()
        return Refusal(
            code, meaning, budget=budget, may_be_asked=budget is not None and increases.may_ask_for(actor, budget)
        )
    return Refusal(code, meaning, _asking(told, code, actor) if actor.may(waivers.ASK) else "")


def _asking(told: Request, code: str, actor: Actor) -> str:
    condition = _condition(code)
    approval = Approval.objects.filter(model__slug=told.model, ended_at__isnull=True).first() if condition else None
    if condition is None or approval is None:
        return ""
    begun = {"approval": str(approval.id), "condition": condition.value}
    if condition is WaivedCondition.DATA_CLASS:
        sent = DataClass.named(told.said["data_class"])
        if sent <= approval.max_data_class or sent > _ceiling_of_key(told):  # which no waiver moves
            return ""
        begun["max_data_class"] = str(int(sent))
    use_case = selectors.use_cases_in_service().filter(slug=told.decided.get("use_case") or "").first()
    if use_case and not waivers.may_ask_for(actor, use_case):
        return ""
    if use_case:
        begun["use_case"] = str(use_case.id)
    return f"{reverse('waiver-ask')}?{urlencode(begun)}"


def _ceiling_of_key(told: Request) -> int:
    """Other callers than keys have none that is looked at here."""
    key = ApiKey.objects.filter(id=told.line.record.actor_id).first()
    return key.max_data_class if key else max(DataClass)


def _condition(code: str) -> WaivedCondition | None:
    name = "recertification" if code in _OVER else code.removeprefix(_CONDITION)
    return WaivedCondition(name) if name in WaivedCondition.values else None
