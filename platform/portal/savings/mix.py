"""Which models do how much of the work."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from portal.savings.used import Used


@dataclass(frozen=True, slots=True)
class Share:
    """Per mille of all requests and of all that was spent."""

    model: str
    requests: int
    tokens: int
    nano_usd: int
    of_requests: int
    of_cost: int


def mix(used: Used) -> list[Share]:
    """Dearest first."""
    sums: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for row in used.rows:
        requests, tokens, nano_usd = sums[row.model]
        more = row.input_tokens + row.output_tokens
        sums[row.model] = requests + row.requests, tokens + more, nano_usd + row.nano_usd
    requests = sum(one[0] for one in sums.values())
    shares = [
        Share(model, *one, _per_mille(one[0], requests), _per_mille(one[2], used.nano_usd))
        for model, one in sums.items()
    ]
    return sorted(shares, key=lambda share: (-share.nano_usd, -share.requests, share.model))


def _per_mille(part: int, whole: int) -> int:
    return 1000 * part // whole if whole else 0
