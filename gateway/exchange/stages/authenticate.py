"""Who calls. The snapshot in memory answers; nothing is looked up elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from gateway.caller import Caller, Headers
from gateway.services import Services
from kit import clock, errors, secrets
from tenants.snapshot import ApiKeyEntry, CredentialEntry

Address = IPv4Address | IPv6Address | None


def authenticate(services: Services, headers: Headers, address: Address) -> Caller:
    """The caller of a request by its headers. Raises `errors.Unauthenticated`, `errors.Forbidden`.

    Costs one HMAC per pepper for an API key. A mistyped or foreign key is refused by its checksum alone, so a
    flood of them costs next to nothing. The digest is looked up whole: no comparison leaks how much of it fits.
    """
    token = presented(headers)
    caller = (
        _by_api_key(services, token) if token.startswith("chy_") else services.tokens.caller(services.snapshot, token)
    )
    _check_network(caller.credential, address)
    return caller


def by_key_id(services: Services, key_id: UUID, organization_id: UUID) -> Caller:
    """The caller that an API key stands for, for what the gateway itself does with it. Raises as `authenticate`.

    A key that is bound to networks is not used: the gateway is in none of them.
    """
    key = services.snapshot.api_keys.get(key_id)
    organization = services.snapshot.organizations.get(organization_id)
    if key is None or organization is None or key.organization_id != organization.id:
        raise errors.Unauthenticated("The API key is not known.")
    _require_live(key, clock.now())
    _check_network(key, None)
    return Caller(key, organization, "api_key")


def again(services: Services, caller: Caller) -> Caller:
    """The same caller as the snapshot has it now. Raises `errors.Unauthenticated` where it may not call any more."""
    snapshot, at = services.snapshot, clock.now()
    table = snapshot.api_keys if caller.kind == "api_key" else snapshot.identity_providers
    credential = table.get(caller.credential.id)
    organization = snapshot.organizations.get(caller.organization.id)
    if credential is None or organization is None:
        raise errors.Unauthenticated("The API key is not known.")
    if isinstance(credential, ApiKeyEntry):
        secret = next((secret for secret in credential.secrets if secret.id == caller.secret_id), None)
        if caller.secret_id is not None and secret is None:
            raise errors.Unauthenticated("The API key is not known.")
        _require_live(credential, at, secret.expires_at if secret else None)
    elif credential.is_revoked:
        raise errors.Unauthenticated("The tokens of this issuer are refused.")
    return replace(caller, credential=credential, organization=organization)


def presented(headers: Headers) -> str:
    """The key or token sent, in any of the three headers the SDKs use. Raises `errors.Unauthenticated`."""
    authorization = headers.get(b"authorization", b"")
    if authorization[:7].lower() == b"bearer ":
        found = authorization[7:].strip()
    else:
        found = headers.get(b"x-api-key") or headers.get(b"api-key") or b""
    if not found:
        raise errors.Unauthenticated(
            "Send an API key as 'Authorization: Bearer ...', 'x-api-key' or 'api-key'.", code="missing_api_key"
        )
    return found.decode("latin-1")


def require_scope(caller: Caller, *scopes: str) -> None:
    """One of them is enough. Raises `errors.Forbidden`."""
    if caller.credential.scopes.isdisjoint(scopes):
        raise errors.Forbidden(f"The key lacks the scope {' or '.join(scopes)}.", code="scope_missing")


def _by_api_key(services: Services, token: str) -> Caller:
    unknown = errors.Unauthenticated("The API key is not known.")
    if not secrets.well_formed(token):
        raise unknown
    snapshot = services.snapshot
    for digest in services.peppers.digests(token):
        key = snapshot.api_keys.one(digest)
        if key is not None:
            break
    else:
        raise unknown
    organization = snapshot.organizations.get(key.organization_id)
    if organization is None:
        raise unknown
    secret_id = _live_secret(key, digest, clock.now())
    services.seen_secrets.add(secret_id)
    return Caller(key, organization, "api_key", secret_id)


def _live_secret(key: ApiKeyEntry, digest: bytes, at: datetime) -> UUID:
    secret = next(secret for secret in key.secrets if secret.digest == digest)
    _require_live(key, at, secret.expires_at)
    return secret.id


def _require_live(key: ApiKeyEntry, at: datetime, end_of_secret: datetime | None = None) -> None:
    if key.is_revoked:
        raise errors.Unauthenticated("The API key has been revoked.", code="revoked_api_key")
    if any(end is not None and at >= end for end in (key.expires_at, end_of_secret)):
        raise errors.Unauthenticated("The API key has expired.", code="expired_api_key")


def _check_network(credential: CredentialEntry, address: Address) -> None:
    if credential.networks and not any(address in network for network in credential.networks if address):
        raise errors.Forbidden("The key may not be used from this network.", code="network_not_allowed")
