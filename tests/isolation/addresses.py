"""Every address of the portal, its admin and its API, taken from the resolver, and what each is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from audit.models import Record, Statement
from governance.models import (
    Agreement,
    Alert,
    AlertChannel,
    ApprovalRequest,
    BreakGlass,
    EvaluationCase,
    EvaluationRun,
    Evidence,
    Model,
    Provider,
    Questionnaire,
    Suspension,
    Waiver,
)
from portal.models import SavedView
from tenants.models import Budget, BudgetIncrease, PersonalAccessToken
from tests.isolation import tally
from tests.isolation.plots import AnyModel
from tests.support.cast import Browser, Person, browser

# What the address itself does not say.
SUBJECTS: dict[str, AnyModel] = {
    "agreements/": Agreement,
    "alerts/": Alert,
    "alert-channels/": AlertChannel,
    "approvals/": ApprovalRequest,
    "budget-increases/": BudgetIncrease,
    "budgets/": Budget,
    "evidence/": Evidence,
    "models/": Model,
    "probes/cases/": EvaluationCase,
    "probes/runs/": EvaluationRun,
    "third-parties/": Provider,
    "exceptions/": BreakGlass,
    "questionnaires/": Questionnaire,
    "views/": SavedView,
    "waivers/": Waiver,
    "requests/": Record,
    "statements/": Statement,
    "revocations/": Suspension,
    "api/requests/": Record,
    "account/tokens/": PersonalAccessToken,
}
# Parameters that name no row.
OTHERS = {"admin/^(?P<app_label>", "admin/(?P<url>", "admin/r/", "review-rules/<int:tier>", "alert-rules/<slug:kind>"}
_PARAMETER = re.compile(r"<\w+:\w+>|\(\?P<\w+>[^)]*\)")
_OF_THE_ADMIN = re.compile(r"admin/(\w+)/(\w+)/")
# Of the moment, and of the word that is taken out.
_NOT_COMPARED = {"Expires", "Last-Modified", "Content-Length", "X-Request-Id"}
_FORGED = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')


@dataclass(frozen=True, slots=True)
class Address:
    """`model` is the kind of row that its parameter names; none where it has no parameter."""

    template: str
    method: str
    model: AnyModel | None

    def __str__(self) -> str:
        return f"{self.method} /{_PARAMETER.sub('ID', self.template)}"

    @property
    def key(self) -> str:
        """Method and path, as a table names it."""
        return f"{self.method} {self.path('ID')}"

    @property
    def is_api(self) -> bool:
        return self.template.startswith("api/")

    def path(self, identifier: object = "") -> str:
        return "/" + _PARAMETER.sub(str(identifier), self.template).replace("^", "").replace("$", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """What can be told apart: the identifier asked for and tokens against forgery are taken out."""

    status: int
    headers: frozenset[tuple[str, str]]
    cookies: frozenset[str]
    body: bytes


def addresses() -> list[Address]:
    return [
        Address(template, method, _subject(template, pattern))
        for template, pattern in _patterns(get_resolver())
        if not any(template.startswith(other) for other in OTHERS)
        for method in _methods(template, pattern)
    ]


def ask(client: Browser, address: Address, identifier: UUID | str = "") -> Reply:
    path = address.path(identifier)
    if address.method == "get":
        answer = client.get(path)
    elif address.is_api:
        answer = getattr(client, address.method)(path, {}, content_type="application/json")
    else:
        answer = client.post(path, {})
    return told(answer, identifier)


def asked_by(person: Person, address: Address, identifier: UUID | str = "") -> Reply:
    """As `ask`, in a browser in which the person has just signed in."""
    return ask(looking(person) if address.method == "get" else browser(person), address, identifier)


_looking: dict[UUID, tuple[Browser, str]] = {}


def looking(person: Person) -> Browser:
    """The person's browser for what changes nothing: one session, and no message left over from the page before."""
    if person.user.id not in _looking:
        client = browser(person)
        _looking[person.user.id] = client, client.cookies["sessionid"].value
    client, session = _looking[person.user.id]
    client.cookies.clear()
    client.cookies["sessionid"] = session
    return client


def told(answer: Any, word: object = "") -> Reply:
    """What an answer says, but for `word`, which is what was asked for."""
    tally.count()
    forms = {form for form in (str(word), quote(str(word)), quote_plus(str(word))) if form}
    body, headers = _FORGED.sub(b"", answer.content), dict(answer.headers.items())
    for form in forms:
        body = body.replace(form.encode(), b"WORD")
        headers = {name: value.replace(form, "WORD") for name, value in headers.items() if name not in _NOT_COMPARED}
    return Reply(answer.status_code, frozenset(headers.items()), frozenset(answer.cookies), body)


def _patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        template = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _patterns(each, template)
        else:
            yield template, each


def _methods(template: str, pattern: URLPattern) -> list[str]:
    actions = getattr(pattern.callback, "actions", None)
    if actions:
        return sorted(set(actions) - {"head"})  # which a view adds once it was asked for something
    return ["get"] if template.startswith("api/") else ["get", "post"]


def _subject(template: str, pattern: URLPattern) -> AnyModel | None:
    """Raises `LookupError` for an address with a parameter of which nobody has said what it names."""
    if not _PARAMETER.search(template):
        return None
    view = getattr(pattern.callback, "cls", None)
    if model := getattr(view, "model", None):
        return model  # type: ignore[no-any-return]
    if named := _OF_THE_ADMIN.match(template):
        return apps.get_model(named[1], named[2])
    found = [model for prefix, model in SUBJECTS.items() if template.startswith(prefix)]
    if not found:
        raise LookupError(f"say in SUBJECTS what the parameter of {template} names")
    return found[0]
