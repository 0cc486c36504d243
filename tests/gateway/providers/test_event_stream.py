"""Server-sent events, cut anywhere, give the same payloads."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.providers.event_stream import EventParser, EventTooLarge

LIMIT = 1024 * 1024

line = st.one_of(
    st.sampled_from(
        [
            b"data: {}",
            b"data:x",
            b"data",
            b"data:",
            b"data:  two",
            b": comment",
            b"event: error",
            b"id: 7",
            b"",
            b"datax",
        ]
    ),
    st.text(alphabet="ä€😀 {}:", max_size=8).map(lambda text: b"data: " + text.encode()),
)
line_end = st.sampled_from([b"\n", b"\r\n", b"\r"])
stream = st.lists(st.tuples(line, line_end), max_size=30).map(lambda lines: b"".join(a + b for a, b in lines))
cuts = st.lists(st.integers(0, 400), max_size=40)


def parsed(pieces: list[bytes]) -> list[bytes]:
    parser = EventParser(LIMIT)
    return [payload for piece in pieces for payload in parser.feed(piece)]


def as_the_standard_says(text: bytes) -> list[bytes]:
    """The standard's own algorithm, a line at a time over the whole text."""
    payloads: list[bytes] = []
    data: list[bytes] = []
    lines = re.split(rb"\r\n|\n|\r", text.removeprefix(b"\xef\xbb\xbf"))
    for one in lines[:-1]:  # the last has no end
        field, _, value = one.partition(b":")
        if not one:
            if data:
                payloads.append(b"\n".join(data))
            data = []
        elif field == b"data":
            data.append(value.removeprefix(b" "))
    return payloads


def cut(text: bytes, at: list[int]) -> list[bytes]:
    places = sorted({min(place, len(text)) for place in at})
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@settings(max_examples=400, deadline=None)
@given(stream, cuts, st.sampled_from([b"", b"\xef\xbb\xbf"]))
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10], b"")
@example(b"data: a\n\n\n\n\ndata: b\n\n", [9, 10, 11], b"\xef\xbb\xbf")
def test_any_cut_gives_what_the_standard_says(text: bytes, at: list[int], mark: bytes) -> None:
    assert parsed(cut(mark + text, at)) == as_the_standard_says(mark + text)


@settings(max_examples=50, deadline=None)
@given(stream)
def test_byte_by_byte_gives_the_same(text: bytes) -> None:
    assert parsed([text[at : at + 1] for at in range(len(text))]) == as_the_standard_says(text)


def test_several_data_lines_are_one_payload() -> None:
    assert parsed([b"data: {\ndata:  1}\n\n"]) == [b"{\n 1}"]


def test_what_no_blank_line_has_ended_is_pending() -> None:
    parser = EventParser(LIMIT)
    assert parser.feed(b"data: a\n\ndata: [DO") == [b"a"]
    assert parser.feed(b"NE]\n") == []
    assert parser.pending() == b"[DONE]"


def test_an_event_without_an_end_is_refused_at_the_limit() -> None:
    parser = EventParser(1000)
    parser.feed(b"data: " + b"x" * 900)
    with pytest.raises(EventTooLarge):
        parser.feed(b"x" * 200)
