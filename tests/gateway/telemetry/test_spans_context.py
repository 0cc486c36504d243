"""The caller's place in a trace is read by the letter of W3C Trace Context, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import TraceState

from gateway.telemetry import trace_context
from gateway.telemetry.trace_context import TraceContext
from gateway.telemetry.tracing import headers_in

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def read(*parents: str, states: tuple[str, ...] = ()) -> TraceContext | None:
    pairs = [(b"traceparent", parent.encode("latin-1")) for parent in parents]
    return trace_context.read([*pairs, *((b"tracestate", state.encode("latin-1")) for state in states)])


def test_a_caller_may_continue_its_trace() -> None:
    assert read(GOOD) == TraceContext(int(TRACE, 16), int(SPAN, 16), sampled=True)
    assert read(f"00-{TRACE}-{SPAN}-00") == TraceContext(int(TRACE, 16), int(SPAN, 16), sampled=False)
    assert trace_context.parent_header(int(TRACE, 16), int(SPAN, 16), True) == GOOD


def test_a_version_to_come_may_say_more() -> None:
    assert read(f"cc-{TRACE}-{SPAN}-01-what-else") == read(GOOD)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "garbage",
        GOOD.upper(),
        GOOD + "-more",
        GOOD + " ",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 500,
        f"cc-{TRACE}-{SPAN}-01.more",
    ],
)
def test_anything_else_is_as_good_as_nothing(sent: str) -> None:
    assert read(sent) is None


def test_of_two_neither_counts() -> None:
    assert read(GOOD, GOOD) is None


@given(st.binary(max_size=600))
def test_nothing_sent_breaks_the_reader(sent: bytes) -> None:
    found = trace_context.read([(b"traceparent", sent), (b"tracestate", sent)])
    assert found is None or found.trace_id > 0


def test_the_state_is_kept_in_order_from_several_headers_too() -> None:
    found = read(GOOD, states=("rojo=00f067, congo@tenant=t61 x", " a=1 ,,b=2"))
    assert found is not None
    assert found.state == (("rojo", "00f067"), ("congo@tenant", "t61 x"), ("a", "1"), ("b", "2"))


@pytest.mark.parametrize("state", ["A=1", "a", "a=", "a=1,a=2", "a=b=c", "a=\x1b[2J", "é=1", "a=" + "x" * 600])
def test_a_state_that_is_wrong_in_part_is_dropped_whole(state: str) -> None:
    found = read(GOOD, states=("z=1", state))
    assert found is not None
    assert found.state == ()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_a_state_that_is_kept_is_one_to_the_library_too(state: str) -> None:
    found = read(GOOD, states=(state,))
    assert found is not None
    assert tuple(TraceState(found.state).items()) == found.state


def test_headers_for_the_collector_are_written_as_elsewhere() -> None:
    assert headers_in("Authorization=Bearer%20abc, x-scope = tenant%2Cone ,") == {
        "authorization": "Bearer abc",
        "x-scope": "tenant,one",
    }
    assert headers_in("") == {}
