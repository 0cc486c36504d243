"""Identity providers: accept their tokens, exchange their keys, stop accepting them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from audit.ledger.append import append_act
from audit.ledger.canonical import canonical
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import IdentityProvider, Project
from tenants.models.keys import default_algorithms
from tenants.services import credentials
from tenants.services.credentials import Bounds
from tenants.services.key_sets import ALGORITHMS, public_keys

_ACT = "tenants.identity_provider.manage"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
_ONE_OF_A_KIND = "identity_provider_issuer_and_audience"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are accepted: `iss`, `aud`, and the public keys that verify them."""

    issuer: str
    audience: str
    jwks: dict[str, Any]
    algorithms: Sequence[str] = field(default_factory=default_algorithms)


def register(
    *, actor: Actor, project: Project, name: str, issuer: Issuer, now: datetime, bounds: Bounds | None = None
) -> IdentityProvider:
    """Tokens of the issuer for the audience call as the project from then on.

    Raises `errors.InvalidRequest` for an issuer, audience, algorithm, key set or network that is none,
    `errors.Conflict` where tokens of this issuer for this audience are accepted already, here or elsewhere.
    """
    _require(actor, project.team_id)
    bounds = bounds or Bounds()
    credentials.check(actor, bounds)
    _check(issuer)
    with transaction.atomic():
        provider = IdentityProvider(
            organization_id=actor.organization_id,
            team_id=project.team_id,
            project=project,
            name=name,
            issuer=issuer.issuer,
            audience=issuer.audience,
            algorithms=list(issuer.algorithms),
            jwks=public_keys(issuer.jwks, issuer.algorithms),
            scopes=list(bounds.scopes),
            networks=list(bounds.networks),
            max_data_class=bounds.max_data_class,
            created_at=now,
        )
        # Whether there is one already the database says: the other may be somewhere that the actor does not see.
        provider.full_clean(exclude=["created_at"], validate_constraints=False)
        _insert(provider)
        scopes, algorithms = sorted(bounds.scopes), sorted(issuer.algorithms)
        details = {"project_id": str(project.id), "scopes": scopes, "algorithms": algorithms}
        _record(actor, "tenants.identity_provider.registered", provider, {**details, **_seal_of(provider)})
    return provider


def replace_keys(*, actor: Actor, provider: IdentityProvider, jwks: dict[str, Any]) -> IdentityProvider:
    """Another key set in place of the present one; what only the old one verifies is refused within a second.

    Raises `errors.InvalidRequest` for what is no key set, `errors.Conflict` for a revoked provider.
    """
    _require(actor, provider.team_id)
    with transaction.atomic():
        locked = IdentityProvider.objects.select_for_update().get(id=provider.id)
        if locked.revoked_at:
            raise errors.Conflict("The keys of a revoked identity provider cannot be replaced.")
        locked.jwks = public_keys(jwks, locked.algorithms)
        locked.save(update_fields=["jwks"])
        _record(actor, "tenants.identity_provider.keys_replaced", locked, _seal_of(locked))
    return locked


def revoke(*, actor: Actor, provider: IdentityProvider, now: datetime) -> None:
    """Its tokens are refused for good, on every worker within a second. Revoking twice changes nothing."""
    _require(actor, provider.team_id)
    with transaction.atomic():
        locked = IdentityProvider.objects.select_for_update().get(id=provider.id)
        if locked.revoked_at:
            return
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        _record(actor, "tenants.identity_provider.revoked", locked, {})


def _require(actor: Actor, team_id: Any) -> None:
    permissions.require(actor, _ACT, otp=True)
    permissions.require_reach(actor, team_id)


def _check(issuer: Issuer) -> None:
    if not (_is_address(issuer.issuer) or _LABEL.fullmatch(issuer.issuer)):
        raise errors.InvalidRequest(
            "The issuer is an https address without query or fragment, or a name of letters, digits, dots and dashes.",
            param="issuer",
        )
    if not issuer.audience.strip() or not issuer.audience.isprintable():
        raise errors.InvalidRequest("The audience is what `aud` of a token says.", param="audience")
    if not issuer.algorithms or not set(issuer.algorithms) <= set(ALGORITHMS):
        raise errors.InvalidRequest(f"Algorithms are some of {', '.join(ALGORITHMS)}.", param="algorithms")


def _is_address(issuer: str) -> bool:
    """Whether it is written as OpenID Connect asks of an issuer."""
    if not issuer.isascii() or not issuer.isprintable() or set(issuer) & set(" ?#@\\"):
        return False
    try:
        parts = urlsplit(issuer)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _insert(provider: IdentityProvider) -> None:
    try:
        with transaction.atomic():
            provider.save(force_insert=True)
    except IntegrityError as refused:
        if _ONE_OF_A_KIND not in str(refused):
            raise
        message = "Tokens of this issuer for this audience are accepted already. Agree with it on another audience."
        raise errors.Conflict(message, param="audience") from None


def _seal_of(provider: IdentityProvider) -> dict[str, str]:
    return {"key_set_hash": sha256(canonical(provider.jwks)).hexdigest()}


def _record(actor: Actor, action: str, provider: IdentityProvider, details: dict[str, Any]) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind="identity_provider",
        object_id=provider.id,
        details=details,
    )
