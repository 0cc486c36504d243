"""Draws a run's CPU per request as bars.

python -m tests.bench.drawing .bench/results/RUN.json > docs/guides/images/benchmark.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 720, 170, 90, 34, 46
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2933}.t{font-weight:600}.n{fill:#52606d;font-size:12px}"
    ".ours{fill:#2563eb}.other{fill:#9aa5b1}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.n{fill:#9aa5b1}.other{fill:#616e7c}.ours{fill:#60a5fa}}"
)


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    value: float
    ours: bool


def bars(title: str, note: str, unit: str, lines: Sequence[Line]) -> str:
    """An SVG without scripts or fonts of its own, readable on light and dark pages."""
    most = max(line.value for line in lines)
    height = _TOP + _ROW * len(lines) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text class="t" x="0" y="20">{escape(title)}</text>',
    ]
    for number, line in enumerate(lines):
        top = _TOP + _ROW * number
        width = max(2.0, (_WIDTH - _LEFT - _RIGHT) * line.value / most)
        kind = "ours" if line.ours else "other"
        parts += [
            f'<text x="{_LEFT - 10}" y="{top + 17}" text-anchor="end">{escape(line.name)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width:.1f}" height="24" rx="3"/>',
            f'<text x="{_LEFT + width + 8:.1f}" y="{top + 17}">{line.value:.2f} {escape(unit)}</text>',
        ]
    parts += [f'<text class="n" x="0" y="{height - 8}">{escape(note)}</text>', "</svg>\n"]
    return "\n".join(parts)


def of_run(path: Path) -> str:
    run = json.loads(path.read_text())
    rows = [row for row in run["rows"] if row["name"] not in ("upstream, direct", "Chancery again")]
    rows.sort(key=lambda row: float(row["cpu_ms"]))
    lines = [Line(row["name"], row["cpu_ms"], row["name"] == "Chancery") for row in rows]
    machine = run["machine"]
    note = f"16 connections, one worker each, {machine['cores']} cores ({machine['cpu']}), {run['at'][:10]}"
    return bars("CPU per request, milliseconds (less is better)", note, "ms", lines)


if __name__ == "__main__":
    sys.stdout.write(of_run(Path(sys.argv[1])))
