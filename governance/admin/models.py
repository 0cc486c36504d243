"""Models, by exact version. An entry here permits no call; an approval does."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanSwitchWidget

from governance import coverage, selectors
from governance.admin.base import SuspendableAdmin
from governance.admin.deployments import uncovered
from governance.admin.similar import IS_ANOTHER, require_another
from governance.models import Approval, Modality, Model
from governance.services import catalogue, model_cards
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedForm, act, label

_APPROVAL_STATES = {"approved": "success", "waiting": "info", "not approved": "warning"}

_POSITIVE = 2**31 - 1
_LIVES = {"Registered": "success", "Deprecated": "warning", "Retired": "danger"}


_ESTIMATES = ["usual_output_tokens", "image_tokens"]
_ORIGIN = ["licence", "base_model", "adapter", "quantization", "training_data"]


class EstimatesForm(forms.Form):
    """Both empty: nothing is known, and the most there can be is held."""

    usual_output_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=_POSITIVE,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The most an answer has where a call does not say; held, and sent upstream. Empty: the maximum.",
    )
    image_tokens = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=_POSITIVE,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The most a picture counts as. Empty: a call with one is held at the whole context window.",
    )


class ModelForm(GovernedForm):
    modalities = forms.MultipleChoiceField(
        choices=Modality.choices, required=False, widget=forms.CheckboxSelectMultiple, help_text="In and out."
    )
    is_another = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, **IS_ANOTHER)


@admin.register(Model)
class ModelAdmin(SuspendableAdmin[Model]):
    purpose = "Models by exact version. Being listed permits no call; an approval does."
    form = ModelForm
    can_enter = True
    list_display = ["slug", "name", "publisher", "version", "tier", "state", "life_shown", "approval_state"]
    list_filter = ["tier", "life", "publisher", ("suspended_at", admin.EmptyFieldListFilter)]
    search_fields = ["slug", "name", "publisher", "version"]
    fields = [
        "slug",
        "name",
        "publisher",
        "version",
        "description",
        "tier",
        "context_window",
        "max_output_tokens",
        *_ESTIMATES,
        "modalities_shown",
        *_ORIGIN,
        "card",
        "state",
        "life_shown",
        "sunset_at",
        "successor",
        "approval_state",
        "not_covered",
        "created_at",
    ]
    readonly_fields = ["modalities_shown", "card", "state", "life_shown", "sunset_at", "successor", "approval_state"]
    readonly_fields += ["not_covered"]
    add_fieldsets = [
        (None, {"fields": ["slug", "name", "publisher", "version", "description", "is_another"]}),
        ("Facts", {"fields": ["tier", "context_window", "max_output_tokens", *_ESTIMATES, "modalities"]}),
        ("Where it comes from", {"fields": _ORIGIN}),
    ]
    actions_detail = ["ask_for_approval", "renew", "estimates", "end_of_life", "probes", "suspend", "resume"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        of_model = {"model_id": OuterRef("id")}
        return (
            super()
            .get_queryset(request)
            .annotate(
                approved=Exists(selectors.live_approvals(clock.now()).filter(**of_model)),
                waiting=Exists(selectors.open_requests().filter(**of_model)),
            )
        )

    @label("Life", _LIVES, ordering="life")
    def life_shown(self, row: Model) -> str:
        return row.get_life_display()

    @label("Approval", _APPROVAL_STATES)
    def approval_state(self, row: Model) -> str:
        if row.approved:  # type: ignore[attr-defined]
            return "approved"
        return "waiting" if row.waiting else "not approved"  # type: ignore[attr-defined]

    @admin.display(description="Deployments not covered by the approval")
    def not_covered(self, row: Model) -> str:
        approval = coverage.in_force(row)
        lacking = [(each, coverage.lack(each)) for each in row.deployments.all()] if approval else []
        shown = [(each, uncovered(approval, lack)) for each, lack in lacking if approval and lack]
        return format_html_join("\n", "<p>{}: {}</p>", shown) or "none"

    @admin.display(description="Modalities")
    def modalities_shown(self, row: Model) -> str:
        return ", ".join(Modality(each).label.lower() for each in row.modalities)

    @admin.display(description="Model card")
    def card(self, row: Model) -> str:
        latest = model_cards.latest(row)
        text = f"version {latest.number}" if latest else "none was written"
        return format_html('<a class="underline" href="{}">{}</a>', reverse("model-card", args=[row.id]), text)

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Model:
        is_another = entered.pop("is_another")
        require_another(is_another, selectors.similar_models(catalogue.new_model(clock.now(), entered)))
        return catalogue.register_model(actor=actor_of(request), now=clock.now(), **entered)

    def has_asking_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may("governance.approval.request")

    @act(description="Ask for approval", permission="asking", icon="approval")
    def ask_for_approval(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('approval-ask')}?{urlencode({'model': object_id})}")

    @act(description="Renew the approval", permission="asking", icon="autorenew")
    def renew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The approval that has not ended; without one, it is asked for the first time."""
        approval = Approval.objects.filter(model_id=object_id, ended_at__isnull=True).first()
        renewed = {"renews": str(approval.id)} if approval else {}
        return HttpResponseRedirect(f"{reverse('approval-ask')}?{urlencode({'model': object_id, **renewed})}")

    def has_viewing_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may("governance.register.view")

    def has_managing_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may("governance.register.manage")

    @act(description="Estimates", permission="managing", icon="calculate")
    def estimates(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Model, entered: dict[str, Any]) -> str:
            catalogue.set_estimates(actor=actor_of(request), model=row, **entered)
            return f"Calls of {row} are held at that from now on."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Estimates of a model",
                button="Set",
                consequences=lambda row: [
                    f"Now: answers of {row.usual_output_tokens or row.max_output_tokens:,} tokens at most where a call "
                    f"does not say, and {_of_pictures(row)}.",
                    "Less is held for calls to come, and longer answers are cut where callers set no maximum.",
                ],
                perform=perform,
                form_class=EstimatesForm,
            ),
        )

    @act(description="Probes", permission="viewing", icon="troubleshoot")
    def probes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("model-probes", args=[object_id]))

    @act(description="End of life and callers", permission="viewing", icon="event_busy")
    def end_of_life(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("model-life", args=[object_id]))


def _of_pictures(row: Model) -> str:
    return f"{row.image_tokens:,} a picture" if row.image_tokens is not None else "the whole window with a picture"
