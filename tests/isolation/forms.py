"""What the management API takes, address by address: bodies that are accepted, from whom they come."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from governance import models as governance
from kit import clock
from kit.ids import new_id
from tenants import models as tenants
from tests.isolation.addresses import Address, addresses
from tests.isolation.plots import FACTORIES, AnyModel, Plot
from tests.support.answers import defined
from tests.support.issuers import new_jwks

Form = Callable[[Plot], dict[str, Any]]


def _word() -> str:
    return f"w-{new_id().hex[-12:]}"


def _named(plot: Plot) -> dict[str, Any]:
    return {"name": _word(), "slug": _word()}


def _model(plot: Plot) -> dict[str, Any]:
    described = {"publisher": "Somebody", "version": "1", "context_window": 4096, "max_output_tokens": 512}
    return {**_named(plot), **described}


def _price(plot: Plot) -> dict[str, Any]:
    later = clock.now() + timedelta(days=1)  # of one deployment another each time
    return {"deployment": _id(plot, governance.Deployment), "effective_from": later.isoformat(), **_rates()}


def _rates() -> dict[str, str]:
    return {"input_usd": "1", "output_usd": "2"}


def _limits(plot: Plot) -> dict[str, Any]:
    numbers = {"requests_per_minute": 60, "tokens_per_minute": None, "concurrency": 2}
    return {"team": _id(plot, tenants.Team), **numbers}


def _issuer(plot: Plot) -> dict[str, Any]:
    return {
        "project": _id(plot, tenants.Project),
        "name": _word(),
        "issuer": f"https://{_word()}.example.com",
        "audience": "chancery",
        "jwks": new_jwks(),
    }


def _use_case(plot: Plot) -> dict[str, Any]:
    return {
        "name": _word(),
        "purpose": "letters",
        "ai_act_class": "limited",
        "owner": str(plot.lead.user.id),
    }


def _new_key(plot: Plot) -> str:
    return str(FACTORIES[tenants.ApiKey](plot).pk)


def _id(plot: Plot, model: AnyModel) -> str:
    return str(plot.row(model).pk)


def _file() -> str:
    row = f"system,{_word()},Somebody,letters,minimal"
    return base64.b64encode(f"kind,name,vendor,purpose,ai_act_class\n{row}".encode()).decode()


# What makes or sets a row, by the route and method. Every member that names a row is in `NAMING`.
FORMS: dict[str, Form] = {
    "post /api/teams/": _named,
    "post /api/teams/onboard/": lambda plot: {
        "team": _named(plot),
        "lead": {"email": plot.lead.user.email, "name": _word()},
        "project": _named(plot),
        "models": [str(plot.world.model(_word()).id)],
    },
    "post /api/projects/": lambda plot: {**_named(plot), "team": _id(plot, tenants.Team)},
    "post /api/memberships/": lambda plot: {
        "email": f"{_word()}@example.com",
        "name": _word(),
        "role": "developer",
        "team": _id(plot, tenants.Team),
    },
    "post /api/api-keys/": lambda plot: {"project": _id(plot, tenants.Project), "name": _word()},
    "post /api/identity-providers/": _issuer,
    "post /api/budget-increases/": lambda plot: {
        "budget": _id(plot, tenants.Budget),
        "amount_usd": "5",
        "ends_at": (clock.now() + timedelta(days=30)).isoformat(),
        "reason": "for tests",
    },
    "post /api/budgets/": lambda plot: {"team": _id(plot, tenants.Team), "name": _word(), "limit_usd": "5"},
    "put /api/rate-limits/level/": _limits,
    "post /api/providers/": lambda plot: {"name": _word(), "kind": "dummy"},
    "post /api/models/": _model,
    "post /api/deployments/": lambda plot: {
        "model": _id(plot, governance.Model),
        "provider": _id(plot, governance.Provider),
        "upstream_model": _word(),
        "region": _word(),
    },
    "post /api/prices/": _price,
    "post /api/routes/": lambda plot: {
        "slug": _word(),
        "team": _id(plot, tenants.Team),
        "deployments": [_id(plot, governance.Deployment)],
    },
    "post /api/use-cases/": lambda plot: {**_use_case(plot), "slug": _word(), "team": _id(plot, tenants.Team)},
    "post /api/third-party-files/": lambda plot: {"provider": _id(plot, governance.Provider), "location": "Ireland"},
    "post /api/agreements/": lambda plot: {
        "provider": _id(plot, governance.Provider),
        "kind": "dpa",
        "reference": _word(),
        "signed_on": "2026-01-31",
    },
    "post /api/model-cards/": lambda plot: {
        "model": str(plot.add(governance.Model, **_model(plot)).pk),
        "intended_use": "letters",
    },
    "post /api/other-systems/": lambda plot: {
        "name": _word(),
        "vendor": "Somebody",
        "purpose": "letters",
        "owner": str(plot.lead.user.id),
        "ai_act_class": "minimal",
    },
    "post /api/inventory/": lambda plot: {"file": _file(), "is_dry_run": False, "takes_similar": True},
    # Rows are named in words there; tests/portal/declared has what foreign ones come to.
    "put /api/declaration/": lambda plot: {"chancery": 1, "models": [_model(plot)]},
    "post /api/suspensions/": lambda plot: {"subject": _new_key(plot), "reason": "for tests"},
    "post /api/approval-requests/": lambda plot: {
        "model": str(plot.add(governance.Model, **_model(plot)).pk),
        "justification": "letters",
        "teams": [_id(plot, tenants.Team)],
    },
    "post /api/evidence/": lambda plot: {
        "model": _id(plot, governance.Model),
        "kind": "evaluation",
        "title": _word(),
        "metric": "accuracy",
        "passed": True,
    },
    "post /api/break-glass/": lambda plot: {
        "model": str(plot.add(governance.Model, **_model(plot)).pk),
        "team": _id(plot, tenants.Team),
        "reason": "for tests",
    },
    "post /api/evaluation-plans/": lambda plot: {
        "model": _id(plot, governance.Model),
        "api_key": _id(plot, tenants.ApiKey),
    },
    "post /api/evaluation-cases/": lambda plot: {
        "plan": _id(plot, governance.EvaluationPlan),
        "name": _word(),
        "prompt": "How are you?",
        "expectation": "contains",
        "expected": "fine",
    },
    "post /api/questionnaires/": lambda plot: defined().as_json(),
    "post /api/waivers/": lambda plot: {
        "approval": _id(plot, governance.Approval),
        # another each time: only one waiver of a condition may wait
        "use_case": str(FACTORIES[governance.UseCase](plot).pk),
        "condition": "recertification",
        "compensating_control": "for tests",
        "reason": "for tests",
    },
    "post /api/alert-rules/": lambda plot: {"kind": "tokens", "team": _id(plot, tenants.Team)},
    "post /api/alert-channels/": lambda plot: {
        "kind": "slack",
        "name": _word(),
        "url": "https://hooks.example.com/x",
        "team": _id(plot, tenants.Team),
    },
    "post /api/review-rules/": lambda plot: {"risk_tier": "high", "stages": [{"roles": ["compliance_officer"]}]},
    "post /api/claims/": lambda plot: {"request": _id(plot, governance.ApprovalRequest)},
    "post /api/comments/": lambda plot: {"request": _id(plot, governance.ApprovalRequest), "text": "for tests"},
    "post /api/notices/read/": lambda plot: {},
    "put /api/notices/preferences/": lambda plot: {"ways": {"commented": "digest"}},
    "post /api/delegations/": lambda plot: {
        "delegate": str(plot.lead.user.id),
        "starts_at": clock.now().isoformat(),
        "ends_at": (clock.now() + timedelta(days=1)).isoformat(),
    },
}
NAMING: dict[str, AnyModel] = {
    "team": tenants.Team,
    "teams": tenants.Team,
    "project": tenants.Project,
    "api_key": tenants.ApiKey,
    "model": governance.Model,
    "models": governance.Model,
    "request": governance.ApprovalRequest,
    "plan": governance.EvaluationPlan,
    "provider": governance.Provider,
    "deployment": governance.Deployment,
    "deployments": governance.Deployment,
    "subject": tenants.ApiKey,
}
# Members that are not in the body above, in place of one that is.
INSTEAD = {"post /api/budgets/": ("project", "api_key"), "put /api/rate-limits/level/": ("project", "api_key")}

# Members of a name like those above that describe a new thing, and name no row.
DESCRIBING = {"post /api/teams/onboard/": ("team", "project"), "put /api/declaration/": ("models",)}


def makers() -> list[Address]:
    """Addresses of the API that make or set a row without naming one."""
    return [each for each in addresses() if each.is_api and each.model is None and each.method != "get"]


def naming(address: str, plot: Plot) -> list[str]:
    """The members of the body of an address that name a row."""
    named = [*FORMS[address](plot), *INSTEAD.get(address, ())]
    return [name for name in named if name in NAMING and name not in DESCRIBING.get(address, ())]


def body_with(address: str, ours: Plot, name: str, identifier: UUID) -> dict[str, Any]:
    """An accepted body but for the member `name`, which names another row."""
    body = FORMS[address](ours)
    if name in INSTEAD.get(address, ()):
        body.pop("team")
    body[name] = [str(identifier)] if name.endswith("s") else str(identifier)
    return body
