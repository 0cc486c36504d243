"""Closed statements: the list, one of them, and it as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from audit.models import Record, Statement
from audit.usage.statements import digest
from kit.context import Actor
from portal.capacities import Capacity
from portal.screens.guard import screen
from portal.statements import documents
from portal.statements.pdf import as_pdf
from tenants.models import Team

_SHOWN = 120
_ACT = "portal.statement.closed"


@screen("audit.spend.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The newest first."""
    found = list(Statement.objects.defer("content")[:_SHOWN])
    owners = _owners(request)
    rows = [(statement, owners.get(statement.owner_id, "a team that is gone")) for statement in found]
    return render(request, "portal/statements/list.html", {"rows": rows})


@screen("audit.spend.view")
def show(request: HttpRequest, actor: Actor, statement_id: UUID) -> HttpResponse:
    statement = _one(statement_id)
    lines = documents.rows(statement)
    act = Record.objects.filter(object_id=statement.id, action=_ACT).first()
    context = {
        "statement": statement,
        "owner": _owner(request, statement),
        "used": [row for row in lines if row.correction_of is None],
        "corrected": [row for row in lines if row.correction_of is not None],
        "act": act,
        "is_as_recorded": act is not None and _is_as_recorded(statement, act),
    }
    return render(request, "portal/statements/one.html", context)


@require_GET
@screen("audit.spend.view")
def as_file(request: HttpRequest, actor: Actor, statement_id: UUID, extension: str) -> HttpResponse:
    statement = _one(statement_id)
    if extension == "pdf":
        body: Any = as_pdf(statement, _owner(request, statement))
    else:
        body = documents.as_csv(statement)
    answer = HttpResponse(body, content_type={"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}[extension])
    answer["Content-Disposition"] = f'attachment; filename="{documents.file_name(statement, extension)}"'
    return answer


def _one(statement_id: UUID) -> Statement:
    return get_object_or_404(Statement.objects.all(), id=statement_id)


def _is_as_recorded(statement: Statement, act: Record) -> bool:
    """Whether what is shown has the digest that the ledger holds of it."""
    recorded: str = orjson.loads(bytes(act.envelope))["details"]["digest"]
    return digest(statement.content) == statement.digest == recorded


def _owners(request: HttpRequest) -> dict[UUID, str]:
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    whole = capacity.organization
    return {whole.id: whole.name, **dict(Team.objects.values_list("id", "name"))}


def _owner(request: HttpRequest, statement: Statement) -> str:
    """A team as it was called when the month was closed."""
    named: str | None = statement.content["names"].get(f"id_{statement.owner_id.hex}")
    return named or _owners(request).get(statement.owner_id, "a team that is gone")
