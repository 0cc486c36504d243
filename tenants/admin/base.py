"""What every change list and form of the admin has in common.

Rows come through the scoped managers. What a form enters or amends, and every act, is done by a service, which
checks the permission and writes the ledger: the ledger is the log, so no `LogEntry` is written, and nothing is
deleted. A refusal by a service is shown on the form it was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import DateTimeField, Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant

from kit.errors import ChanceryError
from kit.refusals import note_shown
from tenants.acting import actor_of
from tenants.admin.refusals import explained, give_code_then_save, needs_code

Row = TypeVar("Row", bound=Model)
Method = TypeVar("Method", bound=Callable[..., Any])

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as TypedModelAdmin
else:
    from unfold.admin import ModelAdmin as UnfoldModelAdmin

    class TypedModelAdmin(UnfoldModelAdmin, Generic[Row]):
        """Unfold's, with the type parameter that the stubs give Django's."""


@dataclass(frozen=True, slots=True)
class Act(Generic[Row]):
    """An act on one row, asked for on a page that says what will happen.

    `consequences` are sentences. `perform` does it and returns the message to show, or a page of its own.
    """

    title: str
    button: str
    consequences: Callable[[Row], list[str]]
    perform: Callable[[Row, dict[str, Any]], str | HttpResponse]
    form_class: type[forms.Form] = forms.Form
    is_destructive: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """Something shown once. `rows` are facts beside it, `snippets` are (title, text) of how to use it."""

    title: str
    text: str
    explanation: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    snippets: list[tuple[str, str]] = field(default_factory=list)
    test_address: str = ""


class GovernedForm(ModelForm[Any]):
    """Shows a service's refusal, found when it was tried, where the person can mend it."""

    refusal: ClassVar[ChanceryError | ValidationError | None] = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal is not None:
            for name, text in explained(self.refusal):
                self.add_error(name if name in self.fields else None, text)
            if needs_code(self.refusal):
                self.add_error(None, give_code_then_save())
        return cleaned


class GovernedAdmin(TypedModelAdmin[Row]):
    """Base of the admin's classes. `enter` and `amend` call services; without them a row is read only.

    `change_act` is the act whose holders see the buttons of `actions_detail`; `purpose` says above the list what
    it is for.
    """

    form = GovernedForm
    can_enter: ClassVar[bool] = False
    can_amend: ClassVar[bool] = False
    change_act: ClassVar[str] = ""
    purpose: ClassVar[str] = ""
    list_before_template = "admin/purpose.html"
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True
    actions = None  # acts are on the row's own page, where their consequences are said

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Row:
        """Makes a new row by a service."""
        raise NotImplementedError

    def amend(self, request: HttpRequest, row: Row, entered: dict[str, Any]) -> Row:
        """Changes a row by a service."""
        raise NotImplementedError

    def unfit(self, row: Row) -> set[str]:
        """Names of the acts that make no sense for the row as it is; their buttons are left out."""
        return set()

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        row = self.get_object(request, str(object_id))
        left_out = {f"{self.opts.app_label}_{self.opts.model_name}_{name}" for name in (self.unfit(row) if row else ())}
        actions = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in actions if action.action_name not in left_out]

    def confirm(self, request: HttpRequest, object_id: str, act: Act[Row]) -> HttpResponse:
        """The page of an act: says what will happen on GET, does it on POST."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        form, step_up = act.form_class(request.POST if request.method == "POST" else None), ""
        if request.method == "POST" and form.is_valid():
            try:
                outcome = act.perform(row, form.cleaned_data)
            except (ChanceryError, ValidationError) as refusal:
                note_shown(refusal)
                for _, text in explained(refusal):
                    form.add_error(None, text)
                if needs_code(refusal):
                    step_up = f"{reverse('sign-in-code')}?{urlencode({'next': request.path})}"
            else:
                if isinstance(outcome, HttpResponse):
                    return outcome
                messages.success(request, outcome)
                return HttpResponseRedirect(self.address_of(row))
        context = {"title": act.title, "act": act, "form": form, "consequences": act.consequences(row)}
        return self._page(request, "admin/act.html", {**context, "step_up": step_up}, row)

    def show_once(self, request: HttpRequest, row: Row, secret: Secret) -> TemplateResponse:
        """Answers the very request that made a secret: it is stored nowhere, a reload would make another."""
        response = self._page(request, "admin/secret.html", {"title": secret.title, "secret": secret}, row)
        response.headers["Cache-Control"] = "no-store"
        return response

    def address_of(self, row: Row) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The acts on the row and what they changed, from ledger and history, in place of Django's log."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return self._page(request, "admin/history.html", {"title": f"History of {row}"}, row)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_enter and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_amend and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_acting_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may(self.change_act)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Moments say whose clock they are read by; a related row is made on a page of its own, not in a pop-up."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, DateTimeField):
            field.help_text = f"{field.help_text} In {timezone.get_current_timezone_name()}.".strip()
        if field is not None and hasattr(field.widget, "can_add_related"):
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form_class = super().get_form(request, obj, change=change, **kwargs)
        return type(form_class.__name__, (form_class,), {"refusal": getattr(request, "refusal", None)})

    def _changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return self._django_changeform_view(request, *args, **kwargs)
        except (ChanceryError, ValidationError) as refusal:
            note_shown(refusal)
            request.refusal = refusal  # type: ignore[attr-defined]
            return self._django_changeform_view(request, *args, **kwargs)

    def _django_changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return cast(HttpResponse, super()._changeform_view(request, *args, **kwargs))  # type: ignore[misc]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """One button to save: what follows is the row's own page, or the page of its secret."""
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, {**context, **buttons}, *args, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The row as the service made it, in place of Django's own saving."""
        if change:
            return self.amend(request, form.instance, form.cleaned_data)
        return self.enter(request, form.cleaned_data)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Done by `save_form`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Done by `save_form`."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """The service has written the ledger."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """The service has written the ledger."""

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any], row: Row) -> TemplateResponse:
        site = self.admin_site.each_context(request)
        return TemplateResponse(
            request,
            template,
            {**site, "opts": self.opts, "original": row, "back": self.address_of(row), **context},
        )


def act(
    *, description: str, permission: str = "acting", icon: str = "", destructive: bool = False
) -> Callable[[Method], Method]:
    """A button on a row's page that leads to an act's page."""

    def decorate(method: Method) -> Method:
        variant = ActionVariant.DANGER if destructive else ActionVariant.DEFAULT
        decorated = unfold_action(
            description=description, permissions=[permission], icon=icon or None, variant=variant
        )(method)
        return cast(Method, decorated)

    return decorate


def label(description: str, colours: Mapping[str, str], *, ordering: str | None = None) -> Callable[[Method], Method]:
    """A column shown as a coloured word; `colours` maps the words to success, warning, danger, info."""

    def decorate(method: Method) -> Method:
        decorated = admin.display(description=description, ordering=ordering)(method)
        decorated.label = dict(colours)  # type: ignore[attr-defined]
        return decorated

    return decorate
