"""From the equity of every bar to daily UTC returns, deposits and withdrawals out.

In: a Polars frame of schema ``EQUITY``. Out: ``Daily``, one entry a day, net and gross. A bar is
stamped at its close, so the row at 00:00 UTC is the last of the day before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.errors import SchemaError
from quorate.statistics.trades import require_columns

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec

EQUITY: Final = pl.Schema(
    {
        "ts": pl.Datetime("us", "UTC"),  # close of the bar; the first row is the start
        "equity": pl.Int64(),  # units of 1e-8 quote, after all costs and after the flow
        "gross_equity": pl.Int64(),  # equity plus every cost paid so far
        "flow": pl.Int64(),  # deposits less withdrawals booked at this close
    }
)
"""One row a bar, or fewer; a row at 00:00 UTC closes the day before."""


class Daily(NamedTuple):
    """An equity curve by UTC days: ``day`` counts from 1970, ``equity_usd`` is each day's last."""

    day: IntVec
    net: Vec
    gross: Vec
    equity_usd: Vec


def daily_returns(equity: pl.DataFrame) -> Daily:
    r"""Turn the equity of every bar into daily UTC returns, deposits and withdrawals out.

    .. math:: 1 + r_d = \prod_{t \in d} \frac{E_t - F_t}{E_{t-1}}

    Parameters
    ----------
    equity : DataFrame
        Of schema ``EQUITY``, times ascending; the first row is the start, before any return.

    Returns
    -------
    Daily
        One entry for each UTC day after the start; a day without a row has return 0.

    Notes
    -----
    Units: fractions.  Causal: a day reads its own bars; a bar that closes at 00:00 belongs to the
    day it ends.  Missing: NaN from the first row whose equity before is not positive.
    METHODS 11 (time-weighted).

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> curve = pl.DataFrame({
    ...     "ts": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)],
    ...     "equity": [100, 210, 189], "gross_equity": [100, 210, 189], "flow": [0, 100, 0],
    ... }, schema=EQUITY)
    >>> daily_returns(curve).net.round(6).tolist()
    [0.1, -0.1]
    """
    frame = require_columns(equity, EQUITY, "equity")
    stamp = frame["ts"].dt.epoch("us").to_numpy()
    if frame.height == 0 or np.any(np.diff(stamp) <= 0):
        raise SchemaError(
            "equity is empty or its times do not ascend", hint="sort by ts; one row a bar"
        )
    day = (stamp - 1) // 86_400_000_000
    n_days = int(day[-1] - day[0])
    last = np.searchsorted(day, day[0] + 1 + np.arange(n_days), side="right") - 1
    flow = frame["flow"].to_numpy()
    start = int(np.searchsorted(day, day[0], side="right")) - 1
    if start > 0:  # the first row is not the end of its day: that day counts too
        n_days += 1
        last = np.concatenate([[start], last])
        start = 0
    by_day = [
        _compound(frame[name].to_numpy(), flow, np.concatenate([[start], last]))
        for name in ("equity", "gross_equity")
    ]
    first = int(day[-1]) - n_days + 1
    return Daily(
        day=np.arange(first, first + n_days),
        net=by_day[0],
        gross=by_day[1],
        equity_usd=frame["equity"].to_numpy()[last] / MONEY_SCALE,
    )


def _compound(equity: IntVec, flow: IntVec, ends: IntVec) -> Vec:
    """Return the growth between rows, flows taken out, minus 1."""
    before = equity[:-1]
    growth = np.full(len(equity), np.nan)
    growth[0] = 1.0
    np.divide(equity[1:] - flow[1:], before, out=growth[1:], where=before > 0)
    returns = np.empty(len(ends) - 1)
    for d in range(len(returns)):
        returns[d] = np.prod(growth[ends[d] + 1 : ends[d + 1] + 1]) - 1.0
    return returns
