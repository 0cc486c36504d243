"""What a worker holds after any changes is what it would hold had it just started."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.snapshot.index import Snapshot
from governance.models import SnapshotChange
from governance.snapshot import changes
from kit import errors, money
from kit.scoping import within
from tenants.services.organizations import Defaults, Limits
from tests.support import world as worlds
from tests.support.acts import PREPARED, perform
from tests.support.world import World

# What the gateway decides by, act by act. An act that is missing here changes nothing it decides by.
NOTED: dict[str, set[str]] = {
    "tenants.organization.changed": {"organization"},
    "tenants.team.created": {"team"},
    "tenants.project.placed": {"project"},
    "tenants.api_key.issued": {"api_key"},
    "tenants.api_key.rotated": {"api_key"},
    "tenants.api_key.revoked": {"api_key"},
    "tenants.identity_provider.registered": {"identity_provider"},
    "tenants.identity_provider.keys_replaced": {"identity_provider"},
    "tenants.identity_provider.revoked": {"identity_provider"},
    "tenants.budget.added": {"budget"},
    "tenants.budget.changed": {"budget"},
    "tenants.budget_increase.asked": {"budget"},
    "tenants.budget_increase.granted": {"budget"},
    "tenants.budget_increase.refused": {"budget"},
    "tenants.budget_increase.ended": {"budget"},
    "tenants.rate_limit.set": {"rate_limit"},
    "governance.provider.registered": {"provider"},
    "governance.provider.moved": {"provider"},
    "governance.provider.credential_replaced": {"provider"},
    "governance.provider.suspended": {"provider", "suspension"},
    "governance.provider.resumed": {"provider", "suspension"},
    "governance.inventory.taken_in": {"model"},
    "governance.model.registered": {"model"},
    "governance.model.suspended": {"model", "suspension"},
    "governance.model.resumed": {"model", "suspension"},
    "governance.approval.brought_forward": {"approval", "use_case"},
    "governance.team.onboarded": {"api_key", "team"},
    "governance.model.estimates_set": {"model"},
    "governance.model.deprecated": {"model"},
    "governance.model.deprecation_revoked": {"model"},
    "governance.model.retired": {"model"},
    "governance.deployment.registered": {"deployment"},
    "governance.deployment.suspended": {"deployment", "suspension"},
    "governance.deployment.resumed": {"deployment", "suspension"},
    "governance.price.registered": {"deployment"},
    "governance.route.registered": {"route"},
    "governance.use_case.registered": {"use_case"},
    "governance.use_case.changed": {"use_case"},
    "governance.use_case.retired": {"use_case"},
    "governance.approval.approved": {"approval"},
    "governance.approval.recertification_noticed": {"approval"},
    "governance.approval.suspended": {"approval", "suspension"},
    "governance.approval.resumed": {"approval", "suspension"},
    "governance.break_glass.opened": {"break_glass"},
    "governance.break_glass.reviewed": {"break_glass"},
    "governance.break_glass.ended": {"break_glass"},
    "governance.waiver.granted": {"waiver"},
    "governance.key.suspended": {"api_key", "suspension"},
    "governance.key.resumed": {"api_key", "suspension"},
    "governance.team.suspended": {"team", "suspension"},
    "governance.team.resumed": {"team", "suspension"},
    "governance.organization.suspended": {"organization", "suspension"},
    "governance.organization.resumed": {"organization", "suspension"},
}
# Made ready by what it undoes, so that all is as before.
UNDOING = {"governance.organization.resumed", "governance.use_case.changed", "governance.use_case.retired"}
# Past the services: what only an operator or a later version does.
BY_HAND = {
    "budget put out of use": "UPDATE tenants_budget SET is_active = false",
    "budgets moved to the organisation": "UPDATE tenants_budget SET team_id = NULL, project_id = NULL",
    "budgets deleted": "DELETE FROM tenants_budget",
    "rate limits deleted": "DELETE FROM tenants_ratelimit",
    "secrets ended": "UPDATE tenants_apikeysecret SET expires_at = now()",
    "keys bound to networks": "UPDATE tenants_apikey SET networks = '{10.0.0.0/8}', scopes = '{models:read}'",
    "routes emptied": "DELETE FROM governance_routecandidate",
    "organisation suspended": "UPDATE tenants_organization SET suspended_at = now()",
    "approvals ended": "UPDATE governance_approval SET ended_at = now() WHERE ended_at IS NULL",
}


def held(snapshot: Snapshot) -> dict[str, Any]:
    """Every table by id and by look-up, in a form in which only the order that counts is compared."""
    return {
        kind: (table.by_id, {key: _found(table, entries) for key, entries in table._found.items()})
        for kind, table in snapshot._tables.items()
    }


def _found(table: Any, entries: tuple[Any, ...]) -> Any:
    ids = [entry.id for entry in entries]
    return [table._rank(entry) for entry in entries] if table._rank else Counter(ids), Counter(ids)


def started() -> Snapshot:
    snapshot = Snapshot()
    snapshot.apply(changes.load_all(), asked_at=0)
    return snapshot


def change_by_hand(world: World, statement: str) -> None:
    with within(world.system.scope), connection.cursor() as cursor:
        cursor.execute(statement)


def do(world: World, change: str) -> None:
    if change in BY_HAND:
        change_by_hand(world, BY_HAND[change])
    else:
        perform(PREPARED[change](world))


def test_each_act_notes_what_it_changes(world: World) -> None:
    noted = {}
    for action, prepare in PREPARED.items():
        act = prepare(world)
        last = SnapshotChange.objects.order_by("id").last()
        perform(act)
        found = SnapshotChange.objects.filter(id__gt=last.id if last else 0)
        if kinds := set(found.values_list("kind", flat=True)):
            noted[action] = kinds
    # Teams and projects begin with the organisation's defaults, which this one has none of.
    assert noted == NOTED


def test_a_change_that_is_undone_is_not_noted(world: World) -> None:
    act = PREPARED["tenants.api_key.revoked"](world)
    before = SnapshotChange.objects.count()
    with within(act.actor.scope), transaction.atomic():
        act.do(act.actor)
        assert SnapshotChange.objects.count() > before
        transaction.set_rollback(True)
    assert SnapshotChange.objects.count() == before


def test_a_secret_seen_again_is_no_change(world: World) -> None:
    before = SnapshotChange.objects.count()
    change_by_hand(world, "UPDATE tenants_apikeysecret SET last_seen_at = now()")
    assert SnapshotChange.objects.count() == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([*NOTED, *BY_HAND]), st.booleans()), min_size=1, max_size=8))
def test_following_changes_comes_to_what_starting_anew_does(steps: list[tuple[str, bool]]) -> None:
    world = worlds.build()
    last = changes.load_all()
    followed = Snapshot()
    followed.apply(last, asked_at=0)
    for change, looks in [*steps, (steps[-1][0], True)]:
        with suppress(errors.Conflict):  # a revoked key is not rotated: an act that is refused changes nothing
            do(world, change)
        if looks:
            last = changes.pull(last)
            followed.apply(last, asked_at=0)
    assert held(followed) == held(started())


@pytest.mark.parametrize("change", [change for change in (*NOTED, *BY_HAND) if change not in UNDOING])
def test_one_look_takes_a_change_in(change: str) -> None:
    world = worlds.build(defaults=Defaults(money.NANO, Limits(60)))
    for action in ("governance.route.registered", "governance.approval.approved"):
        do(world, action)
    last = changes.load_all()
    followed = Snapshot()
    followed.apply(last, asked_at=0)
    before = held(started())
    do(world, change)
    assert held(started()) != before
    followed.apply(changes.pull(last), asked_at=0)
    assert held(followed) == held(started())
