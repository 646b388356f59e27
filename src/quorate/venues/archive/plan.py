"""Which files cover a span: a month's own file, or its days where there is none.

In: a span of days, today, and what is published, if that is known. Out: months, each with its
files to ask for. A month that has not ended has no file of its own yet; one that has just ended
gets it within days, so its days stand in until then.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from quorate.venues.archive.names import File, Period, Series, following

if TYPE_CHECKING:
    from collections.abc import Iterable


class MonthPlan(NamedTuple):
    """One month of a symbol: its own file, if there may be one, and its days in the span.

    ``start`` and ``end`` bound the span within the month, the second not included.
    """

    start: date
    end: date
    whole: File | None
    days: tuple[File, ...]


def months(series: Series, symbol: str, start: date, end: date, today: date) -> list[MonthPlan]:
    """Return the months of ``[start, end)``, as far as they can be published.

    Parameters
    ----------
    series : Series
        What is wanted.
    symbol : str
        Of which coin.
    start, end : date
        UTC days, the first included, the second not.
    today : date
        No file is older than its own day, so today's and later ones are not asked for.

    Returns
    -------
    list[MonthPlan]
        In order of time; those of funding have no days, which are not published.

    Notes
    -----
    Units: UTC days.  Causal: nothing of today or later.  Missing: an empty list.  Spec 13.

    Examples
    --------
    >>> found = months(Series("spot", "ohlcv", "5m"), "BTCUSDT",
    ...                date(2023, 1, 30), date(2023, 3, 1), date(2023, 2, 3))
    >>> [(m.whole and m.whole.name, len(m.days)) for m in found]
    [('BTCUSDT-5m-2023-01', 2), (None, 2)]
    """
    end = min(end, today)
    found = []
    first = start.replace(day=1)
    while first < end:
        after = following(first)
        low, high = max(first, start), min(after, end)
        days = tuple(
            File(series, symbol, Period(low + timedelta(days=i), is_month=False))
            for i in range((high - low).days if series.has_days else 0)
        )
        whole = File(series, symbol, Period(first, is_month=True)) if after <= today else None
        if low < high:
            found.append(MonthPlan(low, high, whole, days))
        first = after
    return found


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return days as ranges, each with its first and last day.

    Examples
    --------
    >>> [(str(a), str(b)) for a, b in ranges([date(2023, 1, 1), date(2023, 1, 2),
    ...                                       date(2023, 1, 9)])]
    [('2023-01-01', '2023-01-02'), ('2023-01-09', '2023-01-09')]
    """
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found
