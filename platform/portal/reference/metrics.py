"""What `/metrics` shows, from the declarations."""

from __future__ import annotations

import audit.ledger.append  # noqa: F401 - each of these declares what it counts
import gateway.process
import gateway.tasks  # noqa: F401
import governance.delivery.sending  # noqa: F401
import portal.celery_metrics
import portal.counter_drift
import portal.page_metrics  # noqa: F401
from kit import metrics
from portal.reference.markdown import code, page, table


def render() -> str:
    rows = [
        (code(name), kind, ", ".join(map(code, (("process",) if kind == "gauge" else ()) + labels)), means)
        for name, kind, labels, means in metrics.declared()
    ]
    return page(
        "Metrics",
        "What `/metrics` shows; [observability](../guides/observability.md) says how to get there. Counters and "
        "histograms are sums over all processes of a machine, ended ones included. Gauges are of one living process "
        "each. No label holds text of a request.",
        table(("name", "kind", "labels", "meaning"), rows),
    )
