"""Who calls, whichever way they have shown it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.choices import CallerKind
from tenants.snapshot import CredentialEntry, Level, OrganizationEntry

Headers = dict[bytes, bytes]  # names in lower case; of a name sent twice the last


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a credential of a project, and perhaps whom it calls for."""

    credential: CredentialEntry
    organization: OrganizationEntry
    kind: CallerKind
    secret_id: UUID | None = None
    subject: str | None = None

    def level_ids(self) -> tuple[tuple[Level, UUID], ...]:
        """The levels whose limits and budgets bind this caller, narrowest first."""
        credential = self.credential
        return (
            ("key", credential.id),
            ("project", credential.project_id),
            ("team", credential.team_id),
            ("organization", credential.organization_id),
        )
