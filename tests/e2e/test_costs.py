"""What a team has spent and has left, as its applications ask for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from audit.usage import rollups
from kit import clock, money
from kit.scoping import within
from tenants.models import Period
from tenants.services import allotments
from tests.support.gateway import RunningGateway
from tests.support.settled import settled
from tests.support.world import World

HELLO: dict[str, Any] = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}


@pytest.fixture
def calling(world: World, upstream: str) -> World:
    world.serve("helper", upstream)
    return world


def call(gateway: RunningGateway, world: World, **changed: Any) -> httpx.Response:
    return gateway.post("/v1/chat/completions", headers=world.headers, json={**HELLO, **changed})


def asked(gateway: RunningGateway, world: World, path: str, key: str = "") -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}"} if key else world.headers
    answer = gateway.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_team_asks_what_it_has_spent_and_has_left(gateway: RunningGateway, calling: World) -> None:
    with within(calling.admin.scope):
        allotments.add_budget(
            actor=calling.admin,
            name="monthly",
            limit_nano_usd=money.from_usd(9),
            period=Period.MONTH,
            now=calling.now,
            level=allotments.Level.of(calling.team),
        )
    cost = Decimal(call(gateway, calling).headers["x-chancery-cost-usd"])
    rollups.roll_up()
    report = asked(gateway, calling, f"/v1/cost-report/{calling.team.id}")
    assert report["team_id"] == str(calling.team.id)
    assert report["budget_usd"] == "9"
    assert (Decimal(report["spent_usd"]), report["held_usd"]) == (cost, "0")
    assert Decimal(report["remaining_usd"]) == 9 - cost
    assert report["period"] == f"{clock.now():%Y-%m}"
    [by_model], [by_project], [by_day] = report["by_model"], report["by_project"], report["by_day"]
    assert (by_model["group"], by_project["group"]) == ("helper", str(calling.project.id))
    assert by_day["date"] == f"{clock.now():%Y-%m-%d}"
    assert [Decimal(row["cost_usd"]) for row in (by_model, by_project, by_day)] == [cost] * 3


def test_a_team_without_a_budget_has_nothing_left_to_name(gateway: RunningGateway, calling: World) -> None:
    report = asked(gateway, calling, f"/v1/cost-report/{calling.team.id}")
    assert [report[name] for name in ("budget_usd", "held_usd", "remaining_usd", "utilization_pct")] == [None] * 4
    assert (report["spent_usd"], report["by_model"]) == ("0", [])


def test_usage_is_told_apart_by_what_is_asked(gateway: RunningGateway, calling: World) -> None:
    other, project = calling.new_team("other")
    settled(calling, "small", team=calling.team, project=calling.project, cost_nano_usd=7)
    settled(calling, "large", team=other, project=project, cost_nano_usd=10**17)
    own = asked(gateway, calling, "/v1/usage?group_by=model")
    assert [(row["group"], row["requests"], row["cost_usd"]) for row in own["data"]] == [("small", 1, "0.000000007")]
    assert own["data"][0]["date"] is None
    _, key = calling.new_key(scopes=["costs:organisation"])
    by_team = asked(gateway, calling, "/v1/usage?group_by=team&interval=day", key)
    costs = {row["group"]: row["cost_usd"] for row in by_team["data"]}
    assert costs == {str(calling.team.id): "0.000000007", str(other.id): "100000000"}
    assert {row["date"] for row in by_team["data"]} == {f"{clock.now():%Y-%m-%d}"}
    narrowed = asked(gateway, calling, f"/v1/usage?team={other.id}", key)
    assert [row["cost_usd"] for row in narrowed["data"]] == ["100000000"]
    assert asked(gateway, calling, "/v1/usage?since=2020-01-01&until=2020-02-01")["data"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("since=yesterday", "since"),
        ("until=0001-01-01", "until"),
        ("since=2020-01-01", "since"),
        ("group_by=subject", "group_by"),
        ("interval=hour", "interval"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    gateway: RunningGateway, calling: World, query: str, param: str
) -> None:
    answer = gateway.get(f"/v1/usage?{query}", headers=calling.headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_key_that_neither_calls_nor_reads_costs_is_told_nothing(gateway: RunningGateway, calling: World) -> None:
    _, key = calling.new_key(scopes=["models:read"])
    for path in ("/v1/usage", f"/v1/cost-report/{calling.team.id}"):
        answer = gateway.get(path, headers={"authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
