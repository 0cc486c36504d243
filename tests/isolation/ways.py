"""The ways in which a row can be reached for, and what comes of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.db.models import DateField, F, Model
from django.db.models.base import ModelState
from psycopg.errors import InsufficientPrivilege

from kit.ids import new_id
from tests.isolation import tally
from tests.isolation.plots import AnyModel

DENIED = "denied"  # by a missing privilege or a policy
REFUSED = "refused"  # by a constraint or a trigger

Outcome = int | str
WAYS = ["scoped manager", "unscoped manager", "SQL"]


def outcome_of(act: Callable[[], int], using: str = "default") -> Outcome:
    """How many rows an act reached, or why none; what it did is undone."""
    tally.count()
    try:
        with transaction.atomic(using=using):
            reached = act()
            transaction.set_rollback(True, using=using)
    except ProgrammingError as failure:
        if not isinstance(failure.__cause__, InsufficientPrivilege):
            raise
        return DENIED
    except IntegrityError:
        return REFUSED
    return reached


def read(way: str, row: Any, using: str = "default") -> Outcome:
    if way == "SQL":
        return _tried(f"SELECT 1 FROM {_table(row)} WHERE {_is_row(row)}", _key(row), using)  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).count()))


def touch(way: str, row: Any, using: str = "default") -> Outcome:
    """Changes a row into what it is, in a column that the role may change; where there is none, in any."""
    column = changeable(table_of(type(row)), using) or row._meta.pk_fields[0].column
    if way == "SQL":
        return _tried(f"UPDATE {_table(row)} SET {column} = {column} WHERE {_is_row(row)}", _key(row), using)  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).update(**{column: F(column)})))


def change(way: str, row: Any, column: str, value: Any) -> Outcome:
    if way == "SQL":
        return _tried(f"UPDATE {_table(row)} SET {column} = %s WHERE {_is_row(row)}", [value, *_key(row)])  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).update(**{column: value})))


def remove(way: str, row: Any, using: str = "default") -> Outcome:
    if way == "SQL":
        return _tried(f"DELETE FROM {_table(row)} WHERE {_is_row(row)}", _key(row), using)  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).delete()[0]))


def insert_copy(way: str, row: Any, using: str = "default") -> Outcome:
    """Adds one that differs in its identity alone, so that it has the same owner."""
    if way == "SQL":
        statement = f"INSERT INTO {_table(row)} SELECT * FROM jsonb_populate_record(NULL::{_table(row)}, %s::jsonb)"  # noqa: S608
        return _tried(statement, [json.dumps(content(row) | _new_identity(row))], using)
    twin = copy.copy(row)
    twin._state = ModelState()
    for attribute, value in _new_identity(row).items():
        setattr(twin, attribute, value)
    return outcome_of(lambda: len(_manager(way, type(row)).bulk_create([twin])))


def may(table: str, privilege: str, using: str = "default") -> bool:
    """Whether the connection's role has the privilege on the whole table."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s)", [table, privilege])
        return bool(cursor.fetchone()[0])


def changeable(table: str, using: str = "default") -> str | None:
    """The first column that the connection's role may change."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "AND has_column_privilege(attrelid, attnum, 'UPDATE') ORDER BY attnum LIMIT 1",
            [table],
        )
        found = cursor.fetchone()
        return str(found[0]) if found else None


def table_of(model: AnyModel) -> str:
    return model._meta.db_table


def _manager(way: str, model: Any) -> Any:
    if way == "scoped manager":
        return model._default_manager
    return getattr(model, "across_tenants", model._base_manager)


def _rows(way: str, row: Model) -> Any:
    return _manager(way, type(row)).filter(pk=row.pk)


def _table(row: Model) -> str:
    return type(row)._meta.db_table


def _key(row: Any) -> list[Any]:
    return [getattr(row, each.attname) for each in row._meta.pk_fields]


def _is_row(row: Any) -> str:
    return " AND ".join(f"{each.column} = %s" for each in row._meta.pk_fields)


def _tried(statement: str, values: list[Any], using: str = "default") -> Outcome:
    def execute() -> int:
        with connections[using].cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.rowcount)

    return outcome_of(execute, using)


def content(row: Any) -> dict[str, Any]:
    with connections["system"].cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(r) FROM {_table(row)} r WHERE {_is_row(row)}", _key(row))  # noqa: S608
        found: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return found


def _new_identity(row: Any) -> dict[str, Any]:
    """The first column of the key that is not the owner's and no moment; none where the owner is the key."""
    columns = [
        each.attname
        for each in row._meta.pk_fields
        if each.attname != "organization_id" and not isinstance(each, DateField)
    ]
    return {column: str(new_id()) for column in columns[:1]}
