"""Which web pages may call the inference API: the origins an organisation lists, none by default."""

from __future__ import annotations

from gateway.api.replies import HeaderPairs, Reply
from gateway.caller import Headers
from gateway.snapshot.index import Snapshot
from tenants.snapshot import OrganizationEntry

_EXPOSED = (
    b"x-request-id, x-chancery-model, x-chancery-cost-usd, x-chancery-record, retry-after, server-timing, "
    b"deprecation, sunset, link"
)


def allow(pairs: HeaderPairs, organization: OrganizationEntry, sent: Headers) -> None:
    """Adds the headers that let the calling page read the answer, where its origin is the organisation's."""
    if not organization.cors_origins:
        return
    origin = sent.get(b"origin")
    pairs.append((b"vary", b"origin"))
    if origin and origin.decode("latin-1") in organization.cors_origins:
        pairs += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED)]


def preflight(snapshot: Snapshot, sent: Headers) -> Reply:
    """Answers a browser's question before it sends a key: yes to an origin that some organisation lists."""
    origin = sent.get(b"origin", b"")
    listed = any(origin.decode("latin-1") in organization.cors_origins for organization in snapshot.organizations)
    pairs: HeaderPairs = [(b"vary", b"origin"), (b"content-length", b"0")]
    if origin and listed:
        pairs += [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", sent.get(b"access-control-request-headers", b"authorization")),
            (b"access-control-max-age", b"600"),
        ]
    return Reply(204, b"", pairs)
