"""What closed trades and the lines of the books say: hits, wins, holding, turnover, cost shares.

In: a Polars frame with one row a closed trade (schema ``TRADES``), or the integer lines of the
books. Out: numbers, NaN where undefined. Money in integers of 1e-8 quote stays integer until the
last division, so that gross less its costs is net exactly, on every row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE, N_LINES, Line
from quorate.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.core.types import IntVec

TRADES: Final = pl.Schema(
    {
        "symbol": pl.String(),
        "opened_at": pl.Datetime("us", "UTC"),
        "closed_at": pl.Datetime("us", "UTC"),
        "side": pl.Int8(),  # +1 long, -1 short
        "notional_usd": pl.Float64(),  # at entry
        "gross_pnl": pl.Int64(),  # this and the next five in units of 1e-8 quote
        "slippage": pl.Int64(),  # delay, spread, impact and latency
        "fees": pl.Int64(),
        "funding": pl.Int64(),
        "haircut": pl.Int64(),  # liquidation fees and what a delisting cost
        "net_pnl": pl.Int64(),
        "regime": pl.String(),  # at entry
    }
)
"""One row a closed trade; a cost is positive when it was paid."""


def require_trades(trades: pl.DataFrame) -> pl.DataFrame:
    """Check a frame of trades and return its columns in order.

    Raises
    ------
    SchemaError
        A column is missing or of another type, or a row's costs do not add up.

    Examples
    --------
    >>> require_trades(pl.DataFrame(schema=TRADES)).height
    0
    """
    frame = require_columns(trades, TRADES, "trades")
    costs = pl.col("slippage") + pl.col("fees") + pl.col("funding") + pl.col("haircut")
    wrong = frame.with_row_index("row").filter(pl.col("gross_pnl") - costs != pl.col("net_pnl"))
    if wrong.height:
        raise SchemaError(
            f"trade {wrong['row'][0]} ({wrong['symbol'][0]}): gross less costs is not net",
            hint="gross_pnl - slippage - fees - funding - haircut must be net_pnl exactly",
        )
    return frame


def require_columns(frame: pl.DataFrame, schema: pl.Schema, name: str) -> pl.DataFrame:
    """Return the columns of a schema, without nulls, whatever unit the times are kept in.

    Examples
    --------
    >>> require_columns(pl.DataFrame(), pl.Schema({"a": pl.Int64()}), "equity")
    Traceback (most recent call last):
    ...
    quorate.errors.SchemaError: equity has no column 'a'
      next: the columns are: a
    """
    columns = ", ".join(schema.names())
    for column, dtype in schema.items():
        if column not in frame.columns:
            raise SchemaError(
                f"{name} has no column {column!r}", hint=f"the columns are: {columns}"
            )
        found = frame.schema[column]
        is_time = isinstance(found, pl.Datetime) and isinstance(dtype, pl.Datetime)
        if found != dtype and not (is_time and found.time_zone == dtype.time_zone):  # type: ignore[attr-defined]
            raise SchemaError(f"{name}.{column} is {found}, must be {dtype}", hint="cast it")
        if frame[column].null_count():
            raise SchemaError(f"{name}.{column} has nulls", hint="fill or drop those rows")
    return frame.select(pl.col(column).cast(dtype) for column, dtype in schema.items())


class Hits(NamedTuple):
    """What the closed trades won and lost, by one column of money.

    ``hit_rate`` leaves out the ``n_zero`` trades that ended at exactly zero;
    ``avg_loss_usd`` is below 0; NaN where there is no trade of that kind.
    """

    n_trades: int
    n_zero: int
    hit_rate: float
    avg_win_usd: float
    avg_loss_usd: float
    profit_factor: float


def hits(pnl: IntVec) -> Hits:
    r"""Return the hit rate, average win and loss, and profit factor of closed trades.

    .. math:: \mathrm{hit} = \frac{n_+}{n_+ + n_-}, \qquad
              \mathrm{PF} = \frac{\sum_{x > 0} x}{|\sum_{x < 0} x|}

    Parameters
    ----------
    pnl : IntVec
        Money per closed trade in units of 1e-8 quote, shape (trade,).

    Returns
    -------
    Hits
        ``profit_factor`` is NaN, not infinite, where nothing was lost.

    Notes
    -----
    Units: USD, fractions.  Causal: reads closed trades.  Missing: NaN where undefined.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> found = hits(np.array([300_000_000, 0, -100_000_000, 100_000_000]))
    >>> round(found.hit_rate, 6), found.avg_win_usd, found.avg_loss_usd, found.profit_factor
    (0.666667, 2.0, -1.0, 4.0)
    """
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    won, lost = int(np.sum(wins)), -int(np.sum(losses))
    return Hits(
        n_trades=len(pnl),
        n_zero=len(pnl) - len(wins) - len(losses),
        hit_rate=_ratio(len(wins), len(wins) + len(losses)),
        avg_win_usd=_ratio(won, len(wins) * MONEY_SCALE),
        avg_loss_usd=_ratio(-lost, len(losses) * MONEY_SCALE),
        profit_factor=_ratio(won, lost),
    )


def average_holding_hours(trades: pl.DataFrame) -> float:
    r"""Return the mean time a trade was open, weighted by its notional.

    .. math:: \sum_i N_i (t^{close}_i - t^{open}_i) \Big/ \sum_i N_i

    Parameters
    ----------
    trades : DataFrame
        Of schema ``TRADES``.

    Returns
    -------
    float
        Hours.

    Notes
    -----
    Units: hours.  Causal: reads closed trades.  Missing: NaN without a trade.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> average_holding_hours(pl.DataFrame(schema=TRADES))
    nan
    """
    open_us = (trades["closed_at"] - trades["opened_at"]).dt.total_microseconds().to_numpy()
    notional = trades["notional_usd"].to_numpy()
    return _ratio(float(np.sum(notional * open_us)) / 3.6e9, float(np.sum(notional)))


def turnover_per_day(traded_usd: float, mean_equity_usd: float, n_days: int) -> float:
    r"""Return the two-way turnover of a day, :math:`\sum |N| / \bar E / \text{days}`.

    Parameters
    ----------
    traded_usd : float
        Sum of the absolute notionals of every fill: bought and sold both count.
    mean_equity_usd : float
        Mean of the equity at the ends of the days.
    n_days : int
        How many days.

    Returns
    -------
    float
        1.0 is the whole equity traded once a day; times 365 a year.

    Notes
    -----
    Units: 1 per day.  Causal: reads all fills.  Missing: NaN without days or equity.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> turnover_per_day(20_000.0, 10_000.0, 4)
    0.5
    """
    if not mean_equity_usd > 0.0:
        return math.nan
    return _ratio(traded_usd, mean_equity_usd * n_days)


def cost_shares(lines: IntVec) -> Mapping[str, float]:
    r"""Return each cost as a share of the gross alpha.

    .. math:: \text{share}_c = \text{cost}_c / \text{gross}, \qquad
              \text{gross} - \textstyle\sum_c \text{cost}_c = \text{net}

    Parameters
    ----------
    lines : IntVec
        The books in units of 1e-8 quote, indexed by ``Line``, shape (line,).

    Returns
    -------
    mapping
        ``slippage_share`` (delay, spread, impact and latency), ``fee_share``, ``funding_share``
        and ``haircut_share``; a negative share was earned.

    Notes
    -----
    Units: fraction of gross alpha.  Causal: reads the whole books.  Missing: all NaN where the
    gross alpha is not positive: there is nothing to have a share of.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> cost_shares(np.array([1000, 0, 100, 50, 50, 300, -100, 0]))["slippage_share"]
    0.2
    """
    books = require_lines(lines)
    gross = books[Line.GROSS]
    slippage = sum(books[line] for line in (Line.DELAY, Line.SPREAD, Line.IMPACT, Line.LATENCY))
    paid = {
        "slippage_share": slippage,
        "fee_share": books[Line.FEE],
        "funding_share": books[Line.FUNDING],
        "haircut_share": books[Line.HAIRCUT],
    }
    return {name: _ratio(cost, gross) if gross > 0 else math.nan for name, cost in paid.items()}


def require_lines(lines: IntVec) -> list[int]:
    """Return the lines of the books as Python integers, one for each ``Line``.

    Examples
    --------
    >>> require_lines(np.zeros(3, np.int64))
    Traceback (most recent call last):
    ...
    ValueError: lines has shape (3,), must be (8,): one integer for each Line
    """
    books = np.asarray(lines)
    if books.shape != (N_LINES,) or books.dtype.kind != "i":
        raise ValueError(f"lines has shape {books.shape}, must be (8,): one integer for each Line")
    return [int(value) for value in books]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
