"""Which rows' changes are kept, said in the migration of the app that owns the table."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db.migrations import RunSQL


def capture(
    table: str,
    kind: str,
    *,
    organization: str = "organization_id",
    team: str | None = None,
    parent: str | None = None,
    team_of: str | None = None,
    secret: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> RunSQL:
    """The migration operation that keeps every change of a table from now on, also by raw SQL.

    All columns are kept but for `secret` ones, of which it is kept that they changed, and `ignored` ones, whose change
    is none. `organization` and `team` name the owning columns, `parent` the one of what the row is a part of; with
    `team_of`, the parent's table, the row belongs to the parent's team. Said again, it goes on under the new terms:
    a later migration does so for a new secret column, and for any new column where some are ignored.
    """
    terms = {
        "kind": kind,
        "organization": organization,
        "secret": list(secret),
        "ignored": list(ignored),
        **{name: value for name, value in [("team", team), ("parent", parent), ("team_of", team_of)] if value},
    }
    return RunSQL(
        [("SELECT audit_capture(%s::regclass, %s::jsonb)", [table, json.dumps(terms)])],
        f"DROP TRIGGER capture ON {table}",
    )
