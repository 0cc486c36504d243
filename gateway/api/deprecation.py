"""What callers are told of a model whose end is announced."""

from __future__ import annotations

from datetime import UTC
from email.utils import format_datetime
from typing import Any

from gateway.api.replies import HeaderPairs
from governance.snapshot.section import DeprecationEntry


def headers(entry: DeprecationEntry) -> HeaderPairs:
    """`Deprecation` (RFC 9745) in seconds since the epoch, `Sunset` (RFC 8594) as an HTTP date, and by a relation of
    RFC 5829 where to read about the successor."""
    pairs: HeaderPairs = [
        (b"deprecation", b"@%d" % int(entry.deprecated_at.timestamp())),
        (b"sunset", format_datetime(entry.sunset_at.astimezone(UTC), usegmt=True).encode()),
    ]
    if entry.successor is not None:
        pairs.append((b"link", f'</v1/models/{entry.successor}>; rel="successor-version"'.encode()))
    return pairs


def shown(entry: DeprecationEntry) -> dict[str, Any]:
    """As lists of models have it: moments in seconds since the epoch, as their `created` is."""
    return {
        "deprecated": int(entry.deprecated_at.timestamp()),
        "sunset": int(entry.sunset_at.timestamp()),
        "successor": entry.successor,
    }
