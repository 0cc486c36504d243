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
_OF_ROLE = {"all": ("default", "gateway"), "portal": ("default",), "gateway": ("gateway",)}


class MightyRole(Exception):
    """A connection that row-level security does not bind: nothing is served on it."""


def require_ordinary_roles(process_role: str) -> None:
    """For the start of a web process. Raises `MightyRole`, and what Django raises where the database is away."""
    try:
        found = [error for alias in _OF_ROLE[process_role] for error in _errors_of(alias)]
    finally:
        connections.close_all()
    if found:
        raise MightyRole(" ".join(str(error.msg) for error in found))


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
