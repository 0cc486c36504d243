"""Every act that the ledger can name, and the portal's own."""

from __future__ import annotations

from audit.ledger.actions import Action
from governance.actions import ACTIONS as _GOVERNANCE
from tenants.actions import ACTIONS as _TENANTS

ACTIONS: dict[str, Action] = {
    **_TENANTS,
    **_GOVERNANCE,
    "portal.session.started": Action("Signed in", "A person gave the right password."),
    "portal.act.refused": Action(
        "Refused",
        "Somebody tried what they may not: the service, page or statement, the code, and the request or approval.",
    ),
    "portal.statement.closed": Action(
        "Month closed", "The statement of an organisation or a team: what was spent, corrections, and its digest."
    ),
    "portal.one_time_password.enrolled": Action("Second factor set up", "A person confirmed a device for codes."),
}
