"""How long a run truly was, and its rates a day over that: its first and last day are seldom whole.

In: the equity of every bar. Out: days, from the open of the first bar to the close of the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_RATES: Final = ("trades_per_day", "turnover_per_day", "turnover_per_year")


def span_days(equity: pl.DataFrame) -> float:
    """Return how many days of 24 hours lie between the first row and the last.

    Parameters
    ----------
    equity : DataFrame
        With ``ts``, ascending; the first row is the start, before any bar.

    Notes
    -----
    Units: days.  Causal: reads the whole run.  Missing: 0.0 for one row.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> ends = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 12, tzinfo=UTC)]
    >>> span_days(pl.DataFrame({"ts": ends}))
    1.5
    """
    return float((equity["ts"][-1] - equity["ts"][0]).total_seconds()) / 86_400.0


def over_span(
    activity: Mapping[str, float | None], n_days: int, days: float
) -> dict[str, float | None]:
    """Return the rates of ``accounts.activity`` over the true span.

    Parameters
    ----------
    activity : mapping
        Rates over ``n_days`` UTC days, each counted as a whole one.
    n_days : int
        How many UTC days the run touched.
    days : float
        From ``span_days``.

    Returns
    -------
    dict
        The rates alone.

    Notes
    -----
    Units: 1 per day, 1 per year.  Causal: pure.  Missing: None stays None; as they are where the
    span is 0.  METHODS 11.

    Examples
    --------
    >>> over_span({"trades_per_day": 3.0, "holding_hours": 2.0}, 4, 3.0)
    {'trades_per_day': 4.0}
    """
    scale = n_days / days if days > 0.0 else 1.0
    rates = {name: activity[name] for name in _RATES if name in activity}
    return {name: None if rate is None else rate * scale for name, rate in rates.items()}
