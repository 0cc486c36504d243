"""`python -m gateway.providers.dummy --port N`: the dummy provider as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvloop

from gateway.providers.dummy.server import DummyServer


async def _serve(host: str, port: int) -> None:
    chosen = await DummyServer().start(host, port)
    sys.stdout.write(f"dummy provider at http://{host}:{chosen}/v1\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m gateway.providers.dummy", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    chosen = options.parse_args()
    try:
        uvloop.run(_serve(chosen.host, chosen.port))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
