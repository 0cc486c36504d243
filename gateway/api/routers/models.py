"""`GET /v1/models`: what the caller's organisation has registered, and whether the caller may call it now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from gateway.api import deprecation
from gateway.api.calls import read_only
from gateway.caller import Caller
from gateway.routing import candidates, conditions
from gateway.routing.candidates import Candidate
from gateway.routing.conditions import Call
from gateway.services import Services
from gateway.wire import openapi
from governance.snapshot.section import BreakGlassEntry, ModelEntry, RouteEntry
from kit import clock, errors

router = Router(tags=["models"])
_SCOPE = "models:read"


@router.get("/models", operation_id="list_models", openapi_extra=openapi.MODELS, summary="List models and routes")
async def list_models(request: HttpRequest) -> Any:
    return await read_only(request, _list, _SCOPE)


@router.get(
    "/models/{path:name}",
    operation_id="retrieve_model",
    openapi_extra=openapi.MODEL_NAMED,
    summary="One model or route",
)
async def retrieve_model(request: HttpRequest, name: str) -> Any:
    async def one(services: Services, caller: Caller) -> dict[str, Any]:
        return _one(services, caller, name)

    return await read_only(request, one, _SCOPE)


async def _list(services: Services, caller: Caller) -> dict[str, Any]:
    return {"object": "list", "data": _all(services, caller)}


def _one(services: Services, caller: Caller, name: str) -> dict[str, Any]:
    found = next((entry for entry in _all(services, caller) if entry["id"] == name), None)
    if found is None:
        raise candidates.unknown_model()
    return found


def _all(services: Services, caller: Caller) -> list[dict[str, Any]]:
    organization_id = caller.organization.id
    snapshot = services.snapshot
    models = [_model(services, caller, model) for model in snapshot.models.all(organization_id)]
    routes = [
        _route(services, caller, route)
        for route in snapshot.routes.all(organization_id)
        if route.team_id in (None, caller.credential.team_id)
    ]
    return sorted([*models, *(route for route in routes if route)], key=lambda entry: entry["id"])


def _model(services: Services, caller: Caller, model: ModelEntry) -> dict[str, Any]:
    found = candidates.candidates_of_model(services.snapshot, model, clock.now())
    return _entry(services, caller, model.slug, model, found, chain=[])


def _route(services: Services, caller: Caller, route: RouteEntry) -> dict[str, Any] | None:
    found = candidates.candidates_of_route(services.snapshot, route, clock.now())
    if not found:
        return None
    chain = [f"{candidate.model.slug}@{candidate.deployment.region}" for candidate in found[1:]]
    return _entry(services, caller, route.slug, found[0].model, found, chain)


def _entry(
    services: Services,
    caller: Caller,
    slug: str,
    model: ModelEntry,
    found: tuple[Candidate, ...],
    chain: list[str],
) -> dict[str, Any]:
    return {
        "id": slug,
        "object": "model",
        "created": int(model.created_at.timestamp()),
        "owned_by": model.publisher,
        "tier": model.tier,
        "status": _status(services, caller, found),
        "fallback_chain": chain,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "deprecation": deprecation.shown(model.deprecation) if model.deprecation else None,
    }


def _status(services: Services, caller: Caller, found: tuple[Candidate, ...]) -> str:
    """`approved`, `break_glass` in an emergency, `deprecated` while calls are answered still, `retired`, or the code of
    the refusal that a call which names no use case would meet now."""
    if not found:
        return "no_healthy_deployment"
    snapshot = services.snapshot
    try:
        region = snapshot.region_of(caller.credential.project_id, caller.organization)
        call = Call(caller.credential, region, None, clock.now())
        allowed = conditions.authorized(snapshot, found, call)
    except errors.Forbidden as refused:
        return "retired" if refused.code == "model_retired" else refused.code
    if isinstance(allowed[0].approval, BreakGlassEntry):
        return "break_glass"
    return "approved" if found[0].model.deprecation is None else "deprecated"
