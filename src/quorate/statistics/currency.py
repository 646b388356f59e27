"""From the quote currency of the books to USD.

In: equity in the quote currency, USD per unit of it at every close. Out: the same curve in USD, and
how much of its change the currency made. The books stay in the quote currency, where they balance
to the last digit; only what is told to people is converted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from quorate.core.types import Vec


def known(quote_usd: Vec) -> Vec:
    """Return the USD price of the quote currency, the last known one where it is not known.

    Notes
    -----
    Units: USD per unit.  Causal: looks back; only the bars before the first price look ahead to
    it, and nothing is entered on them.  Missing: 1 where no price is known at all.

    Examples
    --------
    >>> known(np.array([np.nan, 0.99, np.nan, 1.01])).tolist()
    [0.99, 0.99, 0.99, 1.01]
    """
    rows = np.flatnonzero(~np.isnan(quote_usd))
    if rows.size == 0:
        return np.ones(len(quote_usd))
    at = np.searchsorted(rows, np.arange(len(quote_usd)), side="right") - 1
    return np.asarray(quote_usd[rows[np.maximum(at, 0)]])


def first(quote_usd: Vec) -> float:
    """Return the price that ``known`` gives the first bar, without those of the others.

    Notes
    -----
    Units, Causal, Missing: as ``known``.

    Examples
    --------
    >>> first(np.array([np.nan, 0.99, 1.01])), first(np.array([np.nan]))
    (0.99, 1.0)
    """
    is_known = ~np.isnan(quote_usd)
    at = int(is_known.argmax())  # the first that is known, 0 where none is
    return float(quote_usd[at]) if is_known[at] else 1.0


def convert(equity: pl.DataFrame, rate: Vec) -> pl.DataFrame:
    """Add ``quote_usd``, ``equity_usd`` and ``gross_equity_usd`` to the equity of every bar.

    Parameters
    ----------
    equity : DataFrame
        From ``backtest.record``; its first row is the start, before the first bar.
    rate : Vec
        From ``known``, one a bar.

    Notes
    -----
    Units: 1e-8 quote and 1e-8 USD.  Causal: each bar by its own rate.  Missing: see ``known``.

    Examples
    --------
    >>> frame = pl.DataFrame({"equity": [100, 100], "gross_equity": [100, 102]})
    >>> convert(frame, np.array([0.98]))["equity_usd"].to_list()
    [98, 98]
    """
    whole = pl.Series("quote_usd", np.concatenate((rate[:1], rate)))
    return equity.with_columns(whole).with_columns(
        (pl.col(name) * pl.col("quote_usd")).round().cast(pl.Int64).alias(f"{name}_usd")
        for name in ("equity", "gross_equity")
    )


def in_usd(equity: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with equity, gross equity and flows in USD under their plain names.

    Notes
    -----
    Units: 1e-8 USD.  Causal: each bar by its own rate.  Missing: without a rate the frame is
    returned as it is.
    """
    if "equity_usd" not in equity.columns:
        return equity
    return equity.with_columns(
        pl.col("equity_usd").alias("equity"),
        pl.col("gross_equity_usd").alias("gross_equity"),
        (pl.col("flow") * pl.col("quote_usd")).round().cast(pl.Int64),
    )


def effect(equity: pl.DataFrame) -> int:
    r"""Return how much of the change in USD the currency made, not the trading.

    .. math:: (E_T x_T - E_0 x_0) - (E_T - E_0)

    Notes
    -----
    Units: 1e-8; quote units are counted as dollars in the second bracket, as the books do.
    Causal: reads the first and the last bar.  Missing: 0 without a rate.

    Examples
    --------
    >>> effect(pl.DataFrame({"equity": [100, 90], "equity_usd": [98, 90]}))
    2
    """
    if "equity_usd" not in equity.columns:
        return 0
    moved = [int(equity[name][-1]) - int(equity[name][0]) for name in ("equity_usd", "equity")]
    return moved[0] - moved[1]
