"""Replaces every web worker while callers call: `python -m tests.deploy.rolling_restart [--workers N] [--callers N]`.

Prints what callers saw. Ends with 1 where a single call failed.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

from portal.embedded.application import REPOSITORY
from tests.deploy import callers
from tests.deploy.callers import Seen
from tests.support.stack import Stack, own_stack

BEFORE_SECONDS = 1.0
REPLACED_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Restart:
    """`seconds` from the command to the last old worker's end."""

    seen: Seen
    replaced: int
    kept: int
    seconds: float


def restart(stack: Stack, calling: int) -> Restart:
    before = set(stack.worker_pids())
    took = 0.0

    async def replace() -> None:
        nonlocal took
        await asyncio.sleep(BEFORE_SECONDS)
        began = time.monotonic()
        await asyncio.to_thread(_reload, stack)
        while before & set(await asyncio.to_thread(stack.worker_pids)):
            assert time.monotonic() - began < REPLACED_SECONDS, "workers were not replaced"
            await asyncio.sleep(0.2)
        took = time.monotonic() - began
        await asyncio.sleep(BEFORE_SECONDS)

    seen = asyncio.run(callers.during(stack, calling, replace))
    after = set(stack.worker_pids())
    return Restart(seen, len(after - before), len(after & before), took)


def _reload(stack: Stack) -> None:
    environment = {**stack.environment, "CHANCERY_HOME": str(stack.home.path)}
    subprocess.run(
        [sys.executable, "manage.py", "services", "reload"], cwd=REPOSITORY, env=environment, check=True, stdout=2
    )


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.deploy.rolling_restart", description=__doc__)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--callers", type=int, default=24)
    chosen = options.parse_args()
    with own_stack(workers=chosen.workers) as stack:
        done = restart(stack, chosen.callers)
    seen = done.seen
    sys.stdout.write(
        f"{done.replaced} of {chosen.workers} workers replaced in {done.seconds:.1f} s under {chosen.callers} callers\n"
        f"{seen.answers} answers, {seen.streams} streams of {seen.events} lines; "
        f"the slowest call took {seen.slowest_seconds:.2f} s\n{len(seen.failures)} calls failed\n"
    )
    for failure in seen.failures[:20]:
        sys.stdout.write(f"  {failure}\n")
    return 1 if seen.failures or done.kept else 0


if __name__ == "__main__":
    sys.exit(main())
