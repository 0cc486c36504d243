"""Dashboards and alert rules name metrics that there are, and alerts name runbooks that there are."""

from __future__ import annotations

import json
import re
from typing import Any

import portal.reference.metrics  # noqa: F401 - declares them all
from kit import metrics
from portal.reference.source import REPOSITORY

DEPLOY = REPOSITORY / "platform" / "deploy"
NAMES = {name: (kind, labels) for name, kind, labels, _ in metrics.declared()}
ALERTS = (DEPLOY / "alerts" / "chancery.yml").read_text()


def shown() -> set[str]:
    """Every name a query can use."""
    found: set[str] = set()
    for name, (kind, _) in NAMES.items():
        found |= {name + suffix for suffix in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return found


def expressions(board: Any) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def named(text: str) -> set[str]:
    return set(re.findall(r"\bchancery_[a-z_]+", text))


def test_dashboards_show_metrics_that_there_are() -> None:
    for path in (DEPLOY / "grafana").glob("*.json"):
        board = json.loads(path.read_text())
        asked = named(" ".join(expressions(board)))
        assert asked - shown() == set()
        assert len(asked) > 10
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(numbers) == len(set(numbers))


def test_alerts_watch_metrics_that_there_are() -> None:
    asked = named(ALERTS)
    assert asked - shown() == set()
    assert len(asked) > 8


def test_labels_in_queries_are_labels_of_the_metric() -> None:
    boards = [json.loads(path.read_text()) for path in (DEPLOY / "grafana").glob("*.json")]
    queries = [*(expression for board in boards for expression in expressions(board)), ALERTS]
    for name, matchers in re.findall(r"\b(chancery_[a-z_]+)\{([^}]*)\}", " ".join(queries)):
        base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in NAMES else name
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= {*NAMES[base][1], "process"}


def test_alerts_name_runbooks_that_there_are() -> None:
    for path in re.findall(r"docs/[a-z/-]+\.md", ALERTS):
        assert (REPOSITORY / path).is_file()


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name, (kind, labels) in NAMES.items():
        assert name.startswith("chancery_")
        assert name.endswith("_total") == (kind == "counter")
        assert not {"le", "process"} & set(labels)
