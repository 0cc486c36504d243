"""The pages, by file name."""

from __future__ import annotations

from pathlib import Path

from portal.reference import (
    audit_actions,
    commands,
    error_codes,
    failure_matrix,
    ledger_records,
    metrics,
    openapi,
    roles,
    settings,
)
from portal.reference.source import REPOSITORY

FOLDER = REPOSITORY / "docs" / "reference"
_PAGES = {
    "settings.md": settings.render,
    "failure-matrix.md": failure_matrix.render,
    "error-codes.md": error_codes.render,
    "audit-actions.md": audit_actions.render,
    "roles.md": roles.render,
    "commands.md": commands.render,
    "ledger-records.md": ledger_records.render,
    "metrics.md": metrics.render,
    "openapi-inference.json": openapi.render_inference,
    "openapi-portal.json": openapi.render_portal,
}


def rendered() -> dict[Path, str]:
    """Each page's place and text; the same code gives the same text."""
    return {FOLDER / name: render() for name, render in _PAGES.items()}


def stale() -> list[Path]:
    """Pages that are missing or say something else than the code."""
    return [path for path, text in rendered().items() if not path.exists() or path.read_text() != text]
