"""Where one organisation's counters live in Redis."""

from __future__ import annotations

from uuid import UUID

from gateway.admission.resp import bulks


class Organization:
    """The keys of one organisation, which share a cluster slot, and the epoch its state was last seen under.

    An epoch is `<server epoch>.<rebuild>`: a state found under the epoch of a server that is no more is stale, however
    whole it looks.
    """

    __slots__ = ("epoch", "id", "keys", "leases", "lock", "server", "state")

    def __init__(self, organization_id: UUID) -> None:
        prefix = f"adm:{{{organization_id.hex}}}"
        self.id = organization_id
        self.server = ""
        self.epoch = ""
        self.state = f"{prefix}:state"
        self.leases = f"{prefix}:leases"
        self.lock = f"{prefix}:rebuild"
        self.keys = bulks((2, self.state, self.leases))

    def adopt(self, server: str, epoch: str) -> bool:
        """Takes the epoch found in Redis over, if it is of this server."""
        if not epoch.startswith(f"{server}."):
            return False
        self.server, self.epoch = server, epoch
        return True
