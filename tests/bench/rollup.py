"""How long it takes to count usage: a million settlements from nothing, then the last quarter of an hour of them.

    python -m tests.bench.rollup [--settlements N] [--directory D]

On a database of its own, as the system role, the way the timetable does. Prints figures; ends with 1 where a bar is
missed or a sum is wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import uuid
from pathlib import Path
from typing import LiteralString

import psycopg

from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.support import services

BAR_ALL_SECONDS = 30.0
BAR_QUARTER_SECONDS = 1.0
_DAYS = 30
_QUARTER_OF = 10_000_000  # settlements a month, of whose traffic a quarter of an hour is counted

# 40 keys of 8 teams, each for one of 5 models and with a tag; some 50 of 2,000 end users at a time; 2 % fail.
_SETTLE = """
INSERT INTO audit_settlement (
    request_id, organization_id, team_id, project_id, api_key_id, deployment_id, provider_id, outcome_record_id, model,
    outcome, error, estimated, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd,
    held_nano_usd, admitted_at, settled_at, budgets, tags, subject_id, latency_ms)
SELECT (lpad(to_hex(ms), 12, '0') || '70008' || left(md5(number::text || %(salt)s), 15))::uuid, %(organization)s,
       md5('team' || key %% 8)::uuid, md5('project' || key %% 20)::uuid, md5('key' || key)::uuid,
       md5('deployment' || key %% 5)::uuid, md5('provider' || key %% 5 %% 3)::uuid, gen_random_uuid(),
       'model-' || key %% 5, CASE WHEN chance < 0.02 THEN 'failed' ELSE 'completed' END,
       CASE WHEN chance < 0.02 THEN 'upstream_error' END, false, 236, 0, 48, 0, 64200, 189000,
       to_timestamp(ms / 1000.0), to_timestamp(ms / 1000.0), '{}', ARRAY['tag-' || key %% 20],
       md5('subject' || (ms / 900000 * 7 + number %% 50) %% 2000)::uuid, (300 * exp(3 * random()))::integer
FROM generate_series(1, %(settlements)s::bigint) AS number
CROSS JOIN LATERAL (
    SELECT number %% 40 AS key, random() AS chance,
           (extract(epoch FROM now() - %(span)s::interval) * 1000
            + number * extract(epoch FROM %(span)s::interval) * 1000 / %(settlements)s)::bigint AS ms) AS moment
"""

_DAYS_READ = """
SELECT day, model, sum(requests), sum(cost_nano_usd)
FROM audit_usage_day JOIN audit_usage_combination AS combined ON combined.id = combination_id GROUP BY day, model
"""
_QUARTERS_READ = """
SELECT (starts_at AT TIME ZONE 'Europe/Berlin')::date AS day, model, sum(requests), sum(cost_nano_usd)
FROM audit_usage_quarter JOIN audit_usage_combination AS combined ON combined.id = combination_id GROUP BY day, model
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.rollup", description=__doc__)
    parser.add_argument("--settlements", type=int, default=1_000_000)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the run takes place")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    home = options.directory.resolve() / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    running = services.start(home / "services")
    try:
        environment = running.clone("rollup")
        with (
            psycopg.connect(environment["DATABASE_URL_MIGRATOR"], autocommit=True) as owner,
            psycopg.connect(environment["DATABASE_URL_SYSTEM"], autocommit=True) as system,
        ):
            return _measure(owner, system, options.settlements)
    finally:
        running.stop()


def _measure(owner: psycopg.Connection, system: psycopg.Connection, settlements: int) -> int:
    organization = uuid.uuid4()
    owner.execute("SELECT audit_tell_usage_zone(%s, 'Europe/Berlin')", [organization])
    say(f"writing {settlements:,} settlements of {_DAYS} days")
    _write(owner, organization, settlements, f"{_DAYS} days")
    everything = _count(system)
    of_a_quarter = _QUARTER_OF // (_DAYS * 96)
    _write(owner, organization, of_a_quarter, "15 minutes")
    quarter = _count(system)
    is_right = _agree(owner)
    sys.stdout.write(
        f"{settlements:,} settlements counted in {everything:.1f} s (bar {BAR_ALL_SECONDS:.0f} s a million)\n"
        f"{of_a_quarter:,} of a quarter of an hour in {quarter:.2f} s (bar {BAR_QUARTER_SECONDS:.0f} s)\n"
        f"read by day and model in {_read(owner, _DAYS_READ):.0f} ms, from quarters in "
        f"{_read(owner, _QUARTERS_READ):.0f} ms\n"
        f"{_size(owner)}; the sums are {'right' if is_right else 'WRONG'}\n"
    )
    is_met = everything <= BAR_ALL_SECONDS * settlements / 1_000_000 and quarter <= BAR_QUARTER_SECONDS
    return int(not (is_met and is_right))


def _write(owner: psycopg.Connection, organization: uuid.UUID, settlements: int, span: str) -> None:
    wanted = {"organization": organization, "settlements": settlements, "span": span, "salt": uuid.uuid4().hex}
    owner.execute("SELECT audit_make_partitions(now() - interval '40 days', now())")
    owner.execute(_SETTLE, wanted)


def _count(system: psycopg.Connection) -> float:
    began = time.perf_counter()
    while system.execute("SELECT audit_roll_up_usage()").fetchone() == (True,):
        pass
    return time.perf_counter() - began


def _read(owner: psycopg.Connection, query: LiteralString) -> float:
    """Milliseconds, the best of some."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        owner.execute(query).fetchall()
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


def _size(owner: psycopg.Connection) -> str:
    tables = (
        *("audit_usage_quarter", "audit_usage_day", "audit_usage_label", "audit_usage_label_day"),
        *("audit_usage_latency", "audit_settlement"),
    )
    return ", ".join(
        f"{name} {size}"
        for name in tables
        for (size,) in owner.execute(
            "SELECT pg_size_pretty(sum(pg_total_relation_size(oid))) FROM pg_class "
            "WHERE relname = %s OR relname LIKE %s",
            [name, f"{name}\\_p%"],
        )
    )


def _agree(owner: psycopg.Connection) -> bool:
    found = owner.execute(
        "SELECT (SELECT (count(*), sum(cost_nano_usd)) FROM audit_settlement) = ALL (ARRAY["
        "(SELECT (sum(requests)::bigint, sum(cost_nano_usd)) FROM audit_usage_quarter), "
        "(SELECT (sum(requests)::bigint, sum(cost_nano_usd)) FROM audit_usage_day)])"
    ).fetchone()
    return found == (True,)


if __name__ == "__main__":
    sys.exit(main())
