"""The page itself: whatever a label holds, and what a token must be."""

from __future__ import annotations

import pytest
from django.conf import settings
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from kit.metrics import State
from portal import metrics_page

HOSTILE = 'a"b\\\n# TYPE x counter\nx 1\r\x1b[31m'
STATE: State = {
    "c_total": {"kind": "counter", "means": "Cs.", "labels": ["name"], "bounds": [], "series": [[[HOSTILE], 3]]},
    "g": {"kind": "gauge", "means": "Gs.", "labels": ["process"], "bounds": [], "series": [[["web-1"], 1.5]]},
    "h": {"kind": "histogram", "means": "Hs.", "labels": [], "bounds": [1.0, 2.0], "series": [[[], [1, 0, 2, 9.5]]]},
}


def written(accept: str) -> str:
    encode, _ = choose_encoder(accept)
    return encode(metrics_page._Collected(STATE)).decode()


def test_a_label_is_read_as_it_was() -> None:
    families = {family.name: family for family in prometheus(written(""))}
    assert set(families) == {"c", "g", "h"}
    assert [(sample.labels["name"], sample.value) for sample in families["c"].samples] == [(HOSTILE, 3.0)]


def test_both_formats_say_the_same() -> None:
    page = open_metrics(written("application/openmetrics-text; version=1.0.0"))  # type: ignore[no-untyped-call]
    found = {sample.name + sample.labels.get("le", ""): sample.value for family in page for sample in family.samples}
    assert found == {
        "c_total": 3,
        "g": 1.5,
        "h_bucket1.0": 1,
        "h_bucket2.0": 1,
        "h_bucket+Inf": 3,
        "h_count": 3,
        "h_sum": 9.5,
    }


@pytest.mark.parametrize(
    ("token", "sent", "may"),
    [
        ("", "", True),
        ("secret", "Bearer secret", True),
        ("secret", "", False),
        ("secret", "secret", False),
        ("secret", "Bearer secret ", False),
        ("secret", "Bearer s\u00e9cret", False),
    ],
)
def test_a_token_is_asked_for_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, token: str, sent: str, may: bool
) -> None:
    monkeypatch.setattr(settings, "METRICS_TOKEN", token)
    assert metrics_page.may_read(sent) == may
