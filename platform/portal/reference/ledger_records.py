"""What a record of the ledger holds: its columns, and the envelope of each kind."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from audit.choices import Kind
from audit.ledger import envelope
from audit.models import Record
from portal.reference.markdown import code, page, table

_ENVELOPES: tuple[type[Any], ...] = (envelope.RequestedEnvelope, envelope.OutcomeEnvelope, envelope.ActEnvelope)
_PARTS: tuple[type[Any], ...] = (
    envelope.Named,
    envelope.Decided,
    envelope.Held,
    envelope.BodyDigest,
    envelope.Verdict,
    envelope.AttemptMade,
    envelope.TokenUsage,
)


def render() -> str:
    return page(
        "Ledger records",
        "A call that is let through leaves `requested` before its content leaves the process, and one outcome. A "
        "refusal of a known caller leaves an outcome alone. The record a call begins with has the call's request id. "
        "`envelope` is canonical JSON (RFC 8785) without free text: money is nano-USD as a decimal string, times are "
        "microseconds, digests hexadecimal, people random ids.",
        f"Kinds: {', '.join(code(kind) for kind in Kind.values)}. Columns: "
        f"{', '.join(code(field.name) for field in Record._meta.fields)}.",
        *(_section(each) for each in _ENVELOPES),
        "## Parts of envelopes",
        *(_section(each, "###") for each in _PARTS),
    )


def _section(described: type[Any], level: str = "##") -> str:
    rows = [(code(field.name), _shape(str(field.type))) for field in fields(described)]
    return f"{level} {described.__name__}\n\n{described.__doc__}\n\n{table(('field', 'shape'), rows)}"


def _shape(annotation: str) -> str:
    """`tuple[Verdict, ...]` as `list of Verdict`, `UUID | None` as `UUID or null`."""
    listed = re.sub(r"tuple\[(\w+), \.\.\.\]", r"list of \1", annotation)
    return listed.replace("| None", "or null").replace("Mapping[str, ", "object of ").removesuffix("]")
