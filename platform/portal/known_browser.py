"""A browser that a person has signed in with before: what a guesser elsewhere uses up does not lock it out.

After each sign-in it gets a signed cookie that names the person, as a keyed digest, and itself. Presented later, its
tries are counted by themselves (OWASP's "device cookies", read 2026-10). It opens nothing: the password and the
one-time password are asked for as ever.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

_SALT = "portal.known_browser"
_NAME = "known_browser"
_LASTS = timedelta(days=180)


def cookie_name() -> str:
    return f"__Host-{_NAME}" if settings.SESSION_COOKIE_SECURE else _NAME


def presented(request: HttpRequest, subject: bytes) -> bytes:
    """What names this browser if the person of `subject` has signed in with it, else nothing."""
    try:
        known = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=_LASTS)
    except signing.BadSignature:
        return b""
    return bytes.fromhex(known["browser"]) if known["person"] == subject.hex() else b""


def remember(response: HttpResponse, subject: bytes) -> None:
    """Under a new name each time, so that a stolen cookie is counted apart from the one that replaced it."""
    value = signing.dumps({"person": subject.hex(), "browser": secrets.token_hex(16)}, salt=_SALT)
    response.set_cookie(
        cookie_name(),
        value,
        max_age=_LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
