"""The acts on organisations, people, keys and allotments, as the ledger names them."""

from __future__ import annotations

from audit.ledger.actions import Action

ACTIONS: dict[str, Action] = {
    "tenants.organization.founded": Action("Organisation founded", "A tenant was made: its slug and region."),
    "tenants.organization.changed": Action(
        "Organisation changed", "Its settings: the names of those that changed, and the origins of browsers it lets in."
    ),
    "tenants.team.created": Action("Team made", "A team with the default budget and limits unless told otherwise."),
    "tenants.project.created": Action("Project made", "A project of a team, likewise."),
    "tenants.project.placed": Action(
        "Project placed", "The region it runs in; none where the organisation is at home."
    ),
    "tenants.membership.added": Action("Role given", "A person got a role in the organisation or in one team."),
    "tenants.membership.ended": Action("Role taken away", "A person lost a role; it ends with their next request."),
    "tenants.access_token.issued": Action("Access token issued", "A person made a token for scripts: its prefix."),
    "tenants.access_token.revoked": Action("Access token revoked", "A person ended a token of their own."),
    "tenants.api_key.issued": Action("API key issued", "A key of a project: its prefix, project and scopes."),
    "tenants.api_key.rotated": Action(
        "API key rotated", "The key got a further secret; those before it end after the overlap."
    ),
    "tenants.api_key.revoked": Action("API key revoked", "The key was ended for good."),
    "tenants.identity_provider.registered": Action(
        "Identity provider registered",
        "Tokens of an issuer call as a project: the project, scopes, algorithms and the hash of the key set.",
    ),
    "tenants.identity_provider.keys_replaced": Action(
        "Keys of an identity provider replaced", "The hash of the key set that verifies its tokens from then on."
    ),
    "tenants.identity_provider.revoked": Action("Identity provider revoked", "Its tokens are refused for good."),
    "tenants.budget.added": Action("Budget set", "A further ceiling on spend: its limit in nano-USD and period."),
    "tenants.budget.changed": Action("Budget changed", "Its limit in nano-USD, before and after."),
    "tenants.budget_increase.asked": Action(
        "More asked for a budget", "The budget, so much more in nano-USD, and until when; nothing changes yet."
    ),
    "tenants.budget_increase.granted": Action(
        "More granted for a budget", "The budget allows so much more until then; it falls away by itself."
    ),
    "tenants.budget_increase.refused": Action("More refused for a budget", "The budget stays as it is."),
    "tenants.budget_increase.ended": Action(
        "More for a budget ended", "Before its time: taken back while it waited, or the budget is what it was."
    ),
    "tenants.rate_limit.set": Action("Rate limit set", "A level's limits, in place of those it had."),
}
