"""Break glass over the wire: refused before, answered while it is in force and named in the record, refused after."""

from __future__ import annotations

from typing import Any

import httpx

from governance.models import Model
from tests.e2e.test_kill_switch import ENDLESS, HELLO, PATH, called, stop
from tests.support.breaking_glass import ask, countersign, end, opened, review, run_out, third
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records
from tests.support.world import World


def never_approved(world: World, upstream: str) -> Model:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    return model


def decided(world: World, kind: str) -> list[dict[str, Any]]:
    return [envelope(record)["decided"] for record in records(world, kind)]


def test_a_model_is_open_from_the_second_signature_until_the_end(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model = never_approved(world, upstream)
    glass = ask(world.admin, model)
    assert called(gateway, world) == (403, "model_not_approved")

    countersign(world.officer, glass)
    answer = gateway.post(PATH, headers=world.headers, json=HELLO)
    listed = gateway.get("/v1/models/helper", headers=world.headers).json()
    assert (answer.status_code, answer.headers["x-chancery-approval"]) == (200, str(glass.id))
    assert listed["status"] == "break_glass"
    for kind in ("requested", "completed"):
        [told] = decided(world, kind)
        assert (told["approval"], told["break_glass"]) == (None, str(glass.id))

    end(world.officer, glass)
    assert called(gateway, world) == (403, "model_not_approved")


def test_a_finding_against_it_and_its_own_end_shut_the_model(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model = never_approved(world, upstream)
    glass = opened(world, model, hours=1)
    assert called(gateway, world) == (200, None)
    review(third(world), glass, is_justified=False)
    assert called(gateway, world) == (403, "model_not_approved")

    another = opened(world, model, hours=1)
    assert called(gateway, world) == (200, None)
    run_out(another)
    assert called(gateway, world) == (403, "model_not_approved")


def test_it_is_for_its_team_and_up_to_its_data_class(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = never_approved(world, upstream)
    _, project = world.new_team("research")
    _, of_others = world.new_key(project)
    opened(world, model, team=world.team)

    assert called(gateway, world) == (200, None)
    assert called(gateway, world, of_others) == (403, "model_not_approved")
    answer = gateway.post(PATH, headers={**world.headers, "x-chancery-data-class": "confidential"}, json=HELLO)
    assert answer.json()["error"]["code"] == "condition_data_class"


def test_it_opens_a_suspended_model_for_nobody_who_is_suspended(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model = world.serve("helper", upstream)
    stop(world, model, cuts_calls=True)
    opened(world, model)
    assert called(gateway, world) == (200, None)

    stop(world, world.key)
    assert called(gateway, world) == (403, "key_suspended")


def test_its_end_cuts_no_call_that_runs(gateway: RunningGateway, world: World, upstream: str) -> None:
    glass = opened(world, never_approved(world, upstream))
    short = {**ENDLESS, "metadata": {"dummy": "tokens=10 latency_ms=10 interval_ms=100"}}
    gateway.catch_up()
    with httpx.stream("POST", gateway.url + PATH, headers=world.headers, json=short, timeout=30) as answer:
        lines = answer.iter_lines()
        next(lines)
        end(world.officer, glass)
        assert [line for line in lines if line][-1] == "data: [DONE]"
    assert called(gateway, world) == (403, "model_not_approved")
