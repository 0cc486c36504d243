"""Secrets and content given to a running product are found nowhere but where they have to be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from kit.scoping import within
from tenants.models import Role
from tests.security import canaries as hunt
from tests.security.canaries import Canaries
from tests.support import cast, recorder
from tests.support import gateway as gateways
from tests.support import world as worlds
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.services import Services
from tests.support.world import World

# Where one may lie, and why. A place that is not here fails; a place here where none is found fails too.
ALLOWED = {
    ("tenants_user.email", "email"),  # by which people sign in and are written to
    ("otp_totp_totpdevice.key", "one_time_secret"),  # codes cannot be checked without it
    ("django_session.session_key", "session"),  # Django finds sessions by it; they end after twelve hours
}
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass(slots=True)
class Planted:
    """What was given and made, and every answer that was an error."""

    canaries: Canaries
    gateway: RunningGateway
    refusals: list[bytes] = field(default_factory=list)
    sent_upstream: bytes = b""


@pytest.fixture(scope="module")
def planted(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A product in use: called, signed in to, misused, with a canary in everything that is secret or content."""
    canaries = Canaries.hatch()
    log = tmp_path_factory.mktemp("canaries") / "log"
    running = gateways.start(environment, log, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
    found = Planted(canaries, running)
    try:
        with recorder.recording() as upstream:
            world = worlds.build()
            found.refusals += use_the_portal(canaries, running, world)
            found.refusals += call(canaries, running, world, upstream)
            found.sent_upstream = b"".join(head.encode() + body for head, body in upstream.received)
        yield found
    finally:
        running.stop()


def call(canaries: Canaries, gateway: RunningGateway, world: World, upstream: Recorder) -> list[bytes]:
    """Answered, streamed, failed and refused calls; gives the errors."""
    canaries.api_key = world.key_text
    model = world.model("helper")
    provider = world.provider(upstream.url)
    from governance.services import catalogue

    with within(world.admin.scope):
        catalogue.replace_credential(actor=world.admin, provider=provider, credential=canaries.credential)
    world.deploy(model, provider)
    chat = {
        "model": "helper",
        "user": canaries.end_user,
        "messages": [
            {"role": "user", "content": canaries.prompt},
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "look", "arguments": canaries.tool_argument}}
                ],
            },
            {"role": "tool", "tool_call_id": "1", "content": canaries.tool_argument},
        ],
    }
    upstream.answer_with(choices=[_choice(canaries.answer)])
    good = gateway.post("/v1/chat/completions", headers=world.headers, json=chat)
    assert good.status_code == 200, good.text
    assert canaries.answer in good.text
    upstream.answer_events(
        b'{"id":"u","object":"chat.completion.chunk","created":1,"model":"dummy","choices":[{"index":0,"delta":'
        b'{"content":"' + canaries.answer.encode() + b'"},"finish_reason":"stop"}]}'
    )
    gateway.post("/v1/chat/completions", headers=world.headers, json={**chat, "stream": True})
    upstream.content_type = "application/json"
    upstream.answer = b'{"choices": [{"message": {"content": "' + canaries.broken_answer.encode()
    return [
        gateway.post("/v1/chat/completions", headers=world.headers, json=chat).content,
        *_refused(canaries, gateway, world),
    ]


def _refused(canaries: Canaries, gateway: RunningGateway, world: World) -> Iterator[bytes]:
    """Bodies and headers that are not accepted, for every reason there is to say something about them."""
    said = [{"role": "user", "content": canaries.refused_prompt}]
    for body in (
        {"model": "nothing", "messages": said},
        {"model": "helper", "messages": [{"role": canaries.refused_prompt, "content": "x"}]},
        {"model": "helper", "messages": said, "temperature": canaries.refused_prompt},
        {"model": "helper", "messages": said, "user": canaries.end_user * 100},
    ):
        yield gateway.post("/v1/chat/completions", headers=world.headers, json=body).content
    broken = b'{"model": "helper", "messages": [{"content": "' + canaries.refused_prompt.encode()
    yield gateway.post("/v1/chat/completions", headers=world.headers, content=broken).content
    for headers in ({"authorization": f"Bearer {canaries.unknown_key}"}, {"x-api-key": canaries.unknown_key}):
        yield gateway.get("/v1/models", headers=headers).content
        yield gateway.get("/api/models/", headers=headers).content


