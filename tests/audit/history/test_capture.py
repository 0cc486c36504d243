"""Every change of a governed row is kept, by whatever way it is made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from audit.models import Record
from kit.ids import new_id
from kit.scoping import announce_origin, within
from tenants.models import ApiKey, Budget
from tenants.services import allotments, api_keys
from tests.audit.conftest import Connect
from tests.support.history import changes_of, last_change
from tests.support.world import World


@pytest.fixture
def budget(world: World) -> Budget:
    admin = world.admin
    with within(admin.scope):
        return allotments.add_budget(
            actor=admin, name="Letters", limit_nano_usd=7, now=world.now, level=allotments.Level()
        )


def test_an_act_and_its_change_are_of_one_transaction(world: World, budget: Budget) -> None:
    admin, request_id = world.admin, new_id()
    with transaction.atomic():
        announce_origin("192.0.2.7", request_id)
        with within(admin.scope):
            allotments.change_budget(actor=admin, budget=budget, limit_nano_usd=9)

    change = last_change(budget.id)
    act = Record.across_tenants.using("system").filter(object_id=budget.id).latest("id")

    assert (change.object_kind, change.operation) == ("budget", "update")
    assert (change.before, change.after) == ({"limit_nano_usd": 7}, {"limit_nano_usd": 9})
    assert (change.actor_kind, change.actor_id) == ("user", admin.id)
    assert (change.address, change.request_id) == ("192.0.2.7", request_id)
    assert change.xid == act.xid
    assert change.database_role == "chancery_app"


def test_where_a_change_comes_from_is_forgotten_with_its_transaction(world: World, budget: Budget) -> None:
    with transaction.atomic():
        announce_origin("192.0.2.7", new_id())
    with within(world.admin.scope):
        Budget.objects.update(name="Other")

    assert (last_change(budget.id).address, last_change(budget.id).request_id) == (None, None)


def test_a_link_local_address_is_kept_without_its_zone(world: World, budget: Budget) -> None:
    with transaction.atomic():
        announce_origin("fe80::1%eth0", None)
        with within(world.admin.scope):
            Budget.objects.update(name="Other")

    assert last_change(budget.id).address == "fe80::1"


def test_an_update_of_many_rows_is_kept_row_by_row(world: World, budget: Budget) -> None:
    admin = world.admin
    with within(admin.scope):
        second = allotments.add_budget(
            actor=admin, name="Second", limit_nano_usd=20, now=world.now, level=allotments.Level()
        )
        Budget.objects.update(limit_nano_usd=F("limit_nano_usd") + 1)

    assert [last_change(row.id).after for row in (budget, second)] == [{"limit_nano_usd": 8}, {"limit_nano_usd": 21}]


def test_raw_sql_within_a_scope_is_the_persons(world: World, budget: Budget) -> None:
    admin = world.admin
    with within(admin.scope), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_budget SET name = 'Raw' WHERE id = %s", [budget.id])

    change = last_change(budget.id)
    assert (change.before, change.after) == ({"name": "Letters"}, {"name": "Raw"})
    assert change.actor_id == admin.id


@pytest.mark.parametrize("role", ["system", "migrator", "superuser"])
def test_raw_sql_without_a_scope_is_the_database_roles(connect: Connect, budget: Budget, role: str) -> None:
    session = connect(role)
    session.execute("UPDATE tenants_budget SET name = 'Past us' WHERE id = %s", [budget.id])

    change = last_change(budget.id)
    who = session.execute("SELECT session_user").fetchone()
    assert who
    assert (change.actor_kind, change.actor_id, change.database_role) == ("role", None, who[0])
    assert change.after == {"name": "Past us"}


def test_the_replica_role_does_not_switch_it_off(connect: Connect, budget: Budget) -> None:
    superuser = connect("superuser")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("DELETE FROM tenants_budget WHERE id = %s", [budget.id])

    assert last_change(budget.id).operation == "delete"


def test_what_is_deleted_is_kept_whole(world: World, budget: Budget) -> None:
    with within(world.admin.scope):
        Budget.objects.filter(id=budget.id).delete()

    made, gone = changes_of(budget.id)
    assert (made.operation, made.before) == ("insert", None)
    assert (gone.operation, gone.after) == ("delete", None)
    assert gone.before == made.after
    assert gone.before
    assert gone.before["name"] == "Letters"


def test_a_change_that_is_undone_was_none(world: World, budget: Budget) -> None:
    with within(world.admin.scope), transaction.atomic():
        Budget.objects.update(name="Undone")
        transaction.set_rollback(True)

    assert [change.operation for change in changes_of(budget.id)] == ["insert"]


def test_an_update_that_changes_nothing_is_none(world: World, budget: Budget) -> None:
    with within(world.admin.scope):
        Budget.objects.update(name=F("name"))

    assert len(changes_of(budget.id)) == 1


def test_of_a_secret_it_is_kept_that_it_changed(world: World) -> None:
    provider = world.provider()
    with within(world.admin.scope):
        type(provider).objects.filter(id=provider.id).update(credential=b"another", kind="dummy")

    change = last_change(provider.id)
    assert (change.before, change.after, change.secret) == ({}, {}, ["credential"])
    assert changes_of(provider.id)[0].secret == ["credential"]


def test_the_secrets_of_a_key_are_in_its_history_without_their_digests(world: World) -> None:
    with within(world.system.scope):
        api_keys.rotate(actor=world.system, key=world.key, overlap=timedelta(hours=1), now=world.now)
        secrets = list(ApiKey.objects.get().secrets.all())

    for secret in secrets:
        for change in changes_of(secret.id):
            assert change.parent_id == world.key.id
            assert change.team_id == world.team.id
            assert "digest" not in {**(change.before or {}), **(change.after or {})}


def test_when_a_secret_was_last_seen_is_no_change(world: World, connect: Connect) -> None:
    with within(world.system.scope):
        secret = world.key.secrets.get()
    connect("gateway").execute("UPDATE tenants_apikeysecret SET last_seen_at = now() WHERE id = %s", [secret.id])

    assert len(changes_of(secret.id)) == 1
