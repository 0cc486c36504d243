"""Channels are told over real HTTP: each in its own way, in order, again where that helps, and never in a storm."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import DatabaseError, connections

from governance.delivery import outbox, sending
from governance.models import AlertChannel, AlertMessage, ChannelKind, MessageState, Severity
from governance.services import alert_channels, alerts
from kit import clock, errors
from kit.money import NANO
from kit.scoping import within
from tenants.models import Role, Team
from tests.support import alert_acts
from tests.support import world as worlds
from tests.support.alerting import look, open_alert, some_budget, spent
from tests.support.loopback import serving
from tests.support.world import World

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers what it is told to answer, 200 when that is used up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with serving(Receiver()) as server:
        monkeypatch.setattr(settings, "EGRESS_ALLOWED_HOSTS", [f"127.0.0.1:{server.server_address[1]}"])
        yield server


@pytest.fixture(autouse=True)
def _nothing_else_waits() -> None:
    outbox.rows().filter(state__in=["due", "handed"]).update(state=MessageState.FAILED)


def channel(
    world: World,
    url: str,
    kind: ChannelKind = ChannelKind.WEBHOOK,
    team: Team | None = None,
    secret: str = SECRET,
) -> AlertChannel:
    terms = alert_channels.Terms(f"{kind} {len(url)}", Severity.INFO)
    boss = world.person("boss", Role.ADMINISTRATOR)
    with within(boss.scope):
        return alert_channels.add(
            actor=boss, kind=kind, terms=terms, url=url, secret=secret, team=team, now=clock.now()
        )


def messages(world: World) -> list[AlertMessage]:
    return list(outbox.rows().filter(organization=world.organization.id).order_by("id"))


def test_a_webhook_is_told_with_a_signature_that_holds(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    alert = open_alert(world)

    assert sending.send_due() == 1

    [(headers, body)] = receiver.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"k" * 24, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert (told["type"], told["alert"]["id"], told["alert"]["seen"]) == (
        "alert.opened",
        str(alert.id),
        str(100 * NANO),
    )
    assert SECRET.encode() not in body


def test_what_people_named_neither_mentions_nor_links_in_slack(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url, ChannelKind.SLACK)
    alert = open_alert(world)
    nasty = "<!channel> <https://evil.example|click>\r\nX: *b* & co"
    rename(alert.id, nasty)

    sending.send_due()

    [body] = receiver.bodies
    assert "<" not in body["text"].replace("&lt;", "")
    assert "\n" not in body["text"]
    section, actions = body["blocks"]
    assert section["text"]["type"] == "plain_text"
    assert actions["elements"][0]["url"].endswith(f"/alerts/{alert.id}/")


def rename(alert_id: UUID, name: str) -> None:
    """As its owner: the portal changes no name of an alert."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute("UPDATE governance_alert SET subject_name = %s WHERE id = %s", [name, alert_id])


def test_pagerduty_is_told_by_one_key_from_trigger_to_resolve(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url, ChannelKind.PAGERDUTY)
    alert = open_alert(world)
    boss = world.person("boss", Role.ADMINISTRATOR)
    with within(boss.scope):
        alerts.acknowledge(actor=boss, alert=alert, now=clock.now())
    spent(world, alert.subject_key.partition(":")[2], 0)
    look(world)

    assert sending.send_due() == 3

    assert [body["event_action"] for body in receiver.bodies] == ["trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in receiver.bodies} == {str(alert.id)}
    assert receiver.bodies[0]["payload"]["severity"] == "critical"


def test_a_channel_that_fails_is_tried_again_and_what_follows_waits(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(world, receiver.url)
    receiver.answers = [(503, {}), (429, {"retry-after": "900"})]
    alert = open_alert(world)
    boss = world.person("boss", Role.ADMINISTRATOR)
    with within(boss.scope):
        alerts.acknowledge(actor=boss, alert=alert, now=clock.now())

    assert sending.send_due() == 0
    assert len(receiver.received) == 1
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=1))
    assert sending.send_due() == 0
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=10))
    assert sending.send_due() == 0
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=17))
    assert sending.send_due() == 2

    assert [body["type"] for body in receiver.bodies] == ["alert.opened"] * 3 + ["alert.acknowledged"]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 2


def test_one_channel_does_not_keep_up_the_others(world: World, receiver: Receiver) -> None:
    """Whatever was set as its secret, however much waits for it, and whatever it answers."""
    strange = channel(world, f"{receiver.url}?strange", secret=f"whsec_{'é' * 24}")
    odd = channel(world, f"{receiver.url}?odd")
    for _ in range(60):
        outbox.rows().create(
            organization_id=world.organization.id, channel=odd, event="test", created_at=clock.now(), due_at=clock.now()
        )
    other = worlds.build()
    channel(other, receiver.url)
    open_alert(other)
    receiver.answers = [(500, {"retry-after": "Mon, 01 Jan 2024 00:00:00 +9999999999999999"})] * 2
    open_alert(world)
    for _ in range(2):
        sending.send_due()
    assert any(b"alert.opened" in body for _, body in receiver.received)
    assert {message.state for message in messages(other)} <= {"sent", "due"}
    assert {message.state for message in messages(world) if message.channel_id == strange.id} == {"sent"}


