"""Forgetting a person in the history. The ledger's leaves stay as they are: they hold ids and labels only."""

from __future__ import annotations

from uuid import UUID

from django.db import connections

_ERASE = "SELECT audit_erase_history(%s, %s)"


def erase(*, organization_id: UUID, subject_id: UUID, using: str = "system") -> int:
    """Empties what an organisation's history says of a person, and counts the rows; the system role alone may.

    Rows that name the person (memberships, requests and decisions with their words) lose their values, changes that
    the person made lose the address. That there was a change, of what, when and by which id, remains.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_ERASE, [organization_id, subject_id])
        emptied: int = cursor.fetchone()[0]
    return emptied
