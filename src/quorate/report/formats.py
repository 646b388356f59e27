"""Numbers as the text of a page: money, shares, counts and times, each in one way only.

In: integers of 1e-8 USD, floats, instants. Out: short text; an en dash where nothing is known.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

from quorate.core.types import MONEY_SCALE

if TYPE_CHECKING:
    from datetime import datetime

UNKNOWN: Final = "–"
_MINUS: Final = "−"
_CENT = MONEY_SCALE // 100

_PERCENT: Final = {
    "fraction": "%",
    "fraction/year": "% a year",
    "fraction/sqrt(year)": "% a year",
    "probability": "%",
}
_UNITS: Final = {
    "1/sqrt(year)": "annualised",
    "1/year": "a year",
    "1/day": "a day",
    "ratio": "ratio",
    "count": "count",
}


def units(amount: str | float) -> int:
    """Return an amount in USD as an integer of 1e-8 USD, rounded once.

    Examples
    --------
    >>> units("-12.34567891"), units(0.1)
    (-1234567891, 10000000)
    """
    scaled = Decimal(str(amount)) * MONEY_SCALE
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))


def number(value: float | None, decimals: int = 2) -> str:
    """Return a number with thousands set apart and a true minus sign.

    Examples
    --------
    >>> number(-1234.5), number(None), number(-0.001)
    ('−1,234.50', '–', '0.00')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not text.strip("0,.")
    return f"{_MINUS}{text}" if value < 0 and not is_zero else text


def counted(count: int, noun: str) -> str:
    """Return a count of things.

    Examples
    --------
    >>> counted(1, "day"), counted(1_045, "closed trade")
    ('1 day', '1,045 closed trades')
    """
    return f"{number(count, 0)} {noun}{'' if count == 1 else 's'}"


def rounded(value: float) -> str:
    """Return a rough figure with three digits that count and thousands set apart.

    Examples
    --------
    >>> rounded(1_301_405.2), rounded(-0.012345), rounded(0.0)
    ('1,300,000', '−0.0123', '0')
    """
    if not math.isfinite(value) or value == 0.0:
        return number(value, 0)
    places = 2 - math.floor(math.log10(abs(value)))
    return number(round(value, places), max(0, places))


def usd(amount: int) -> str:
    """Return money to the cent; less than half a cent, and not nothing, says so.

    Examples
    --------
    >>> usd(123_456_789_012), usd(-250_000), usd(0)
    ('1,234.57', '>−0.01', '0.00')
    """
    if abs(amount) > 0 and 2 * abs(amount) < _CENT:
        return f">{_MINUS}0.01" if amount < 0 else "<0.01"
    return number(amount / MONEY_SCALE)


def exact(amount: int) -> str:
    """Return money with all its eight decimals.

    Examples
    --------
    >>> exact(-123_456_789_012)
    '−1,234.56789012'
    """
    whole, part = divmod(abs(amount), MONEY_SCALE)
    return f"{_MINUS if amount < 0 else ''}{whole:,}.{part:08d}"


def percent(value: float | None, decimals: int = 2) -> str:
    """Return a fraction in percent.

    Examples
    --------
    >>> percent(0.1234), percent(float("nan"))
    ('12.34%', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{number(100.0 * value, decimals)}%"


def probability(value: float | None) -> str:
    """Return a probability in percent; an estimated one is never certain.

    Examples
    --------
    >>> probability(0.9961), probability(0.99999), probability(0.0), probability(None)
    ('99.6%', '>99.9%', '<0.1%', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value > 0.9995:
        return ">99.9%"
    return "<0.1%" if value < 0.0005 else percent(value, 1)


def small(value: float | None) -> str:
    """Return a number to two decimals, with two digits that count where that would be nothing.

    Examples
    --------
    >>> small(-1.239), small(0.00312), small(0.0)
    ('−1.24', '0.0031', '0.00')
    """
    if value is None or not math.isfinite(value) or abs(value) >= 0.005 or abs(value) < 1e-8:
        return number(value)
    return number(value, 1 - math.floor(math.log10(abs(value))))


def fall(value: float | None) -> str:
    """Return a fraction in percent, with two digits that count where it is below 0.1%.

    Examples
    --------
    >>> fall(-0.1234), fall(-0.0000412), fall(0.0)
    ('−12.34%', '−0.0041%', '0.00%')
    """
    if value is None or not math.isfinite(value) or abs(value) >= 1e-3 or abs(value) < 1e-8:
        return percent(value)
    return percent(value, 1 - math.floor(math.log10(abs(100.0 * value))))


def measure(value: float | None, unit: str) -> str:
    """Return a value in the unit of its metric, the unit itself left to ``unit_name``.

    Examples
    --------
    >>> measure(0.5, "probability"), measure(12, "count"), measure(0.00312, "1/year")
    ('50.0%', '12', '0.0031')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if unit == "probability":
        return probability(value)
    if unit in _PERCENT:
        return fall(value)
    if unit == "count" or (unit == "days" and float(value).is_integer()):
        return number(value, 0)
    if unit == "USD":
        return usd(round(value * MONEY_SCALE))
    return number(value, 1) if unit in {"days", "hours"} else small(value)


def unit_name(unit: str) -> str:
    """Return how a unit is called on the page.

    Examples
    --------
    >>> unit_name("fraction/year"), unit_name("USD")
    ('% a year', 'USD')
    """
    return _PERCENT.get(unit) or _UNITS.get(unit, unit)


def instant(value: datetime) -> str:
    """Return a time to the minute.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> instant(datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    '2026-01-02 03:04'
    """
    return value.strftime("%Y-%m-%d %H:%M")


def code(name: str) -> str:
    """Return the name of a reason or regime in small letters and words.

    Examples
    --------
    >>> code("EXIT_TIME")
    'exit time'
    """
    return name.replace("_", " ").lower()


def tint(text: str) -> str:
    """Return the class of a number as it is shown: what rounds to nothing has none.

    Examples
    --------
    >>> tint("−0.0046%"), tint("0.00%"), tint("1.20"), tint("–")
    ('down', '', 'up', '')
    """
    if not any(digit in text for digit in "123456789"):
        return ""
    return "down" if text.startswith(_MINUS) else "up"


def sign(value: float | None) -> str:
    """Return the class of a number: ``up``, ``down`` or nothing.

    Examples
    --------
    >>> sign(-1.0), sign(None)
    ('down', '')
    """
    if value is None or not math.isfinite(value) or value == 0:
        return ""
    return "up" if value > 0 else "down"
