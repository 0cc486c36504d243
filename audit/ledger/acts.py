"""Acts of governance, recorded in the transaction of the change itself: both are there, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.transaction import TransactionManagementError

from audit.ledger.envelope import ActEnvelope, Named
from kit.context import Actor

_APPEND_ACT = "SELECT audit_append_act(%s, %s, %s, %s, %s, %s, %s, %s)"


def append_act(
    *,
    actor: Actor,
    action: str,
    object_kind: str | None = None,
    object_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
    team_id: UUID | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> UUID:
    """Appends one act and returns its record's id.

    `action` is namespaced: `governance.approval.approved`. `details` holds ids, labels and numbers (integers or
    decimal strings): people's words raise `envelope.FreeText`, since what is sealed cannot be erased. With a
    `team_id` other teams do not see the act. The portal's role may act only for the entered organisation and as
    the entered user; the database refuses anything else.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise TransactionManagementError("an act is recorded in the transaction of what it changes")
    named = None if object_kind is None or object_id is None else Named(object_id, object_kind)
    envelope = ActEnvelope(
        action=action,
        actor=Named(actor.id, actor.kind),
        details=details or {},
        object=named,
        organization=actor.organization_id,
        team=team_id,
    )
    who = [actor.organization_id, team_id, action, actor.kind, actor.id]
    what = [named.kind, named.id] if named else [None, None]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_ACT, [*who, *what, envelope.encode()])
        identifier: UUID = cursor.fetchone()[0]
    return identifier
