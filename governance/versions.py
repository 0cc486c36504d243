"""Whether a deployment still is the version it was, by the models that its answers name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from governance.models import ReportedIdentity


def exchanges(identities: Iterable[ReportedIdentity]) -> list[ReportedIdentity]:
    """Those with which it began to name another model than any before. Takes what one deployment said, oldest first.

    Another fingerprint alone is no exchange, nor is a name that it has gone back to.
    """
    named: set[str] = set()
    found = []
    for identity in identities:
        if identity.model and identity.model not in named:
            if named:
                found.append(identity)
            named.add(identity.model)
    return found


def voided_at(identities: Iterable[ReportedIdentity]) -> datetime | None:
    """From when on approvals that were granted earlier cover it no more: its last exchange, unless `VERSION_DRIFT` asks
    for no more than a recertification."""
    if not voids():
        return None
    found = exchanges(identities)
    return found[-1].first_heard_at if found else None


def voids() -> bool:
    """Whether an exchange ends the approval for the deployment at once."""
    return bool(settings.VERSION_DRIFT == "void")
