"""Filling the register: providers, models, deployments, prices, routes. Nothing here permits a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from audit.ledger.append import append_act
from audit.ledger.envelope import FreeText
from audit.pricing.quantities import Component
from audit.pricing.schedule import Rate, Schedule
from governance import coverage, credentials, fingerprints
from governance.models import Deployment, Model, NoticeKind, Price, Provider, Route, RouteCandidate
from governance.services import notices
from kit import errors
from kit.context import Actor
from kit.tenant_owned import TenantOwned
from tenants import permissions
from tenants.models import Team

Row = TypeVar("Row", bound=TenantOwned)


@dataclass(frozen=True, slots=True)
class Rates:
    """Nano-USD per million tokens, and per request; everything else that has a rate is in `further`."""

    input: int
    output: int
    cached_input: int | None = None
    per_request: int = 0
    further: tuple[Rate, ...] = ()
    discount_ppm: int = 0
    reference: str = ""

    @classmethod
    def of(cls, schedule: Schedule, reference: str = "") -> Rates:
        """Those of a schedule."""
        plain = {rate.component: rate.nano_usd for rate in schedule.rates if rate.is_plain}
        return cls(
            input=plain[Component.INPUT],
            output=plain[Component.OUTPUT],
            cached_input=plain.get(Component.CACHED_INPUT),
            per_request=plain.get(Component.REQUEST, 0),
            further=tuple(rate for rate in schedule.rates if not rate.is_plain),
            discount_ppm=schedule.discount_ppm,
            reference=reference,
        )


def register_provider(
    *, actor: Actor, name: str, kind: str, now: datetime, base_url: str = "", credential: str = ""
) -> Provider:
    """A new provider. The credential is sealed at once and shown to nobody again."""
    provider = Provider(name=name, kind=kind, base_url=base_url, created_at=now)
    provider.credential = credentials.seal(provider.id, credential)
    return _register(actor, provider, {"kind": kind})


def move_provider(
    *, actor: Actor, provider: Provider, kind: str, base_url: str, credential: str, now: datetime
) -> None:
    """Follows a provider to another address, with the credential that is good there.

    What may be sent to it under approvals goes there from then on: that takes the right to decide on approvals, and
    everybody else who has it is told. The installation follows its own services by itself.
    """
    permissions.require(actor, "governance.approval.decide", otp=True)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        locked = Provider.objects.select_for_update().get(id=provider.id)
        locked.kind, locked.base_url = kind, base_url
        locked.credential = credentials.seal(locked.id, credential)
        locked.full_clean(exclude=["created_at"])
        locked.save(update_fields=["kind", "base_url", "credential"])
        _record(actor, "governance.provider.moved", locked, {"kind": kind})
        _tell_deciders(actor, locked, NoticeKind.MOVED, now)


def _tell_deciders(actor: Actor, row: Provider | Deployment, kind: NoticeKind, now: datetime) -> None:
    """That content goes elsewhere; not where the installation follows its own services, as it does at each start."""
    if actor.kind == "system":
        return
    notices.tell_holders(
        act="governance.approval.decide",
        actor=actor,
        kind=kind,
        subject_kind=row._meta.model_name or "",
        subject_id=row.id,
        now=now,
    )


def replace_credential(*, actor: Actor, provider: Provider, credential: str) -> None:
    """Puts a new credential in place of the old one: calls are on its account at the provider from then on."""
    permissions.require(actor, "governance.register.manage", otp=True)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        locked = Provider.objects.select_for_update().get(id=provider.id)
        locked.credential = credentials.seal(locked.id, credential)
        locked.save(update_fields=["credential"])
        _record(actor, "governance.provider.credential_replaced", locked, {})


def register_model(*, actor: Actor, now: datetime, **fields: Any) -> Model:
    """A new model, by exact version. `fields` are those of `Model`."""
    model = new_model(now, fields)
    return _register(actor, model, {"slug": model.slug, "version": model.version})


def new_model(now: datetime, fields: dict[str, Any]) -> Model:
    """One that is not saved yet, with what it is compared by."""
    model = Model(created_at=now, **fields)
    model.fingerprint = fingerprints.of(model.slug, model.name, model.publisher, model.description)
    return model


def set_estimates(*, actor: Actor, model: Model, usual_output_tokens: int | None, image_tokens: int | None) -> Model:
    """What calls of the model are held at where they do not say; those to come, on every worker within a second.

    Raises `ValidationError` for an answer without tokens.
    """
    permissions.require(actor, "governance.register.manage")
    permissions.require_reach(actor, None)
    with transaction.atomic():
        locked = Model.objects.select_for_update().get(id=model.id)
        locked.usual_output_tokens, locked.image_tokens = usual_output_tokens, image_tokens
        locked.full_clean(exclude=["created_at"])
        locked.save(update_fields=["usual_output_tokens", "image_tokens"])
        _record(actor, "governance.model.estimates_set", locked, {})
    return locked


def register_deployment(
    *,
    actor: Actor,
    model: Model,
    provider: Provider,
    upstream_model: str,
    region: str,
    now: datetime,
    position: int = 0,
) -> Deployment:
    """A model at a provider's endpoint in a region; with a code where the approval in force covers it at once.

    Calls may go there from then on, then, and whoever decides on approvals is told.
    """
    deployment = Deployment(
        model=model,
        provider=provider,
        upstream_model=upstream_model,
        region=region,
        position=position,
        created_at=now,
    )
    approval = coverage.in_force(model)
    is_called = approval is not None and coverage.is_named(deployment, approval)
    with transaction.atomic():
        _register(actor, deployment, {"model_id": str(model.id), "region": region})
        if is_called:
            permissions.require_code(actor)
            _tell_deciders(actor, deployment, NoticeKind.DEPLOYED, now)
    return deployment


def set_price(*, actor: Actor, deployment: Deployment, rates: Rates, effective_from: datetime, now: datetime) -> Price:
    """What a deployment costs from a moment on. Earlier prices stay as they were.

    Raises `errors.InvalidRequest` for rates that are no price, such as a service tier without one for output.
    """
    price = price_of(deployment, rates, effective_from)
    price.created_at = now
    try:
        price.schedule  # noqa: B018 (it is whole, or says what it lacks)
    except ValueError as lack:
        raise errors.InvalidRequest(f"This is no price: {lack}.") from lack
    return _register(actor, price, {"deployment_id": str(deployment.id)})


def price_of(deployment: Deployment, rates: Rates, effective_from: datetime) -> Price:
    """As a row that is not saved."""
    return Price(
        deployment=deployment,
        effective_from=effective_from,
        input_nano_usd_per_million=rates.input,
        cached_input_nano_usd_per_million=rates.input if rates.cached_input is None else rates.cached_input,
        output_nano_usd_per_million=rates.output,
        per_request_nano_usd=rates.per_request,
        further_rates=[asdict(rate) for rate in rates.further],
        discount_ppm=rates.discount_ppm,
        reference=rates.reference,
    )


def create_route(
    *,
    actor: Actor,
    slug: str,
    deployments: Sequence[Deployment],
    now: datetime,
    description: str = "",
    team: Team | None = None,
) -> Route:
    """A name for an order of deployments, the first one tried first."""
    with transaction.atomic():
        route = _register(
            actor,
            Route(slug=slug, description=description, team=team, created_at=now),
            {"deployments": [str(deployment.id) for deployment in deployments]},
        )
        RouteCandidate.objects.bulk_create(
            RouteCandidate(organization_id=actor.organization_id, route=route, deployment=deployment, position=position)
            for position, deployment in enumerate(deployments)
        )
    return route


def _register(actor: Actor, row: Row, details: dict[str, Any]) -> Row:
    permissions.require(actor, "governance.register.manage")
    permissions.require_reach(actor, row.team_id if isinstance(row, Route) else None)
    row.organization_id = actor.organization_id
    with transaction.atomic():
        row.full_clean(exclude=["created_at"])
        row.save(force_insert=True)
        _record(actor, f"governance.{row._meta.model_name}.registered", row, details)
    return row


def _record(actor: Actor, action: str, row: TenantOwned, details: dict[str, Any]) -> None:
    try:
        append_act(
            actor=actor,
            action=action,
            object_kind=row._meta.model_name or "",
            object_id=row.id,
            details=details,
        )
    except FreeText as words:
        raise errors.InvalidRequest(
            "A version or region is written with letters, digits and . _ : / + - only: it goes into the ledger."
        ) from words
