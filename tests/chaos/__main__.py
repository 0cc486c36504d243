"""Command line of the faults: `python -m tests.chaos [--seed N] [--faults N]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django

from portal.embedded.application import REPOSITORY
from tests.bench.output import say
from tests.chaos.installation import NotStarted, started

if TYPE_CHECKING:
    from tests.chaos.report import Report

_FAULTS = 220  # some find that what they would break is broken already
_GATEWAYS = 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="else one by chance")
    parser.add_argument("--faults", type=int, default=_FAULTS)
    parser.add_argument("--gateways", type=int, default=_GATEWAYS)
    parser.add_argument("--lanes", type=_words, default=[], help="these alone, such as valkey,postgres,gateway-0")
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".chaos", help="where histories and results go")
    return parser.parse_args()


def _words(text: str) -> list[str]:
    return text.split(",")


async def run(options: argparse.Namespace) -> Report:
    """Django's settings, which the acts of governance need, are known when the installation runs and not before."""
    say(f"seed {options.seed}: starting PostgreSQL, Valkey, {options.gateways} gateways and the tasks")
    async with started(options.gateways) as installation:
        os.environ.update(installation.settings)
        django.setup()
        from tests.chaos.run import broken

        return await broken(installation, options.seed, options.faults, options.lanes)


def main() -> int:
    options = arguments()
    try:
        report = asyncio.run(run(options))
    except NotStarted as failure:
        say(str(failure))
        return 2
    sys.stdout.write(report.text())
    say(f"results, history and faults are in {report.save(options.directory)} and beside it")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
