"""Who acts. Every service takes an `Actor`; every ledger record names one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from kit.scoping import Scope

ActorKind = Literal["user", "api_key", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a key or the system itself, within one organisation.

    `acts` are the names of the acts its role allows; `otp_verified` says whether a one-time password was
    given in this session or request; `address` is the caller's network address.
    """

    kind: ActorKind
    id: UUID
    organization_id: UUID
    acts: frozenset[str] = frozenset()
    team_ids: frozenset[UUID] | None = field(default=None)
    otp_verified: bool = False
    address: str | None = None

    @property
    def scope(self) -> Scope:
        return Scope(self.organization_id, self.team_ids, self.id if self.kind == "user" else None)

    def may(self, act: str) -> bool:
        return self.kind == "system" or act in self.acts
