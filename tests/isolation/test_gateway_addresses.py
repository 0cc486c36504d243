"""Every address of the inference path × who calls: what is somebody else's is a model nobody has heard of."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.urls import URLResolver, get_resolver

from governance.services import catalogue
from kit.ids import new_id
from kit.scoping import within
from tests.support.gateway import RunningGateway
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
# How each address is told of a model; none where it is not.
CALLS: dict[str, Any] = {
    "/v1/chat/completions": lambda name: {"model": name, "messages": HELLO},
    "/v1/generate": lambda name: {"model": name, "messages": HELLO},
    "/v1/models": None,
    "/v1/models/{name}": None,
    "/v1/cost-report/{team}": None,
    "/v1/usage": None,
}
NAMING = ["/v1/chat/completions", "/v1/generate", "/v1/models/{name}"]


def _served() -> set[str]:
    [mounted] = get_resolver("gateway.urls").url_patterns
    assert isinstance(mounted, URLResolver)
    found = {f"/{mounted.pattern}{each.pattern}" for each in mounted.url_patterns}
    found = {path.replace("<path:name>", "{name}").replace("<team>", "{team}") for path in found}
    return found - {"/v1/"}


def call(gateway: RunningGateway, path: str, name: str, headers: dict[str, str]) -> httpx.Response:
    form = CALLS[path]
    if form is None:
        return gateway.get(path.format(name=name, team=name), headers=headers)
    return gateway.post(path, headers=headers, json=form(name))


def told(answer: httpx.Response, name: str) -> tuple[int, str, set[str]]:
    """Status, body and the names of the headers, without the name that was asked for."""
    return answer.status_code, answer.text.replace(name, "NAME"), set(answer.headers)


@pytest.fixture
def route(world: World, upstream: str) -> str:
    """A name that the world's team alone may call."""
    model = world.model("helper")
    deployment = world.deploy(model, world.provider(upstream))
    with within(world.admin.scope):
        catalogue.create_route(
            actor=world.admin, slug="our-route", deployments=[deployment], team=world.team, now=world.now
        )
    return "our-route"


def test_every_address_is_called_here() -> None:
    assert _served() == set(CALLS)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer chy_nonsense"}])
def test_nobody_unknown_gets_in(gateway: RunningGateway, route: str, path: str, headers: dict[str, str]) -> None:
    answer = call(gateway, path, route, headers)
    assert answer.status_code == 401
    assert told(answer, route) == told(call(gateway, path, "nothing", headers), "nothing")


@pytest.mark.parametrize("path", NAMING)
@pytest.mark.parametrize("name", ["helper", "our-route"])
def test_a_team_calls_what_is_its_own(gateway: RunningGateway, world: World, route: str, path: str, name: str) -> None:
    assert call(gateway, path, name, world.headers).status_code == 200


@pytest.mark.parametrize("path", NAMING)
@pytest.mark.parametrize("name", ["helper", "our-route"])
def test_another_organisations_model_or_route_is_not_there(
    gateway: RunningGateway, other_world: World, route: str, path: str, name: str
) -> None:
    answer = call(gateway, path, name, other_world.headers)
    assert answer.status_code == 404
    assert told(answer, name) == told(call(gateway, path, "nothing", other_world.headers), "nothing")


@pytest.mark.parametrize("path", NAMING)
def test_a_sister_teams_route_is_not_there(gateway: RunningGateway, world: World, route: str, path: str) -> None:
    _, project = world.new_team("research")
    _, text = world.new_key(project)
    headers = {"authorization": f"Bearer {text}"}
    assert call(gateway, path, "helper", headers).status_code == 200
    answer = call(gateway, path, route, headers)
    assert answer.status_code == 404
    assert told(answer, route) == told(call(gateway, path, "nothing", headers), "nothing")


@pytest.mark.parametrize("path", ["/v1/cost-report/{team}", "/v1/usage?team={team}"])
def test_what_others_spend_is_not_there(
    gateway: RunningGateway, world: World, other_world: World, route: str, path: str
) -> None:
    sister, project = world.new_team("research")
    _, text = world.new_key(project)
    own, seeing = {"authorization": f"Bearer {text}"}, world.new_key(scopes=["costs:organisation"])[1]
    headers = [
        (own, 200),
        (world.headers, 404),
        (other_world.headers, 404),
        ({"authorization": f"Bearer {seeing}"}, 200),
    ]
    for sent, status in headers:
        answer = gateway.get(path.format(team=sister.id), headers=sent)
        assert answer.status_code == status
        if status == 404:
            nobody = gateway.get(path.format(team=new_id()), headers=sent)
            assert told(answer, str(sister.id)) == told(nobody, str(sister.id))
    for team in (other_world.team.id, "nobody"):
        answer = gateway.get(path.format(team=team), headers={"authorization": f"Bearer {seeing}"})
        assert answer.status_code == 404


def test_the_list_names_what_the_caller_may_know_of(
    gateway: RunningGateway, world: World, other_world: World, route: str
) -> None:
    _, project = world.new_team("research")
    _, text = world.new_key(project)
    for headers, names in [
        (world.headers, ["helper", route]),
        ({"authorization": f"Bearer {text}"}, ["helper"]),
        (other_world.headers, []),
    ]:
        listed = gateway.get("/v1/models", headers=headers).json()["data"]
        assert [entry["id"] for entry in listed] == names
