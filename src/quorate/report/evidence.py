"""The few numbers of a run that the linter's rules look at.

In: a ``Run``. Out: ``Evidence``, plain numbers, so that a rule can be read and tested alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.core.types import MONEY_SCALE, Line, Reason
from quorate.report import promises
from quorate.report.formats import instant
from quorate.report.headline import imbalance
from quorate.report.luck import judge
from quorate.report.months import month_ends
from quorate.report.tables import outside_trades
from quorate.statistics.span import span_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.report.reading import Run

_ORDERS = (Reason.ENTRY.name, Reason.REBALANCE.name, Reason.REVERSAL.name)
_NO_BAR = (Reason.NO_DATA.name, Reason.NOT_MEMBER.name)


@dataclass(frozen=True)
class Evidence:
    """What the rules look at; money without a suffix is in integers of 1e-8 USD.

    ``None`` is what cannot be known; the best and worst coin and month are a name and its net.
    """

    n_days: int = 365  # UTC days touched, each one daily return
    span_days: float = 365.0
    is_traded: bool = True
    n_trades: int = 100
    n_coins: int = 5
    n_months: int = 12
    start_usd: float = 100_000.0
    gross: int = 1
    costs: int = 0
    net: int = 0
    imbalance: int = 0
    attribution_gap: int = 0
    trades_gap: int = 0
    lost_at: str = ""
    sharpe: float | None = None
    sharpe_low: float | None = None
    doubt: str = ""  # why a result is not told apart from luck; empty where it is
    unjudged: str = ""  # why luck could not be judged; empty where it was
    needed_days: float | None = None
    best_coin: tuple[str, int] = ("", 0)
    worst_coin: tuple[str, int] = ("", 0)
    best_month: tuple[str, int] = ("", 0)
    worst_month: tuple[str, int] = ("", 0)
    best_five: int = 0
    room_usd: float | None = None
    is_synthetic: bool = False
    n_funded: int = 0
    n_assumed: int = 0
    imputed_share: float | None = 0.0
    n_engine_failures: int = 0
    failed_engines: tuple[str, ...] = ()
    failed_coins: tuple[str, ...] = ()  # by the rules of data, with the rules
    is_certified: bool = True
    damaged: tuple[str, ...] = ()  # parts of the certificate that cannot be read, with why
    n_orders: int = 0
    n_below_minimum: int = 0
    n_fills: int | None = 0
    n_clipped: int = 0
    n_collared: int = 0
    got_frac: float | None = None
    allowed_frac: float | None = None
    n_stops: int = 0
    n_exceedances: int = 0
    n_liquidations: int = 0
    n_delistings: int = 0
    delisting_haircut: int = 0
    n_open: int = 0
    open_net: int = 0
    has_models: bool = True  # a model set took part
    models_until: str = "2024-01-01 00:00 UTC"  # when its last label had ended; empty: not known
    n_in_sample: int = 0  # trades opened by then


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
    months, coins = _by_month(run), _by_coin(run)
    verdict = judge(run)
    seen_bars = sum(reasons.values()) - sum(reasons.get(name, 0) for name in _NO_BAR)
    return Evidence(
        n_days=int(net.get("n_days") or 0),
        span_days=span_days(run.equity),
        is_traded=run.is_traded,
        n_trades=run.trades.height,
        n_coins=len(data.get("symbols", [])),
        n_months=len(months),
        start_usd=run.start / MONEY_SCALE,
        gross=run.net + run.costs,
        costs=run.costs,
        net=run.net,
        imbalance=imbalance(run),
        attribution_gap=_attribution_gap(run),
        trades_gap=_trades_gap(run),
        lost_at=_lost_at(run),
        sharpe=net.get("sharpe"),
        sharpe_low=net.get("sharpe_low"),
        doubt=verdict.sentence if verdict.is_told_apart is False else "",
        unjudged=verdict.short if verdict.is_told_apart is None else "",
        needed_days=net.get("min_track_record_days"),
        best_coin=max(coins, key=itemgetter(1), default=("", 0)),
        worst_coin=min(coins, key=itemgetter(1), default=("", 0)),
        best_month=max(months, key=itemgetter(1), default=("", 0)),
        worst_month=min(months, key=itemgetter(1), default=("", 0)),
        best_five=int(run.trades["net_pnl"].top_k(5).sum()),
        room_usd=run.metrics.get("activity", {}).get("capacity_usd"),
        is_synthetic=bool(data.get("is_synthetic")),
        n_funded=sum(kind != "none" for kind in funding),
        n_assumed=sum(kind in {"assumed", "mixed"} for kind in funding),
        imputed_share=reasons.get(Reason.IMPUTED.name, 0) / seen_bars if seen_bars else None,
        failed_engines=tuple(run.about.get("failures", {})),
        failed_coins=_failed_coins(run),
        is_certified=run.certificate is not None,
        damaged=() if run.certificate is None else run.certificate.damaged,
        n_engine_failures=reasons.get(Reason.ENGINE_FAILED.name, 0),
        n_orders=sum(reasons.get(name, 0) for name in _ORDERS),
        n_below_minimum=reasons.get(Reason.BELOW_MINIMUM.name, 0),
        n_fills=run.fills.height if run.fills is not None else None,
        n_clipped=counts.get("CLIPPED", 0),
        n_collared=counts.get("COLLARED", 0),
        got_frac=promises.got(run),
        allowed_frac=promises.allowed(run),
        n_stops=counts.get("STOPS", 0),
        n_exceedances=counts.get("EXCEEDANCES", 0),
        n_liquidations=counts.get("LIQUIDATIONS", 0),
        n_delistings=counts.get("DELISTINGS", 0),
        delisting_haircut=_delisting_haircut(run),
        n_open=run.positions.height if run.positions is not None else 0,
        open_net=outside_trades(run)[-1],
        **_models(run),
    )


def _models(run: Run) -> dict[str, Any]:
    """Return whether models took part, until when they were fitted, and the trades by then."""
    told = run.about.get("models")
    if told is None:
        return {"has_models": False, "models_until": ""}
    if not told.get("until"):
        return {"has_models": True, "models_until": ""}
    until = datetime.fromisoformat(told["until"]).astimezone(UTC)
    return {
        "has_models": True,
        "models_until": f"{instant(until)} UTC",
        "n_in_sample": run.trades.filter(pl.col("opened_at") <= until).height,
    }


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


def _attribution_gap(run: Run) -> int:
    """Return the largest difference of the attribution from the books, by line and by coin.

    By coin where nothing is open: then its closed trades are all there is. 0 where no attribution
    was kept.
    """
    if run.attribution is None:
        return 0
    said = {
        line.name: amount if line is Line.GROSS else -amount for line, amount in run.lines.items()
    }
    gaps = list(_differences(run.attribution, "line", said))
    if run.positions is not None and not run.positions.height:
        gaps += _differences(run.attribution, "symbol", dict(_by_coin(run)))
    return max(gaps, key=abs, default=0)


def _differences(attribution: pl.DataFrame, column: str, books: dict[str, int]) -> Iterator[int]:
    """Yield what an attribution says of each key of a column, less what the books say."""
    sums = attribution.group_by(column).agg(pl.col("amount").sum())
    found = {str(key): int(amount) for key, amount in sums.iter_rows()}
    for key in sorted(found.keys() | books.keys()):
        yield found.get(key, 0) - books.get(key, 0)


def _trades_gap(run: Run) -> int:
    """Return by how much the closed trades made more than the books, where nothing is open."""
    if run.positions is None or run.positions.height:
        return 0
    return -outside_trades(run)[-1]


def _by_coin(run: Run) -> list[tuple[str, int]]:
    sums = run.trades.group_by("symbol").agg(pl.col("net_pnl").sum()).sort("symbol")
    return [(str(name), int(net)) for name, net in sums.iter_rows()]


def _by_month(run: Run) -> list[tuple[str, int]]:
    equity, flow = run.equity["equity"].to_numpy(), run.equity["flow"].to_numpy()
    return [
        (
            f"{year}-{month:02d}",
            int(equity[last]) - int(equity[first]) - int(flow[first + 1 : last + 1].sum()),
        )
        for year, month, first, last in month_ends(run)
    ]


def _failed_coins(run: Run) -> tuple[str, ...]:
    """Return the coins that a rule of data fails, with venue and rules."""
    if run.certificate is None:
        return ()
    rows = run.certificate.failed.rows()
    return tuple(f"{symbol} on {venue} ({rules})" for venue, symbol, rules in rows)
