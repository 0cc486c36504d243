"""What PostgreSQL itself says of tables, roles and functions."""

from __future__ import annotations

from typing import Any

from django.db import connections

ROLES = ("chancery_app", "chancery_system", "chancery_gateway")
_LETTERS = {
    "S": "SELECT",
    "I": "INSERT",
    "U": "UPDATE",
    "D": "DELETE",
    "T": "TRUNCATE",
    "R": "REFERENCES",
    "G": "TRIGGER",
}

_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
AND NOT relispartition ORDER BY relname"""
_PARTITIONS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relispartition AND relkind = 'r'"""
_COLUMNS = """
SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')"""
_OPEN_TO_ALL = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = 'tenants_organization' OR EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped))
  AND (NOT (c.relrowsecurity AND c.relforcerowsecurity) OR EXISTS (
      SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
      AND (p.polroles && ARRAY[0::oid, 'chancery_app'::regrole::oid])
      AND NOT (p.polcmd = 'a' OR pg_get_expr(p.polqual, p.polrelid) LIKE '%%chancery_organization()%%')))
ORDER BY 1"""
_OF_ANOTHER_OWNER = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
AND relowner <> 'chancery_owner'::regrole
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"""
_LOOSE_FUNCTIONS = """
SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
AND prorettype <> 'event_trigger'::regtype
AND (NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%%')
     OR prorettype <> 'trigger'::regtype AND has_function_privilege('public', oid, 'EXECUTE'))"""
_MIGHTY_ROLES = """
SELECT rolname FROM pg_roles WHERE rolname LIKE 'chancery%%'
AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole OR rolcreatedb
     OR rolname = 'chancery_owner' AND rolcanlogin)"""
_MEMBERS_OF_THE_OWNER = """
SELECT rolname FROM pg_roles WHERE rolname LIKE 'chancery%%' AND rolname <> 'chancery_owner'
AND pg_has_role(rolname, 'chancery_owner', 'MEMBER')"""


def names(query: str, using: str = "default") -> list[str]:
    with connections[using].cursor() as cursor:
        cursor.execute(query, [])
        return [name for (name,) in cursor.fetchall()]


def tables() -> list[str]:
    """Without partitions."""
    return names(_TABLES)


def partitions() -> list[str]:
    return names(_PARTITIONS)


def open_to_all(using: str = "default") -> list[str]:
    """Tables with an organisation, without forced row-level security or with a policy that does not ask for it."""
    return names(_OPEN_TO_ALL, using)


def of_another_owner() -> list[str]:
    return names(_OF_ANOTHER_OWNER)


def loose_functions() -> list[str]:
    """Functions with their owner's rights that anybody may call, or whose names can be resolved to others."""
    return names(_LOOSE_FUNCTIONS)


def mighty_roles() -> list[str]:
    return names(_MIGHTY_ROLES)


def members_of_the_owner() -> list[str]:
    return names(_MEMBERS_OF_THE_OWNER)


def privileges(table: str, role: str) -> str:
    """First letters of SELECT, INSERT, UPDATE and DELETE; columns where only those may be changed."""
    with connections["default"].cursor() as cursor:
        held = "".join(letter for letter, name in _LETTERS.items() if _asked(cursor, table, role, name))
        if "U" not in held:
            cursor.execute(_COLUMNS, [table, role])
            (columns,) = cursor.fetchone()
            held += f" U({columns})" if columns else ""
    return held


def _asked(cursor: Any, table: str, role: str, privilege: str) -> bool:
    cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, privilege])
    return bool(cursor.fetchone()[0])
