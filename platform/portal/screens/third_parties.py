"""Providers as third parties: what is known, what was agreed, what is missing."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import third_party
from governance.models import Agreement, Provider, ThirdPartyFile
from governance.services import third_parties
from kit import clock
from kit.context import Actor
from portal.paging import number_in, page_of
from portal.screens.guard import screen
from tenants.admin.fields import LinesField


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FileForm(forms.ModelForm[ThirdPartyFile]):
    sub_processors = LinesField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="One a line: who, where, what for."
    )

    class Meta:
        model = ThirdPartyFile
        fields = third_parties.FACTS
        widgets: ClassVar[dict[str, Any]] = {"audited_on": _date(), "exit_plan": forms.Textarea(attrs={"rows": 4})}


class AgreementForm(forms.ModelForm[Agreement]):
    class Meta:
        model = Agreement
        fields = ("kind", "reference", "signed_on", "valid_until")
        widgets: ClassVar[dict[str, Any]] = {"signed_on": _date(), "valid_until": _date()}


@screen("governance.register.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every provider with what is missing; those with most gaps first."""
    today = timezone.localdate(clock.now())
    rows = [(provider, third_party.file_of(provider), third_party.gaps(provider, today)) for provider in _providers()]
    rows.sort(key=lambda row: (-len(row[2]), row[0].name))
    page = page_of(len(rows), number_in(request), "?page={}".format)
    return render(request, "portal/third_parties/list.html", {"rows": rows[page.first : page.last], "page": page})


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, provider_id: UUID) -> HttpResponse:
    return _page(request, actor, get_object_or_404(_providers(), id=provider_id))


@require_POST
@screen("governance.register.manage")
def describe(request: HttpRequest, actor: Actor, provider_id: UUID) -> HttpResponse:
    provider = get_object_or_404(_providers(), id=provider_id)
    form = FileForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, provider, file_form=form)
    third_parties.describe(actor=actor, provider=provider, facts=form.cleaned_data)
    messages.success(request, f"The file of {provider} is kept.")
    return _back(provider.id)


@require_POST
@screen("governance.register.manage")
def agree(request: HttpRequest, actor: Actor, provider_id: UUID) -> HttpResponse:
    provider = get_object_or_404(_providers(), id=provider_id)
    form = AgreementForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, provider, agreement_form=form)
    third_parties.add_agreement(actor=actor, provider=provider, now=clock.now(), **form.cleaned_data)
    messages.success(request, "The agreement is on file.")
    return _back(provider.id)


@require_POST
@screen("governance.register.manage")
def end(request: HttpRequest, actor: Actor, agreement_id: UUID) -> HttpResponse:
    agreement = get_object_or_404(Agreement.objects, id=agreement_id)
    third_parties.end_agreement(actor=actor, agreement=agreement, now=clock.now())
    messages.success(request, f"{agreement} counts no more.")
    return _back(agreement.provider_id)


def _providers() -> QuerySet[Provider]:
    return Provider.objects.select_related("third_party_file").prefetch_related("agreements")


def _back(provider_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("third-party", args=[provider_id]))


def _page(
    request: HttpRequest,
    actor: Actor,
    provider: Provider,
    file_form: FileForm | None = None,
    agreement_form: AgreementForm | None = None,
) -> HttpResponse:
    file = third_party.file_of(provider)
    today = timezone.localdate(clock.now())
    refused = file_form or agreement_form
    context = {
        "provider": provider,
        "file": file,
        "facts": _facts(file),
        "gaps": third_party.gaps(provider, today),
        "agreements": [(each, each.is_valid(today)) for each in provider.agreements.all()],
        "may_manage": actor.may("governance.register.manage") and actor.team_ids is None,
        "file_form": file_form or FileForm(instance=file, auto_id="file_%s"),
        "agreement_form": agreement_form or AgreementForm(auto_id="agreement_%s"),
    }
    return render(request, "portal/third_parties/show.html", context, status=400 if refused else 200)


def _facts(file: ThirdPartyFile) -> list[tuple[str, str]]:
    """(name, text) of everything that is known."""
    trains = {True: "yes", False: "no"}
    days = file.retention_days
    shown = [
        ("Where data is processed", file.location),
        ("Prompts are kept for", "" if days is None else f"{days} days" if days else "not at all"),
        ("Trains on our data", "" if file.trains_on_data is None else trains[file.trains_on_data]),
        ("Sub-processors", "; ".join(file.sub_processors)),
        ("Function supported", file.function_supported),
        ("Criticality", file.get_criticality_display()),
        ("Substitutability", file.get_substitutability_display()),
        ("Exit plan", file.exit_plan),
        ("Last audit", f"{file.audited_on:%d %b %Y}" if file.audited_on else ""),
        ("Contact", file.contact),
    ]
    return [(name, text) for name, text in shown if text]
