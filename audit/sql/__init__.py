"""The ledger's tables and functions, in SQL. A file is frozen once released; a later migration brings its own."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations import RunSQL


def script(name: str) -> RunSQL:
    """The migration operation that runs `audit/sql/<name>.sql`. There is no way back: a ledger is not undone."""
    return RunSQL(Path(__file__).with_name(f"{name}.sql").read_text())
