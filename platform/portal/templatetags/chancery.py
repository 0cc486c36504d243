"""How figures and moments are shown to people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kit import clock, money
from kit.data_class import DataClass

register = template.Library()
_STALE_AFTER = timedelta(minutes=3)


@register.filter
def usd(nano_usd: int | None) -> str:
    """Nano-USD as an amount; never 0.00 for what is not nothing."""
    return "" if nano_usd is None else money.display(nano_usd)


@register.filter
def data_class(rank: int) -> str:
    return DataClass(rank).label


@register.filter
def milliseconds(value: float | None) -> str:
    """Short: `1.9 ms`, `840 ms`, `2.4 s`."""
    if value is None:
        return ""
    if value < 10:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


@register.filter
def percent(share: float | None) -> str:
    """`0.0123` as `1.2 %`; never 0 for what is not nothing, and never 100 for what is not all."""
    if share is None:
        return ""
    told = f"{100 * share:.1f}"
    if (told == "0.0") != (share == 0) or (told == "100.0") != (share == 1):
        told = f"{100 * share:.4f}".rstrip("0").rstrip(".")
    return f"{told} %"


@register.filter
def per_mille(parts: int) -> str:
    """Parts of a thousand as per cent."""
    return f"{parts / 10:.1f} %"


@register.filter
def per_second(rate: float) -> str:
    """`12.3/s`; what is rarer is told per minute or hour: `4.5/min`, `2/h`."""
    for seconds, unit in [(1, "s"), (60, "min")]:
        if rate * seconds >= 1:
            return f"{rate * seconds:,.1f}/{unit}"
    return f"{rate * 3600:,.1f}/h" if rate else "0"


@register.filter
def is_stale(as_of: datetime) -> bool:
    """Whether sums that should be counted every half minute were not for three minutes."""
    return clock.now() - as_of > _STALE_AFTER


@register.filter
def grouped(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


@register.filter
def words(name: str | None) -> str:
    """`api_key` as `API key`."""
    return (name or "").replace("_", " ").replace("api", "API")


@register.simple_tag
def moment(at: datetime | None, empty: str = "", *, seconds: bool = False) -> SafeString | str:
    """In the organisation's time zone, with UTC when pointed at."""
    if at is None:
        return empty
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        at.isoformat(),
        at.astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%d %b %Y %H:%M:%S" if seconds else "%d %b %Y %H:%M"),
    )


@register.simple_tag
def utc(at: datetime) -> str:
    """`2026-11-20 14:05:09 UTC`, beside a moment in local time."""
    return at.astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%d %H:%M:%S UTC")


@register.simple_tag
def age(at: datetime) -> SafeString:
    """How long ago, in the largest unit that fits: `3 h ago`, `just now`."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), at.isoformat(), _short(clock.now() - at)
    )


@register.filter
def percent_of(part: int, whole: int) -> int:
    """0 to 100, for bars; a budget of nothing is used up."""
    return min(100, round(100 * part / whole)) if whole else 100


@register.filter
def of_key(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key, "")


def _short(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in [(86_400, "d"), (3_600, "h"), (60, "min")]:
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"
