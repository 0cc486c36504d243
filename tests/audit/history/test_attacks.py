"""The history is written by its triggers alone, and read within the tenant."""

from __future__ import annotations

import pytest
from psycopg import errors

from audit.models import Change
from kit.ids import new_id
from kit.scoping import Scope, within
from tenants.models import Project
from tests.audit.conftest import Connect
from tests.isolation import catalogue
from tests.support.history import last_change
from tests.support.world import World

SERVING = ["app", "system", "gateway"]
WRITES = [
    "INSERT INTO audit_history DEFAULT VALUES",
    "UPDATE audit_history SET before = NULL",
    "UPDATE audit_history SET at = now() WHERE false",
    "DELETE FROM audit_history",
    "TRUNCATE audit_history",
    "COPY audit_history FROM STDIN",
    "MERGE INTO audit_history USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE audit_history DISABLE TRIGGER ALL",
    "DROP TABLE audit_history CASCADE",
]
REWRITES = [
    "UPDATE audit_history SET after = '{}' WHERE organization_id = %s",
    "UPDATE audit_history SET after = '{}', erased_at = now() WHERE organization_id = %s",
    "UPDATE audit_history SET actor_id = gen_random_uuid(), erased_at = now() WHERE organization_id = %s",
    "UPDATE audit_history SET address = '192.0.2.1', erased_at = now() WHERE organization_id = %s",
    "UPDATE audit_history SET before = NULL WHERE organization_id = %s",
    "DELETE FROM audit_history WHERE organization_id = %s",
]
EVADED = [
    "ALTER TABLE tenants_budget DISABLE TRIGGER capture",
    "DROP TRIGGER capture ON tenants_budget",
    "SET session_replication_role = replica",
    "SELECT audit_capture('tenants_budget', '{}')",
    "TRUNCATE tenants_budget",
]

_CAPTURED = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'capture' ORDER BY 1"
_WATCHES_LAST_SEEN = """
SELECT attnum = ANY (tgattr::int2[]) FROM pg_trigger JOIN pg_attribute ON attrelid = tgrelid
WHERE tgname = 'capture' AND attname = 'last_seen_at' AND tgrelid = 'tenants_apikeysecret'::regclass"""


@pytest.mark.parametrize("attack", WRITES)
@pytest.mark.parametrize("role", SERVING)
def test_nobody_who_serves_writes_it(connect: Connect, role: str, attack: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute(attack)


@pytest.mark.parametrize("attack", REWRITES)
@pytest.mark.parametrize("role", ["migrator", "superuser"])
def test_nor_does_its_owner_write_anything_into_it(connect: Connect, world: World, role: str, attack: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege, match="history is not changed"):
        attacker.execute(attack, [world.organization.id])


@pytest.mark.parametrize("attack", EVADED)
@pytest.mark.parametrize("role", SERVING)
def test_nobody_who_serves_gets_around_it(connect: Connect, role: str, attack: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute(attack)


@pytest.mark.parametrize("role", SERVING)
def test_nobody_forges_a_change_through_a_table_of_his_own(connect: Connect, role: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute("CREATE TEMPORARY TABLE forged (id uuid, organization_id uuid)")
    assert attacker.execute("SELECT has_function_privilege('audit_capture_change()', 'EXECUTE')").fetchone() == (False,)


def test_a_table_put_before_it_is_not_what_is_written(connect: Connect, world: World) -> None:
    attacker = connect("superuser")
    attacker.execute("CREATE TEMPORARY TABLE audit_history (LIKE public.audit_history)")
    attacker.execute("UPDATE tenants_project SET name = 'Renamed' WHERE id = %s", [world.project.id])

    assert attacker.execute("SELECT count(*) FROM pg_temp.audit_history").fetchone() == (0,)
    assert last_change(world.project.id).after == {"name": "Renamed"}


@pytest.mark.parametrize("role", ["app", "gateway"])
def test_only_the_system_role_erases(connect: Connect, world: World, role: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute("SELECT audit_erase_history(%s, %s)", [world.organization.id, new_id()])


@pytest.mark.parametrize("role", SERVING)
def test_a_refusal_is_kept_of_the_entered_user_only(connect: Connect, role: str) -> None:
    attacker = connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute("SELECT audit_capture_refusal('model', %s, NULL, NULL)", [new_id()])


def test_the_gateway_does_not_read_it(connect: Connect) -> None:
    gateway = connect("gateway")
    with pytest.raises(errors.InsufficientPrivilege):
        gateway.execute("SELECT FROM audit_history")


def test_another_organisation_sees_nothing_of_it(world: World, other_world: World) -> None:
    with within(other_world.admin.scope):
        assert not Change.across_tenants.filter(organization_id=world.organization.id).exists()
        assert Change.across_tenants.exists()


def test_a_sister_team_sees_nothing_of_it_and_all_see_what_is_shared(world: World) -> None:
    sister, project = world.new_team("second")
    world.model("helper", approved=False)
    with within(Scope(world.organization.id, frozenset({sister.id}))):
        Project.objects.filter(id=project.id).update(name="Changed")
        seen = Change.across_tenants.all()
        assert {change.team_id for change in seen} == {sister.id, None}
        assert "model" in {change.object_kind for change in seen}


def test_nothing_is_read_outside_a_scope(connect: Connect, world: World) -> None:
    assert connect("app").execute("SELECT count(*) FROM audit_history").fetchone() == (0,)


def test_the_gateway_writes_no_governed_table_but_what_is_ignored(connect: Connect) -> None:
    """So that calls pay nothing for the history."""
    reader = connect("system")
    governed = [str(table) for (table,) in reader.execute(_CAPTURED)]
    fired_by_last_seen = reader.execute(_WATCHES_LAST_SEEN).fetchone()
    writable = {table: catalogue.privileges(table, "chancery_gateway").replace("S", "").strip() for table in governed}

    assert len(governed) > 15
    assert {table: held for table, held in writable.items() if held} == {"tenants_apikeysecret": "U(last_seen_at)"}
    assert fired_by_last_seen == (False,)
