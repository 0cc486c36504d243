"""Personal access tokens for the management API: `Authorization: Bearer chp_…`, found by the middleware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kit import clock, scoping, secrets
from tenants.models import PersonalAccessToken, User
from tenants.peppers import peppers

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Whom a good token speaks for, and in which organisation."""

    user_id: UUID
    organization_id: UUID


def presented(request: HttpRequest) -> str | None:
    """The token sent along, if any."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(_SCHEME).strip() if header.startswith(_SCHEME) else None


def holder_of(text: str) -> TokenHolder | None:
    """Whom the token speaks for; none if it is malformed, unknown, revoked or at its end.

    Runs inside a transaction, which afterwards may read that token's row.
    """
    if not secrets.well_formed(text):
        return None
    now = clock.now()
    for digest in peppers().digests(text):
        scoping.look_up_token(digest)
        token = PersonalAccessToken.across_tenants.filter(digest=digest, revoked_at__isnull=True).first()
        if token is not None and now < token.expires_at:
            return TokenHolder(token.user_id, token.organization_id)
    return None


class AccessTokenAuthentication(BaseAuthentication):
    """Reports what `portal.middleware.ActingAs` found, since the tenant's scope had to be entered before the view."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Raises `AuthenticationFailed` where a token was sent that is not good."""
        if presented(request._request) is None:
            return None
        user: User | None = getattr(request._request, "token_user", None)
        if user is None:
            raise AuthenticationFailed("The access token is not known, has expired or was revoked.")
        return user, "access token"

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="chancery"'


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = "portal.api_auth.AccessTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A personal access token, `chp_…`."}
