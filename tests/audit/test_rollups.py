"""Sums by the quarter hour against sums of settlements, whatever came when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from audit.ledger.append import Writer
from audit.usage import rollups
from kit import clock
from tests.audit.conftest import Connect, url_of
from tests.audit.rows import Tenant, outcome_of, requested
from tests.audit.usage_rows import Call, Sums, correct, direct, new_subject, quarter, rolled_up, settle, tell_zone

TEAMS = [UUID(int=0xA), UUID(int=0xB), None]
zones = st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"])
calls = st.builds(
    Call,
    hours_ago=st.sampled_from([0, 0.3, 5, 30]),
    team=st.sampled_from(TEAMS),
    model=st.sampled_from(["small", "large"]),
    outcome=st.sampled_from(["completed", "failed", "outcome_unknown"]),
    tokens=st.integers(0, 10**6),
    cost=st.integers(0, 10**17),
    tags=st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map(tuple),
    latency=st.integers(0, 10**6),
    first=st.none() | st.integers(0, 10**5),
)


@pytest.fixture
def owner(connect: Connect) -> psycopg.Connection:
    return connect("migrator")


class Counting(RuleBasedStateMachine):
    """Settlements and corrections of quick and slow transactions, counted in steps of which some are killed."""

    slow = Bundle("slow")
    unknown = Bundle("unknown")

    def __init__(self) -> None:
        super().__init__()
        self.tenant = Tenant()
        self.opened: list[psycopg.Connection] = []
        self.owner = self.connection("migrator")
        self.system = self.connection("system")

    def connection(self, role: str, *, autocommit: bool = True) -> psycopg.Connection:
        self.opened.append(psycopg.connect(url_of(role), autocommit=autocommit))
        return self.opened[-1]

    @initialize(time_zone=zones)
    def an_end_user(self, time_zone: str) -> None:
        self.subject = new_subject(self.owner, self.tenant)
        tell_zone(self.owner, self.tenant, time_zone)

    @rule(target=unknown, call=calls, is_of_the_end_user=st.booleans())
    def settled(self, call: Call, is_of_the_end_user: bool) -> object:
        request_id = settle(self.owner, self.tenant, self.called(call, is_of_the_end_user))
        return request_id if call.outcome == "outcome_unknown" else multiple()

    @rule(target=slow, call=calls)
    def settled_slowly(self, call: Call) -> psycopg.Connection:
        connection = self.connection("migrator", autocommit=False)
        settle(connection, self.tenant, call)
        return connection

    @rule(connection=consumes(slow), commits=st.booleans())
    def a_slow_one_ends(self, connection: psycopg.Connection, commits: bool) -> None:
        connection.commit() if commits else connection.rollback()

    @rule(slow=calls, quick=calls)
    def overtaken(self, slow: Call, quick: Call) -> None:
        """What was written first is committed last, after what came later has been counted."""
        connection = self.connection("migrator", autocommit=False)
        settle(connection, self.tenant, slow)
        settle(self.owner, self.tenant, quick)
        rollups.roll_up()
        connection.commit()

    @rule(target=slow, request_id=consumes(unknown), cost=st.integers(0, 10**17))
    def corrected_slowly(self, request_id: UUID, cost: int) -> psycopg.Connection:
        connection = self.connection("migrator", autocommit=False)
        correct(connection, request_id, cost=cost)
        return connection

    @rule(request_id=consumes(unknown), cost=st.integers(0, 10**17))
    def corrected(self, request_id: UUID, cost: int) -> None:
        correct(self.owner, request_id, cost=cost)

    @rule(most=st.integers(1, 3))
    def counted(self, most: int) -> None:
        self.system.execute("SELECT audit_roll_up_usage(%s)", [most])

    @rule()
    def counted_and_killed(self) -> None:
        with self.system.transaction(force_rollback=True):
            self.system.execute("SELECT audit_roll_up_usage()")

    @rule(hours_ago=st.sampled_from([0, 1, 100]))
    def to_be_rebuilt(self, hours_ago: int) -> None:
        self.system.execute("SELECT audit_rebuild_usage(%s)", [clock.now() - timedelta(hours=hours_ago)])

    @rule(time_zone=zones)
    def told_another_zone(self, time_zone: str) -> None:
        tell_zone(self.owner, self.tenant, time_zone)

    @rule()
    def counted_to_the_end(self) -> None:
        rollups.roll_up()
        assert rolled_up(self.system, self.tenant) == direct(self.system, self.tenant)

    def called(self, call: Call, is_of_the_end_user: bool) -> Call:
        return replace(call, subject=self.subject) if is_of_the_end_user else call

    def teardown(self) -> None:
        self.counted_to_the_end()
        for connection in self.opened:
            connection.close()


TestCounting = Counting.TestCase
TestCounting.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


def counts(connection: psycopg.Connection, tenant: Tenant) -> Sums:
    rollups.roll_up()
    return rolled_up(connection, tenant)


def test_what_a_slow_transaction_settles_is_counted_when_it_is_committed(
    connect: Connect, owner: psycopg.Connection, tenant: Tenant
) -> None:
    slow = psycopg.connect(url_of("migrator"))
    settle(slow, tenant, Call(cost=5))
    settle(owner, tenant, Call(cost=7))
    assert [sums[3] for sums in counts(owner, tenant).quarters.values()] == [7]
    slow.commit()
    slow.close()
    assert [sums[3] for sums in counts(owner, tenant).quarters.values()] == [12]


async def test_calls_of_the_gateway_are_counted(
    writer: Writer, connect: Connect, gateway_url: str, tenant: Tenant
) -> None:
    row = requested(tenant)
    await writer.requested(row)
    await writer.outcome(outcome_of(row, cost_nano_usd=600))
    system = connect("system")
    system.execute("SELECT audit_roll_up_usage()")
    [(place, sums)] = rolled_up(system, tenant).quarters.items()
    assert place == (quarter(row.id), tenant.team_id, "small", "completed", "")
    assert sums[:6] == (1, 20, 10, 600, 0, row.hold.cost_nano_usd)


def test_two_that_count_at_once_count_once(owner: psycopg.Connection, tenant: Tenant) -> None:
    for _ in range(50):
        settle(owner, tenant, Call(cost=1))
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(_roll_up_here) for _ in range(4)]:
            done.result()
    assert sum(sums[0] for sums in rolled_up(owner, tenant).quarters.values()) == 50


def _roll_up_here() -> None:
    with psycopg.connect(url_of("system"), autocommit=True) as connection:
        connection.execute("SELECT audit_roll_up_usage()")


def test_sums_that_were_spoiled_are_put_right(owner: psycopg.Connection, tenant: Tenant) -> None:
    tell_zone(owner, tenant, "Europe/Berlin")
    early, late = Call(hours_ago=50, tags=("a",)), Call(hours_ago=2, first=90)
    settle(owner, tenant, early)
    settle(owner, tenant, late)
    right = counts(owner, tenant)
    owner.execute("UPDATE audit_usage_quarter SET requests = 9 WHERE organization_id = %s", [tenant.id])
    owner.execute("UPDATE audit_usage_day SET requests = 9 WHERE organization_id = %s", [tenant.id])
    owner.execute("DELETE FROM audit_usage_label WHERE organization_id = %s", [tenant.id])
    owner.execute("UPDATE audit_usage_latency SET bucket = 0 WHERE organization_id = %s", [tenant.id])
    rollups.rebuild(clock.now() - timedelta(hours=10))
    assert rolled_up(owner, tenant) != right
    rollups.rebuild(clock.now() - timedelta(days=30))
    assert rolled_up(owner, tenant) == right


def test_a_tag_too_many_is_counted_with_the_others(owner: psycopg.Connection, tenant: Tenant) -> None:
    settle(owner, tenant, Call(tags=tuple(f"t{number:03}" for number in range(499)), cost=1))
    settle(owner, tenant, Call(tags=("new",), cost=2))
    counts(owner, tenant)
    settle(owner, tenant, Call(tags=("newer", "newest", "t001"), cost=4))
    labels = {place[3]: sums[3] for place, sums in counts(owner, tenant).labels.items()}
    assert (labels["t001"], labels["new"], labels["(other)"]) == (5, 2, 4)
    assert len(labels) == 501


def test_an_end_user_who_is_forgotten_is_told_apart_no_more(owner: psycopg.Connection, tenant: Tenant) -> None:
    tell_zone(owner, tenant, "UTC")
    forgotten, other = new_subject(owner, tenant), new_subject(owner, tenant)
    for subject, cost in ((forgotten, 1), (other, 2), (forgotten, 4)):
        settle(owner, tenant, Call(subject=subject, cost=cost))
    counts(owner, tenant)
    with owner.transaction():
        owner.execute("DELETE FROM audit_subject WHERE id = %s", [forgotten])
        assert rollups.erase(organization_id=tenant.id, subject_id=forgotten) == 1
    settle(owner, tenant, Call(subject=forgotten, cost=8))
    counted = counts(owner, tenant)
    found = {place[3]: sums[3] for place, sums in counted.labels.items()}
    assert found == {"erased": 13, str(other): 2}
    assert {place[3]: sums[3] for place, sums in counted.label_days.items()} == found
    rollups.rebuild(clock.now() - timedelta(hours=1))
    assert {place[3]: sums[3] for place, sums in rolled_up(owner, tenant).labels.items()} == found


def test_a_zone_that_the_server_does_not_know_is_none(owner: psycopg.Connection, tenant: Tenant) -> None:
    tell_zone(owner, tenant, "UTC")
    settle(owner, tenant, Call(cost=1))
    assert counts(owner, tenant).days
    tell_zone(owner, tenant, "Nowhere/Land")
    settle(owner, tenant, Call(cost=2))
    counts(owner, tenant)
    assert owner.execute("SELECT FROM audit_usage_zone WHERE organization_id = %s", [tenant.id]).fetchone() is None
    tell_zone(owner, tenant, "UTC")
    assert [sums[3] for sums in counts(owner, tenant).days.values()] == [3]


def test_sums_of_another_server_are_not_gone_on_with(owner: psycopg.Connection) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("UPDATE audit_usage_cursor SET seen = '4000000000000:4000000000000:'")
        with pytest.raises(psycopg.errors.RaiseException, match="restored without"):
            owner.execute("SELECT audit_roll_up_usage()")


@pytest.mark.parametrize("role", ["app", "gateway"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT audit_roll_up_usage()",
        "SELECT audit_rebuild_usage(now())",
        "SELECT audit_erase_usage(gen_random_uuid(), gen_random_uuid())",
        "SELECT audit_count_usage('3:3:', '3:3:', gen_random_uuid(), gen_random_uuid())",
        "UPDATE audit_usage_cursor SET seen = '3:3:'",
        "SELECT audit_tell_usage_zone(gen_random_uuid(), 'UTC')",
        "SELECT audit_remake_usage_days(NULL, now(), now())",
        "DELETE FROM audit_usage_quarter",
        "DELETE FROM audit_usage_day",
        "INSERT INTO audit_usage_tag VALUES (gen_random_uuid(), 'mine')",
    ],
)
def test_who_serves_requests_counts_nothing(connect: Connect, role: str, statement: LiteralString) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute(statement)
