"""Every request of the inference path leaves one line, with what an operator needs and nothing a caller wrote."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.scoping import within
from tenants.services import allotments, organizations
from tests.gateway.telemetry import lines as lines_of
from tests.gateway.telemetry.lines import Watched
from tests.support.ledger import settlement_of
from tests.support.recorder import Recorder
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "helper", "messages": HELLO}
CANARY = "canary7f3a"


def chat(watched: Watched, world: World, headers: dict[str, str] | None = None, **changed: Any) -> httpx.Response:
    return watched.gateway.post(
        "/v1/chat/completions", headers={**world.headers, **(headers or {})}, json={**CHAT, **changed}
    )


def line_of(watched: Watched, answer: httpx.Response) -> dict[str, Any]:
    return watched.line_of(answer.headers["x-request-id"])


def test_a_completed_call_is_told_whole(watched: Watched, world: World, upstream: str) -> None:
    model = world.serve("helper", upstream)
    answer = chat(watched, world)
    line = line_of(watched, answer)
    settled = settlement_of(world, answer.headers["x-request-id"])
    expected = {
        "kind": "request",
        "surface": "chat",
        "outcome": "completed",
        "status": 200,
        "code": None,
        "organization": str(world.organization.id),
        "team": str(world.team.id),
        "project": str(world.project.id),
        "key": str(world.key.id),
        "caller": "api_key",
        "use_case": None,
        "pipeline": "direct",
        "stream": False,
        "cache": "none",
        "model": "helper",
        "model_version": model.version,
        "deployment": answer.headers["x-chancery-deployment"],
        "approval": answer.headers["x-chancery-approval"],
        "tokens_in": settled.input_tokens,
        "tokens_out": settled.output_tokens,
        "estimated": False,
        "cost_nano_usd": settled.cost_nano_usd,
        "events": 0,
        "first_event_us": None,
        "trace_id": None,
    }
    assert {name: line[name] for name in expected} == expected
    assert line["held_nano_usd"] >= line["cost_nano_usd"] > 0
    assert list(line["stages_us"])[:5] == ["auth", "inspect", "admit", "record", "upstream"]
    assert line["total_us"] >= sum(line["stages_us"].values())
    assert [attempt["failure"] for attempt in line["attempts"]] == [None]


def test_a_stream_has_its_events_and_the_time_to_its_first(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    line = line_of(watched, chat(watched, world, stream=True))
    assert (line["outcome"], line["status"], line["stream"]) == ("completed", 200, True)
    assert line["events"] > 1
    assert 0 < line["first_event_us"] <= line["total_us"]


def test_a_caller_who_leaves_has_his_line(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    watched.gateway.catch_up()
    asked = {**CHAT, "stream": True, "metadata": {"dummy": "tokens=200 interval_ms=20"}}
    url = watched.gateway.url + "/v1/chat/completions"
    with httpx.stream("POST", url, headers=world.headers, json=asked, timeout=10) as answer:
        next(answer.iter_raw())
    line = line_of(watched, answer)
    assert (line["outcome"], line["status"], line["code"]) == ("cancelled", 499, "client_closed_request")
    assert line["cost_nano_usd"] > 0


def test_a_caller_who_leaves_before_the_answer_has_his_line(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    watched.gateway.catch_up()
    asked = {**CHAT, "metadata": {"dummy": "latency_ms=5000"}}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(watched.gateway.url + "/v1/chat/completions", headers=world.headers, json=asked, timeout=0.5)
    deadline = time.monotonic() + 5
    while not (found := [line for line in watched.lines() if line.get("organization") == str(world.organization.id)]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [(line["outcome"], line["status"]) for line in found] == [("cancelled", 499)]


@pytest.mark.parametrize(
    ("script", "stream", "outcome", "status", "code"),
    [
        ("status=500", False, "failed", 502, "upstream_error"),
        ("status=429", False, "failed", 503, "no_healthy_deployment"),
        ("tokens=20 cut=5", False, "failed", 502, "upstream_error"),
        ("tokens=20 cut=5", True, "failed", 502, "cut"),
    ],
)
def test_a_failure_has_its_code_and_its_attempts(
    watched: Watched, world: World, upstream: str, script: str, stream: bool, outcome: str, status: int, code: str
) -> None:
    world.serve("helper", upstream)
    line = line_of(watched, chat(watched, world, stream=stream, metadata={"dummy": script}))
    assert (line["outcome"], line["status"], line["code"]) == (outcome, status, code)
    assert line["attempts"]
    assert all(attempt["failure"] for attempt in line["attempts"])


def test_refusals_of_a_known_caller(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    world.model("unapproved", approved=False)
    refused = {
        "model_not_found": chat(watched, world, model="nothing"),
        "invalid_request": chat(watched, world, temperature="hot"),
        "no_healthy_deployment": chat(watched, world, model="unapproved"),
    }
    for code, answer in refused.items():
        line = line_of(watched, answer)
        assert (line["outcome"], line["status"], line["code"]) == (
            "refused",
            answer.status_code,
            answer.json()["error"]["code"],
        )
        assert line["key"] == str(world.key.id)
        assert code in (line["code"], "no_healthy_deployment")


def test_a_flood_is_told_with_its_key(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.set_limits(
            actor=world.system,
            limits=organizations.Limits(requests_per_minute=1),
            now=world.now,
            level=allotments.Level.of(world.key),
        )
    answers = [chat(watched, world) for _ in range(3)]
    lines = [line_of(watched, answer) for answer in answers]
    assert [line["status"] for line in lines] == [200, 429, 429]
    assert {line["key"] for line in lines} == {str(world.key.id)}


def test_requests_of_nobody_known(watched: Watched, world: World) -> None:
    gateway = watched.gateway
    asked = {
        ("chat", 401, "missing_api_key"): gateway.post("/v1/chat/completions", json=CHAT),
        ("chat", 401, "invalid_api_key"): gateway.post(
            "/v1/chat/completions", json=CHAT, headers={"authorization": "Bearer chy_nothing"}
        ),
        ("other", 404, "not_found"): gateway.get("/v1/nothing/of/the/kind"),
        ("models", 405, "method_not_allowed"): gateway.post("/v1/models", json={}),
        ("chat", 413, "request_too_large"): gateway.post("/v1/chat/completions", content=b"x" * (21 * 1024 * 1024)),
    }
    for expected, answer in asked.items():
        line = line_of(watched, answer)
        assert (line["surface"], line["status"], line["code"]) == expected
        assert line["outcome"] == "refused"
        assert "key" not in line


def test_a_listing_of_models_has_a_line(watched: Watched, world: World) -> None:
    line = line_of(watched, watched.gateway.get("/v1/models", headers=world.headers))
    assert (line["surface"], line["outcome"], line["status"]) == ("models", "completed", 200)
    assert line["organization"] == str(world.organization.id)


def test_the_callers_trace_is_named(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    trace = "0af7651916cd43dd8448eb211c80319c"
    line = line_of(watched, chat(watched, world, {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}))
    assert line["trace_id"] == trace
    line = line_of(watched, chat(watched, world, {"traceparent": f"00-{trace}-b7ad6b7169203331-01; {CANARY}"}))
    assert line["trace_id"] is None


def test_nothing_a_caller_or_a_model_wrote_is_in_a_log_or_a_figure(
    watched: Watched, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_with(
        choices=[{"index": 0, "message": {"role": "assistant", "content": CANARY}, "finish_reason": "stop"}]
    )
    written: dict[str, Any] = {
        "messages": [{"role": "system", "content": CANARY}, {"role": "user", "content": CANARY}],
        "user": CANARY,
        "tools": [{"type": "function", "function": {"name": CANARY, "description": CANARY, "parameters": {}}}],
    }
    headers = {"x-end-user": CANARY, "user-agent": CANARY, "x-request-id": CANARY, "cookie": CANARY}
    answers = [
        chat(watched, world, headers, **written),
        chat(watched, world, headers, **written, model=CANARY),
        chat(watched, world, headers, **written, stream=True),
        chat(watched, world, headers, **written, temperature=CANARY),
        chat(watched, world, {"authorization": f"Bearer {CANARY}"}, **written),
        watched.gateway.get(f"/v1/{CANARY}?{CANARY}={CANARY}", headers=headers),
        watched.gateway.get(f"/v1/models/{CANARY}", headers={**world.headers, **headers}),
    ]
    for answer in answers:
        line_of(watched, answer)
    assert CANARY in answers[0].text
    assert not [answer.text for answer in answers[1:] if CANARY in answer.text]
    secret = world.key_text.rpartition("_")[2]
    for text in (watched.log.read_text(), watched.gateway.log.read_text(), watched.page()):
        assert CANARY not in text
        assert secret not in text


def test_hostile_headers_do_not_break_a_line(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    hostile = {
        "user-agent": "\x1b[2J\x1b]0;title\x07",
        "traceparent": "00-" + "\x9b" * 32,
        "x-request-id": '"}\\n{"kind":"request"',
        "x-long": "x" * 30_000,
    }
    raw = {name: value.encode("latin-1") for name, value in hostile.items()}
    answer = watched.gateway.post("/v1/chat/completions", headers={**world.headers, **raw}, json=CHAT)
    if answer.status_code == 400:  # the server's own parser knows better than to take control characters
        raw["user-agent"] = raw["traceparent"] = b"plain"
        answer = watched.gateway.post("/v1/chat/completions", headers={**world.headers, **raw}, json=CHAT)
    assert line_of(watched, answer)["trace_id"] is None
    content = watched.log.read_bytes()
    assert content.isascii()
    assert all(byte >= 32 or byte == 10 for byte in content)
    assert len(max(content.splitlines(), key=len)) < 3000


def test_a_full_pipe_stops_no_request(environment: dict[str, str], tmp_path: Path, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with lines_of.watched(environment, tmp_path, REQUEST_LOG=str(pipe)) as watched:
        watched.gateway.catch_up()
        with httpx.Client(base_url=watched.gateway.url, headers=world.headers, timeout=10) as client:
            for _ in range(100):  # the pipe takes some sixty lines
                assert client.post("/v1/chat/completions", json=CHAT).status_code == 200
        lines_of.eventually(lambda: watched.figures().sum("chancery_requests_total", status="200") == 100)
        assert watched.figures().sum("chancery_log_lines_waiting") > 0
        found = b""
        deadline = time.monotonic() + 5
        while found.count(b"\n") < 100 and time.monotonic() < deadline:
            try:
                found += os.read(reader, 65_536)
            except BlockingIOError:
                time.sleep(0.02)
    os.close(reader)
    assert found.count(b"\n") == 100


def test_djangos_own_handler_leaves_the_same_lines(
    environment: dict[str, str], tmp_path: Path, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    with lines_of.watched(environment, tmp_path, LEAN_INFERENCE_PATH="false", MAX_REQUEST_BYTES="5000") as watched:
        answers = [
            chat(watched, world),
            chat(watched, world, stream=True),
            chat(watched, world, stream=True, metadata={"dummy": "tokens=20 cut=5"}),
            chat(watched, world, model="nothing"),
            chat(watched, world, user="x" * 5000),
            watched.gateway.get("/v1/nothing"),
        ]
        asked = {**CHAT, "stream": True, "metadata": {"dummy": "tokens=200 interval_ms=20"}}
        url = watched.gateway.url + "/v1/chat/completions"
        with httpx.stream("POST", url, headers=world.headers, json=asked, timeout=10) as answer:
            next(answer.iter_raw())
        lines = [line_of(watched, answer) for answer in [*answers, answer]]
        assert [(line["outcome"], line["status"], line["code"]) for line in lines] == [
            ("completed", 200, None),
            ("completed", 200, None),
            ("failed", 502, "cut"),
            ("refused", 404, "model_not_found"),
            ("refused", 413, "request_too_large"),
            ("refused", 404, "not_found"),
            ("cancelled", 499, "client_closed_request"),
        ]
        assert watched.figures().sum("chancery_requests_in_flight") == 0
