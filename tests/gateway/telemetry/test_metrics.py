"""Figures: right, bounded in number, added up over workers, shown to those who may see them."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.telemetry import metrics
from kit.scoping import within
from tenants.services import allotments, organizations
from tests.gateway.telemetry import lines
from tests.gateway.telemetry.lines import Since, Watched, eventually
from tests.support import gateway as gateways
from tests.support.gateway import METRICS_TOKEN, RunningGateway
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "helper", "messages": HELLO}


def chat(gateway: RunningGateway, world: World, **changed: Any) -> httpx.Response:
    return gateway.post("/v1/chat/completions", headers=world.headers, json={**CHAT, **changed})


def test_calls_are_counted_by_how_they_end(watched: Watched, world: World, upstream: str) -> None:
    world.serve("counted", upstream)
    gateway, since = watched.gateway, Since(watched)
    usage = chat(gateway, world, model="counted").json()["usage"]
    chat(gateway, world, model="counted", stream=True)
    chat(gateway, world, model="nothing")
    chat(gateway, world, model="counted", metadata={"dummy": "status=401"})
    gateway.get("/v1/models", headers=world.headers)
    gateway.get("/v1/models")
    eventually(lambda: since.sum("chancery_requests_total") == 6)

    def ended(**labels: str) -> float:
        return since.sum("chancery_requests_total", **labels)

    assert ended(surface="chat", status="200", outcome="completed", code="none") == 2
    assert ended(surface="chat", status="404", outcome="refused", code="model_not_found") == 1
    assert ended(surface="chat", status="502", outcome="failed", code="upstream_error") == 1
    assert ended(surface="models", status="200") == 1
    assert ended(surface="models", status="401", code="missing_api_key") == 1
    assert since.sum("chancery_tokens_total", model="counted", kind="input") == 2 * usage["prompt_tokens"]
    cost = since.sum("chancery_organization_cost_nano_usd_total", organization=str(world.organization.id))
    assert cost == since.sum("chancery_cost_nano_usd_total", model="counted") > 0
    assert since.sum("chancery_attempts_total", result="ok") == 2
    assert since.sum("chancery_attempts_total", result="auth_failed") == 1
    assert since.sum("chancery_stream_events_total") > 1
    assert since.sum("chancery_first_event_seconds_count") == 1
    assert since.sum("chancery_request_duration_seconds_count") == 6
    assert since.sum("chancery_ledger_batch_rows_sum") >= 6
    assert since.sum("chancery_event_loop_lag_seconds_count") > 0


def test_a_process_says_how_it_is(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    assert chat(watched.gateway, world).status_code == 200
    eventually(lambda: watched.figures().sum("chancery_requests_in_flight") == 0)
    found = watched.figures()
    assert found.sum("chancery_holds_open") == 0
    assert found.sum("chancery_upstream_connections") >= 1
    assert found.sum("chancery_process_resident_memory_bytes") > 10_000_000
    assert 0 < found.sum("chancery_process_open_descriptors") < found.sum("chancery_process_most_descriptors")
    assert found.sum("chancery_ledger_connected") == 1
    assert found.sum("chancery_snapshot_version") > 0
    assert found.sum("chancery_snapshot_propagation_seconds_count") > 0
    assert found.values("chancery_process_threads", "process") == {f"web-{watched.gateway.process.pid}"}


def test_time_spent_waiting_for_a_failing_upstream_is_not_ours(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    since = Since(watched)
    assert chat(watched.gateway, world, metadata={"dummy": "latency_ms=2000 status=401"}).status_code == 502
    eventually(lambda: since.sum("chancery_stage_seconds_sum", stage="upstream") >= 2)
    assert since.sum("chancery_request_overhead_seconds_sum") < 2


def test_a_flood_is_counted(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.set_limits(
            actor=world.system,
            limits=organizations.Limits(requests_per_minute=1),
            now=world.now,
            level=allotments.Level.of(world.key),
        )
    since = Since(watched)
    assert [chat(watched.gateway, world).status_code for _ in range(3)] == [200, 429, 429]
    eventually(lambda: since.sum("chancery_flood_refusals_total") > 0)


def test_names_asked_for_make_no_labels(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    watched.gateway.catch_up()
    before = len(watched.figures().samples)
    with (
        httpx.Client(base_url=watched.gateway.url, headers=world.headers, timeout=30) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        answers = pool.map(
            lambda number: client.post("/v1/chat/completions", json={**CHAT, "model": f"no-{number}"}).status_code,
            range(1000),
        )
        assert set(answers) == {404}
    eventually(lambda: watched.figures().sum("chancery_requests_total", code="model_not_found") >= 1000)
    found = watched.figures()
    assert len(found.samples) - before < 40
    assert not any("no-" in value for sample in found.samples for value in sample.labels.values())


def test_names_of_the_register_are_bounded_too() -> None:
    known: set[str] = set()
    named = {metrics._bounded(f"provider {number}", known) for number in range(1000)}
    assert len(named) == metrics._MOST_NAMES + 1
    assert "other" in named


def test_histograms_are_cumulative_and_agree_with_their_counts(watched: Watched, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    chat(watched.gateway, world)
    found = watched.figures()
    histograms = [family for family in found.families.values() if family.type == "histogram"]
    assert len(histograms) > 5
    for family in histograms:
        series: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                labels = dict(sample.labels)
                bound = float(labels.pop("le"))
                series.setdefault(tuple(sorted(labels.items())), []).append((bound, sample.value))
        for labels_of, buckets in series.items():
            counts = [count for _, count in sorted(buckets)]
            assert counts == sorted(counts)
            assert max(bound for bound, _ in buckets) == math.inf
            assert counts[-1] == found.sum(f"{family.name}_count", **dict(labels_of))


@pytest.mark.parametrize("shown", ["", "Bearer wrong", METRICS_TOKEN, "Bearer", "Bearer \xe9"])
def test_who_has_no_token_sees_nothing(watched: Watched, shown: str) -> None:
    answer = watched.gateway.get("/metrics", headers={"authorization": shown.encode("latin-1")})
    assert (answer.status_code, answer.content) == (401, b"")


def test_there_is_no_page_unless_it_is_asked_for(environment: dict[str, str], tmp_path: Path) -> None:
    running = gateways.start(environment, tmp_path / "log", METRICS_TOKEN="", CHANCERY_ROLE="gateway")
    try:
        for headers in ({}, {"authorization": "Bearer"}):
            assert httpx.get(running.url + "/metrics", headers=headers).status_code == 404
    finally:
        running.stop()


def test_workers_add_up_and_the_counts_of_the_dead_stay(
    environment: dict[str, str], tmp_path: Path, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    port = gateways.free_port()
    settings = {"METRICS_PORT": str(port), "CHANCERY_ROLE": "gateway"}
    with (
        lines.watched(environment, tmp_path, **settings) as first,
        lines.watched(environment, tmp_path, **settings) as second,
    ):
        for _ in range(3):
            assert chat(first.gateway, world).status_code == 200
        for _ in range(4):
            assert chat(second.gateway, world).status_code == 200

        def counted() -> float:
            return lines.metrics_of(port).sum("chancery_requests_total", status="200", surface="chat")

        eventually(lambda: counted() == 7)
        assert len(lines.metrics_of(port).values("chancery_snapshot_version", "process")) == 2
        time.sleep(1.2)  # it writes its figures every second
        first.gateway.kill()  # the one that holds the port
        eventually(lambda: _answers(port))
        assert counted() == 7
        assert len(lines.metrics_of(port).values("chancery_snapshot_version", "process")) == 1
        assert chat(second.gateway, world).status_code == 200
        eventually(lambda: counted() == 8)
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 401
    except httpx.TransportError:
        return False
