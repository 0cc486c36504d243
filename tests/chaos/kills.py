"""`kill -9` at each point between what an upstream is asked and what its call is settled at, under load.

    python -m tests.chaos.kills [--rounds N] [--gateways N]

On an installation of its own. Each gateway is killed at each point so many times, the tasks at theirs. Prints what was
killed, how the calls at the points ended on record, and which laws held; ends with 1 where one did not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

import django

from tests.bench.output import say
from tests.chaos.installation import NotStarted, started


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="kills of each gateway at each point")
    parser.add_argument("--gateways", type=int, default=3)
    return parser.parse_args()


async def run(options: argparse.Namespace) -> bool:
    """Whether every law held. Django's settings are known when the installation runs and not before."""
    say(f"starting PostgreSQL, Valkey, {options.gateways} gateways and the tasks")
    async with started(options.gateways) as installation:
        os.environ.update(installation.settings)
        django.setup()
        from tests.chaos.killing import killed

        result = await killed(installation, options.rounds)
    sys.stdout.write(result.text())
    return result.passed


def main() -> int:
    try:
        return 0 if asyncio.run(run(arguments())) else 1
    except NotStarted as failure:
        say(str(failure))
        return 2


if __name__ == "__main__":
    sys.exit(main())
