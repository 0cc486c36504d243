"""API keys: issue, rotate, revoke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from audit.ledger.append import append_act
from kit import errors, secrets
from kit.context import Actor
from kit.secrets import IssuedSecret
from tenants import permissions
from tenants.models import ApiKey, ApiKeySecret, Project
from tenants.peppers import peppers
from tenants.services import credentials
from tenants.services.credentials import Bounds

OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Terms(Bounds):
    """What a key may be used for, from where, until when."""

    expires_at: datetime | None = None


def issue(
    *, actor: Actor, project: Project, name: str, now: datetime, terms: Terms | None = None
) -> tuple[ApiKey, IssuedSecret]:
    """A new key of a project. The returned secret's text is shown once and not stored.

    Raises `errors.InvalidRequest` for a network that is none, `errors.Forbidden` for a key that would see more than
    the actor does.
    """
    permissions.require(actor, "tenants.api_key.manage")
    terms = terms or Terms()
    credentials.check(actor, terms)
    issued = secrets.issue("chy", peppers())
    with transaction.atomic():
        key = ApiKey(
            organization_id=actor.organization_id,
            team_id=project.team_id,
            project=project,
            name=name,
            prefix=issued.prefix,
            scopes=list(terms.scopes),
            networks=list(terms.networks),
            max_data_class=terms.max_data_class,
            expires_at=terms.expires_at,
            created_at=now,
        )
        key.full_clean(exclude=["created_at"])
        key.save(force_insert=True)
        _store_secret(key, issued, now)
        append_act(
            actor=actor,
            action="tenants.api_key.issued",
            object_kind="api_key",
            object_id=key.id,
            details={"prefix": key.prefix, "project_id": str(project.id), "scopes": sorted(terms.scopes)},
        )
    return key, issued


def rotate(*, actor: Actor, key: ApiKey, now: datetime, overlap: timedelta = OVERLAP) -> IssuedSecret:
    """A further secret for a key; those before it stay good for `overlap`.

    Raises `errors.Conflict` for a revoked key.
    """
    permissions.require(actor, "tenants.api_key.manage")
    issued = secrets.issue("chy", peppers())
    with transaction.atomic():
        locked = ApiKey.objects.select_for_update().get(id=key.id)
        if locked.revoked_at:
            raise errors.Conflict("A revoked key cannot be rotated.")
        end = now + overlap
        locked.secrets.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=end)).update(expires_at=end)
        _store_secret(locked, issued, now)
        append_act(
            actor=actor,
            action="tenants.api_key.rotated",
            object_kind="api_key",
            object_id=key.id,
            details={"overlap_seconds": int(overlap.total_seconds())},
        )
    return issued


def revoke(*, actor: Actor, key: ApiKey, now: datetime) -> None:
    """Ends a key for good, on every worker within a second. Revoking twice changes nothing."""
    permissions.require(actor, "tenants.api_key.manage")
    with transaction.atomic():
        locked = ApiKey.objects.select_for_update().get(id=key.id)
        if locked.revoked_at:
            return
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        append_act(actor=actor, action="tenants.api_key.revoked", object_kind="api_key", object_id=key.id, details={})


def _store_secret(key: ApiKey, issued: IssuedSecret, now: datetime) -> None:
    ApiKeySecret.objects.create(
        organization_id=key.organization_id,
        api_key=key,
        digest=issued.digest,
        pepper_number=issued.pepper_number,
        created_at=now,
    )
