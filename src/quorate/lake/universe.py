r"""Which coins may be traded on a day, by what was known before it began.

In: daily bars of every coin that ever traded, dead ones too. Out: for each coin and day whether it
is in, and the first rule that said no. The rules are fixed before a test, and read the days before:

.. math:: \operatorname{median}_{d-30 \ldots d-1}(\text{turnover}) \ge \text{least}, \qquad
    d - \text{first day} \ge 90

and where bars carry ``spread_bps``, the median of it over the same days is not above the largest.
A coin's first day is that of its first bar in the data: where they begin later than the coin did,
its age is understated, never overstated. Nothing is ranked, so that no coin's place depends on
another's, and no later day is read: whoever died is in until its last day.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError, SchemaError
from quorate.lake.sources import epoch_ms, floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteVec
    from quorate.lake.grid import Grid
    from quorate.lake.sources import Series

_DAY_MS = 86_400_000
NEEDED: Final = ("symbol", "day", "turnover")
_SPREAD: Final = "spread_bps"


class Verdict(StrEnum):
    """Why a coin is in or out on a day; the first rule that said no."""

    IN = "IN"
    NOT_LISTED = "NOT_LISTED"
    NOT_TRADING = "NOT_TRADING"
    TOO_YOUNG = "TOO_YOUNG"
    TOO_THIN = "TOO_THIN"
    TOO_WIDE = "TOO_WIDE"


class Rules(NamedTuple):
    """What a coin must have been before a day to be traded on it.

    Notes
    -----
    Units: days; units of the quote currency a day; bps.  ``max_spread_bps`` holds where bars carry
    ``spread_bps``: the median of the last ``turnover_days``.  Spec 13; METHODS 12.

    Examples
    --------
    >>> Rules().min_age_days, Rules().turnover_days
    (90, 30)
    """

    min_age_days: int = 90
    turnover_days: int = 30
    min_turnover: float = 1_000_000.0
    max_spread_bps: float = 50.0


MEANINGS: Final[dict[str, str]] = {
    "min_age_days": "days since a coin's first bar",
    "turnover_days": "days that its turnover is the median of",
    "min_turnover": "least turnover a day, in quote",
    "max_spread_bps": "largest spread, where one is known, bps",
}

BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "min_age_days": (0, 3650),
    "turnover_days": (1, 365),
    "min_turnover": (0.0, 1e12),
    "max_spread_bps": (0.0, 10_000.0),
}


def rules(**values: float) -> Rules:
    """Return rules, each number within its bounds.

    Raises
    ------
    ValueError
        A number is outside its bounds.

    Examples
    --------
    >>> rules(min_age_days=-1)
    Traceback (most recent call last):
    ValueError: min_age_days is -1, outside [0, 3650]
    """
    made = Rules(**values)  # type: ignore[arg-type]
    for name, (low, high) in BOUNDS.items():
        value = getattr(made, name)
        if not low <= value <= high:
            raise ValueError(f"{name} is {value:g}, outside [{low:g}, {high:g}]")
    return made


def spreads_of(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the median spread of each day of some bars, where they carry one.

    Parameters
    ----------
    rows : polars.DataFrame
        As stored; ``spread_bps`` is between best bid and best ask, over the mid price.
    name : str
        The file, for messages.

    Returns
    -------
    polars.DataFrame
        ``day, spread_bps``, sorted; empty without such a column.

    Raises
    ------
    SchemaError
        The column is no number.

    Notes
    -----
    Units: bps.  Causal: a day is known when it is over.  Missing: a spread that is null, NaN or
    below 0 is unknown.  Spec 13.

    Examples
    --------
    >>> rows = pl.DataFrame({"ts": [0, 1, 2], "spread_bps": [4.0, None, 8.0]})
    >>> spreads_of(rows, "A")["spread_bps"].to_list()
    [6.0]
    """
    if _SPREAD not in rows.columns:
        return pl.DataFrame(schema={"day": pl.Date, _SPREAD: pl.Float64})
    day = (epoch_ms(rows, name) // _DAY_MS).astype("int32")
    told = pl.DataFrame({"day": day, _SPREAD: floats(rows, _SPREAD, name)})
    known = told.filter(pl.col(_SPREAD).is_finite() & (pl.col(_SPREAD) >= 0.0))
    of_day = known.group_by(pl.col("day").cast(pl.Date))
    return of_day.agg(pl.col(_SPREAD).median()).sort("day")


def days_of(name: str, series: Series, spreads: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the days on which a coin traded: last close, turnover in quote, perhaps a spread.

    Parameters
    ----------
    name : str
        The coin.
    series : Series
        Its believed bars, of any length up to a day.
    spreads : polars.DataFrame, optional
        Of its days, where they are known (``spreads_of``).

    Returns
    -------
    polars.DataFrame
        ``symbol, day, close, turnover, spread_bps``, sorted by day; the last null where unknown.

    Notes
    -----
    Units: quote, bps.  Causal: a day is known when it is over.  Missing: a day without volume has
    no row.  Spec 13.
    """
    rows = pl.DataFrame(
        {
            "day": (series.open_ms // _DAY_MS).astype("int32"),
            "close": series.close,
            "turnover": series.volume * series.close,
        }
    )
    days = (
        rows.group_by(pl.col("day").cast(pl.Date), maintain_order=True)
        .agg(pl.col("close").last(), pl.col("turnover").sum())
        .filter(pl.col("turnover") > 0.0)
        .select(pl.lit(name).alias("symbol"), "day", "close", "turnover")
    )
    if spreads is None or spreads.is_empty():
        return days.with_columns(pl.lit(None, pl.Float64).alias(_SPREAD))
    return days.join(spreads, on="day", how="left", maintain_order="left")


class Members(NamedTuple):
    """On which days of a grid each coin is in, and why some never are.

    ``days`` is by coin, True where it is in, one a UTC day from that of the grid's first bar on;
    ``never`` the most frequent verdict of each coin that is in on no day.
    """

    days: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]
    never: dict[str, str]
    first_day: int

    def mask(self, name: str, grid: Grid) -> ByteVec:
        """Return 1 on the bars that open on a day on which a coin is in, shape (time,)."""
        opens = grid.first_ms + np.arange(grid.n_bars) * grid.bar_ms
        mask: ByteVec = self.days[name].astype(np.int8)[opens // _DAY_MS - self.first_day]
        return mask

    def entered(self, name: str, grid: Grid) -> ByteVec:
        """Return 1 on the bars from the first day on which a coin is in, shape (time,).

        Before it nobody trading then knew that the coin would ever matter: ranks and averages over
        coins must not, either.
        """
        opens = grid.first_ms + np.arange(grid.n_bars) * grid.bar_ms
        first = int(np.argmax(self.days[name]))
        return (opens // _DAY_MS - self.first_day >= first).astype(np.int8)


def members(
    names: Sequence[str], days: Sequence[pl.DataFrame], grid: Grid, given: Rules
) -> Members:
    """Return on which days each coin may be traded, and why some never may.

    Parameters
    ----------
    names : sequence of str
        The coin axis.
    days : sequence of polars.DataFrame
        What they turned over (``days_of``), from before the grid begins where there is any.
    grid : Grid
        The bars.
    given : Rules
        Fixed before the test.

    Returns
    -------
    Members
        Of all coins.

    Raises
    ------
    DataError
        No coin is in on any day.

    Notes
    -----
    Units: as ``Rules``.  Causal: a day reads the days before it.  Missing: as ``judged``.
    Spec 13; METHODS 12.
    """
    first, last = (
        date(1970, 1, 1) + timedelta(days=ms // _DAY_MS)
        for ms in (grid.first_ms, grid.first_ms + (grid.n_bars - 1) * grid.bar_ms)
    )
    said = judged(pl.concat(days), given, first, last)
    n_days = (last - first).days + 1
    of_coin: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    never: dict[str, str] = {}
    by_coin = said.sort("day").partition_by("symbol", as_dict=True)
    for name in names:
        rows = by_coin.get((name,))
        if rows is None:
            never[name] = Verdict.NOT_LISTED.value
            continue
        is_in = (rows["verdict"] == Verdict.IN.value).to_numpy()
        assert is_in.size == n_days  # noqa: S101  (judged has every coin on every day)
        of_coin[name] = is_in
        if not is_in.any():
            never[name] = rows["verdict"].value_counts(sort=True)["verdict"][0]
    if len(never) == len(names):
        raise DataError(
            f"no coin is in the universe on any day from {first} to {last}",
            hint="see why with `quorate data universe`; load more history before --start, or "
            "loosen [universe] in the settings",
        )
    return Members(of_coin, never, grid.first_ms // _DAY_MS)


def judged(days: pl.DataFrame, given: Rules, first: date, last: date) -> pl.DataFrame:
    """Say of every coin on every day of a span whether it may be traded, and why not.

    Parameters
    ----------
    days : polars.DataFrame
        One row a coin and day on which it had bars: ``symbol``, ``day`` (UTC), ``turnover`` in
        quote, and ``spread_bps`` where known.
    given : Rules
        Fixed before the test.
    first, last : date
        The span, both included; it may go beyond the data by a day.

    Returns
    -------
    polars.DataFrame
        ``day, symbol, verdict, age_days, turnover, spread_bps``, a row a coin and day, sorted;
        the last three as known before the day, null where nothing is.

    Raises
    ------
    DataError
        If there is no row, or a coin has two of one day.
    SchemaError
        If a column is missing.

    Notes
    -----
    Units: days, quote a day, bps.  Causal: a day reads the days before it, itself not.  Missing: a
    day without bars turned nothing over.  Spec 13; METHODS 12.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> start = date(2023, 1, 1)
    >>> days = pl.DataFrame({"symbol": "A", "turnover": 2e6,
    ...                      "day": [start + timedelta(i) for i in range(95)]})
    >>> said = judged(days, Rules(), date(2023, 3, 31), date(2023, 4, 1))
    >>> said["verdict"].to_list()
    ['TOO_YOUNG', 'IN']
    """
    days = _checked(days)
    lived = days.group_by("symbol").agg(pl.col("day").min().alias("listed"))
    span = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    # a window before the span is enough: earlier days are in nobody's median
    start = first - timedelta(days=given.turnover_days + 1)
    grid = pl.DataFrame({"day": pl.date_range(start, last, eager=True)})
    table = (
        grid.join(lived, how="cross")
        .join(days, on=["symbol", "day"], how="left")
        .sort("symbol", "day")
        .with_columns(
            pl.col("turnover").is_not_null().alias("traded"),
            pl.when(pl.col("day") >= pl.col("listed"))
            .then(pl.col("turnover").fill_null(0.0))
            .alias("turnover"),
        )
        .with_columns(
            pl.col("turnover")
            .rolling_median(given.turnover_days, min_samples=1)
            .over("symbol")
            .shift(1)
            .over("symbol"),
            pl.col("spread_bps")
            .rolling_median(given.turnover_days, min_samples=1)
            .over("symbol")
            .shift(1)
            .over("symbol"),
            pl.col("traded").shift(1).over("symbol"),
            (pl.col("day") - pl.col("listed")).dt.total_days().alias("age_days"),
        )
    )
    known = pl.col("day") > pl.col("listed")
    return (
        table.join(span, on="day", how="right")
        .with_columns(_verdict(given).alias("verdict"))
        .select(
            "day",
            "symbol",
            "verdict",
            pl.when(known).then("age_days").alias("age_days"),
            pl.when(known).then("turnover").alias("turnover"),
            pl.when(known).then("spread_bps").alias("spread_bps"),
        )
        .drop_nulls("symbol")
        .sort("day", "symbol")
    )


def _verdict(given: Rules) -> pl.Expr:
    """Return the first rule that says no."""
    # a window that reaches before the coin's first day has seen too little: age says it first
    return (
        pl.when(pl.col("day") <= pl.col("listed"))
        .then(pl.lit(Verdict.NOT_LISTED.value))
        .when(~pl.col("traded"))
        .then(pl.lit(Verdict.NOT_TRADING.value))
        .when(pl.col("age_days") < given.min_age_days)
        .then(pl.lit(Verdict.TOO_YOUNG.value))
        .when(pl.col("turnover") < given.min_turnover)
        .then(pl.lit(Verdict.TOO_THIN.value))
        .when(pl.col("spread_bps") > given.max_spread_bps)
        .then(pl.lit(Verdict.TOO_WIDE.value))
        .otherwise(pl.lit(Verdict.IN.value))
    )


def _checked(days: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that count, or say what is wrong with them."""
    absent = [name for name in NEEDED if name not in days.columns]
    if absent:
        raise SchemaError(
            f"daily bars have no column {', '.join(absent)}; they have {', '.join(days.columns)}",
            hint="give symbol, day and turnover in quote",
        )
    if days.is_empty():
        raise DataError("there is no daily bar", hint="give bars of at least one coin")
    doubled = days.filter(pl.struct("symbol", "day").is_duplicated())
    if not doubled.is_empty():
        symbol, day = doubled.select("symbol", "day").row(0)
        raise DataError(
            f"{symbol} has {doubled.height} rows that share a day with another, the first {day}",
            hint="one row a coin and day",
        )
    if "spread_bps" not in days.columns:
        days = days.with_columns(pl.lit(None, pl.Float64).alias("spread_bps"))
    return days.select("symbol", pl.col("day").cast(pl.Date), "turnover", "spread_bps")
