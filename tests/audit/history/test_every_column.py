"""No governed table and no column is left out by mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
from psycopg import Connection, sql
from psycopg.rows import dict_row

from governance.models import (
    AlertMessage,
    EvaluationResult,
    EvaluationRun,
    Notice,
    NoticePreference,
    ReportedIdentity,
    Route,
    Waiting,
)
from tenants.models import PersonalAccessToken
from tests.audit.conftest import Connect, url_of
from tests.isolation.plots import AnyModel, owned_models
from tests.isolation.walls import Estate, build_estate

# A person's own key to the API: its acts are on record, it governs nothing. No more does what a person is told, nor
# what came of probes or what upstreams said, which the database lets nobody change afterwards, nor the queue, which it
# keeps itself.
NOT_GOVERNED = {
    PersonalAccessToken,
    AlertMessage,
    Notice,
    NoticePreference,
    EvaluationRun,
    EvaluationResult,
    ReportedIdentity,
    Waiting,
}
GOVERNED = [
    pytest.param(model, id=model._meta.label)
    for model in owned_models()
    if model._meta.app_label in ("tenants", "governance") and model not in NOT_GOVERNED
]
SUSPICIOUS = {"digest", "secret", "password", "credential", "token", "private"}
# Another value of each type.
OTHER = {
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now() + interval '1 year'",
    "date": "COALESCE({0}, current_date) + 1",
    "boolean": "NOT COALESCE({0}, false)",
    "jsonb": "'{{\"other\": 1}}'",
    "bytea": "'\\x01'",
    "ARRAY": "ARRAY[left({3}, {2})]::{1}[]",
    "character varying": "left(md5(random()::text), 4)",
    "text": "md5(random()::text)",
    "USER-DEFINED": "NULL",
}
NUMBER = "COALESCE({0}, 0) + 100"
# Whose team owns the row, so it has to be there.
PARENTS = {
    "route_id": "(SELECT id FROM governance_route WHERE slug = 'spare' LIMIT 1)",
    "break_glass_id": "(SELECT id FROM governance_breakglass AS other WHERE other.id <> break_glass_id LIMIT 1)",
    "waiver_id": "(SELECT id FROM governance_waiver AS other WHERE other.id <> waiver_id LIMIT 1)",
    "api_key_id": "(SELECT id FROM tenants_apikey AS other WHERE other.id IS DISTINCT FROM api_key_id LIMIT 1)",
}

_COLUMNS = """SELECT column_name, data_type, ltrim(udt_name, '_') FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position"""
_TERMS = """SELECT convert_from(substring(tgargs FOR length(tgargs) - 1), 'UTF8') FROM pg_trigger
WHERE tgrelid = %s::regclass AND tgname = 'capture' AND tgenabled = 'A'"""
# What a column may hold is not asked here.
_UNCHECKED = """DO $$ DECLARE rule record; BEGIN
    FOR rule IN SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = {}::regclass LOOP
        EXECUTE format('ALTER TABLE {} DROP CONSTRAINT %I', rule.conname);
    END LOOP; END $$"""
_LAST = "SELECT * FROM audit_history WHERE xid = pg_current_xact_id() ORDER BY id DESC LIMIT 1"


@pytest.fixture(scope="module")
def estate() -> Estate:
    made = build_estate()
    made.plots[0].add(Route, slug="spare")
    return made


@pytest.mark.parametrize("model", GOVERNED)
def test_every_column_is_kept_or_named_as_secret_or_ignored(estate: Estate, connect: Connect, model: AnyModel) -> None:
    table, row = model._meta.db_table, estate.plots[0].row(model)
    terms = terms_of(connect("superuser"), table)
    for column, expression in columns_of(connect("superuser"), table):
        change = changed(table, row.pk, column, expression)
        if column in terms["ignored"]:
            assert change is None, column
        elif column in terms["secret"]:
            assert (change["secret"], change["after"]) == ([column], {}), column
        else:
            assert list(change["after"]) == [column], column
            assert change["before"] != change["after"]


@pytest.mark.parametrize("model", GOVERNED)
def test_what_looks_like_a_secret_is_listed_as_one(connect: Connect, model: AnyModel) -> None:
    superuser, table = connect("superuser"), model._meta.db_table
    listed = set(terms_of(superuser, table)["secret"])
    columns = {column: kind for column, kind, _ in superuser.execute(_COLUMNS, [table])}

    assert listed <= set(columns)
    assert listed == {
        column for column, kind in columns.items() if kind == "bytea" or SUSPICIOUS & set(column.split("_"))
    }


def terms_of(session: Connection, table: str) -> dict[str, Any]:
    found = session.execute(_TERMS, [table]).fetchone()
    assert found, f"{table} is not captured"
    terms: dict[str, Any] = json.loads(found[0])
    return terms


def _other(column: str, kind: str, udt: str) -> str:
    item = "'7'" if udt == "int2" else "md5(random()::text)"
    return OTHER.get(kind, NUMBER).format(column, udt, 32 if udt == "uuid" else 6, item)


def columns_of(session: Connection, table: str) -> list[tuple[str, str]]:
    """Each column with an expression for a value that it has not."""
    return [
        (column, PARENTS.get(column) or _other(column, kind, udt))
        for column, kind, udt in session.execute(_COLUMNS, [table])
    ]


def changed(table: str, identifier: Any, column: str, expression: str) -> Any:
    """What is kept when one column of a row gets another value, which is then taken back.

    As a replica, which leaves out foreign keys and the rules of approval, but not this.
    """
    with Connection.connect(url_of("superuser"), row_factory=dict_row) as session:
        session.execute(sql.SQL(_UNCHECKED).format(sql.Literal(table), sql.Identifier(table)))
        session.execute("SET session_replication_role = replica")
        session.execute(
            sql.SQL("UPDATE {} SET {} = {} WHERE id = %s").format(
                sql.Identifier(table), sql.Identifier(column), sql.SQL(expression)
            ),
            [identifier],
        )
        change = session.execute(_LAST).fetchone()
        session.rollback()
        return change
