"""The caller's place in a trace, from its headers, by W3C Trace Context (level 1, 2021-11-23), and ours for upstreams.

Read strictly: what does not have the form is as good as not sent. Nothing of it is logged, since a caller wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HeaderPairs = list[tuple[bytes, bytes]]  # as they came, names in lower case

_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_LONGEST_PARENT = 512
_LONGEST_STATE = 512
_MOST_MEMBERS = 32
_MEMBER = re.compile(
    r"([a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
    r"=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Whose child a request is. `state` are the members of `tracestate`, in order."""

    trace_id: int
    span_id: int
    sampled: bool
    state: tuple[tuple[str, str], ...] = ()


def read(headers: HeaderPairs) -> TraceContext | None:
    """The caller's context; none where it sent none, several, or something else under that name."""
    sent = [value for name, value in headers if name == b"traceparent"]
    if len(sent) != 1 or len(sent[0]) > _LONGEST_PARENT:
        return None
    found = _PARENT.fullmatch(sent[0])
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == b"ff" or (version == b"00" and rest is not None):
        return None
    trace, span = int(trace_id, 16), int(span_id, 16)
    if not trace or not span:
        return None
    return TraceContext(trace, span, bool(int(flags, 16) & 1), _state(headers))


def parent_header(trace_id: int, span_id: int, sampled: bool) -> str:
    """`traceparent` for what is called under that span."""
    return f"00-{trace_id:032x}-{span_id:016x}-{sampled:02x}"


def _state(headers: HeaderPairs) -> tuple[tuple[str, str], ...]:
    """All members, of several headers too, or none: a list of which a part is wrong is wrong."""
    sent = b",".join(value for name, value in headers if name == b"tracestate")
    if not sent or len(sent) > _LONGEST_STATE or not sent.isascii():
        return ()
    members = [member for part in sent.decode().split(",") if (member := part.strip(" \t"))]
    pairs = [(found[1], found[2]) for member in members if (found := _MEMBER.fullmatch(member))]
    if len(pairs) < len(members) or len(dict(pairs)) < len(pairs) or len(pairs) > _MOST_MEMBERS:
        return ()
    return tuple(pairs)
