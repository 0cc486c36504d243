"""Figures of several processes through a directory: sums never fall, gauges are of the living."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kit import metric_files, metrics
from kit.metric_files import Publisher, collect


def value(state: metrics.State, name: str) -> Any:
    [[_, found]] = state[name]["series"]
    return found


@pytest.fixture(autouse=True)
def _declared_for_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_declared", {})


def test_a_series_is_the_same_each_time_it_is_asked_for() -> None:
    family = metrics.counter("a_total", "As.", "kind")
    family.of("x").value += 2
    family.of("x").value += 3
    family.of("y").value += 1
    assert metrics.state()["a_total"]["series"] == [[("x",), 5], [("y",), 1]]


def test_a_name_is_declared_once_and_has_its_labels() -> None:
    family = metrics.counter("a_total", "As.", "kind")
    with pytest.raises(ValueError, match="declared twice"):
        metrics.histogram("a_total", "Bs.")
    with pytest.raises(ValueError, match="has the labels"):
        family.of("x", "y")


def test_a_bound_belongs_to_the_bucket_below_it() -> None:
    series = metrics.histogram("a", "As.", bounds=(1, 2)).of()
    for seen in (0.5, 1, 1.5, 2, 2.5):
        series.observe(seen)
    assert series.state() == [2, 2, 1, 7.5]


def test_a_gauge_without_a_value_is_not_shown() -> None:
    metrics.gauge("a", "As.", lambda: None)
    assert metrics.state()["a"]["series"] == []


def test_the_dead_leave_their_counts_and_take_their_gauges(tmp_path: Path) -> None:
    counted = metrics.counter("a_total", "As.").of()
    timed = metrics.histogram("b", "Bs.", bounds=(1,)).of()
    metrics.gauge("c", "Cs.", lambda: 1.0)
    first, second = Publisher(tmp_path, "web-1"), Publisher(tmp_path, "web-2")
    counted.value = 5
    timed.observe(0.5)
    first.publish()
    second.publish()
    both = collect(tmp_path)
    assert value(both, "a_total") == 10
    assert value(both, "b") == [2, 0, 1.0]
    assert both["c"]["labels"] == ["process"]
    assert sorted(labels[0] for labels, _ in both["c"]["series"]) == ["web-1", "web-2"]
    os.close(first._lock)  # as the kernel does for a process that dies
    for _ in range(2):
        left = collect(tmp_path)
        assert value(left, "a_total") == 10
        assert [labels[0] for labels, _ in left["c"]["series"]] == ["web-2"]
    os.close(second._lock)
    gone = collect(tmp_path)
    assert value(gone, "a_total") == 10
    assert "c" not in gone
    assert not list(tmp_path.glob("*.lock")) or {path.name for path in tmp_path.glob("*.lock")} == {"readers.lock"}


def test_a_family_that_has_changed_counts_anew(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text(
        json.dumps(
            {"a_total": {"kind": "counter", "means": "", "labels": ["old"], "bounds": [], "series": [[["x"], 9]]}}
        )
    )
    metrics.counter("a_total", "As.", "new").of("y").value += 1
    publisher = Publisher(tmp_path, "web-1")
    publisher.publish()
    assert collect(tmp_path)["a_total"]["series"] == [[["y"], 1]]
    os.close(publisher._lock)


def test_a_file_that_is_broken_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text("{")
    assert collect(tmp_path) == {}
    assert metric_files._read(tmp_path / "nothing.json") is None
