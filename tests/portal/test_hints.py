"""Sockets of open pages: who may listen, and to what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from governance import hints
from kit.scoping import within
from portal.tasks import count_usage
from tenants.services import people
from tests.portal.api.caller import Script
from tests.support import cast
from tests.support.cast import Cast, Person
from tests.support.gateway import RunningGateway
from tests.support.settled import new_call
from tests.support.world import World

_SOON = 5.0
_A_WHILE = 0.5


@contextmanager
def _listening(gateway: RunningGateway, person: Person | None, *, origin: str = "") -> Iterator[ClientConnection]:
    cookie = cast.browser(person).cookies["sessionid"].value if person else "none"
    address = f"ws://127.0.0.1:{gateway.port}/ws/hints/"
    headers = {"Cookie": f"sessionid={cookie}"}
    with connect(address, origin=Origin(origin or gateway.url), additional_headers=headers) as socket:
        yield socket


def _ask(acme: Cast, slug: str) -> None:
    model = acme.world.model(slug, approved=False)
    answer = Script(acme.dev).post("approval-requests/", {"model": str(model.id), "justification": "letters"})
    assert answer.status_code == 201


def test_pages_hear_that_the_inbox_changed_and_nothing_more(acme: Cast, gateway: RunningGateway) -> None:
    with _listening(gateway, acme.ann) as socket:
        _ask(acme, "helper")

        assert json.loads(socket.recv(_SOON)) == {"topic": "approvals"}


def test_another_organisation_hears_nothing(acme: Cast, gateway: RunningGateway) -> None:
    elsewhere = cast.assemble()
    with _listening(gateway, acme.ann) as ours, _listening(gateway, elsewhere.ann) as theirs:
        _ask(acme, "helper")

        ours.recv(_SOON)
        with pytest.raises(TimeoutError):
            theirs.recv(_A_WHILE)


def test_a_lost_role_ends_the_socket_before_the_next_hint(acme: Cast, gateway: RunningGateway) -> None:
    with _listening(gateway, acme.ann) as socket:
        with within(acme.world.system.scope):
            people.end_membership(actor=acme.world.system, membership=acme.ann.user.memberships.get())
        _ask(acme, "helper")

        with pytest.raises(ConnectionClosed):
            socket.recv(_SOON)


def test_nobody_listens_without_a_session_or_from_another_site(acme: Cast, gateway: RunningGateway) -> None:
    for person, origin in ((None, ""), (acme.ann, "https://evil.example")):
        with pytest.raises(InvalidStatus) as refused, _listening(gateway, person, origin=origin):
            pass
        assert refused.value.response.status_code == 403


def test_a_channel_layer_that_hangs_is_given_up_and_left_alone_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        hanging = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{silent.getsockname()[1]}"])
        monkeypatch.setattr(hints, "get_channel_layer", lambda: hanging)
        monkeypatch.setattr(hints, "_away_until", 0.0)
        before = hints._lost.value

        for _ in range(3):
            with transaction.atomic():
                hints.approvals_changed(world.organization.id)

        assert hints._lost.value == before + 3
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_pages_of_those_whose_calls_are_counted_hear_of_it(acme: Cast, gateway: RunningGateway) -> None:
    elsewhere = cast.assemble()
    with _listening(gateway, acme.ann) as ours, _listening(gateway, elsewhere.ann) as theirs:
        new_call(acme.world, "small", team=acme.world.team).save(using="migrator", force_insert=True)
        count_usage()

        assert json.loads(ours.recv(_SOON)) == {"topic": "usage"}
        with pytest.raises(TimeoutError):
            theirs.recv(_A_WHILE)
