"""A body that two parsers could read differently, or that costs more memory than it is worth, is refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.body import _STRING, MAX_DEPTH, MAX_VALUES, parse
from kit import errors

# Texts full of what the reader counts and skips: colons, quotes, backslashes, and the escape of a colon spelled out.
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text('a:"\\{}[],u003', max_size=12)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)


def refused(raw: bytes) -> errors.InvalidRequest:
    with pytest.raises(errors.InvalidRequest) as caught:
        parse(raw)
    assert caught.value.code == "invalid_json"
    return caught.value


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    """An object with `depth` levels of containers."""
    return ('{"a":' + opening * (depth - 2) + "[]" + closing * (depth - 2) + "}").encode()


@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_a_faultless_object_is_read_as_it_was_written(value: dict[str, Any], ascii_only: bool, indent: int) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@given(OBJECTS, TEXTS, st.lists(VALUES, min_size=2, max_size=3), st.lists(st.none() | TEXTS, max_size=4))
def test_a_repeated_key_is_refused_at_any_depth(
    around: dict[str, Any], key: str, values: list[Any], path: list[str | None]
) -> None:
    raw = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for value in values) + "}"
    for step in path:  # None stands for a place in an array
        raw = f"[{raw}]" if step is None else f"{{{json.dumps(step)}:{raw}}}"
    rest = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in around.items() if name != "at")
    assert "repeats a key" in refused(f'{{"at":{raw}{rest}}}'.encode()).message


@given(OBJECTS, st.integers(2**64, 10**400) | st.integers(-(10**400), -(2**63) - 1))
def test_an_integer_beyond_64_bits_is_refused(around: dict[str, Any], number: int) -> None:
    refused(json.dumps({"rest": around, "number": [number]}).encode())


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"model":"a","model":"b"}', "model"),
        (b'{"a":{"b":[1,{"c":1,"c":2}]}}', "a.b[1].c"),
        (b'{"a:b":1,"a\\u003ab":2}', "a:b"),
        (b'{"a\\u003Ab":{"x":1,"x":2},"t":"::"}', "a:b.x"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"a":"\\u003a","a":"::"}', "a"),
        (b'{"a":{"a":1,"a":[[{"b":1,"b":2}]]}}', "a.a"),
        (b'{"seed":18446744073709551616}', "seed"),
        (b'{"a":[0,-9223372036854775809]}', "a[1]"),
    ],
)
def test_the_path_of_the_fault_is_told(raw: bytes, path: str) -> None:
    assert refused(raw).param == path


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xff"}',
        b'{"a": "\xc0\xaf"}',
        b'{"a": "\n"}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 01}',
        b'{"a": 0x1}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 1} {"b": 2}',
        b'{"a": 1} // why',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"{}\x00",
    ],
)
def test_what_the_standard_does_not_know_is_refused(raw: bytes) -> None:
    refused(raw)


@pytest.mark.parametrize("raw", [b"", b" ", b"\n\t"])
def test_an_empty_body_is_refused(raw: bytes) -> None:
    refused(raw)


@pytest.mark.parametrize("raw", [b"[]", b'[{"a":1}]', b'"a"', b"1", b"null", b"true"])
def test_anything_but_an_object_is_refused(raw: bytes) -> None:
    assert "must be a JSON object" in refused(raw).message


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[{"a":', "}]")])
def test_depth_is_limited_whatever_it_is_made_of(opening: str, closing: str) -> None:
    levels = opening.count("[") + opening.count("{")
    for depth in (MAX_DEPTH + 1, MAX_DEPTH * 2, 900, 1_100, 100_000):
        refused(nested(2 + (depth - 1) // levels, opening, closing))


def test_the_greatest_depth_is_read() -> None:
    assert parse(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))
    assert "deeper than 64" in refused(nested(MAX_DEPTH + 1)).message


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_a_repeated_key_does_not_hide_depth(depth: int) -> None:
    refused(b'{"a":' + b"[" * depth + b"]" * depth + b',"a":1}')
    refused(b'{"b":{"a":' + b"[" * depth + b"]" * depth + b',"a":1}}')


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a":[' + b"[]," * 100_000])
def test_brackets_that_never_close_are_refused(raw: bytes) -> None:
    refused(raw)


@pytest.mark.parametrize("rest", [b'\\"' * 50, b'\\"' * 50 + b"\\", b"\\" * 99, b"a," * 50])
def test_a_string_that_never_closes_is_looked_at_once(rest: bytes) -> None:
    """Where each of its quotes were tried as a beginning of its own, 660 kilobytes would take a minute."""
    assert [found.span() for found in _STRING.finditer(b',"' + rest)] == [(1, 2 + len(rest))]


def test_very_many_values_are_refused_and_as_many_commas_in_a_text_are_not() -> None:
    assert "more than" in refused(b'{"a":[' + b"1," * MAX_VALUES + b"1]}").message
    assert "more than" in refused(b'{"a":[' + b"{}," * MAX_VALUES + b"1]}").message
    text = ",[{" * MAX_VALUES
    assert parse(json.dumps({"a": text, 'quo"ted\\': "[,"}).encode())["a"] == text


def test_as_many_values_as_allowed_are_read() -> None:
    numbers = [1] * (MAX_VALUES - 1)  # the object and the array have a bracket each
    assert parse(json.dumps({"a": numbers}).encode())["a"] == numbers


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1" + "0" * 400, "1" * 5_000, "123456789012345678901234567890", "1e5", "1.0", "-0"]
)
def test_a_number_is_refused_or_comes_out_as_json_would_read_it(number: str) -> None:
    raw = f'{{"a":{number}}}'.encode()
    if "e4" in number or len(number) > 20:
        refused(raw)
    else:
        assert parse(raw) == json.loads(raw)


def test_large_numbers_that_are_no_integers_are_read() -> None:
    assert parse(b'{"a":1e30,"b":-1.5e300}') == {"a": 1e30, "b": -1.5e300}


@given(st.binary(max_size=60) | st.text('{}[]":,\\u003a1e-.tn ', max_size=60).map(str.encode))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with contextlib.suppress(errors.InvalidRequest):
        assert parse(raw) == json.loads(raw)


def test_a_message_never_quotes_the_body() -> None:
    for raw in (b'{"model": secret}', b'{"secret" 1}', b'{"a": "secret', b"secret"):
        assert "secret" not in refused(raw).message
