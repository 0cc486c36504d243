"""The one screen to approve on: what is asked, what it changes, and whether this person may decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audit import selectors as ledger
from governance import comparison, completeness, coverage, review, risk, selectors, third_party
from governance.models import Approval, ApprovalRequest, Deployment, Price, Provider, RiskTier, UseCase, Verdict
from governance.services import approvals, model_cards
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.refusals import note_shown
from portal.concerns import concerns
from portal.inbox_rows import approvals_in_force, condition_names
from portal.screens.discussion import discussion_of
from portal.screens.evidence import state_of
from portal.screens.guard import screen
from portal.screens.inbox import Filters, address_after
from portal.timeline import Entry, entries
from tenants.selectors import names_of

ACTS: dict[Verdict, Callable[..., Any]] = {
    Verdict.APPROVE: approvals.approve,
    Verdict.REJECT: approvals.reject,
    Verdict.REQUEST_CHANGES: approvals.request_changes,
}
_HISTORY_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why this person cannot decide now, and where that can be mended, if it can."""

    text: str
    link: str = ""
    link_text: str = ""


class DecisionForm(forms.Form):
    reason = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 1, "data-key": "reason"}),
        help_text="Kept with the decision, and shown to the requester and to auditors.",
        error_messages={"required": "A decision needs a reason."},
    )
    signed_hash = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict.choices, widget=forms.HiddenInput, required=False)
    waiver = forms.CharField(
        max_length=4000,
        required=False,
        label="Why you approve without the evidence that lacks",
        widget=forms.Textarea(attrs={"rows": 2, "form": "decide"}),  # outside of the bar it is sent with
        help_text="Kept with your signature. To reject or to ask for changes takes none.",
    )
    in_place_of = forms.UUIDField(
        required=False,
        label="In whose place",
        widget=forms.Select,
        help_text="Who has delegated the decision to you.",
    )

    def offer(self, actor: Actor, rights: list[UUID], people: dict[UUID, str]) -> None:
        """Asks in whose place it is decided, where that is not plain."""
        if rights in ([], [actor.id]):
            del self.fields["in_place_of"]
            return
        choices = [("" if person == actor.id else str(person), people[person]) for person in rights]
        self.fields["in_place_of"].widget = forms.Select(choices=choices)


class TierForm(forms.Form):
    risk_tier = forms.TypedChoiceField(choices=RiskTier.choices, coerce=int)
    reason = forms.CharField(max_length=4000)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Reading a link decides nothing."""
    asked = _asked(request_id)
    return _page(request, actor, asked, _blank(asked))


@require_POST
@screen("governance.register.view")
def decide(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Signs what was on the screen; then on to the next request."""
    asked = _asked(request_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, asked, form, status=400)
    verdict = Verdict(form.cleaned_data["verdict"] or Verdict.REJECT)
    waived = {"waiver": form.cleaned_data["waiver"]} if verdict is Verdict.APPROVE else {}
    try:
        ACTS[verdict](
            **waived,
            actor=actor,
            request=asked,
            reason=form.cleaned_data["reason"],
            signed_hash=form.cleaned_data["signed_hash"],
            in_place_of=form.cleaned_data["in_place_of"],
            now=clock.now(),
        )
    except errors.Conflict as conflict:
        note_shown(conflict)
        context = {"asked": asked, "conflict": conflict, "view": Filters(request.GET).query()}
        return render(request, "portal/approvals/stale.html", context, status=409)
    except (errors.Forbidden, errors.InvalidRequest) as refusal:
        note_shown(refusal)
        form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
        return _page(request, actor, asked, form, status=refusal.status)
    messages.success(request, _said(_asked(request_id)))
    return HttpResponseRedirect(address_after(request, actor))


