"""Signed tokens (JWT, RFC 7519) as a way to authenticate: issuers, keys and audiences come from the snapshot alone.

The key set is the one registered for the issuer: nothing is fetched, so a token cannot make the gateway connect
anywhere. A verified token is remembered by the SHA-256 of the whole of it until it ends.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt
import orjson

from gateway.caller import Caller
from gateway.snapshot.index import Snapshot
from kit import clock, errors
from tenants.snapshot import IdentityProviderEntry

_REMEMBERED = 10_000
_LEEWAY_SECONDS = 30


class TokenReader:
    """Verifies tokens and remembers the good ones."""

    def __init__(self) -> None:
        self._good: OrderedDict[bytes, tuple[UUID, str | None, float]] = OrderedDict()

    def caller(self, snapshot: Snapshot, token: str) -> Caller:
        """The caller a token names. Raises `errors.Unauthenticated`; what was wrong is not told."""
        fingerprint = sha256(token.encode()).digest()
        provider_id, subject, ends_at = self._good.get(fingerprint) or self._verify(snapshot, token, fingerprint)
        provider = snapshot.identity_providers.get(provider_id)
        organization = snapshot.organizations.get(provider.organization_id) if provider else None
        if provider is None or organization is None or provider.is_revoked:
            raise errors.Unauthenticated("The token's issuer is not accepted.")
        if clock.now().timestamp() >= ends_at:
            raise errors.Unauthenticated("The token has expired.", code="expired_api_key")
        return Caller(provider, organization, "identity_provider", subject=subject)

    def _verify(self, snapshot: Snapshot, token: str, fingerprint: bytes) -> tuple[UUID, str | None, float]:
        unknown = errors.Unauthenticated("The key or token is not known.")
        if token.count(".") != 2 or len(token) > 16_384:
            raise unknown
        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
            providers = snapshot.identity_providers.all(str(unverified.get("iss", "")))
        except jwt.InvalidTokenError:
            raise unknown from None
        for provider in providers:
            claims = _claims(provider, token)
            if claims is not None:
                verified = (provider.id, claims.get("sub"), float(claims["exp"]))
                self._remember(fingerprint, verified)
                return verified
        raise unknown

    def _remember(self, fingerprint: bytes, verified: tuple[UUID, str | None, float]) -> None:
        self._good[fingerprint] = verified
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)


def _claims(provider: IdentityProviderEntry, token: str) -> dict[str, Any] | None:
    """The claims if the token is this provider's and good, else none. A token without `exp` is refused."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        for key in _key_set(orjson.dumps(provider.jwks)).keys:
            if key_id is None or key.key_id == key_id:
                return jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm for algorithm in provider.algorithms if not algorithm.startswith("HS")],
                    audience=provider.audience,
                    issuer=provider.issuer,
                    leeway=_LEEWAY_SECONDS,
                    options={"require": ["exp", "iss", "aud"]},
                )
    except jwt.PyJWTError:
        return None
    return None


@lru_cache(maxsize=256)
def _key_set(jwks: bytes) -> jwt.PyJWKSet:
    return jwt.PyJWKSet.from_dict(orjson.loads(jwks))
