"""Where a worker's time goes under load: the functions by their own time and with what they call.

    python -m tests.bench.profile [--stream] [--seconds N]

Prints two tables; the folded stacks, which flame graph viewers read, stay beside the benchmark's results. py-spy
samples from outside, so the figures are those of an undisturbed process.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import load, stage
from tests.bench.load import Stretch
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.report import table
from tests.bench.target import Running

_SHOWN = 30
_LINE = re.compile(r":\d+\)$")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.profile", description=__doc__)
    parser.add_argument("--stream", action="store_true", help="streamed answers instead of whole ones")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the stacks are written")
    options = parser.parse_args()
    stacks: Path = options.directory / "results" / f"profile-{'stream' if options.stream else 'chat'}.folded"
    stacks.parent.mkdir(parents=True, exist_ok=True)
    with stage.set_up(options.directory) as ready, ready.installation.running("profile") as gateway:
        record(gateway, stacks, options.seconds, stream=options.stream)
    sys.stdout.write(tables(stacks.read_text().splitlines()))
    say(f"stacks are in {stacks}")
    return 0


def record(gateway: Running, stacks: Path, seconds: int, *, stream: bool) -> None:
    stretch = Stretch(100 if stream else 16, seconds + 2, 2)
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(gateway.pid)]
    spy += ["--duration", str(seconds), "--rate", "400", "--format", "raw", "--output", str(stacks)]
    with ThreadPoolExecutor(1) as pool:
        if stream:
            assert gateway.stream is not None
            running = pool.submit(load.streams, gateway.stream, stretch, {})
        else:
            running = pool.submit(load.plain, gateway.plain, stretch, {})
        subprocess.run(spy, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.result()


def tables(stacks: Iterable[str]) -> str:
    """Of folded stacks (`outer;inner COUNT`) the share of each function, alone and with what it calls."""
    own: Counter[str] = Counter()
    with_calls: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frames = [_LINE.sub(")", frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        with_calls.update(dict.fromkeys(frames, int(count)))
    total = max(1, own.total())
    return "\n\n".join(_shares(name, counts, total) for name, counts in (("alone", own), ("with calls", with_calls)))


def _shares(name: str, counts: Counter[str], total: int) -> str:
    rows = ([f"{100 * count / total:.1f} %", function] for function, count in counts.most_common(_SHOWN))
    return table([name, "function"], rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
