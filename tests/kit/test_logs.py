"""Lines of logs: whole, escaped, bounded, and never in anybody's way."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from kit import logs
from kit.errors import Unavailable
from kit.ids import new_id
from kit.logs import JsonFormatter, Sink


def record_of(message: str, failure: BaseException | None = None) -> logging.LogRecord:
    info = (type(failure), failure, failure.__traceback__) if failure else None
    return logging.LogRecord("gateway.test", logging.WARNING, __file__, 1, message, (), info)


def test_lines_arrive_whole_and_in_order(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "log")
    for number in range(1000):
        sink.write(b"%d\n" % number)
    sink.flush(5)
    assert (tmp_path / "log").read_text().splitlines() == [str(number) for number in range(1000)]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_reader_that_does_not_read_costs_lines_and_no_time() -> None:
    read, write = os.pipe()
    sink = Sink(descriptor=write)
    lost = logs._lost.value
    for _ in range(20_000):
        sink.write(b"x" * 99 + b"\n")
    assert logs._lost.value - lost >= 20_000 - logs._MOST_LINES - 1000
    os.close(read)  # the thread that waits to write is freed
    sink.flush(5)
    assert sink.waiting == 0
    os.close(write)


def test_a_file_that_is_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sink = Sink(path)
    sink.write(b"before\n")
    sink.flush(5)
    path.rename(tmp_path / "log.1")
    sink.write(b"after\n")
    sink.flush(5)
    assert (path.read_text(), (tmp_path / "log.1").read_text()) == ("after\n", "before\n")


def test_control_characters_are_escaped() -> None:
    written = JsonFormatter().format(record_of("one\ntwo\r\x1b[31m\x9b\u2028"))
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["message"] == "one\ntwo\r\x1b[31m\x9b\u2028"


def test_a_message_has_an_end() -> None:
    assert len(JsonFormatter().format(record_of("x" * 1_000_000))) < 10_000


def test_an_exception_is_told_without_what_it_quotes() -> None:
    try:
        try:
            int("canary")
        except ValueError as failure:
            raise Unavailable("The ledger is away.", code="ledger_unavailable") from failure
    except Unavailable as failure:
        written = JsonFormatter().format(record_of("it failed", failure))
    assert "canary" not in written
    told = json.loads(written)["exception"]
    assert [each["type"] for each in told] == ["kit.errors.Unavailable", "builtins.ValueError"]
    assert told[0]["message"] == "The ledger is away."
    assert __file__ in told[1]["at"][-1]


def test_the_request_is_named_where_there_is_one() -> None:
    request = new_id()
    token = logs.request_id.set(request)
    try:
        assert json.loads(JsonFormatter().format(record_of("x")))["request_id"] == str(request)
    finally:
        logs.request_id.reset(token)
    assert "request_id" not in json.loads(JsonFormatter().format(record_of("x")))
