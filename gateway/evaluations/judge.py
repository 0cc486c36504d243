"""Whether an answer is what a case expects."""

from __future__ import annotations

import asyncio
import contextlib

import orjson

from gateway.evaluations.queue import Case
from governance.expectations import JUDGING, JUDGING_SECONDS

PASSED, UNDECIDED = "passed", "undecided"
_WORDS = {PASSED, "no_match", "not_json", "schema"}


async def judge(case: Case, answer: str) -> str:
    """`passed`, or why not, in a word; `undecided` where that could not be told in the time there is."""
    match case.expectation:
        case "contains":
            return PASSED if case.expected in answer else "not_contained"
        case "equals":
            return PASSED if case.expected.strip() == answer.strip() else "not_equal"
        case _:
            return await _apart(case, answer)


async def _apart(case: Case, answer: str) -> str:
    asked = orjson.dumps({"expectation": case.expectation, "expected": case.expected, "answer": answer})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *JUDGING, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(JUDGING_SECONDS):
            said, _ = await process.communicate(asked)
    except TimeoutError:
        return UNDECIDED
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    word = said.decode(errors="replace")
    return word if word in _WORDS else UNDECIDED
