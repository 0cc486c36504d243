"""What a trace of a call looks like to the operator's collector, and to the upstream that is called within it."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support import collector as collectors
from tests.support import gateway as gateways
from tests.support.collector import Collector, Span
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import World

STAGES = ["receive", "auth", "inspect", "admit", "record", "upstream", "settle"]
CALLED = "/v1/chat/completions"
CANARY = "canary-4711"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collectors.collecting() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[RunningGateway]:
    """One that is traced."""
    log = tmp_path_factory.mktemp("traced") / "log"
    running = gateways.start(
        environment,
        log,
        EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20of-the-collector",
    )
    yield running
    running.stop()


class Caller:
    """Somebody whose own trace goes on in ours."""

    def __init__(self, gateway: RunningGateway, world: World) -> None:
        self.gateway, self.world = gateway, world
        self.trace_id, self.span_id = secrets.token_hex(16), secrets.token_hex(8)

    @property
    def headers(self) -> dict[str, str]:
        return {**self.world.headers, "traceparent": f"00-{self.trace_id}-{self.span_id}-01"}

    def call(self, model: str = "helper", headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **more}
        return self.gateway.post(CALLED, headers={**self.headers, **(headers or {})}, json=body)


@pytest.fixture
def caller(gateway: RunningGateway, world: World) -> Caller:
    return Caller(gateway, world)


def children(spans: list[Span], parent: Span) -> list[Span]:
    return [span for span in spans if span.parent_id == parent.id]


def named(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def traceparent(upstream: Recorder) -> list[str]:
    heads = [head.lower().splitlines() for head, _ in upstream.received]
    return [line.split(": ")[1] for head in heads for line in head if line.startswith("traceparent:")]


def test_a_call_is_a_tree_of_stages_with_the_attempt_in_its_place(
    caller: Caller, collector: Collector, echo_upstream: Recorder
) -> None:
    model = caller.world.serve("helper", echo_upstream.url, upstream_model="provider/one")
    answer = caller.call()
    spans = collector.trace(caller.trace_id, CALLED, "settle")
    root = named(spans, CALLED)
    assert (root.kind, root.parent_id, root.failed) == ("server", caller.span_id, False)
    stages = children(spans, root)
    assert [stage.name for stage in stages] == STAGES
    assert all(earlier.ended <= later.began + 1000 for earlier, later in itertools.pairwise(stages))
    assert root.began <= stages[0].began
    assert stages[-1].ended <= root.ended + 1000
    (attempt,) = children(spans, named(spans, "upstream"))
    assert (attempt.name, attempt.kind, attempt.failed) == ("chat provider/one", "client", False)
    assert traceparent(echo_upstream) == [f"00-{caller.trace_id}-{attempt.id}-01"]
    assert root.attributes["chancery.request.id"] == answer.headers["x-request-id"]
    assert root.attributes["chancery.organization.id"] == str(caller.world.organization.id)
    assert root.attributes["http.response.status_code"] == 200
    assert root.attributes["chancery.outcome"] == "completed"
    described = attempt.attributes
    assert described["gen_ai.operation.name"] == "chat"
    assert described["gen_ai.provider.name"] == "openai_compatible"
    assert described["gen_ai.request.model"] == "provider/one"
    assert described["gen_ai.response.model"] == model.slug
    assert described["gen_ai.response.finish_reasons"] == ["stop"]
    assert (described["gen_ai.usage.input_tokens"], described["gen_ai.usage.output_tokens"]) == (3, 2)


def test_a_stream_lasts_until_its_end(caller: Caller, collector: Collector, upstream: str) -> None:
    caller.world.serve("helper", upstream, upstream_model="dummy+tokens=5,interval_ms=40,latency_ms=50")
    assert caller.call(stream=True).text.endswith("data: [DONE]\n\n")
    spans = collector.trace(caller.trace_id, CALLED, "settle")
    root = named(spans, CALLED)
    (attempt,) = children(spans, named(spans, "upstream"))
    assert [stage.name for stage in children(spans, root)] == STAGES
    assert attempt.ended - attempt.began >= 200_000_000
    assert root.began <= attempt.began <= attempt.ended <= root.ended
    assert (
        0.04
        < attempt.attributes["gen_ai.response.time_to_first_chunk"]
        < 0.001 * 1e-6 * (attempt.ended - attempt.began)
    )
    assert attempt.attributes["gen_ai.usage.output_tokens"] == 5
    assert root.attributes["chancery.events"] >= 5


def test_a_stream_whose_caller_leaves_ends_there(caller: Caller, collector: Collector, upstream: str) -> None:
    caller.world.serve("helper", upstream, upstream_model="dummy+tokens=1000,interval_ms=20")
    caller.gateway.catch_up()
    body = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    with httpx.stream("POST", caller.gateway.url + CALLED, headers=caller.headers, json=body, timeout=10) as answer:
        next(answer.iter_bytes())
    spans = collector.trace(caller.trace_id, CALLED, "settle")
    root = named(spans, CALLED)
    (attempt,) = children(spans, named(spans, "upstream"))
    assert (root.attributes["chancery.outcome"], root.attributes["http.response.status_code"]) == ("cancelled", 499)
    assert root.attributes["error.type"] == attempt.attributes["error.type"] == "client_closed_request"
    assert not root.failed
    assert root.ended - root.began < 10_000_000_000


def test_an_attempt_that_fails_is_a_span_of_its_own(
    caller: Caller, collector: Collector, upstream: str, echo_upstream: Recorder
) -> None:
    world = caller.world
    model = world.model("helper")
    world.deploy(model, world.provider(upstream), upstream_model="dummy+status=503", position=0)
    world.deploy(model, world.provider(echo_upstream.url), upstream_model="second", position=1)
    assert caller.call().status_code == 200
    spans = collector.trace(caller.trace_id, CALLED, "settle")
    first, second = children(spans, named(spans, "upstream"))
    assert (first.name, first.failed, first.attributes["error.type"]) == ("chat dummy+status=503", True, "overloaded")
    assert first.attributes["http.response.status_code"] == 503
    assert "gen_ai.usage.input_tokens" not in first.attributes
    assert (second.name, second.failed) == ("chat second", False)
    assert first.began < second.began
    assert traceparent(echo_upstream) == [f"00-{caller.trace_id}-{second.id}-01"]


def test_a_call_that_fails_everywhere_has_failed(caller: Caller, collector: Collector, upstream: str) -> None:
    caller.world.serve("helper", upstream, upstream_model="dummy+status=500")
    assert caller.call().status_code == 502
    spans = collector.trace(caller.trace_id, CALLED, "settle")
    root = named(spans, CALLED)
    assert (root.failed, root.attributes["error.type"]) == (True, "upstream_error")
    assert all(attempt.failed for attempt in children(spans, named(spans, "upstream")))


def test_a_refusal_ends_with_the_stage_that_refused(caller: Caller, collector: Collector) -> None:
    caller.world.model("helper", approved=False)
    assert caller.call().status_code == 403
    spans = collector.trace(caller.trace_id, CALLED, "auth")
    root = named(spans, CALLED)
    assert [stage.name for stage in children(spans, root)] == ["receive", "auth"]
    assert (root.failed, root.attributes["http.response.status_code"]) == (False, 403)
    assert root.attributes["error.type"] == "model_not_approved"
    assert root.attributes["chancery.outcome"] == "refused"


def test_what_nobody_known_sent_is_one_span(gateway: RunningGateway, world: World, collector: Collector) -> None:
    caller = Caller(gateway, world)
    answer = caller.call(headers={"authorization": "Bearer chy_nobody"})
    assert answer.status_code == 401
    (root,) = collector.trace(caller.trace_id, CALLED)
    assert root.attributes["error.type"] == "invalid_api_key"
    assert "chancery.organization.id" not in root.attributes


def test_a_trace_that_its_caller_does_not_keep_is_not_kept(
    caller: Caller, collector: Collector, echo_upstream: Recorder
) -> None:
    caller.world.serve("helper", echo_upstream.url)
    unkept = secrets.token_hex(16)
    caller.call(headers={"traceparent": f"00-{unkept}-{caller.span_id}-00"})
    caller.call()
    collector.trace(caller.trace_id, "settle")
    assert unkept not in {span.trace_id for span in collector.spans}
    first, second = traceparent(echo_upstream)
    assert first.startswith(f"00-{unkept}-")
    assert first.endswith("-00")
    assert second.endswith("-01")


def test_each_surface_goes_by_its_route(caller: Caller, collector: Collector, upstream: str) -> None:
    routes = {"/v1/generate": 200, "/v1/models": 200, "/v1/*": 404}
    caller.world.serve("helper", upstream)
    caller.gateway.post("/v1/generate", headers=caller.headers, json={"prompt": "Hello", "model": "helper"})
    caller.gateway.get("/v1/models/helper?secret=1", headers=caller.headers)
    caller.gateway.get(f"/v1/{CANARY}?secret=1", headers=caller.headers)
    roots = [span for span in collector.trace(caller.trace_id, *routes) if span.kind == "server"]
    assert {root.attributes["http.route"]: root.attributes["http.response.status_code"] for root in roots} == routes


def test_what_is_no_traceparent_begins_a_new_trace(
    caller: Caller, collector: Collector, echo_upstream: Recorder
) -> None:
    caller.world.serve("helper", echo_upstream.url)
    caller.call(headers={"traceparent": f"00-{caller.trace_id}-{caller.span_id}-01-more"})
    (sent,) = traceparent(echo_upstream)
    trace_id = sent.split("-")[1]
    root = named(collector.trace(trace_id, CALLED), CALLED)
    assert (trace_id != caller.trace_id, root.parent_id, root.state) == (True, "", "")


def test_nothing_that_was_said_reaches_the_collector_or_another_header(
    caller: Caller, collector: Collector, echo_upstream: Recorder
) -> None:
    caller.world.serve("helper", echo_upstream.url)
    said = f'{CANARY} "finish_reason":"{CANARY}"'
    echo_upstream.answer_with(
        choices=[{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": CANARY}],
        model=CANARY,
    )
    tool = {"type": "function", "function": {"name": "look", "description": CANARY, "parameters": {"type": "object"}}}
    caller.call(
        headers={"tracestate": "vendor=kept", "baggage": f"word={CANARY}", "user-agent": CANARY, CANARY: CANARY},
        user=CANARY,
        tools=[tool],
        messages=[{"role": "system", "content": CANARY}, {"role": "user", "content": CANARY}],
        metadata={"word": CANARY},
    )
    spans = collector.trace(caller.trace_id, "settle")
    assert {span.state for span in spans} == {"vendor=kept"}
    sent = b"".join(collector.bodies)
    assert CANARY.encode() not in sent
    assert caller.world.key_text.encode() not in sent
    assert b"upstream-secret" not in sent
    head = echo_upstream.last_head().lower()
    assert "baggage" not in head
    assert "tracestate" not in head


def test_the_collector_is_told_what_the_operator_gave_for_it(caller: Caller, collector: Collector) -> None:
    caller.call()
    collector.trace(caller.trace_id, CALLED)
    head = collector.heads[-1].lower()
    assert head.startswith("post /v1/traces ")
    assert "authorization: bearer of-the-collector\n" in head


def test_a_collector_that_refuses_or_hesitates_holds_up_nobody_and_is_named_once(
    caller: Caller, collector: Collector, upstream: str
) -> None:
    caller.world.serve("helper", upstream)
    try:
        collector.status, collector.delay_seconds = 400, 0.3
        for _ in range(2):
            assert {caller.call().status_code for _ in range(3)} == {200}
            wait_for_a_batch()
    finally:
        collector.status, collector.delay_seconds = 200, 0.0
    last = Caller(caller.gateway, caller.world)
    last.call()
    collector.trace(last.trace_id, "settle")
    log = caller.gateway.log.read_text()
    assert log.count("the trace collector takes no spans") == 1
    assert collector.url not in log
    assert "of-the-collector" not in log


def wait_for_a_batch() -> None:
    """One leaves every half second, and is answered after 0.3."""
    time.sleep(1.0)
