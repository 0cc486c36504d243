from __future__ import annotations

from dataclasses import replace

from tests.bench import bars, figures, profile
from tests.bench.rounds import TARGET, Result, Sample
from tests.bench.target import Place, Running, Target
from tests.bench.window import Window, percentile


def never(place: Place) -> Running:
    raise AssertionError("not started in these tests")


def window(requests: int, cpu_seconds: float = 1.0, p50_ms: float = 1.0) -> Window:
    return Window(
        seconds=1.0,
        requests=requests,
        refused=0,
        broken=0,
        p50_ms=p50_ms,
        p95_ms=p50_ms,
        p99_ms=p50_ms,
        cpu_seconds={TARGET: cpu_seconds, "PostgreSQL": 0.5},
    )


def sample(requests: int, p50_ms: float = 1.0) -> Sample:
    return Sample(
        busy=window(requests),
        wide=window(requests),
        single=window(10, p50_ms=p50_ms),
        stream=None,
        forwarded=2 * requests + 10,
        resident_bytes=10**8,
        foreign_load=0.0,
    )


def result(name: str, *samples: Sample, ours: bool = False) -> Result:
    return Result(Target(name, "", never, ours), 10**8, list(samples))


DIRECT = result("upstream", sample(100_000, 0.1), sample(100_000, 0.2), sample(100_000, 0.1))


def test_a_ratio_is_the_median_of_each_rounds_own_ratio() -> None:
    ours = result("ours", sample(200), sample(900), sample(200))
    peer = result("peer", sample(100), sample(300), sample(100))

    assert figures.ratio(ours, peer, figures.requests_per_second) == 2.0


def test_added_time_is_counted_from_the_upstream_of_the_same_round() -> None:
    ours = result("ours", sample(200, 1.1), sample(200, 2.2), sample(200, 1.6))

    assert figures.figures(ours, DIRECT).added_p50_ms == 1.5


def test_services_beside_the_target_are_not_charged_to_it() -> None:
    row = figures.figures(result("ours", sample(1000), sample(1000), sample(1000)), DIRECT)

    assert row.cpu_ms == 1.0
    assert row.beside == {"PostgreSQL": 0.5}


def test_a_refused_answer_makes_the_run_invalid() -> None:
    good = sample(100)
    refused = replace(good, busy=replace(good.busy, refused=1))

    assert figures.problems([result("ours", good, refused)], DIRECT) == [
        "ours, round 2: 1 answers were no success and 0 connections broke (16 connections)"
    ]


def test_an_answer_that_the_upstream_never_saw_makes_the_run_invalid() -> None:
    cached = replace(sample(100), forwarded=60)

    assert figures.problems([result("ours", cached)], DIRECT) == [
        "ours, round 1: answered 210 calls, of which the upstream saw only 60"
    ]


def test_an_upstream_hardly_faster_than_a_target_makes_the_run_invalid() -> None:
    (problem,) = figures.problems([result("ours", sample(50_000))], DIRECT)

    assert problem.startswith("the upstream answers 100,000 requests/s")


def test_a_peer_that_did_not_run_is_listed_and_neither_passes_nor_fails() -> None:
    ours, peer = result("ours", sample(200)), result("Portkey gateway", sample(100))

    *litellm, few, many = bars.of_peers(ours, {"Portkey gateway": peer})

    assert [(bar.passed, bar.figure) for bar in litellm] == [(None, "not installed: make bench-peers")] * 2
    assert [(bar.passed, bar.figure) for bar in (few, many)] == [(True, "2.00 ×")] * 2


def test_growth_is_allowed_the_spread_of_two_equal_targets() -> None:
    def costing(cpu_seconds: float) -> Result:
        return result("ours", replace(sample(1000), busy=window(1000, cpu_seconds)))

    within, beyond = bars.of_growth(costing(1.0), costing(1.25), {"a": costing(1.29), "b": costing(1.31)})

    assert (within.passed, beyond.passed) == (True, False)


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]

    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.5)) == (51.0, 100.0, 0.0)


def test_a_profile_counts_a_function_alone_and_with_what_it_calls() -> None:
    alone, with_calls = profile.tables(["main (a.py:1);f (b.py:7) 3", "main (a.py:2) 1"]).split("\n\n")

    assert "| 75.0 % | f (b.py) |" in alone
    assert "| 25.0 % | main (a.py) |" in alone
    assert "| 100.0 % | main (a.py) |" in with_calls
