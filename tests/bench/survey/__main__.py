"""Command line: `python -m tests.bench.survey [--quick] [--only PART …]`."""

from __future__ import annotations

import argparse
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.bench import machine, upstream
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.survey import ladder, paths, streams, workers
from tests.bench.survey.report import Survey, markdown, write_json
from tests.bench.target import Place, Request
from tests.bench.targets import chancery, direct
from tests.bench.targets.chancery import Installation, Seed

PARTS = ("ladder", "bounds", "streams", "workers")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.survey", description=__doc__)
    parser.add_argument("--quick", action="store_const", dest="seconds", const=1.0, default=3.0, help="a third as long")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where results are")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    directory: Path = options.directory.resolve()
    home = directory / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    survey = Survey(machine.describe(home))
    with ExitStack() as stack:
        servers = upstream.start(home)
        stack.callback(servers.stop)
        place = Place(home, servers)
        say("starting the database, seeding it")
        installation = stack.enter_context(chancery.installed(place))
        _measure(survey, installation, place, set(options.only), options.seconds)
    sys.stdout.write(markdown(survey))
    say(f"figures are in {write_json(survey, directory / 'results')}")
    return 1 if survey.failures else 0


def _measure(survey: Survey, installation: Installation, place: Place, parts: set[str], seconds: float) -> None:
    gateway = installation.target("one worker", Seed(), "survey").start(place)
    try:
        if "ladder" in parts:
            say("each path, from 1 to 256 connections")
            survey.rungs = ladder.climb(gateway, _upstream(place), paths.of(gateway), seconds)
        if "bounds" in parts:
            say("what is served within latency bounds")
            survey.bounded = ladder.within_bounds(gateway, gateway.plain, seconds)
        if "streams" in parts:
            say("streams")
            survey.carried = streams.carry(gateway, place.upstream)
        if "workers" in parts:
            say("one worker and two")
            alone = workers.together(1, gateway, seconds)
    finally:
        gateway.stop()
    if "workers" in parts:
        pair = installation.target("two workers", Seed(), "survey", workers=2).start(place)
        try:
            survey.teams = [alone, workers.together(2, pair, seconds)]
        finally:
            pair.stop()


def _upstream(place: Place) -> Request:
    return direct.target().start(place).plain


if __name__ == "__main__":
    sys.exit(main())
