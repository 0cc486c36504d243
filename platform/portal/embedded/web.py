"""The web server: workers on one listening socket, which a supervisor may hold open.

    python -m portal.embedded.web                     listens on HOST and PORT, with WEB_WORKERS workers
    python -m portal.embedded.web --fd N --workers N  listens on a socket it is given

A supervisor's socket outlives a killed server: callers that arrive while another one starts wait for it instead of
being refused. uvicorn's own `--fd` would take the socket for a unix socket and lose the callers' addresses.
`portal.embedded.workers` says what signals do.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys

from portal import configuration, env, variables
from portal.embedded.workers import NeverServed, Workers


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m portal.embedded.web", description=__doc__)
    options.add_argument("--fd", type=int, help="a listening socket, inherited")
    options.add_argument("--workers", type=int, help="else WEB_WORKERS")
    options.add_argument("--alive", type=int, help=argparse.SUPPRESS)  # of a worker: where to say that it is alive
    chosen = options.parse_args()
    try:
        configuration.require()
        if chosen.alive is not None:
            work(socket.socket(fileno=chosen.fd), chosen.alive)
        else:
            serve(_listener(chosen.fd), chosen.workers or variables.WEB_WORKERS.read())
    except (configuration.InvalidConfiguration, env.InvalidSetting, NeverServed, OSError) as failure:
        sys.exit(str(failure))


def serve(listener: socket.socket, count: int) -> None:
    """Until a signal asks to stop. Raises `NeverServed`."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    program = (sys.executable, "-m", "portal.embedded.web", "--fd", str(listener.fileno()), "--alive")
    os.set_inheritable(listener.fileno(), True)
    Workers(listener, count, lambda alive: (*program, str(alive))).run()


def work(listener: socket.socket, alive: int) -> None:
    """One worker, in this process."""
    import uvicorn

    from portal.embedded.server import DrainingServer
    from portal.http_protocol import BoundedHttp

    config = uvicorn.Config(
        "portal.asgi:application",
        loop="uvloop",
        http=BoundedHttp,
        lifespan="on",
        access_log=False,  # the ledger records every call
        log_level="warning",
        log_config=None,  # Django's LOGGING stands
        proxy_headers=False,  # whom to believe about addresses is ours to decide (TRUSTED_PROXIES)
    )
    DrainingServer(
        config,
        notice_seconds=variables.DRAIN_NOTICE_SECONDS.read(),
        drain_seconds=variables.DRAIN_SECONDS.read(),
        alive=alive,
    ).run(sockets=[listener])


def _listener(descriptor: int | None) -> socket.socket:
    if descriptor is not None:
        return socket.socket(fileno=descriptor)
    host = variables.HOST.read()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, variables.PORT.read()), family=family, backlog=2048)


if __name__ == "__main__":
    main()
