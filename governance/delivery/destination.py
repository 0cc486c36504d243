"""Where a channel is, and what it is opened with: sealed together under the field key, bound to their row."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from governance.models import ChannelKind
from kit import crypto, errors
from kit.egress.policy import EgressPolicy

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_LEAST_SECRET = {ChannelKind.PAGERDUTY: 16, ChannelKind.WEBHOOK: 24}


@dataclass(frozen=True, slots=True)
class Destination:
    """`secret` is PagerDuty's routing key, or what a webhook is signed with; of Slack the address is the secret."""

    url: str
    secret: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def __repr__(self) -> str:  # a traceback shows no secret
        return f"Destination({self.host})"


def policy() -> EgressPolicy:
    return EgressPolicy.listing(settings.EGRESS_ALLOWED_HOSTS, settings.EGRESS_ALLOWED_NETWORKS)


def checked(kind: ChannelKind, url: str, secret: str) -> Destination:
    """Raises `errors.InvalidRequest` for what cannot be one, without repeating any of it.

    Whether the host may be connected to is asked at each connection (`kit.egress`), since names change what they mean.
    """
    url = url.strip() or (PAGERDUTY if kind == ChannelKind.PAGERDUTY else "")
    if not url.isprintable() or " " in url or len(url) > 2000:
        raise errors.InvalidRequest("That is no address.", param="url")
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise errors.InvalidRequest("That is no address.", param="url") from None
    host = parts.hostname or ""
    if not host or parts.username or parts.password or parts.fragment:
        raise errors.InvalidRequest("That is no address.", param="url")
    is_listed = parts.scheme == "http" and (host, port) in policy().allowed_hosts
    if parts.scheme != "https" and not is_listed:
        raise errors.InvalidRequest("The address begins with https.", param="url")
    if not secret.isprintable() or len(secret) < _LEAST_SECRET.get(kind, 0):
        raise errors.InvalidRequest("The secret is too short, or has characters that do not show.", param="secret")
    return Destination(url, secret)


def seal(channel_id: UUID, destination: Destination) -> bytes:
    text = json.dumps(asdict(destination)).encode()
    return crypto.seal(settings.FIELD_KEY, text, associated=_place(channel_id))


def reveal(channel_id: UUID, sealed: bytes) -> Destination:
    """For the one who sends. Raises `kit.crypto.SealBroken`."""
    return Destination(**json.loads(crypto.open_sealed(settings.FIELD_KEY, sealed, associated=_place(channel_id))))


def reseal(sealed: bytes, channel_id: UUID, before: bytes) -> bytes | None:
    """What is sealed under the field key `before`, under the present one; none where that opens it already.

    Raises `kit.crypto.SealBroken` where neither does.
    """
    try:
        reveal(channel_id, sealed)
    except crypto.SealBroken:
        plain = crypto.open_sealed(before, sealed, associated=_place(channel_id))
        return crypto.seal(settings.FIELD_KEY, plain, associated=_place(channel_id))
    return None


def _place(channel_id: UUID) -> bytes:
    return b"alert_channel.destination" + channel_id.bytes
