"""The ways in which a row can be reached for, and what comes of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.db.models import Model
from django.db.models.base import ModelState
from psycopg.errors import InsufficientPrivilege

from kit.ids import new_id
from tests.isolation.plots import AnyModel

DENIED = "denied"  # by a missing privilege or a policy
REFUSED = "refused"  # by a constraint or a trigger

Outcome = int | str
WAYS = ["scoped manager", "unscoped manager", "SQL"]


def outcome_of(act: Callable[[], int]) -> Outcome:
    """How many rows an act reached, or why none; what it did is undone."""
    try:
        with transaction.atomic():
            reached = act()
            transaction.set_rollback(True)
    except ProgrammingError as failure:
        if not isinstance(failure.__cause__, InsufficientPrivilege):
            raise
        return DENIED
    except IntegrityError:
        return REFUSED
    return reached


def read(way: str, row: Any) -> Outcome:
    if way == "SQL":
        return outcome_of(lambda: _execute(f"SELECT 1 FROM {_table(row)} WHERE {_is_row(row)}", _key(row)))  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).count()))


def change(way: str, row: Any, column: str, value: Any) -> Outcome:
    if way == "SQL":
        statement = f"UPDATE {_table(row)} SET {column} = %s WHERE {_is_row(row)}"  # noqa: S608
        return outcome_of(lambda: _execute(statement, [value, *_key(row)]))
    return outcome_of(lambda: int(_rows(way, row).update(**{column: value})))


def remove(way: str, row: Any) -> Outcome:
    if way == "SQL":
        return outcome_of(lambda: _execute(f"DELETE FROM {_table(row)} WHERE {_is_row(row)}", _key(row)))  # noqa: S608
    return outcome_of(lambda: int(_rows(way, row).delete()[0]))


def insert_copy(way: str, row: Any) -> Outcome:
    """Adds one that differs in its identity alone, so that it has the same owner."""
    if way == "SQL":
        statement = f"INSERT INTO {_table(row)} SELECT * FROM jsonb_populate_record(NULL::{_table(row)}, %s::jsonb)"  # noqa: S608
        return outcome_of(lambda: _execute(statement, [json.dumps(_as_json(row) | _new_identity(row))]))
    twin = copy.copy(row)
    twin._state = ModelState()
    for attribute, value in _new_identity(row).items():
        setattr(twin, attribute, value)
    return outcome_of(lambda: len(_manager(way, type(row)).bulk_create([twin])))


def may(table: str, privilege: str, role: str = "chancery_app") -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, privilege])
        return bool(cursor.fetchone()[0])


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


def _execute(statement: str, values: list[Any]) -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _as_json(row: Any) -> dict[str, Any]:
    with connections["system"].cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(r) FROM {_table(row)} r WHERE {_is_row(row)}", _key(row))  # noqa: S608
        content: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return content


def _new_identity(row: Any) -> dict[str, Any]:
    """The first column of the key that is not the owner's; none where the owner is the key."""
    columns = [each.attname for each in row._meta.pk_fields if each.attname != "organization_id"]
    return {column: str(new_id()) for column in columns[:1]}
