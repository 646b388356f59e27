"""The few numbers of a run that the linter's rules look at.

In: a ``Run``. Out: ``Evidence``, plain numbers, so that a rule can be read and tested alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.core.types import MONEY_SCALE, Reason
from quorate.report.formats import instant
from quorate.report.headline import imbalance
from quorate.report.luck import judge
from quorate.report.months import month_ends
from quorate.report.tables import outside_trades

if TYPE_CHECKING:
    from quorate.report.reading import Run

_ORDERS = (Reason.ENTRY.name, Reason.REBALANCE.name, Reason.REVERSAL.name)
_NO_BAR = (Reason.NO_DATA.name, Reason.NOT_MEMBER.name)


@dataclass(frozen=True)
class Evidence:
    """What the rules look at; money without a suffix is in integers of 1e-8 USD.

    ``None`` is what cannot be known; ``best_coin`` and ``best_month`` are a name and its net.
    """

    n_days: int = 365
    is_traded: bool = True
    n_trades: int = 100
    n_coins: int = 5
    n_months: int = 12
    start_usd: float = 100_000.0
    gross: int = 1
    costs: int = 0
    net: int = 0
    imbalance: int = 0
    lost_at: str = ""
    sharpe: float | None = None
    doubt: str = ""  # why a result is not told apart from luck; empty where it is
    needed_days: float | None = None
    best_coin: tuple[str, int] = ("", 0)
    best_month: tuple[str, int] = ("", 0)
    best_five: int = 0
    room_usd: float | None = None
    is_synthetic: bool = False
    n_markets: int = 0
    n_assumed: int = 0
    imputed_share: float = 0.0
    n_engine_failures: int = 0
    n_orders: int = 0
    n_below_minimum: int = 0
    n_fills: int | None = 0
    n_clipped: int = 0
    n_collared: int = 0
    n_stops: int = 0
    n_exceedances: int = 0
    n_liquidations: int = 0
    n_delistings: int = 0
    delisting_haircut: int = 0
    n_open: int = 0
    open_net: int = 0


def gather(run: Run) -> Evidence:
    """Read the evidence off a run.

    Notes
    -----
    Units: as the suffixes say, 1e-8 USD without one.  Causal: reads a finished run.
    Missing: None, or zero for what was not counted.  Spec 12.
    """
    net: dict[str, Any] = run.metrics["net"]
    data: dict[str, Any] = run.about["data"]
    reasons: dict[str, int] = run.metrics.get("reasons", {})
    counts: dict[str, int] = run.metrics.get("exchange", {})
    funding = data.get("funding", [])
    months = _by_month(run)
    verdict = judge(run)
    seen_bars = sum(reasons.values()) - sum(reasons.get(name, 0) for name in _NO_BAR)
    return Evidence(
        n_days=int(net.get("n_days") or 0),
        is_traded=run.is_traded,
        n_trades=run.trades.height,
        n_coins=len(data.get("symbols", [])),
        n_months=len(months),
        start_usd=run.start / MONEY_SCALE,
        gross=run.net + run.costs,
        costs=run.costs,
        net=run.net,
        imbalance=imbalance(run),
        lost_at=_lost_at(run),
        sharpe=net.get("sharpe"),
        doubt=verdict.sentence if verdict.is_told_apart is False else "",
        needed_days=net.get("min_track_record_days"),
        best_coin=_best_coin(run),
        best_month=max(months, key=lambda month: month[1], default=("", 0)),
        best_five=int(run.trades["net_pnl"].top_k(5).sum()),
        room_usd=run.metrics.get("activity", {}).get("capacity_usd"),
        is_synthetic=bool(data.get("is_synthetic")),
        n_markets=len(funding),
        n_assumed=sum(kind in {"assumed", "mixed"} for kind in funding),
        imputed_share=reasons.get(Reason.IMPUTED.name, 0) / seen_bars if seen_bars else 0.0,
        n_engine_failures=reasons.get(Reason.ENGINE_FAILED.name, 0),
        n_orders=sum(reasons.get(name, 0) for name in _ORDERS),
        n_below_minimum=reasons.get(Reason.BELOW_MINIMUM.name, 0),
        n_fills=run.fills.height if run.fills is not None else None,
        n_clipped=counts.get("CLIPPED", 0),
        n_collared=counts.get("COLLARED", 0),
        n_stops=counts.get("STOPS", 0),
        n_exceedances=counts.get("EXCEEDANCES", 0),
        n_liquidations=counts.get("LIQUIDATIONS", 0),
        n_delistings=counts.get("DELISTINGS", 0),
        delisting_haircut=_delisting_haircut(run),
        n_open=run.positions.height if run.positions is not None else 0,
        open_net=outside_trades(run)[-1],
    )


def _lost_at(run: Run) -> str:
    gone = run.equity.filter(pl.col("equity") <= 0)
    return f"{instant(gone['ts'][0])} UTC" if gone.height else ""


def _delisting_haircut(run: Run) -> int:
    """Return what delistings took, in 1e-8 USD: by fills where they were kept, else by trades."""
    names = [Reason.EXIT_DELISTED.name, str(Reason.EXIT_DELISTED.value)]
    for table, column in ((run.fills, "reason"), (run.trades, "exit_reason")):
        if table is not None and {column, "haircut"} <= set(table.columns):
            said = pl.col(column).cast(pl.String)  # a name, or the code where none was written
            gone = table.filter(said.is_in(names))
            return int(gone["haircut"].sum())
    return 0


def _best_coin(run: Run) -> tuple[str, int]:
    by_coin = run.trades.group_by("symbol").agg(pl.col("net_pnl").sum())
    best = by_coin.sort("net_pnl", "symbol", descending=[True, False]).head(1)
    return (str(best["symbol"][0]), int(best["net_pnl"][0])) if best.height else ("", 0)


def _by_month(run: Run) -> list[tuple[str, int]]:
    equity, flow = run.equity["equity"].to_numpy(), run.equity["flow"].to_numpy()
    return [
        (
            f"{year}-{month:02d}",
            int(equity[last]) - int(equity[first]) - int(flow[first + 1 : last + 1].sum()),
        )
        for year, month, first, last in month_ends(run)
    ]
