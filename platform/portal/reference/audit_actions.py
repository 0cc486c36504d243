"""The acts that the ledger names."""

from __future__ import annotations

from portal.actions import ACTIONS
from portal.reference.markdown import code, page, table


def render() -> str:
    rows = [(code(name), action.title, action.meaning) for name, action in sorted(ACTIONS.items())]
    return page(
        "Audit actions",
        "Each act of governance leaves one record, in the transaction of the change itself. It names who acted, in "
        "which organisation, on what, and in its details ids, labels and numbers: never anybody's words. Records of "
        "calls are named `inference.` and their kind: see [ledger records](ledger-records.md).",
        table(("action", "shown as", "what happened"), rows),
    )
