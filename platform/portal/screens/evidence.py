"""Evidence: what there is, what of it expires, adding to it, and taking a file home."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from governance import attachments, documents, selectors
from governance.models import Evidence, EvidenceKind, Model, Provider
from governance.services import evidence as services
from governance.services.evidence import ADD, Offered, Result
from kit import clock, errors
from kit.context import Actor
from portal.paging import next_page
from portal.screens.guard import screen
from portal.screens.named_row import NamedRowField
from tenants.selectors import names_of

_PAGE = 50
TABS = [("in_use", "In use"), ("expiring", "Expiring"), ("expired", "Expired"), ("withdrawn", "Withdrawn")]


class EvidenceForm(forms.Form):
    """A file, a result, or both."""

    subject = NamedRowField(
        (Model, "slug"),
        (Provider, "name"),
        label="What is it about?",
        help_text="The name of a model or provider, as the register has it.",
    )
    kind = forms.ChoiceField(label="Kind", choices=EvidenceKind.choices)
    title = forms.CharField(label="Title", max_length=200)
    file = forms.FileField(
        label="File", required=False, help_text=f"{documents.TAKEN}, up to 10 MiB. It is kept sealed, with its hash."
    )
    metric = forms.CharField(
        label="Metric", required=False, max_length=100, help_text="What was measured, if something was."
    )
    value = forms.DecimalField(label="Value", required=False, max_digits=20, decimal_places=6)
    threshold = forms.DecimalField(label="Threshold", required=False, max_digits=20, decimal_places=6)
    passed = forms.TypedChoiceField(
        label="Result",
        required=False,
        choices=[("", "no result"), ("yes", "Passed"), ("no", "Failed")],
        coerce=lambda said: said == "yes",
        empty_value=None,
    )
    valid_through = forms.DateField(
        label="Valid through",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: without an end. What has expired counts as missing.",
    )

    def offered(self) -> Offered:
        entered = self.cleaned_data
        result = None
        if entered["metric"] or entered["passed"] is not None:
            if not entered["metric"] or entered["passed"] is None:
                raise errors.InvalidRequest("A result names its metric and whether it passed.", param="passed")
            result = Result(entered["metric"], entered["passed"], entered["value"], entered["threshold"])
        return Offered(
            kind=EvidenceKind(entered["kind"]),
            title=entered["title"],
            expires_at=_end_of(entered["valid_through"]),
            result=result,
            content=attachments.read(entered["file"]),
        )


class WithdrawalForm(forms.Form):
    reason = forms.CharField(max_length=4000, error_messages={"required": "Say why."})


@screen("governance.register.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    tab, now = request.GET.get("tab", "in_use"), clock.now()
    found = _rows(tab, now)
    if before := _id(request.GET.get("before", "")):
        found = found.filter(id__lt=before)
    page = list(found.order_by("-id")[:_PAGE])
    context = {
        "tab": tab,
        "tabs": TABS,
        "rows": [(row, state_of(row, now)) for row in page],
        "following": next_page(request, page[-1].id if len(page) == _PAGE else None),
        "expiring": selectors.evidence_in_use().filter(selectors.expiring(now)).count(),
        "may_add": actor.may(ADD),
    }
    return render(request, "portal/evidence/list.html", context)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, evidence_id: UUID) -> HttpResponse:
    return _page(request, actor, _one(evidence_id), WithdrawalForm())


@require_GET
@screen("governance.register.view")
def download(request: HttpRequest, actor: Actor, evidence_id: UUID) -> HttpResponse:
    return attachments.of(_one(evidence_id))


@screen(ADD)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = EvidenceForm(request.POST or None, request.FILES or None, initial={"subject": request.GET.get("subject")})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add(
                actor=actor, subject=form.cleaned_data["subject"], offered=form.offered(), now=clock.now()
            )
        except (errors.InvalidRequest, errors.RequestTooLarge) as refusal:
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
        else:
            messages.success(request, f"{made} is added. Attach it to a request, so that it is signed with it.")
            return HttpResponseRedirect(reverse("evidence-one", args=[made.id]))
    return render(request, "portal/evidence/add.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@screen(ADD)
def withdraw(request: HttpRequest, actor: Actor, evidence_id: UUID) -> HttpResponse:
    found, form = _one(evidence_id), WithdrawalForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, found, form, status=400)
    services.withdraw(actor=actor, evidence=found, now=clock.now(), **form.cleaned_data)
    messages.success(request, f"{found} counts no more.")
    return HttpResponseRedirect(reverse("evidence-one", args=[found.id]))


def _page(request: HttpRequest, actor: Actor, found: Evidence, form: WithdrawalForm, status: int = 200) -> HttpResponse:
    is_own = found.added_by_id == actor.id
    people = [person for person in (found.added_by_id, found.withdrawn_by_id) if person]
    context = {
        "found": found,
        "state": state_of(found, clock.now()),
        "form": form,
        "people": names_of(people),
        "may_withdraw": found.withdrawn_at is None
        and ((is_own and actor.may(ADD)) or actor.may("governance.approval.decide")),
    }
    return render(request, "portal/evidence/one.html", context, status=status)


def _rows(tab: str, now: datetime) -> QuerySet[Evidence]:
    if tab == "withdrawn":
        return Evidence.objects.filter(withdrawn_at__isnull=False).select_related("model", "provider")
    rows = selectors.evidence_in_use()
    if tab == "expiring":
        return rows.filter(selectors.expiring(now))
    return rows.filter(expires_at__lte=now) if tab == "expired" else rows.exclude(expires_at__lte=now)


def state_of(row: Evidence, now: datetime) -> tuple[str, str]:
    """In a word, and how it is coloured."""
    if row.withdrawn_at is not None:
        return "withdrawn", "bad"
    if row.is_expired(now):
        return "expired", "bad"
    if row.passed is False:
        return "failed", "bad"
    if row.expires_soon(now):
        return "expires soon", "warn"
    return ("passed" if row.passed else "in use"), "good"


def _one(evidence_id: UUID) -> Evidence:
    return get_object_or_404(Evidence.objects.select_related("model", "provider"), id=evidence_id)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _end_of(last_day: date | None) -> datetime | None:
    """The midnight after it, in the organisation's time zone."""
    return timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time())) if last_day else None