@require_POST
@screen("governance.approval.decide")
def override_tier(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Has it decided with more care, or with less; whoever has signed signs anew."""
    asked = _asked(request_id)
    form = TierForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Another tier needs a reason.")
        return _page(request, actor, asked, _blank(asked), status=400)
    tier, reason = RiskTier(form.cleaned_data["risk_tier"]), form.cleaned_data["reason"]
    approvals.override_tier(actor=actor, request=asked, risk_tier=tier, reason=reason, now=clock.now())
    messages.success(request, f"{asked.model} is decided by the rule for {tier.label.lower()} risk.")
    return HttpResponseRedirect(reverse("approval", args=[request_id]))


@require_POST
@screen("governance.approval.request")
def withdraw(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    asked = approvals.withdraw(actor=actor, request=_asked(request_id))
    messages.success(request, f"The request for {asked.model} is withdrawn.")
    return HttpResponseRedirect(reverse("approvals"))


def obstacles(request: HttpRequest, actor: Actor, asked: ApprovalRequest, rights: list[UUID]) -> list[Obstacle]:
    """Everything that stands between this person and a decision; said before a button is pressed."""
    standing = review.open_stage(asked)
    if standing is None:
        return [Obstacle(f"It is {asked.get_status_display().lower()}.")]
    found = []
    if asked.requested_by_id == actor.id:
        found.append(Obstacle("You asked for it yourself. Another compliance officer decides."))
    elif review.has_decided(asked, actor.id):
        found.append(Obstacle("You have decided on this already, or somebody did in your place."))
    elif review.has_lowered(asked, actor.id):
        found.append(Obstacle("You have put it into a lower tier. Another person decides in that tier."))
    elif not rights and not actor.may("governance.approval.review"):
        found.append(Obstacle("Your role does not decide; a compliance officer does."))
    elif not rights:
        found.append(Obstacle(f"Your role does not decide in this stage; it takes: {', '.join(standing.roles)}."))
    elif not actor.otp_verified:
        page = f"{reverse('sign-in-code')}?{urlencode({'next': request.path})}"
        found.append(Obstacle("The act needs a one-time password that is not older than an hour.", page, "Give a code"))
    return found


def rule_of(asked: ApprovalRequest) -> str:
    """What the open stage takes, in a sentence."""
    standing = review.open_stage(asked)
    if standing is None:
        return ""
    who = " or ".join(standing.roles)
    return f"{standing.missing} more of {who}, none of them the requester, each with a one-time password."


def consequence(asked: ApprovalRequest, in_force: Approval | None, names: dict[UUID, str]) -> str:
    """What follows from approving, in a sentence or two."""
    teams = asked.teams or _owners(asked)
    who = _listed(teams, names) if teams else "every team"
    whence = f", calling from {', '.join(asked.caller_regions)}," if asked.caller_regions else ""
    what_for = f" for {_listed(asked.use_cases, names)}" if asked.use_cases else ""
    regions = [f"in {', '.join(asked.regions)}"] if asked.regions else []
    places = [f"only to {_listed(asked.deployments, names)}"] if asked.deployments else []
    where = ", ".join([*regions, *places]) or "in any region"
    later = "" if places else f" Deployments {where} that are registered later are covered, too."
    until = f"until {comparison.end_text(asked.expires_at)}" if asked.expires_at else "without an end"
    replaced = f" It replaces the approval of {timezone.localtime(in_force.granted_at):%d %b %Y}." if in_force else ""
    label = DataClass(asked.max_data_class).label
    what = f"data up to {label} to {asked.model}{what_for}"
    return f"Within a second, {who}{whence} may send {what}, {where} and {until}.{replaced}{later}"


def _owners(asked: ApprovalRequest) -> list[UUID]:
    """The teams whose the use cases are, since nobody else calls for them; none where one is everybody's."""
    if not asked.use_cases:
        return []
    owners = dict(UseCase.objects.filter(id__in=asked.use_cases).values_list("id", "team_id"))
    found = {owners.get(use_case): None for use_case in asked.use_cases}
    return [] if None in found else [team for team in found if team]


def _listed(ids: Iterable[UUID], names: dict[UUID, str]) -> str:
    return ", ".join(names.get(one, "one not shown") for one in ids)


def history_of(asked: ApprovalRequest) -> list[Entry]:
    return entries(list(ledger.timeline(asked.model_id)[:_HISTORY_SHOWN]))


def _asked(request_id: UUID) -> ApprovalRequest:
    rows = ApprovalRequest.objects.select_related("model", "approval", "questionnaire").prefetch_related(
        "decisions", "stages", "attached__evidence", "overrides"
    )
    return get_object_or_404(rows, id=request_id)


def _deployments(asked: ApprovalRequest) -> list[tuple[Deployment, Price | None]]:
    rows: QuerySet[Deployment] = asked.model.deployments.select_related("provider__third_party_file")
    rows = rows.prefetch_related("prices", "provider__agreements")
    return [(row, selectors.price_at(row, clock.now())) for row in rows]


def _third_parties(deployments: list[tuple[Deployment, Price | None]]) -> list[tuple[Provider, list[str]]]:
    """The providers that prompts would go to, with what is missing in what is known of them."""
    today = timezone.localdate(clock.now())
    providers = {row.provider_id: row.provider for row, _ in deployments}
    return [(provider, third_party.gaps(provider, today)) for provider in providers.values()]


def _blank(asked: ApprovalRequest) -> DecisionForm:
    return DecisionForm(initial={"signed_hash": asked.content_hash})


def _said(asked: ApprovalRequest) -> str:
    """What became of a request by the decision just made."""
    if asked.is_open:
        return f"{asked.model} is signed by you; it waits for more approvals."
    if asked.is_editable:
        return f"{asked.model} is back with its requester."
    return f"{asked.model} is {asked.get_status_display().lower()}."


def _revised(asked: ApprovalRequest, names: dict[UUID, str]) -> list[comparison.Compared]:
    """What the present revision asks differently; nothing in the first."""
    before = asked.revisions.select_related("questionnaire").filter(number=asked.revision - 1).first()
    titles = {
        number: [row.evidence.title for row in asked.attached.all() if row.revision == number]
        for number in (asked.revision, asked.revision - 1)
    }
    return comparison.revised(asked, before, names, (titles[asked.revision], titles[before.number])) if before else []


def _stages(asked: ApprovalRequest, actor: Actor) -> dict[str, Any]:
    """The stages with the names of those who signed and of those who may still, and what this person may."""
    standings = review.standings(asked)
    decisions = list(asked.decisions.all())
    may_sign = [person for each in standings if each.is_open for person in review.reviewers(asked, each.stage)]
    standing = review.open_stage(asked)
    rights = approvals.rights(actor, asked, standing.stage, clock.now()) if standing else []
    signers = [person for each in decisions for person in (each.decided_by_id, each.decided_for_id)]
    overriders = [each.overridden_by_id for each in asked.overrides.all()]
    return {
        "standings": standings,
        "decisions": decisions,
        "may_sign": may_sign,
        "rights": rights,
        "people": names_of([asked.requested_by_id, *signers, *may_sign, *rights, *overriders]),
    }


def _page(
    request: HttpRequest, actor: Actor, asked: ApprovalRequest, form: DecisionForm, status: int = 200
) -> HttpResponse:
    in_force = approvals_in_force({asked.model_id}).get(asked.model_id)
    if in_force is not None and in_force.request_id == asked.id:
        in_force = None
    stages, deployments = _stages(asked, actor), _deployments(asked)
    names = condition_names() | {row.id: row.place for row, _ in deployments}
    covered = [(row, price) for row, price in deployments if coverage.is_named(row, asked)]
    third_parties = _third_parties(covered)
    form.offer(actor, stages["rights"], stages["people"])
    complete, evidence = completeness.of(asked, clock.now()), completeness.attached(asked)
    if not complete.lacking:
        del form.fields["waiver"]
    context = {
        **stages,
        **discussion_of(asked, actor),
        "asked": asked,
        "view": Filters(request.GET).query(),
        "form": form,
        "complete": complete,
        "evidence": [(row, state_of(row, clock.now())) for row in evidence],
        "compared": comparison.compare(asked, in_force, names),
        "revised": _revised(asked, names),
        "in_force": in_force,
        "deployments": deployments,
        "left_out": [row for row, _ in deployments if not coverage.is_named(row, asked)],
        "third_parties": third_parties,
        "concerns": concerns(asked, complete, covered, third_parties),
        "card": model_cards.latest(asked.model),
        "similar": selectors.similar_models(asked.model),
        "rule": rule_of(asked),
        "obstacles": obstacles(request, actor, asked, stages["rights"]),
        "consequence": consequence(asked, in_force, names),
        "is_own": asked.requested_by_id == actor.id,
        "is_open": asked.is_open,
        "tiers": other_tiers(actor, asked),
        "assessment": risk.assessment(asked) if asked.answers is not None else None,
        "history": history_of(asked),
    }
    return render(request, "portal/approvals/decision.html", context, status=status)


def other_tiers(actor: Actor, asked: ApprovalRequest) -> list[RiskTier]:
    """Those that this person may put the request into."""
    if not asked.is_open or asked.requested_by_id == actor.id or not actor.may("governance.approval.decide"):
        return []
    return [tier for tier in RiskTier if tier != asked.risk_tier]
