"""What must be true of the database before anything is served: the second wall is a wall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

_ROLE = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_OWNED = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) = current_user
"""
SERVING = ("default", "system", "gateway")


@register(Tags.database)
def ordinary_roles(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Row-level security binds neither a superuser, nor a role that may bypass it, nor an owner without FORCE."""
    return [error for alias in databases or () if alias in SERVING for error in _errors_of(alias)]


def _errors_of(alias: str) -> list[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute(_ROLE)
        role, is_super, bypasses = cursor.fetchone()
        cursor.execute(_OWNED)
        (owned,) = cursor.fetchone()
    found: list[CheckMessage] = []
    if is_super or bypasses:
        found.append(
            Error(
                f"The connection {alias!r} is the role {role}, which row-level security does not bind.",
                hint="Point its URL at the role that `manage.py bootstrap_database` made for it.",
                id="chancery.E001",
            )
        )
    if owned:
        found.append(
            Error(f"The role {role} of {alias!r} owns {owned} tables; it should own none.", id="chancery.E002")
        )
    return found
