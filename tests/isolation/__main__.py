"""`python -m tests.isolation`: the whole matrix, and how large it is: passes, cases, attempts, leaks.

Other arguments go to pytest. With `--timing` it also measures whether a foreign row takes as long as an absent one.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.isolation.tally import BOTH, DATABASE, WHOLE

_HERE = Path(__file__).parent
_MANAGERS = "scoped managers alone"
_PASSES = (BOTH, DATABASE, _MANAGERS)
_HEAD = ("walls that stand", "cases", "attempts", "leaks")


class Report:
    """Adds up what the tests report, from workers too."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.leaks: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        standing = _pass_of(report.nodeid)
        if report.when == "call":
            self.cases[standing] += 1
        self.leaks[standing] += report.failed
        if report.when == "teardown":
            self.attempts[standing] += sum(value for name, value in report.user_properties if name == "attempts")

    def lines(self) -> list[str]:
        counted = (self.cases, self.attempts, self.leaks)
        rows = [(name, *(numbers[name] for numbers in counted)) for name in _PASSES]
        total = ("together", *(numbers.total() for numbers in counted))
        return [f"{name:<26}{a:>8}{b:>10}{c:>7}" for name, a, b, c in [_HEAD, *rows, total]]


def _pass_of(node: str) -> str:
    if "test_managers_alone" in node:
        return _MANAGERS
    alone = DATABASE in node or "[unscoped manager" in node or "-unscoped manager]" in node or "-SQL]" in node
    return DATABASE if alone else BOTH


def main(arguments: list[str]) -> int:
    paths = [str(_HERE)]
    if "--timing" in arguments:
        arguments.remove("--timing")
        paths.append(str(_HERE / "timing.py"))
        arguments.append("-s")
    os.environ[WHOLE] = "yes"
    report = Report()
    code = pytest.main([*paths, "-q", "--no-header", "-p", "no:cacheprovider", *arguments], plugins=[report])
    sys.stdout.write("\n" + "\n".join(report.lines()) + "\n")
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
