"""A run folder made up from a seed: books that balance, trades that add up, and a curve of both."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from quorate.core.types import N_LINES, Line, Reason
from quorate.report.capacity import capacity
from quorate.statistics.benchmark import comparison
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.metrics import summary
from quorate.statistics.trades import TRADES

UNIT = 100_000_000
START = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=1)
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE")
COSTS = ("delay", "spread", "impact", "latency", "fee", "funding")


def trades_frame(n, n_bars, seed, coins, *, outcome="", step=STEP):
    """Give closed trades with one row of costs each, in units of 1e-8 USD.

    ``outcome`` makes all of them "lost" or "won".
    """
    draw = np.random.default_rng(seed)
    opened = np.sort(draw.integers(0, max(1, n_bars - 60), n))
    hours = draw.integers(1, max(2, min(48, n_bars)), n)
    gross = draw.normal(4.0, 60.0, n)
    if outcome:
        gross = (np.abs(gross) + 20.0) * (1.0 if outcome == "won" else -1.0)
    cost = {name: (draw.exponential(0.8, n) * UNIT).astype(np.int64) for name in COSTS}
    cost["funding"] = (draw.normal(0.2, 1.0, n) * UNIT).astype(np.int64)
    columns = {
        "symbol": [coins[i] for i in draw.integers(0, len(coins), n)],
        "opened_at": [START + step * int(b) for b in opened],
        "closed_at": [START + step * int(b + h) for b, h in zip(opened, hours, strict=True)],
        "side": draw.choice([-1, 1], n).astype(np.int8),
        "notional_usd": draw.uniform(500.0, 3000.0, n),
        "gross_pnl": (gross * UNIT).astype(np.int64),
        "slippage": cost["delay"] + cost["spread"] + cost["impact"] + cost["latency"],
        "fees": cost["fee"],
        "funding": cost["funding"],
        "haircut": np.zeros(n, np.int64),
        "regime": [("TREND", "RANGE", "NEUTRAL")[i] for i in draw.integers(0, 3, n)],
    }
    spent = columns["slippage"] + columns["fees"] + columns["funding"] + columns["haircut"]
    columns["net_pnl"] = columns["gross_pnl"] - spent
    frame = pl.DataFrame({name: columns[name] for name in TRADES}, schema=TRADES)
    outs = ("EXIT_TIME", "EXIT_STOP", "REVERSAL")
    more = {
        "venue": [("alpha", "beta")[i] for i in draw.integers(0, 2, n)],
        "entry_reason": ["ENTRY"] * n,
        "exit_reason": [outs[i] for i in draw.integers(0, 3, n)],
        "n_fills": [2] * n,
        "hours": hours.astype(np.float64),
        **{name: cost[name] for name in COSTS if name != "funding"},
    }
    text = dict.fromkeys(("venue", "entry_reason", "exit_reason"), pl.String)
    return frame.with_columns(
        pl.Series(name, values, dtype=text.get(name)) for name, values in more.items()
    )


def fills_frame(trades):
    """Give two fills a trade, in and out, that share its costs to the last unit.

    They stand trade by trade, so that the trades of a coin that overlap are episodes of their own.
    """
    coins = sorted(trades["symbol"].unique())
    rows = []
    for trade in trades.iter_rows(named=True):
        notional = round(trade["notional_usd"] * UNIT) * trade["side"]
        for part, at in enumerate(("opened_at", "closed_at")):
            cost = {name: trade[name] // 2 for name in COSTS if name != "funding"}
            if part:
                cost = {name: trade[name] - half for name, half in cost.items()}
            rows.append(
                {
                    "symbol": trade["symbol"],
                    "coin": coins.index(trade["symbol"]),
                    "venue": trade["venue"],
                    "ts": trade[at],
                    "closed": part,
                    "side": trade["side"] * (1 - 2 * part),
                    "notional": notional * (1 - 2 * part),
                    **cost,
                    "haircut": 0,
                }
            )
    return pl.DataFrame(rows)


def equity_frame(trades, n_bars, flows, unclosed, *, start_usd=10_000, step=STEP):
    """Book each trade at its close, deposits when they come, and what is open at the last bar."""
    net, gross, flow = (np.zeros(n_bars + 1, np.int64) for _ in range(3))
    for row in trades.iter_rows(named=True):
        bar = int((row["closed_at"] - START) / step)
        net[bar] += row["net_pnl"]
        gross[bar] += row["gross_pnl"]
    for bar, amount in flows.items():
        flow[bar] = amount
    net[-1] += unclosed
    gross[-1] += unclosed
    start = start_usd * UNIT
    wave = np.sin(np.arange(n_bars + 1) / 30.0) * 0.4 * start_usd * bool(trades.height)
    frame = pl.DataFrame(
        {
            "ts": [START + step * i for i in range(n_bars + 1)],
            "equity": start + np.cumsum(net + flow),
            "gross_equity": start + np.cumsum(gross + flow),
            "flow": flow,
        },
        schema=EQUITY,
    )
    more = {
        "cash": frame["equity"],
        "gross_usd": np.abs(wave),
        "net_usd": wave,
        "beta_usd": wave * 0.8,
        "open_risk_usd": np.abs(wave) * 0.03,
        "risk_budget_usd": np.full(n_bars + 1, 250.0),
    }
    return frame.with_columns(
        pl.Series(name, values) for name, values in more.items()
    ).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")))


def benchmark_frame(equity, coins, seed=2):
    """Give what holding would have made, a row a day; BTC where it is among the coins."""
    day = daily_returns(equity.select(list(EQUITY))).day
    draw = np.random.default_rng(seed)
    grown = [np.cumprod(1.0 + draw.normal(0.0005, 0.02, len(day))) for _ in range(2)]
    btc = grown[1] if "BTC" in coins else [None] * len(day)
    columns = {"day": day.astype(np.int32), "hold_all": grown[0], "hold_btc": btc}
    schema = {"day": pl.Int32, "hold_all": pl.Float64, "hold_btc": pl.Float64}
    return pl.DataFrame(columns, schema).cast({"day": pl.Date})


def lines_of(trades, unclosed):
    """Give the books of those trades, indexed by ``Line``."""
    lines = np.zeros(N_LINES, np.int64)
    lines[Line.GROSS] = trades["gross_pnl"].sum() + unclosed
    for line in (Line.DELAY, Line.SPREAD, Line.IMPACT, Line.LATENCY, Line.FEE, Line.FUNDING):
        lines[line] = trades[line.name.lower()].sum()
    return lines


def about(coins, n_bars, step, **data):
    """Give what ``run.json`` holds."""
    return {
        "run_id": "2025-06-01-aaaa1111",
        "version": "0.1.0",
        "kind": "backtest",
        "settings": {
            "risk": {"preset": "balanced", "per_trade_frac": 0.005},
            "consensus": {"k": 1.5, "quorum": 3, "families": ["trend", "flow"]},
        },
        "origins": {"consensus": {"k": "environment"}},
        "data": {
            "description": "five coins, hourly",
            "digest": "b2:0123456789abcdef0123456789abcdef",
            "symbols": list(coins),
            "venues": ["alpha", "beta"],
            "kinds": ["spot", "perp"],
            "bar_minutes": int(step.total_seconds() // 60),
            "start": "2025-01-01T00:00:00Z",
            "end": (START + step * n_bars).isoformat(),
            "n_bars": n_bars,
            "is_synthetic": False,
            "notes": ["Funding was assumed: 1.00 bps per 8 hours on venue beta."],
            **data,
        },
        "engines": [
            {
                "name": "ema_cross",
                "family": "trend",
                "approved": ["TREND", "NEUTRAL"],
                "hypothesis": "Prices above their slow average keep rising while trends last.",
            }
        ],
        "seconds": {"features": 3.21, "decide": 7.5},
    }


def build(
    folder,
    *,
    n_trades=120,
    n_bars=4_000,
    seed=1,
    coins=COINS,
    flows=None,
    unclosed=0,
    outcome="",
    start_usd=10_000,
    step=STEP,
    **data,
):
    """Write a run folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    trades = trades_frame(n_trades, n_bars, seed, coins, outcome=outcome, step=step)
    equity = equity_frame(trades, n_bars, flows or {}, unclosed, start_usd=start_usd, step=step)
    lines = lines_of(trades, unclosed)
    said = about(coins, n_bars, step, **data)
    booked = {line: int(lines[line]) for line in Line}
    room = capacity(fills_frame(trades), None, booked, equity, said["settings"])
    found = summary(equity, trades, lines, capacity_usd=room.half_return_usd)
    benchmark = benchmark_frame(equity, coins)
    found["benchmark"], why = comparison(daily_returns(equity.select(list(EQUITY))), benchmark)
    found["flags"] |= why
    waits = (Reason.NO_QUORUM, Reason.BELOW_THRESHOLD, Reason.EDGE_BELOW_COST, Reason.WARMUP)
    counts = {reason.name: 40_000 // (i + 1) ** 2 for i, reason in enumerate(waits)}
    if n_trades:
        counts |= {"ENTRY": n_trades, "EXIT_TIME": n_trades, "HOLDING": 9_000}
    found |= {
        "reasons": counts,
        "lines_usd": {
            line.name: f"{int(lines[line]) // UNIT}.{int(lines[line]) % UNIT:08d}"
            if lines[line] >= 0
            else f"-{-int(lines[line]) // UNIT}.{-int(lines[line]) % UNIT:08d}"
            for line in Line
        },
        "account": {"start_usd": float(start_usd), "end_usd": equity["equity"][-1] / UNIT},
        "exchange": {"STOPS": 14, "STOP_GAPS": 1, "CLIPPED": 37} if n_trades else {},
        "regimes": {"TREND": 4_000, "RANGE": 9_000, "PANIC": 120, "ILLIQUID": 0, "NEUTRAL": 6_880},
        "exposure": {"gross_mean_frac": 0.21, "net_mean_frac": 0.01, "in_market_frac": 0.44},
    }
    (folder / "run.json").write_text(json.dumps(said))
    (folder / "metrics.json").write_text(json.dumps(found, allow_nan=False))
    equity.write_parquet(folder / "equity.parquet")
    trades.write_parquet(folder / "trades.parquet")
    benchmark.write_parquet(folder / "benchmark.parquet")
    fills_frame(trades).write_parquet(folder / "fills.parquet")
    return folder
