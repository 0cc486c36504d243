"""The supervisor, with small programs in place of services."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from portal.embedded import orphans
from portal.embedded.home import Home
from portal.embedded.programs import Program, started_at
from portal.embedded.supervisor import StartFailed, Stopped, Supervisor

SLEEP = "import time; time.sleep(60)"


def program(name: str, code: str, ready: Callable[[], bool] = lambda: True) -> Program:
    return Program(name=name, command=(sys.executable, "-c", code), directory=Path("/"), ready=ready)


@pytest.fixture
def reported() -> list[str]:
    return []


@pytest.fixture
def supervisor(home: Home, reported: list[str]) -> Iterator[Supervisor]:
    with Supervisor(home, reported.append) as supervisor:
        yield supervisor


def test_a_killed_program_is_started_again(home: Home, supervisor: Supervisor, reported: list[str]) -> None:
    supervisor.start(program("sleeper", SLEEP))
    first = orphans.running(home)["sleeper"]
    os.kill(first, signal.SIGKILL)
    supervisor.start(program("other", SLEEP, ready=lambda: orphans.running(home).get("sleeper", first) != first))
    supervisor.wait("other", 10)
    assert reported == [f"sleeper ended with signal 9; it is started again (see {home.logs / 'sleeper.log'})"]


def test_what_cannot_be_written_down_stops_nobody(home: Home, supervisor: Supervisor, reported: list[str]) -> None:
    record = home.run / "unrecorded.pid"
    record.mkdir()
    supervisor.start(program("unrecorded", SLEEP))
    record.rmdir()
    log = home.logs / "unlogged.log"
    log.mkdir()
    supervisor.start(program("unlogged", SLEEP))
    assert reported == ["unlogged cannot be started (Is a directory); it is tried again"]
    log.rmdir()
    supervisor.wait("unlogged", 10)
    assert list(orphans.running(home)) == ["unlogged"]


def test_a_program_that_cannot_start_is_given_up_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.start(program("broken", "raise SystemExit('no such setting')", ready=lambda: False))
    with pytest.raises(StartFailed, match="no such setting"):
        supervisor.wait("broken", 10)


def test_a_command_is_run_to_its_end(supervisor: Supervisor) -> None:
    supervisor.run(program("good", "pass"))
    with pytest.raises(StartFailed, match="bad failed"):
        supervisor.run(program("bad", "raise SystemExit(3)"))


def test_a_program_activated_by_a_socket_starts_at_the_first_connection(home: Home, supervisor: Supervisor) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    answer = f"import socket; s = socket.socket(fileno={listener.fileno()}); c, _ = s.accept(); c.sendall(b'here')"
    lazy = replace(program("lazy", answer), descriptors=(listener.fileno(),), activated_by=listener)
    supervisor.start(lazy)
    assert "lazy" not in orphans.running(home)
    for name in ("first", "second"):  # it ends after one connection, and comes back for the next
        with socket.create_connection(listener.getsockname()) as client:
            supervisor.start(program(name, SLEEP, ready=partial(has_data, client)))
            supervisor.wait(name, 10)
            assert client.recv(4) == b"here"
    listener.close()


def has_data(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


def test_leaving_stops_services_last_and_what_they_left_too(home: Home, reported: list[str], tmp_path: Path) -> None:
    note = tmp_path / "note"
    code = (
        "import signal, sys, time\n"
        "def stop(*_):\n    open({note!r}, 'a').write({name!r} + ' ')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop)\nopen({note!r} + {name!r}, 'w')\ntime.sleep(60)"
    )
    with Supervisor(home, reported.append) as supervisor:
        for name in ("database", "web"):
            started = Path(f"{note}{name}")
            one = program(name, code.format(note=str(note), name=name), ready=started.exists)
            supervisor.start(replace(one, is_service=name == "database"))
            supervisor.wait(name, 10)
    assert note.read_text() == "web database "
    assert orphans.running(home) == {}


def test_a_signal_stops_the_watch_and_a_wait(home: Home, reported: list[str]) -> None:
    with Supervisor(home, reported.append) as supervisor:
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.watch()
    with Supervisor(home, reported.append) as supervisor:
        supervisor.start(program("never", SLEEP, ready=lambda: False))
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            supervisor.wait("never", 10)


def test_a_process_id_given_to_another_process_is_not_mistaken_for_an_orphan(home: Home) -> None:
    (home.run / "postgres.pid").write_text(f"{os.getpid()}\nlong ago\n15")
    assert orphans.stop(home) == []
    assert started_at(os.getpid()) is not None
