"""Django system checks of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from audit.ledger import integrity


@register(Tags.database)
def ledger_is_guarded(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether triggers, policies, ownership and partitions are as they must be. Silent before the first migration."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if "audit_record" not in connection.introspection.table_names():
            continue
        for problem in integrity.problems(using=alias):
            severity = Error if problem.severity == "error" else Warning
            found.append(severity(str(problem), id="audit.E001" if severity is Error else "audit.W001"))
    return found