def _choice(text: str) -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}


def use_the_portal(canaries: Canaries, gateway: RunningGateway, world: World) -> list[bytes]:
    """Signs in with a password and a code, makes a token, admits somebody; gives the pages that refuse."""
    person = cast.join(world, "Ada", Role.ADMINISTRATOR)
    assert person.device is not None
    with within(person.actor.scope):
        person.user.email = canaries.email
        person.user.set_password(canaries.password)
        person.user.save()
    canaries.one_time_secret = person.device.key
    refusals = []
    with httpx.Client(base_url=gateway.url, follow_redirects=False, timeout=30) as client:
        refusals.append(_post(client, "/sign-in/", email=canaries.email, password=canaries.wrong_password).content)
        assert _post(client, "/sign-in/", email=canaries.email, password=canaries.password).status_code == 302
        assert _post(client, "/sign-in/code/", code=_code(person.device)).status_code == 302
        canaries.session = client.cookies["sessionid"]
        canaries.access_token = person.token()
        bearer = {"authorization": f"Bearer {canaries.access_token}"}
        joined = client.post(
            "/api/memberships/",
            json={"email": f"x{canaries.email}", "name": "X", "role": "auditor"},
            headers={"x-csrftoken": _token(client), "referer": gateway.url},
        )
        assert joined.status_code == 201, joined.text
        canaries.first_password = joined.json()["first_password"]
        for path in (f"/api/models/{canaries.access_token}/", "/api/models/?tier=%00", "/nothing/"):
            refusals.append(client.get(path, headers=bearer).content)
        refusals.append(client.post("/account/password/", data={"old_password": canaries.password}).content)
    return refusals


def _post(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data={**form, "csrfmiddlewaretoken": _token(client, path)})


def _token(client: httpx.Client, path: str = "/account/") -> str:
    found = _TOKEN.search(client.get(path).text)
    assert found is not None
    return found[1]


def _code(device: TOTPDevice) -> str:
    totp = TOTP(device.bin_key)
    return f"{totp.token():06d}"


@pytest.fixture(scope="module")
def services() -> Services:
    return Services(Path(os.environ["CHANCERY_TEST_HOME"]), {}, None)


def test_the_upstream_is_sent_what_was_said_and_its_credential_and_nothing_else(planted: Planted) -> None:
    found = planted.canaries.in_text(planted.sent_upstream)
    assert found == {"prompt", "credential", "tool_argument", "end_user"}


def test_no_error_repeats_what_was_sent(planted: Planted) -> None:
    assert len(planted.refusals) > 12
    for refusal in planted.refusals:
        assert planted.canaries.in_text(refusal) <= {"email"}, refusal[:500]


def test_no_log_holds_any(planted: Planted) -> None:
    assert planted.canaries.in_text(planted.gateway.log.read_bytes()) == set()


def test_nothing_in_redis_holds_any(planted: Planted, environment: dict[str, str]) -> None:
    urls = {environment[name] for name in ("REDIS_URL", "BROKER_URL", "CHANNELS_URL") if environment.get(name)}
    assert urls
    assert hunt.in_redis(planted.canaries, urls) == set()


def test_the_database_holds_those_that_it_must(
    planted: Planted, services: Services, environment: dict[str, str]
) -> None:
    name = hunt.database_of(environment["DATABASE_URL"])
    with psycopg.connect(services.admin_url, dbname=name, autocommit=True) as database:
        database.execute("ANALYZE")
    assert hunt.in_database(planted.canaries, services.admin_url, name) == ALLOWED


def test_no_file_of_the_state_directory_holds_any(planted: Planted, services: Services) -> None:
    """The logs of PostgreSQL and Valkey and Valkey's own file among them."""
    from portal.embedded.home import Home

    places = [services.home, *(Path(place) for place in [Home(services.home).recall("services_directory")] if place)]
    assert hunt.in_files(planted.canaries, places) == set()


def test_no_command_line_holds_any(planted: Planted) -> None:
    assert hunt.in_command_lines(planted.canaries) == set()


def test_a_coded_canary_is_found(planted: Planted) -> None:
    """Or none of the above would prove anything."""
    word = planted.canaries.prompt
    for coded in hunt.codings(f"before {word} after"):
        assert planted.canaries.in_text(coded), coded
