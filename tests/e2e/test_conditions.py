"""What an approval is bound to is looked at on every call, however it is made, and a refusal names what failed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from governance.models import AiActClass, UseCase
from governance.services import catalogue, use_cases
from kit import clock
from kit.scoping import within
from tenants.services import organizations
from tests.support.acts import description, new_use_case
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records
from tests.support.world import World

HELLO: dict[str, Any] = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}
WAYS = {
    "chat": ("/v1/chat/completions", HELLO),
    "stream": ("/v1/chat/completions", {**HELLO, "stream": True}),
    "generate": ("/v1/generate", {"model": "helper", "prompt": "Hello"}),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def letters(world: World, upstream: str) -> UseCase:
    """What the model `helper` is approved for, and for nothing else."""
    use_case = new_use_case(world, slug="letters")
    world.approve(world.serve("helper", upstream), use_cases=[use_case.id])
    return use_case


def call(gateway: RunningGateway, world: World, way: str, use_case: str = "", **changed: Any) -> httpx.Response:
    path, body = WAYS[way]
    named = {"x-chancery-use-case": use_case} if use_case else {}
    return gateway.post(path, headers={**world.headers, **named}, json={**body, **changed})


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"] if answer.status_code != 200 else None


def test_a_call_says_what_it_is_made_for(gateway: RunningGateway, world: World, letters: UseCase, way: str) -> None:
    new_use_case(world, slug="verdicts")
    answer = call(gateway, world, way, "letters")
    assert answer.status_code == 200, answer.text
    assert envelope(records(world, "requested")[-1])["decided"]["use_case"] == "letters"
    assert told(call(gateway, world, way)) == (403, "condition_use_case")
    other = call(gateway, world, way, "verdicts")
    assert told(other) == (403, "condition_use_case")
    assert other.json()["error"]["use_case"] == "verdicts"
    assert told(call(gateway, world, way, "unheard-of")) == (400, "use_case_unknown")


def test_it_may_be_said_in_the_body(gateway: RunningGateway, world: World, letters: UseCase) -> None:
    hint: dict[str, Any] = {"metadata": {"x-chancery-use-case": "letters"}}
    assert told(call(gateway, world, "chat", **hint)) == (200, None)
    assert told(call(gateway, world, "stream", **hint)) == (200, None)
    assert told(call(gateway, world, "generate", **{"use_case": "letters"})) == (200, None)
    assert told(call(gateway, world, "generate", **{"use_case": "unheard-of"})) == (400, "use_case_unknown")


def test_what_is_not_in_service_is_told_like_what_is_not_there(
    gateway: RunningGateway, world: World, other_world: World, letters: UseCase
) -> None:
    research, _ = world.new_team("research")
    new_use_case(world, slug="theirs", team=research)
    new_use_case(other_world, slug="foreign")
    new_use_case(world, slug="prohibited", ai_act_class=AiActClass.PROHIBITED)
    ended = new_use_case(world, slug="ended")
    with within(world.admin.scope):
        use_cases.retire(actor=world.admin, use_case=ended, now=clock.now())
    errors = []
    for slug in ("theirs", "foreign", "prohibited", "ended", "absent"):
        answer = call(gateway, world, "chat", slug)
        assert told(answer) == (400, "use_case_unknown")
        errors.append(answer.json()["error"])
    assert errors == [errors[0]] * 5


def test_what_becomes_prohibited_or_retired_stops_at_once(
    gateway: RunningGateway, world: World, letters: UseCase, way: str
) -> None:
    admin = world.admin
    assert told(call(gateway, world, way, "letters")) == (200, None)
    with within(admin.scope):
        prohibited = description(admin, ai_act_class=AiActClass.PROHIBITED)
        use_cases.change(actor=admin, use_case=letters, described=prohibited)
    assert told(call(gateway, world, way, "letters")) == (400, "use_case_unknown")


def test_where_the_application_runs_is_what_its_administrator_says(
    gateway: RunningGateway, world: World, upstream: str, way: str
) -> None:
    world.approve(world.serve("helper", upstream), caller_regions=["eu"])
    assert told(call(gateway, world, way)) == (200, None)
    for region, expected in [("us", (403, "condition_caller_region")), ("", (200, None))]:
        with within(world.admin.scope):
            organizations.place_project(actor=world.admin, project=world.project, region=region)
        assert told(call(gateway, world, way)) == expected


def test_a_call_goes_to_the_deployments_that_the_approval_names(
    gateway: RunningGateway, world: World, upstream: str, way: str
) -> None:
    model, provider = world.model("helper", approved=False), world.provider(upstream)
    near, far = (world.deploy(model, provider, upstream_model=name, position=at) for at, name in enumerate("nf"))
    for named, expected in [([far], far), ([near, far], near), ([near], near)]:
        world.approve(model, deployments=[one.id for one in named])
        answer = call(gateway, world, way)
        assert (told(answer), answer.headers["x-chancery-deployment"]) == ((200, None), str(expected.id))


def test_a_deployment_that_the_approval_does_not_name_is_not_called(
    gateway: RunningGateway, world: World, upstream: str, way: str
) -> None:
    model, provider = world.model("helper", approved=False), world.provider(upstream)
    named = world.deploy(model, provider)
    world.approve(model, deployments=[named.id])
    later = world.deploy(model, provider, upstream_model="later")
    with within(world.admin.scope):
        catalogue.create_route(actor=world.admin, slug="letters", deployments=[later], now=world.now)
        catalogue.create_route(actor=world.admin, slug="both", deployments=[later, named], now=world.now)
    assert told(call(gateway, world, way, model="letters")) == (403, "condition_deployments")
    answer = call(gateway, world, way, model="both")
    assert (told(answer), answer.headers["x-chancery-deployment"]) == ((200, None), str(named.id))

    world.approve(model)
    assert told(call(gateway, world, way, model="letters")) == (200, None)


def test_a_model_bound_to_use_cases_is_listed_with_what_a_bare_call_would_meet(
    gateway: RunningGateway, world: World, letters: UseCase
) -> None:
    listed = gateway.get("/v1/models", headers=world.headers).json()["data"]
    assert [(model["id"], model["status"]) for model in listed] == [("helper", "condition_use_case")]
