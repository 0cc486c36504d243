"""The web server on a listening socket that the supervisor holds open.

`python -m portal.embedded.web --fd N --workers N`: callers that arrive while a killed server starts again wait for it
instead of being refused. uvicorn's own `--fd` would take the socket for a unix socket and lose the callers' addresses.
"""

from __future__ import annotations

import argparse
import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from portal.http_protocol import BoundedHttp

_DRAIN_SECONDS = 10


def serve(listener: socket.socket, workers: int) -> None:
    config = uvicorn.Config(
        "portal.asgi:application",
        workers=workers,
        loop="uvloop",
        http=BoundedHttp,
        lifespan="on",
        access_log=False,  # the ledger records every call
        log_level="warning",
        proxy_headers=False,  # whom to believe about addresses is ours to decide (TRUSTED_PROXIES)
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m portal.embedded.web", description=__doc__)
    options.add_argument("--fd", type=int, required=True)
    options.add_argument("--workers", type=int, default=1)
    chosen = options.parse_args()
    serve(socket.socket(fileno=chosen.fd), chosen.workers)
