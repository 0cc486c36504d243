"""Money is an integer of nano-USD: 1 USD = 1,000,000,000. Never a float."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

NANO = 1_000_000_000


def from_usd(amount: Decimal | int | str) -> int:
    """Nano-USD of an amount in USD, rounded up to the next nano-dollar.

    Raises `decimal.InvalidOperation` for text that is no number.
    """
    return int((Decimal(amount) * NANO).to_integral_value(rounding=ROUND_CEILING))


def to_usd(nano_usd: int) -> Decimal:
    """The exact amount in USD."""
    return Decimal(nano_usd) / NANO


def plain(nano_usd: int) -> str:
    """The exact amount in USD as a plain decimal without exponent or trailing zeros: `0.00000025`."""
    sign, magnitude = ("-", -nano_usd) if nano_usd < 0 else ("", nano_usd)
    whole, fraction = divmod(magnitude, NANO)
    digits = f"{fraction:09d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def display(nano_usd: int) -> str:
    """For people: cents from one cent up, else as many digits as it takes not to show 0.00."""
    sign, magnitude = ("-", -nano_usd) if nano_usd < 0 else ("", nano_usd)
    if magnitude == 0 or magnitude >= NANO // 100:
        return f"{sign}${to_usd(magnitude):,.2f}"
    return f"{sign}${plain(magnitude)}"
