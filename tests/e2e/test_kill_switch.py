"""The kill switch: what is suspended is refused by name, calls that run are ended where that was said, and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from governance.models import Suspension
from governance.services import suspensions
from governance.services.suspensions import Subject
from kit import clock
from kit.scoping import within
from tests.support.acts import acts_of
from tests.support.gateway import RunningGateway
from tests.support.ledger import records, settlement_of
from tests.support.stack import wait_for
from tests.support.world import World

HELLO: dict[str, Any] = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 256}
ENDLESS = {**HELLO, "stream": True, "metadata": {"dummy": "tokens=250 latency_ms=10 interval_ms=200"}}
SLOW = {**HELLO, "metadata": {"dummy": "latency_ms=20000"}}
PATH = "/v1/chat/completions"
CALLERS = {"key": "key_suspended", "team": "team_suspended", "organization": "organization_suspended"}


def stop(world: World, subject: Subject, *, cuts_calls: bool = False) -> None:
    officer = world.officer
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=subject, reason="It leaks.", now=clock.now(), cuts_calls=cuts_calls)


def go_on(world: World, subject: Subject) -> None:
    officer = world.officer
    with within(officer.scope):
        suspensions.resume(actor=officer, subject=subject, reason="Mended.", now=clock.now())


def called(gateway: RunningGateway, world: World, key: str = "") -> tuple[int, str | None]:
    headers = {"authorization": f"Bearer {key or world.key_text}"}
    answer = gateway.post(PATH, headers=headers, json=HELLO)
    return answer.status_code, answer.json().get("error", {}).get("code")


@pytest.mark.parametrize(("kind", "code"), CALLERS.items())
def test_whoever_is_suspended_is_refused_until_resumed(
    gateway: RunningGateway, world: World, upstream: str, kind: str, code: str
) -> None:
    world.serve("helper", upstream)
    subject: Subject = getattr(world, kind)
    assert called(gateway, world) == (200, None)

    stop(world, subject)
    assert called(gateway, world) == (403, code)
    listed = gateway.get("/v1/models", headers=world.headers)
    assert (listed.status_code, listed.json()["error"]["code"]) == (403, code)
    assert len(records(world, "refused")) == 1

    go_on(world, subject)
    assert called(gateway, world) == (200, None)


def test_a_suspended_key_or_team_stops_no_other(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    for each in (world, other_world):
        each.serve("helper", upstream)
    _, same_team = world.new_key()
    _, project = world.new_team("research")
    _, other_team = world.new_key(project)

    stop(world, world.key)
    assert called(gateway, world, same_team) == (200, None)
    stop(world, world.team)
    assert called(gateway, world, same_team) == (403, "team_suspended")
    assert called(gateway, world, other_team) == (200, None)
    stop(world, world.organization)
    assert called(gateway, world, other_team) == (403, "organization_suspended")
    assert called(gateway, other_world) == (200, None)


def test_a_stranger_learns_nothing_of_a_suspension(gateway: RunningGateway, world: World) -> None:
    stop(world, world.organization)
    assert called(gateway, world, "chy_AAAAAAAAAAAA_" + "a" * 49) == (401, "invalid_api_key")


@pytest.fixture
def everything_off() -> Iterator[None]:
    yield
    call_command("kill_switch", "off", reason="Tests are over.")


@pytest.mark.usefixtures("everything_off")
def test_the_operator_stops_everything(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    for each in (world, other_world):
        each.serve("helper", upstream)

    call_command("kill_switch", "on", reason="A breach.")
    assert [called(gateway, each) for each in (world, other_world)] == [(403, "everything_suspended")] * 2
    call_command("kill_switch", "on", reason="Still.")  # changes nothing
    call_command("kill_switch", "off", reason="It is over.")
    assert [called(gateway, each) for each in (world, other_world)] == [(200, None)] * 2

    verbs = [act.action for act in acts_of(world) if act.action.startswith("governance.everything")]
    assert verbs == ["governance.everything.suspended", "governance.everything.resumed"]


def _subjects(world: World, upstream: str) -> dict[str, Subject]:
    provider = world.provider(upstream)
    model = world.model("helper", approved=False)
    found: dict[str, Subject] = {"provider": provider, "model": model, "deployment": world.deploy(model, provider)}
    return {**found, "approval": world.approve(model), **{kind: getattr(world, kind) for kind in CALLERS}}


@pytest.mark.parametrize("kind", ["provider", "model", "deployment", "approval", *CALLERS])
def test_a_stream_is_cut_in_the_middle(gateway: RunningGateway, world: World, upstream: str, kind: str) -> None:
    subject = _subjects(world, upstream)[kind]
    gateway.catch_up()
    asked = httpx.stream("POST", gateway.url + PATH, headers=world.headers, json=ENDLESS, timeout=30)
    with asked as answer:
        lines = answer.iter_lines()
        next(lines)
        stop(world, subject, cuts_calls=True)
        *_, last = (line for line in lines if line)
    code = CALLERS.get(kind, "model_suspended")
    assert f'"code":"{code}"' in last
    settled = settlement_of(world, answer.headers["x-request-id"])
    assert (settled.outcome, settled.cost_nano_usd < settled.held_nano_usd) == ("failed", True)


def test_a_call_without_an_answer_yet_is_cut_too(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    gateway.catch_up()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(httpx.post, gateway.url + PATH, headers=world.headers, json=SLOW, timeout=30)
        wait_for(lambda: len(records(world, "requested")) == 1, 10)
        stop(world, world.team, cuts_calls=True)
        answer = asking.result()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "team_suspended")
    assert settlement_of(world, answer.headers["x-request-id"]).outcome == "failed"


def test_what_runs_goes_on_unless_it_is_to_be_cut(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    """Neither the calls of a key that is only suspended, nor those of others beside one that is cut."""
    for each in (world, other_world):
        each.serve("helper", upstream)
    gateway.catch_up()
    brief = {**ENDLESS, "metadata": {"dummy": "tokens=15 latency_ms=10 interval_ms=100"}}
    asked = httpx.stream("POST", gateway.url + PATH, headers=world.headers, json=brief, timeout=30)
    with asked as answer:
        lines = answer.iter_lines()
        next(lines)
        stop(world, world.key)
        stop(other_world, other_world.organization, cuts_calls=True)
        gateway.catch_up()
        *_, last = (line for line in lines if line)
    assert last == "data: [DONE]"


def test_resuming_ends_the_story_and_says_why(world: World) -> None:
    stop(world, world.key, cuts_calls=True)
    go_on(world, world.key)
    with within(world.system.scope):
        story = Suspension.objects.get()
    assert (story.reason, story.end_reason, story.cuts_calls) == ("It leaks.", "Mended.", True)
    assert {story.begun_by_id, story.ended_by_id} == {world.officer.id}
