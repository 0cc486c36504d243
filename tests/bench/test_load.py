from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.bench import load, traffic, upstream
from tests.bench.load import Stretch
from tests.bench.target import Request
from tests.bench.upstream import Upstream

BRIEFLY = Stretch(connections=4, seconds=0.5, warm_up_seconds=0.1)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Upstream]:
    started = upstream.start(tmp_path)
    yield started
    started.stop()


def test_every_call_reaches_the_upstream_and_is_counted_there(servers: Upstream) -> None:
    request = Request(port=servers.plain_port, body=traffic.chat(), tokens=("one", "two"))
    before = servers.plain_requests()

    seen = load.plain(request, Stretch(connections=2, seconds=1, warm_up_seconds=0), {})

    assert seen.requests > 0
    assert seen.failures == 0
    assert servers.plain_requests() - before - 1 >= seen.requests


def test_our_own_client_does_where_wrk_is_missing(servers: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "wrk", lambda: None)

    seen = load.plain(Request(port=servers.stream_port, body=traffic.chat()), BRIEFLY, {})

    assert seen.requests > 0
    assert seen.failures == 0


def test_each_event_of_a_stream_is_counted_once(servers: Upstream) -> None:
    servers.pace(events=7, milliseconds=1)
    before = servers.stream_requests()

    seen = load.streams(
        Request(port=servers.stream_port, body=traffic.chat(stream=True)),
        Stretch(connections=1, seconds=0.5, warm_up_seconds=0),
        {},
    )

    events_per_stream = len(traffic.events(7)) - 1
    assert seen.failures == 0
    assert servers.stream_requests() - before >= seen.requests > 0
    assert abs(seen.events - seen.requests * events_per_stream) < 2 * events_per_stream


def test_answers_that_are_no_success_are_counted() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as refusing:
        Thread(target=refusing.serve_forever, daemon=True).start()
        seen = load.streams(Request(port=refusing.server_port, body=traffic.chat()), BRIEFLY, {})
        refusing.shutdown()

    assert seen.refused > 0


def test_the_request_is_a_realistic_chat_of_about_a_kilobyte() -> None:
    assert 800 < len(traffic.chat()) < 1200
