"""Command line: `python -m tests.bench.survey [--quick] [--only PART …]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench import stage
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.survey import ladder, paths, streams, workers
from tests.bench.survey.report import Survey, markdown, write_json
from tests.bench.target import Place, Request
from tests.bench.targets import direct
from tests.bench.targets.chancery import Installation

PARTS = ("ladder", "bounds", "streams", "workers")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.survey", description=__doc__)
    parser.add_argument("--quick", action="store_const", dest="seconds", const=1.0, default=3.0, help="a third as long")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where results are")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    with stage.set_up(options.directory) as ready:
        survey = Survey(ready.machine)
        _measure(survey, ready.installation, set(options.only), options.seconds)
    sys.stdout.write(markdown(survey))
    say(f"figures are in {write_json(survey, options.directory / 'results')}")
    return 1 if survey.failures else 0


def _measure(survey: Survey, installation: Installation, parts: set[str], seconds: float) -> None:
    place = installation.place
    with installation.running("survey") as gateway:
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
        for number in (1, 2):
            with installation.running("survey", workers=number) as gateway:
                survey.teams = [*survey.teams, workers.together(number, gateway, seconds)]


def _upstream(place: Place) -> Request:
    return direct.target().start(place).plain


if __name__ == "__main__":
    sys.exit(main())
