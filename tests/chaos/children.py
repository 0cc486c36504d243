"""Everything an installation consists of, under one supervisor: `python -m tests.chaos.children`.

The product's own programs, started by its own supervisor. What differs from `manage.py up`: the gateways are separate
programs with a port each; all of them reach PostgreSQL and Valkey through proxies; each has a clock that can be set;
and what was killed is started again at once however often that was.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from portal import env
from portal.embedded import application
from portal.embedded.home import Home
from portal.embedded.programs import Program
from portal.embedded.progress import Progress
from portal.embedded.start import Start
from portal.embedded.supervisor import Supervisor
from tests.chaos import points, skew

_DATABASES = ("DATABASE_URL", "DATABASE_URL_SYSTEM", "DATABASE_URL_GATEWAY")
_PAUSES = (0.1, 0.5)


def gateway_name(number: int) -> str:
    return f"gateway-{number}"


def through(environment: Mapping[str, str], postgres: int, valkey: int) -> dict[str, str]:
    """The addresses of the proxies on these ports, in place of those behind them."""
    moved = {name: _moved(environment[name], postgres) for name in _DATABASES}
    server = f"redis://:{urlsplit(environment['REDIS_URL']).password}@127.0.0.1:{valkey}/0"
    return {**environment, **moved, "REDIS_URL": server, "BROKER_URL": server, "CHANNELS_URL": server}


def _moved(url: str, port: int) -> str:
    parts = urlsplit(url)
    return f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}"


def _programs(home: Home, given: Mapping[str, str], listeners: list[socket.socket]) -> Iterator[Program]:
    for number, listener in enumerate(listeners):
        yield _breakable(replace(application.web(listener, given), name=gateway_name(number)), home.run)
    yield _breakable(application.tasks(home, given), home.run)


def _breakable(program: Program, folder: Path) -> Program:
    environment = dict(program.environment)
    environment["PYTHONPATH"] = f"{skew.HOOK}{os.pathsep}{environment['PYTHONPATH']}"
    environment["CHAOS_CLOCK"] = str(skew.create(folder, program.name))
    environment["CHAOS_KILLS"] = str(points.orders_of(folder, program.name))
    return replace(program, environment=environment)


def _say(text: str) -> None:
    sys.stdout.write(text)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.chaos.children", description=__doc__)
    options.add_argument("--ports", required=True, help="of the gateways")
    options.add_argument("--postgres", type=int, required=True, help="port of the proxy")
    options.add_argument("--valkey", type=int, required=True, help="port of the proxy")
    chosen = options.parse_args()
    home = Home(env.home())
    home.create()
    progress = Progress(_say)
    with home.exclusive(), Supervisor(home, progress.line, pauses=_PAUSES) as supervisor:
        start = Start(home, supervisor, progress)
        start.services()
        start.migrate()
        given = through(start.environment, chosen.postgres, chosen.valkey)
        # Held open here, as `manage.py up` does: who calls while a gateway is being started waits for it.
        listeners = [socket.create_server(("127.0.0.1", int(port)), backlog=256) for port in chosen.ports.split(",")]
        for program in _programs(home, given, listeners):
            supervisor.start(program)
        home.declare_ready()
        supervisor.watch()


if __name__ == "__main__":
    main()
