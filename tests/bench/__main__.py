"""Command line of the benchmark: `python -m tests.bench [--quick | --full]`."""

from __future__ import annotations

import argparse
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.bench import machine, report, rounds, upstream
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY, Peers
from tests.bench.processes import StartFailed
from tests.bench.rounds import Plan, Result
from tests.bench.summary import Growth, Measured, summarise
from tests.bench.target import Place, Target
from tests.bench.targets import chancery, direct, litellm_proxy, portkey, relay
from tests.bench.targets.chancery import Installation, Seed
from tests.support.services import ServicesFailed

SMALL = Seed()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_const", dest="plan", const=rounds.QUICK, help="about a minute")
    length.add_argument("--full", action="store_const", dest="plan", const=rounds.FULL, help="longer, and with growth")
    parser.set_defaults(plan=rounds.DEFAULT)
    parser.add_argument("--keys", type=_numbers, help="API keys to compare, such as 10,100000")
    parser.add_argument("--records", type=_numbers, help="ledger records to compare, such as 0,10000000")
    parser.add_argument("--organizations", type=_numbers, help="organisations to compare, such as 1,1000")
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where peers and results are")
    parser.add_argument("--strict", action="store_true", help="fail when a bar is missed, not only on an invalid run")
    parser.add_argument("--without-gateway", action="store_true", help="the relay and the peers alone")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def peers(directory: Path) -> list[Target]:
    """The peers that are installed there."""
    installed = Peers(directory)
    there = installed.installed()
    found = []
    if there["LiteLLM"]:
        found.append(litellm_proxy.target(installed.litellm))
    if there["Portkey"]:
        found.append(portkey.target(installed.portkey))
    return found


def grown_seeds(options: argparse.Namespace) -> dict[str, Seed]:
    """What to compare with the small database, each with one thing larger. `--full` compares all."""
    full = options.plan is rounds.FULL
    keys = options.keys or ([SMALL.keys, 100_000] if full else [])
    records = options.records or ([SMALL.records, 10_000_000] if full else [])
    organizations = options.organizations or ([SMALL.organizations, 1000] if full else [])
    more_keys = {f"{count:,} API keys": replace(SMALL, keys=count) for count in keys if count != SMALL.keys}
    more_records = {f"{count:,} records": replace(SMALL, records=count) for count in records if count != SMALL.records}
    more_organizations = {
        f"{count:,} organisations": replace(SMALL, organizations=count)
        for count in organizations
        if count != SMALL.organizations
    }
    return more_keys | more_records | more_organizations


def measure_growth(gateway: Installation, seeds: dict[str, Seed], place: Place, plan: Plan) -> Growth:
    """Over fresh databases: the one of the main rounds has grown by then."""
    first, second = (gateway.target(name, SMALL, "bench_small") for name in ("small database", "small database again"))
    grown = [gateway.target(name, seed, f"bench_{number}") for number, (name, seed) in enumerate(seeds.items())]
    base, *others, again = rounds.measure([first, *grown, second], place, plan)
    return Growth(base, again, dict(zip(seeds, others, strict=True)))


def main() -> int:
    options = arguments()
    directory: Path = options.directory.resolve()
    home = directory / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    described = machine.describe(home)
    growth: Growth | None = None
    targets = [relay.target(), *peers(directory)]
    with ExitStack() as stack:
        servers = upstream.start(home)
        stack.callback(servers.stop)
        place = Place(home, servers)
        notes = [f"The upstream is {servers.plain_kind} for JSON and an asyncio server for streams."]
        gateway, missing = _gateway(place, options, stack)
        if gateway:
            first, second = (gateway.target(name, SMALL, "bench") for name in ("Chancery", "Chancery again"))
            targets = [first, *targets, second]
            notes.extend(gateway.facts)
        results = rounds.measure([direct.target(), *targets], place, options.plan)
        seeds = grown_seeds(options)
        if gateway and seeds:
            growth = measure_growth(gateway, seeds, place, rounds.GROWTH)
    finished = summarise(described, options.plan, Measured.of(results), growth, notes, missing)
    return _publish(finished, results, growth, directory, strict=options.strict)


def _gateway(place: Place, options: argparse.Namespace, stack: ExitStack) -> tuple[Installation | None, str]:
    """Our gateway's installation, or why there is none."""
    if options.without_gateway:
        return None, "left out"
    say("starting the database, seeding it")
    try:
        return stack.enter_context(chancery.installed(place)), ""
    except (StartFailed, ServicesFailed) as failure:
        say(str(failure))
        return None, "the gateway did not start"


def _publish(
    finished: report.Report, results: list[Result], growth: Growth | None, directory: Path, *, strict: bool
) -> int:
    sys.stdout.write(report.markdown(finished))
    parts = {"main": results, "growth": growth.results if growth else []}
    say(f"samples are in {report.write_json(finished, parts, directory / 'results')}")
    missed = any(bar.passed is False for bar in finished.bars)
    return 1 if not finished.valid or (strict and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
