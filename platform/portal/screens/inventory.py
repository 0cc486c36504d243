"""Taking in an existing inventory: a file, a look at what it would list row by row, and then all of it or nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from governance.intake import table as tables
from governance.intake.columns import COLUMNS, EXAMPLES
from governance.intake.plan import Plan
from governance.intake.table import Table
from governance.services import inventory
from kit import clock, errors
from kit.context import Actor
from portal.screens.guard import screen

_SHOWN = 500


class FileForm(forms.Form):
    file = forms.FileField(
        label="CSV or XLSX file",
        help_text=f"At most {tables.MOST_BYTES // 1024 // 1024} MB and {tables.MOST_ROWS} rows; of a workbook the "
        "first sheet. Formulas are taken as text.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx"}),
    )

    def clean_file(self) -> Table:
        uploaded = self.cleaned_data["file"]
        try:
            return tables.read(uploaded.read(tables.MOST_BYTES + 1))
        except errors.InvalidRequest as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class SeenForm(forms.Form):
    """What was looked at, sent back to be taken in. It is read as strictly as a file."""

    table = forms.CharField(widget=forms.HiddenInput, strip=False)
    takes_similar = forms.BooleanField(required=False, label="I have looked at what reads alike; list it all the same")

    def clean_table(self) -> Table:
        try:
            lines = orjson.loads(self.cleaned_data["table"])
        except orjson.JSONDecodeError:
            raise forms.ValidationError("Choose the file again.") from None
        if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
            raise forms.ValidationError("Choose the file again.")
        try:
            return tables.of_rows(lines)
        except errors.InvalidRequest as refusal:
            raise forms.ValidationError(refusal.message) from refusal


@screen("governance.register.manage")
def upload(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Shows on POST what the file would list. Nothing is listed here."""
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if not form.is_bound or not form.is_valid():
        return _start(request, form, 400 if form.is_bound else 200)
    return _look(request, actor, form, form.cleaned_data["file"])


@screen("governance.register.manage")
def take_in(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Lists what was looked at. Without a POST there is nothing to list."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("inventory"))
    form = SeenForm(request.POST)
    if not form.is_valid():
        start = FileForm()
        return _start(request, start, 400, "Choose the file again: what was sent is no table.")
    try:
        taken = inventory.take_in(
            actor=actor,
            table=form.cleaned_data["table"],
            takes_similar=form.cleaned_data["takes_similar"],
            now=clock.now(),
        )
    except (errors.InvalidRequest, errors.Conflict) as refusal:
        return _look(request, actor, FileForm(), form.cleaned_data["table"], refusal)
    messages.success(request, f"Listed {len(taken.models)} models and {len(taken.systems)} other systems.")
    where = "admin:governance_model_changelist" if taken.models else "admin:governance_othersystem_changelist"
    return HttpResponseRedirect(reverse(where))


@screen("governance.register.manage")
def template(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every column that is read, with an example of each kind."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(COLUMNS), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(EXAMPLES)
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="inventory.csv"'
    return answer


def _start(request: HttpRequest, form: FileForm, status: int, refusal: str = "") -> HttpResponse:
    context = {"form": form, "columns": COLUMNS, "refusal": refusal}
    return render(request, "portal/inventory/upload.html", context, status=status)


def _look(
    request: HttpRequest,
    actor: Actor,
    form: FileForm,
    table: Table,
    refusal: errors.ChanceryError | None = None,
) -> HttpResponse:
    try:
        plan = inventory.dry_run(actor=actor, table=table, now=clock.now())
    except errors.InvalidRequest as unreadable:
        return _start(request, form, 400, unreadable.message)
    seen = SeenForm(initial={"table": orjson.dumps(table.lines()).decode()})
    if not plan.similar:
        del seen.fields["takes_similar"]
    context = {"plan": plan, "form": seen, "refusal": refusal.message if refusal else "", **_shown(plan)}
    return render(request, "portal/inventory/look.html", context, status=refusal.status if refusal else 200)


def _shown(plan: Plan) -> dict[str, Any]:
    """What is wrong first, then what reads alike, then the rest; not more than a page can hold."""
    rest = [row for row in plan.rows if not row.wrong and not row.similar]
    rows = [*plan.wrong, *plan.similar, *rest]
    return {"rows": rows[:_SHOWN], "left_out": max(0, len(rows) - _SHOWN)}
