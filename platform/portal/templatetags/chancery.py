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
