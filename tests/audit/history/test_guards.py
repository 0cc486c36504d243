"""A table whose changes are kept no more is noticed."""

from __future__ import annotations

from typing import LiteralString

import pytest

from audit.ledger import integrity
from tests.audit.conftest import Connect

_PROBLEMS = "SELECT subject || ' ' || problem FROM audit_history_integrity()"
BROKEN: dict[LiteralString, str] = {
    "ALTER TABLE tenants_budget DISABLE TRIGGER capture": "tenants_budget keeps no history",
    "ALTER TABLE tenants_budget ENABLE TRIGGER capture": "tenants_budget keeps no history",
    "DROP TRIGGER capture ON tenants_budget": "tenants_budget keeps no history",
    "UPDATE audit_captured SET terms = '{}' WHERE name = 'tenants_budget'": "tenants_budget keeps no history",
    "ALTER TABLE audit_history DISABLE TRIGGER kept": "audit_history is not guarded by the trigger kept",
    "DROP TRIGGER emptied_only ON audit_history": "audit_history is not guarded by the trigger emptied_only",
    "GRANT INSERT ON audit_history TO chancery_app": "audit_history chancery_app may INSERT",
    "GRANT UPDATE ON audit_captured TO chancery_system": "audit_captured chancery_system may UPDATE",
    "ALTER TABLE audit_history NO FORCE ROW LEVEL SECURITY": "audit_history row-level security is not forced",
}


def test_all_is_well() -> None:
    assert integrity.problems(using="system") == []


@pytest.mark.parametrize("act", BROKEN)
def test_what_is_broken_is_named(connect: Connect, act: LiteralString) -> None:
    """By whoever may do anything; it is undone at once."""
    superuser = connect("superuser")
    with superuser.transaction(force_rollback=True):
        superuser.execute("SET LOCAL lock_timeout = '20s'")
        superuser.execute(act)
        assert [problem for (problem,) in superuser.execute(_PROBLEMS)] == [BROKEN[act]]


def test_every_table_that_is_captured_is_known(connect: Connect) -> None:
    superuser = connect("superuser")
    triggers = superuser.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'capture'")
    known = superuser.execute("SELECT name FROM audit_captured")
    assert {name for (name,) in triggers} == {name for (name,) in known}
