"""More for a budget on the portal: asking, what waits and is in force, and deciding on one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance.services import increases
from kit import clock, errors, money
from kit.context import Actor
from kit.refusals import note_shown
from portal.budget_use import InUse, in_use
from portal.capacities import Capacity
from portal.screens.guard import screen
from portal.screens.signing import SignForm, code_page, signed
from tenants.models import Budget, BudgetIncrease
from tenants.selectors import names_of

_USUALLY = timedelta(days=7)
_ENDED_SHOWN = 50


class AskForm(forms.Form):
    amount = forms.DecimalField(
        label="How much more, USD", max_digits=15, decimal_places=9, min_value=0, help_text="On top of the limit."
    )
    ends_at = forms.DateTimeField(
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="It falls away by itself then; within a year.",
    )
    reason = forms.CharField(
        label="Why is it needed?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Whoever decides goes by this.",
    )

    def clean_amount(self) -> int:
        amount = money.from_usd(self.cleaned_data["amount"])
        if not amount:
            raise forms.ValidationError("More than nothing.")
        return amount


@screen(increases.ASK)
def ask(request: HttpRequest, actor: Actor, budget_id: UUID) -> HttpResponse:
    """For a budget of one's own teams, or of the organisation for whoever acts in all of it."""
    bound = ("team", "project", "api_key", "organization")
    budget = get_object_or_404(Budget.objects.select_related(*bound), id=budget_id)
    begun = {"ends_at": timezone.localtime(clock.now() + _USUALLY)}
    form = AskForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        try:
            asked = increases.ask(
                actor=actor,
                budget=budget,
                amount_nano_usd=entered["amount"],
                ends_at=entered["ends_at"],
                reason=entered["reason"],
                now=clock.now(),
            )
        except errors.ChanceryError as refusal:
            note_shown(refusal)
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
            return _asking(request, actor, budget, form, refusal.status)
        messages.success(request, "Whoever may set the budget is told. Nothing changes before one of them grants it.")
        return HttpResponseRedirect(reverse("budget-increase", args=[asked.id]))
    return _asking(request, actor, budget, form, 400 if form.errors else 200)


@screen(increases.VIEW)
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits and what is in force, whole; of the rest the newest."""
    now, rows = clock.now(), _rows()
    waiting = list(increases.waiting(now).select_related("budget", "team"))
    in_force = list(rows.filter(is_granted=True, ended_at=None, ends_at__gt=now))
    live = {row.id for row in (*waiting, *in_force)}
    over = list(rows.exclude(id__in=live)[:_ENDED_SHOWN])
    context = {
        "parts": [("Waiting", waiting), ("In force", in_force), ("Over", over)],
        "for_you": {row.id for row in waiting if not increases.obstacle(actor, row)},
        "people": names_of(row.asked_by_id for row in (*waiting, *in_force, *over)),
    }
    return render(request, "portal/increases/list.html", context)


@screen(increases.VIEW)
def show(request: HttpRequest, actor: Actor, increase_id: UUID) -> HttpResponse:
    """Reading a link decides nothing."""
    return _page(request, actor, _increase(increase_id), SignForm())


@require_POST
@screen(increases.VIEW)
def decide(request: HttpRequest, actor: Actor, increase_id: UUID) -> HttpResponse:
    is_granted = request.POST.get("verdict") == "grant"

    def act(increase: BudgetIncrease, reason: str) -> str:
        increases.decide(actor=actor, increase=increase, is_granted=is_granted, reason=reason, now=clock.now())
        return "The budget allows it, on every worker within a second." if is_granted else "The budget stays as it is."

    return _done(request, actor, increase_id, act)


@require_POST
@screen(increases.VIEW)
def end(request: HttpRequest, actor: Actor, increase_id: UUID) -> HttpResponse:
    def act(increase: BudgetIncrease, reason: str) -> str:
        increases.end(actor=actor, increase=increase, reason=reason, now=clock.now())
        return "It has ended. The budget is what it was."

    return _done(request, actor, increase_id, act)


def _done(
    request: HttpRequest, actor: Actor, increase_id: UUID, act: Callable[[BudgetIncrease, str], str]
) -> HttpResponse:
    increase = _increase(increase_id)
    return signed(
        request,
        reverse("budget-increase", args=[increase_id]),
        lambda entered: act(increase, entered["reason"]),
        lambda form, status: _page(request, actor, increase, form, status),
    )


def _rows() -> QuerySet[BudgetIncrease]:
    return BudgetIncrease.objects.select_related("budget", "team")


def _increase(increase_id: UUID) -> BudgetIncrease:
    return get_object_or_404(_rows(), id=increase_id)


def _asking(request: HttpRequest, actor: Actor, budget: Budget, form: AskForm, status: int) -> HttpResponse:
    context = {"form": form, "budget": budget, "use": _use(request, actor, budget)}
    return render(request, "portal/increases/ask.html", context, status=status)


def _page(
    request: HttpRequest, actor: Actor, increase: BudgetIncrease, form: SignForm, status: int = 200
) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "increase": increase,
        "form": form,
        "use": _use(request, actor, increase.budget),
        "people": names_of(filter(None, [increase.asked_by_id, increase.decided_by_id, increase.ended_by_id])),
        "is_waiting": increase.is_waiting(now),
        "is_in_force": increase.is_in_force(now),
        "obstacle": increases.obstacle(actor, increase),
        "step_up": "" if actor.otp_verified else code_page(request, reverse("budget-increase", args=[increase.id])),
        "may_end": increase.is_granted is not False and increase.is_live(now) and increases.may_end(actor, increase),
    }
    return render(request, "portal/increases/one.html", context, status=status)


def _use(request: HttpRequest, actor: Actor, budget: Budget) -> InUse | None:
    """What is used of the budget, for whoever sees spend."""
    if not actor.may("audit.spend.view"):
        return None
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    return in_use([budget], actor, time_zone=capacity.organization.time_zone, now=clock.now())[0]
