"""From where an act was tried that was refused, in the transaction of the ledger's record of it."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

_CAPTURE = "SELECT audit_capture_refusal(%s, %s, %s, %s)"


def capture_refusal(
    *, object_kind: str, object_id: UUID, parent_id: UUID | None = None, team_id: UUID | None = None
) -> None:
    """Keeps the announced origin (`kit.scoping.announce_origin`) with the entered person and what it was tried on."""
    with connection.cursor() as cursor:
        cursor.execute(_CAPTURE, [object_kind, object_id, parent_id, team_id])
