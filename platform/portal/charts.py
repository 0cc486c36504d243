"""Small charts as SVG, drawn on the server: no script and no inline style, which the policy would refuse.

They go beside figures that say the same: a chart is a picture with a name for whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDTH, _HEIGHT = 600, 120


def bars(label: str, columns: Sequence[tuple[str, float, float]]) -> SafeString:
    """A column each: what it says when pointed at, its height, and how much of that is bad, drawn from below."""
    most = max((height for _, height, _ in columns), default=0) or 1
    width = _WIDTH / max(1, len(columns))
    drawn = format_html_join(
        "",
        '<g><title>{}</title><rect class="hit" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="good" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="bad" x="{}" y="{}" width="{}" height="{}"/></g>',
        (
            (said, *_box(x * width, _HEIGHT, width), *_box(x * width, height / most * _HEIGHT, width * 0.8),
             *_box(x * width, bad / most * _HEIGHT, width * 0.8))
            for x, (said, height, bad) in enumerate(columns)
        ),
    )  # fmt: skip
    return _svg("chart", label, drawn)


def line(label: str, points: Sequence[tuple[str, float | None]]) -> SafeString:
    """A line through the points that have a value, with a dot at each that says it when pointed at."""
    most = max((value for _, value in points if value is not None), default=0) or 1
    step = _WIDTH / max(1, len(points))
    places = [
        (said, f"{(x + 0.5) * step:.1f}", f"{_HEIGHT - value / most * (_HEIGHT - 8):.1f}")
        for x, (said, value) in enumerate(points)
        if value is not None
    ]
    path = " ".join(f"{x},{y}" for _, x, y in places)
    dots = format_html_join(
        "", '<circle cx="{}" cy="{}" r="3"><title>{}</title></circle>', ((x, y, said) for said, x, y in places)
    )
    return _svg("chart", label, format_html('<polyline points="{}"/>{}', path, dots))


def _svg(kind: str, label: str, drawn: SafeString) -> SafeString:
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        kind, _WIDTH, _HEIGHT, label, drawn,
    )  # fmt: skip


def _box(x: float, height: float, width: float) -> tuple[str, str, str, str]:
    return f"{x:.1f}", f"{_HEIGHT - height:.1f}", f"{width:.1f}", f"{height:.1f}"
