"""The returns of golden vector G16, and small runs to summarise."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from quorate.statistics.daily import EQUITY
from quorate.statistics.trades import TRADES

G16 = np.array([0.01, -0.02, 0.015, 0, 0.03, -0.01, -0.005, 0.02, -0.03, 0.012])
UNIT = 100_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def equity_frame(returns, start=10_000 * UNIT, step=timedelta(days=1), first=START, flows=None):
    """Give the curve of daily returns; the gross one never falls behind the net one."""
    net = [start]
    for number, value in enumerate(returns):
        flow = 0 if flows is None else flows[number]
        net.append(round(net[-1] * (1 + value)) + flow)
    costs = np.arange(len(net)) * UNIT
    return pl.DataFrame(
        {
            "ts": [first + step * number for number in range(len(net))],
            "equity": net,
            "gross_equity": np.array(net) + costs,
            "flow": [0, *(flows or [0] * len(returns))],
        },
        schema=EQUITY,
    )


def trades_frame(net, notional=1_000.0, hours=4.0, coins=("BTC", "ETH"), regimes=("trend",)):
    """Give closed trades of these net results in USD, each with 3 USD of costs."""
    n = len(net)
    result = [round(value * UNIT) for value in net]
    notionals = np.broadcast_to(np.asarray(notional, float), n)
    spans = np.broadcast_to(np.asarray(hours, float), n)
    return pl.DataFrame(
        {
            "symbol": [coins[number % len(coins)] for number in range(n)],
            "opened_at": [START] * n,
            "closed_at": [START + timedelta(hours=float(span)) for span in spans],
            "side": [1] * n,
            "notional_usd": notionals,
            "gross_pnl": [value + 3 * UNIT for value in result],
            "slippage": [UNIT] * n,
            "fees": [2 * UNIT] * n,
            "funding": [UNIT // 2] * n,
            "haircut": [-UNIT // 2] * n,
            "net_pnl": result,
            "regime": [regimes[number % len(regimes)] for number in range(n)],
        },
        schema=TRADES,
    )
