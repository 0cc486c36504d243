"""Signed tokens (JWT, RFC 7519) as a way to authenticate: issuers, keys and audiences come from the snapshot alone.

The key set is the one registered for the issuer: nothing is fetched, so a token cannot make the gateway connect
anywhere. A verified token is remembered by the SHA-256 of the whole of it until it ends.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt
import orjson

from gateway.caller import Caller
from gateway.snapshot.index import Snapshot
from kit import clock, errors
from tenants.snapshot import IdentityProviderEntry

_REMEMBERED = 10_000
_LONGEST = 16_384  # characters
_LEEWAY_SECONDS = 30  # how far the issuer's clock may be from ours


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a good token said, and by whose word: the issuer as it was registered then."""

    provider: IdentityProviderEntry
    subject: str | None
    ends_at: float


class TokenReader:
    """Verifies tokens and remembers the good ones."""

    def __init__(self) -> None:
        self._good: OrderedDict[bytes, _Verified] = OrderedDict()

    def caller(self, snapshot: Snapshot, token: str) -> Caller:
        """The caller a token names. Raises `errors.Unauthenticated`; what was wrong is not told."""
        fingerprint = sha256(token.encode()).digest()
        verified = self._good.get(fingerprint)
        # A key set, audience or algorithm that has changed since is asked again.
        if verified is None or snapshot.identity_providers.get(verified.provider.id) != verified.provider:
            verified = _verify(snapshot, token)
            self._remember(fingerprint, verified)
        provider = verified.provider
        organization = snapshot.organizations.get(provider.organization_id)
        if organization is None or provider.is_revoked:
            raise errors.Unauthenticated("The token's issuer is not accepted.")
        if clock.now().timestamp() >= verified.ends_at:
            raise errors.Unauthenticated("The token has expired.", code="expired_api_key")
        return Caller(provider, organization, "identity_provider", subject=verified.subject)

    def _remember(self, fingerprint: bytes, verified: _Verified) -> None:
        self._good[fingerprint] = verified
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)


def _verify(snapshot: Snapshot, token: str) -> _Verified:
    unknown = errors.Unauthenticated("The key or token is not known.")
    if token.count(".") != 2 or len(token) > _LONGEST:
        raise unknown
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        for provider in snapshot.identity_providers.all(str(unverified.get("iss", ""))):
            claims = None if provider.is_revoked else _claims(provider, token)
            if claims is not None:
                return _Verified(provider, claims.get("sub"), float(claims["exp"]) + _LEEWAY_SECONDS)
    except (jwt.InvalidTokenError, RecursionError, OverflowError):  # the last two: JSON beyond what a token holds
        raise unknown from None
    raise unknown


def _claims(provider: IdentityProviderEntry, token: str) -> dict[str, Any] | None:
    """The claims if the token is this provider's and good, else none. A token without `exp` is refused."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        keys = _key_set(orjson.dumps(provider.jwks)).keys
    except jwt.PyJWTError:
        return None
    for key in keys:
        if key_id is None or key.key_id == key_id:
            with suppress(jwt.PyJWTError):
                return jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm for algorithm in provider.algorithms if not algorithm.startswith("HS")],
                    audience=provider.audience,
                    issuer=provider.issuer,
                    leeway=_LEEWAY_SECONDS,
                    options={"require": ["exp", "iss", "aud"]},
                )
    return None


@lru_cache(maxsize=256)
def _key_set(jwks: bytes) -> jwt.PyJWKSet:
    return jwt.PyJWKSet.from_dict(orjson.loads(jwks))