def test_what_a_channel_refuses_for_good_is_not_sent_again(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    receiver.answers = [(404, {})]
    open_alert(world)

    assert sending.send_due() == sending.send_due() == 0

    [message] = messages(world)
    assert (message.state, message.answer, message.attempts) == ("failed", "404", 1)


def test_a_channel_that_is_away_for_a_day_is_given_up(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(world, "https://127.0.0.1:1/hook")
    open_alert(world)
    late = clock.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: late)

    sending.send_due()

    assert [message.state for message in messages(world)] == ["given_up"]


def test_a_storm_becomes_one_message(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    for _ in range(7):
        spent(world, some_budget(world).id, 100 * NANO)
    look(world)

    assert sending.send_due() == 1

    assert [(body["type"], body["count"]) for body in receiver.bodies] == [("alert.digest", 7)]
    assert [message.state for message in messages(world)].count("folded") == 7


def test_what_a_worker_that_died_had_handed_over_is_sent_once_more_under_its_id(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(world, receiver.url)
    open_alert(world)
    [taken] = outbox.take(clock.now())
    assert sending.send_due() == 0  # it may still be under way

    late = clock.now() + timedelta(minutes=3)
    monkeypatch.setattr(clock, "now", lambda: late)

    assert sending.send_due() == 1
    assert receiver.received[0][0]["webhook-id"] == str(taken.id)


def test_two_workers_take_different_messages(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    open_alert(world)
    assert len(outbox.take(clock.now())) == 1
    assert outbox.take(clock.now()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_an_address_within_is_not_connected_to(world: World, host: str) -> None:
    """Also by a name: it is resolved when the connection is made, to an address that was checked."""
    channel(world, f"https://{host}:9/hook")
    open_alert(world)

    sending.send_due()

    assert [(message.state, message.answer) for message in messages(world)] == [("failed", "egress_refused")]


def test_a_redirect_is_not_followed(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    receiver.answers = [(302, {"location": "http://169.254.169.254/latest"})]
    open_alert(world)

    sending.send_due()

    assert len(receiver.received) == 1
    assert [message.state for message in messages(world)] == ["failed"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "file:///etc/passwd",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com/\r\nX-Injected: 1",
        "https://",
        "https://hooks.example.com:99999/",
        "",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(world: World, url: str) -> None:
    with pytest.raises(errors.InvalidRequest) as refusal:
        channel(world, url)
    assert not url or url not in refusal.value.message


def test_a_destination_is_sealed_and_never_shown(world: World, receiver: Receiver) -> None:
    made = channel(world, receiver.url)
    [history] = changes_of(made.id)
    assert SECRET not in history
    assert "/hook" not in history
    assert SECRET.encode() not in bytes(made.sealed)


def changes_of(row_id: object) -> list[str]:
    with connections["migrator"].cursor() as cursor:
        cursor.execute("SELECT to_jsonb(h)::text FROM audit_history h WHERE to_jsonb(h)::text LIKE %s", [f"%{row_id}%"])
        return [text for (text,) in cursor.fetchall()]


def test_a_test_message_says_that_it_is_one(world: World, receiver: Receiver) -> None:
    made = channel(world, receiver.url)
    boss = world.person("boss", Role.ADMINISTRATOR)
    with within(boss.scope):
        alert_channels.test(actor=boss, channel=made, now=clock.now())

    sending.send_due()

    assert [body["type"] for body in receiver.bodies] == ["alert.test"]


def test_a_teams_channel_is_told_of_its_own_team_alone(world: World, receiver: Receiver) -> None:
    team, _ = world.new_team("research")
    channel(world, receiver.url, team=team)
    open_alert(world)

    assert sending.send_due() == 0


def test_another_organisations_alert_reaches_no_channel_of_this_one(world: World, receiver: Receiver) -> None:
    channel(world, receiver.url)
    open_alert(worlds.build())

    assert sending.send_due() == 0


def test_the_portal_writes_no_message_but_a_test_and_changes_none(world: World) -> None:
    boss = world.person("boss", Role.ADMINISTRATOR)
    with within(boss.scope):
        made = alert_acts.add_channel(boss)
    alert = open_alert(world)
    now = clock.now()
    told = {"organization_id": world.organization.id, "channel_id": made.id, "created_at": now, "due_at": now}
    with pytest.raises(DatabaseError), within(boss.scope):
        AlertMessage.objects.create(**told, alert_id=alert.id, event="opened")
    with pytest.raises(DatabaseError), within(boss.scope):
        AlertMessage.objects.update(state="sent")


def test_nobody_opens_an_alert_or_changes_what_it_found(world: World) -> None:
    boss = world.person("boss", Role.ADMINISTRATOR)
    alert = open_alert(world)
    with pytest.raises(DatabaseError), within(boss.scope):
        type(alert).objects.filter(id=alert.id).update(seen=1)
    with pytest.raises(DatabaseError), within(boss.scope):
        type(alert).objects.filter(id=alert.id).update(resolved_at=clock.now())
    alert.pk, alert.subject_key, alert._state.adding = None, "budget:other", True
    with pytest.raises(DatabaseError), within(boss.scope):
        alert.save(force_insert=True)
