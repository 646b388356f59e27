"""Where the marks of an axis stand: round numbers on a scale, round dates on a time line.

In: the two ends of an axis. Out: the values to mark and their labels.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_STEPS_MS: Final = (
    300_000,
    900_000,
    *(h * _HOUR_MS for h in (1, 3, 6, 12)),
    *(d * _DAY_MS for d in (1, 2, 4, 7, 14)),
)
_STEPS_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)


def nice_ticks(low: float, high: float, n: int = 5) -> list[float]:
    r"""Return about ``n`` round numbers that cover a range: steps of 1, 2, 2.5 or 5 times 10^i.

    Parameters
    ----------
    low, high : float
        Finite, in either order; where they are equal a range around them is made up.
    n : int
        How many steps to aim at.

    Returns
    -------
    list of float
        Ascending, at least two; the first is at or below ``low``, the last at or above ``high``.

    Notes
    -----
    Units: as given.  Causal: reads its arguments.  Missing: ValueError for what is not finite.

    Examples
    --------
    >>> nice_ticks(0.0, 9.3)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"a scale from {low} to {high} has no marks: give finite ends")
    low, high = min(low, high), max(low, high)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        around = 0.01 * abs(low) or 1.0
        low, high = low - around, high + around
    raw = (high - low) / n
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw * (1.0 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, decimals) + 0.0 for i in range(first, last + 1)]


def tick_label(tick: float, ticks: Sequence[float]) -> str:
    """Return a mark's label, with as many decimals as its scale needs, in millions where large.

    Examples
    --------
    >>> tick_label(-0.5, [-0.5, 0.0]), tick_label(2.5e7, [2.0e7, 2.5e7])
    ('−0.5', '25M')
    """
    largest = max(abs(value) for value in ticks)
    scale, suffix = (1e9, "B") if largest >= 1e10 else (1e6, "M") if largest >= 1e7 else (1.0, "")
    decimals = 0
    while decimals < 10 and any(
        abs(value / scale - round(value / scale, decimals)) > 1e-6 * largest / scale
        for value in ticks
    ):
        decimals += 1
    text = f"{abs(tick) / scale:,.{decimals}f}{suffix}"
    return f"−{text}" if tick < 0 else text


def log_ticks(low: float, high: float, n: int = 7) -> list[tuple[float, str]]:
    """Return the powers of ten in a range as (logarithm, label), every second or third if many.

    Examples
    --------
    >>> log_ticks(1e3, 2e5)
    [(3.0, '1K'), (4.0, '10K'), (5.0, '100K')]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / n))
    return [(float(i), _power(i)) for i in range(first, last + 1, step)]


def _power(exponent: int) -> str:
    for floor, suffix in ((12, "T"), (9, "B"), (6, "M"), (3, "K")):
        if exponent >= floor:
            return f"{10 ** (exponent - floor):,}{suffix}"
    return f"{10.0**exponent:g}"


def time_ticks(start_ms: int, end_ms: int, n: int = 7) -> list[tuple[int, str]]:
    """Return at most ``n`` round dates in a span, with labels; the year is said where it is new.

    Parameters
    ----------
    start_ms, end_ms : int
        Milliseconds since 1970, ascending.
    n : int
        At most so many.

    Returns
    -------
    list of (int, str)
        Instants and labels; a span of no length is labelled by its only instant.

    Notes
    -----
    Units: ms, UTC.  Causal: reads its arguments.  Missing: none.

    Examples
    --------
    >>> [label for _, label in time_ticks(0, 4 * 86_400_000)]
    ['1 Jan 1970', '2 Jan', '3 Jan', '4 Jan', '5 Jan']
    """
    span = end_ms - start_ms
    if span <= 0:
        return [(start_ms, _day(_at(start_ms), is_new_year=True))]
    for step in _STEPS_MS:
        if span / step <= n - 1:
            first = -(-start_ms // step) * step
            return _labelled([*range(first, end_ms + 1, step)], step)
    for months in _STEPS_MONTHS:
        marks = _months(start_ms, end_ms, months)
        if len(marks) <= n:
            return _labelled(marks, months * 28 * _DAY_MS)
    return _labelled([start_ms, end_ms], 366 * _DAY_MS)


def _at(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _months(start_ms: int, end_ms: int, every: int) -> list[int]:
    """Return the firsts of months in a span whose count since year 0 the step divides."""
    first, last = _at(start_ms), _at(end_ms)
    marks = []
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        ms = round((at - _EPOCH).total_seconds() * 1000)
        if month % every == 0 and start_ms <= ms <= end_ms:
            marks.append(ms)
    return marks


def _labelled(marks: list[int], step_ms: int) -> list[tuple[int, str]]:
    out, year, day = [], 0, ""
    for ms in marks:
        at = _at(ms)
        if step_ms >= 12 * 28 * _DAY_MS:
            label = str(at.year)
        elif step_ms >= 28 * _DAY_MS:
            label = f"{MONTHS[at.month - 1]} {at.year}"
        elif step_ms >= _DAY_MS:
            label = _day(at, is_new_year=at.year != year)
        else:
            today = _day(at, is_new_year=False)
            label = f"{at:%H:%M}" if today == day else f"{today} {at:%H:%M}"
            day = today
        year = at.year
        out.append((ms, label))
    return out


def _day(at: datetime, *, is_new_year: bool) -> str:
    text = f"{at.day} {MONTHS[at.month - 1]}"
    return f"{text} {at.year}" if is_new_year else text
