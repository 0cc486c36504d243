"""A model's card: as it stands, as it was, and what each version changed."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.models import Model, ModelCard
from governance.services import model_cards
from kit import clock, errors
from kit.context import Actor
from portal.screens.guard import screen
from portal.values import Difference, difference
from tenants.selectors import names_of


class CardForm(forms.ModelForm[ModelCard]):
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = ModelCard
        fields = model_cards.PARTS
        widgets: ClassVar[dict[str, Any]] = {
            name: forms.Textarea(attrs={"rows": 12 if name == "text" else 3}) for name in model_cards.PARTS
        }


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    """The card as it stands, or the version of that `number`."""
    return _page(request, actor, get_object_or_404(Model.objects, id=model_id))


@require_POST
@screen("governance.register.manage")
def write(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    model = get_object_or_404(Model.objects, id=model_id)
    form = CardForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, model, form, status=400)
    try:
        card = model_cards.write(actor=actor, model=model, now=clock.now(), **form.cleaned_data)
    except errors.Conflict as conflict:
        form.add_error(None, conflict.message)
        return _page(request, actor, model, form, status=409)
    messages.success(request, f"Card {card.number} of {model} is kept.")
    return HttpResponseRedirect(reverse("model-card", args=[model_id]))


def _page(
    request: HttpRequest, actor: Actor, model: Model, form: CardForm | None = None, status: int = 200
) -> HttpResponse:
    cards = list(ModelCard.objects.filter(model_id=model.id))
    card = _asked_for(cards, request.GET.get("number"))
    latest = cards[0].number if cards else 0
    may_write = actor.may("governance.register.manage") and actor.team_ids is None
    context = {
        "model": model,
        "cards": cards,
        "card": card,
        "parts": _parts(card) if card else [],
        "differences": _differences(cards, card) if card else [],
        "is_latest": card is None or card.number == latest,
        "people": names_of([each.written_by_id for each in cards]),
        "may_write": may_write,
        "form": form or CardForm(instance=cards[0] if cards else None, initial={"based_on": latest}),
    }
    return render(request, "portal/model_cards/show.html", context, status=status)


def _asked_for(cards: list[ModelCard], number: str | None) -> ModelCard | None:
    if number is None:
        return cards[0] if cards else None
    found = next((card for card in cards if str(card.number) == number), None)
    if found is None:
        raise Http404
    return found


def _parts(card: ModelCard) -> list[tuple[str, str]]:
    return [(_title(name), getattr(card, name)) for name in model_cards.PARTS if getattr(card, name)]


def _differences(cards: list[ModelCard], card: ModelCard) -> list[Difference]:
    """What the card says otherwise than the one before; nothing of the first."""
    before = next((each for each in cards if each.number == card.number - 1), None)
    if before is None:
        return []
    pairs = [(_title(name), getattr(before, name), getattr(card, name)) for name in model_cards.PARTS]
    return [difference(name, old, new, {}) for name, old, new in pairs if old != new]


def _title(name: str) -> str:
    label = str(ModelCard._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]
