"""Looking into the books as the system role, for tests."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID

from audit.models import Record, Settlement
from tests.support.world import World


def settlement_of(world: World, request_id: str | None, *, within_seconds: float = 5.0) -> Settlement:
    """The settlement of a request, or the organisation's newest where none is named; waits for it to be written."""
    deadline = time.monotonic() + within_seconds
    while True:
        rows = Settlement.across_tenants.using("system").filter(organization_id=world.organization.id)
        if request_id is not None:
            rows = rows.filter(request_id=UUID(request_id))
        found = rows.order_by("-request_id").first()
        if found is not None:
            return found
        assert time.monotonic() < deadline, "no settlement was written"
        time.sleep(0.02)


def settlements(world: World) -> list[Settlement]:
    return list(Settlement.across_tenants.using("system").filter(organization_id=world.organization.id))


def records(world: World, kind: str | None = None) -> list[Record]:
    rows = Record.across_tenants.using("system").filter(organization_id=world.organization.id)
    return list(rows.filter(kind=kind) if kind else rows.exclude(kind="act"))


def envelope(record: Record) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(record.envelope))
    return content
