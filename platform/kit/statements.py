"""Statements that PostgreSQL refuses: what `queryset.update` and raw SQL try past the services.

Only what the database was told to guard counts: its triggers and checks, its policies and grants, and that nobody
decides twice. A value that is taken or too long is a mistake like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Model

from kit import refusals
from kit.refusals import Thing

_CODES = {"42501": "insufficient_privilege", "23514": "check_violation"}
_TWICE = frozenset({"one_decision_per_person", "one_decision_per_right"})
_WRITES = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"?(\w+)"?', re.IGNORECASE)
_RAISED_IN = re.compile(r"PL/pgSQL function (\w+)\(")
_MOST_VALUES = 1000  # of one statement are looked through


def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """A receiver of `connection_created`: the portal's role is watched, in every thread."""
    if connection.alias == DEFAULT_DB_ALIAS and _execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_execute)


def _execute(execute: Any, sql: Any, values: Any, many: bool, context: Any) -> Any:
    try:
        return execute(sql, values, many, context)
    except DatabaseError as failure:
        _note(failure, str(sql), values)
        raise


def _note(failure: DatabaseError, sql: str, values: Any) -> None:
    told = getattr(failure.__cause__, "diag", None)
    code = _code(told)
    written = _WRITES.match(sql)
    if told is None or code is None or written is None:
        return
    verb, table = written[1].partition(" ")[0].lower(), written[2].lower()
    raised_in = _RAISED_IN.search(told.context or "")
    guard = told.constraint_name or (raised_in[1] if raised_in else "")
    details = (("table", table), *((("guard", guard),) if guard else ()))
    refusals.keep(None, f"database.{verb}", code, tuple(_things(table, _ids(values))), details)


def _code(told: Any) -> str | None:
    if told is None or told.sqlstate is None:
        return None
    if told.sqlstate == "23505" and told.constraint_name in _TWICE:
        return "already_decided"
    return _CODES.get(told.sqlstate)


def _ids(values: Any) -> list[UUID]:
    given: Iterable[Any] = values.values() if isinstance(values, Mapping) else values or ()
    return [value for value in islice(given, _MOST_VALUES) if isinstance(value, UUID)]


def _things(table: str, ids: list[UUID]) -> Iterable[Thing]:
    """Each id as a row of the table, or of one that it refers to; the recorder finds out which there are."""
    kind = _kinds().get(table)
    kinds = [kind, *_referred(kind)] if kind else []
    return (Thing(each, kind) for kind in kinds for each in ids)


def _referred(kind: type[Model]) -> list[type[Model]]:
    return [field.related_model for field in kind._meta.fields if isinstance(field, ForeignKey)]


@cache
def _kinds() -> dict[str, type[Model]]:
    return {kind._meta.db_table: kind for kind in apps.get_models()}
