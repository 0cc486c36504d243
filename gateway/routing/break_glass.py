"""What is open without an approval, in an emergency. Pure, and asked for only where every approval has failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gateway.routing.candidates import Candidate
from governance.snapshot.section import BreakGlassEntry
from tenants.snapshot import CredentialEntry

GlassesOf = Callable[[UUID], tuple[BreakGlassEntry, ...]]


def opened(
    candidates: Iterable[Candidate], glasses_of: GlassesOf, credential: CredentialEntry, at: datetime
) -> tuple[Candidate, ...]:
    """The candidates whose model was opened for the caller, each with what opened it; whether the model is suspended
    or not. A provider or deployment that is suspended stays shut, and so does a model whose end has come."""
    found = []
    for candidate in candidates:
        if candidate.deployment.is_suspended or candidate.provider.is_suspended or candidate.model.is_over(at):
            continue
        for glass in glasses_of(candidate.model.id):
            if _covers(glass, credential, at):
                found.append(replace(candidate, approval=glass))
                break
    return tuple(found)


def _covers(glass: BreakGlassEntry, credential: CredentialEntry, at: datetime) -> bool:
    return (
        glass.organization_id == credential.organization_id
        and glass.team_id in (None, credential.team_id)
        and at < glass.ends_at
    )
