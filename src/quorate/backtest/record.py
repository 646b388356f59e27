"""What a run leaves behind, as frames: equity, decisions, fills, fundings, trades, what is open.

In: blocks of a run, one after the other. Out: Polars frames. Decisions are kept sparsely: those
that sent an order, and those where a signal was refused for another reason than on the bar before;
every coin-bar is counted by its reason all the same. Kept decisions go to disk as they come
(``kept``); memory grows by a row a bar and a row a fill. What happened to the account and not to an
order (a breaker, a coin without data) is in ``incidents``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate.backtest.fills import COLUMNS, Number
from quorate.backtest.fills import Column as Fill
from quorate.backtest.kept import Kept
from quorate.backtest.run import Block
from quorate.backtest.watch import Watch
from quorate.core.account import Code, Gauge
from quorate.core.types import MONEY_SCALE, N_REGIMES, Reason, Regime, Style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core import ledger
    from quorate.core.types import ByteVec, IntMat, Mat, ShortVec

_GAUGES = ("gross_usd", "net_usd", "beta_usd", "open_risk_usd", "risk_budget_usd")
_MONEY = ("delay", "spread", "impact", "latency", "fee", "haircut")
_AT_CLOSE = (Reason.EXIT_STOP, Reason.EXIT_LIQUIDATION, Reason.EXIT_DELISTED)


class Record:
    """Collect the rows of a run block by block.

    Parameters
    ----------
    symbols, venues, engines : sequence of str
        Names of the axes.
    bar_minutes : int
        Length of a bar.
    start : int
        Opening equity in integer money.
    refusals : bool
        Whether to keep refused signals too; without them only what was ordered is kept.
    place : Path, optional
        A folder on the disk that is to hold the kept decisions while the run lasts.

    Notes
    -----
    Units: integer 1e-8 quote for money, UTC times. Causal: what was decided, as it was decided.
    Spec 10, 12.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        venues: Sequence[str],
        engines: Sequence[str],
        bar_minutes: int,
        start: int,
        *,
        refusals: bool = True,
        place: Path | None = None,
    ) -> None:
        self._symbols = tuple(symbols)
        self._venues = tuple(venues)
        self._bar_ms = bar_minutes * 60_000
        self._start = start
        self._refusals = refusals
        self._money: list[IntMat] = []
        self._gauges: list[Mat] = []
        self._fills: list[tuple[IntMat, Mat, ByteVec]] = []
        self._kept = Kept(symbols, venues, engines, self._bar_ms, place)
        self._watch = Watch(self._symbols, self._venues, self._bar_ms)
        self._reason: ShortVec = np.full(len(symbols), -1, np.int16)
        self._regime: ByteVec = np.full(len(symbols), Regime.NEUTRAL, np.int8)
        self.reasons = np.zeros(max(Reason) + 1, np.int64)
        self.regimes = np.zeros(N_REGIMES, np.int64)
        self.failures: dict[str, str] = {}

    def add(self, block: Block) -> None:
        """Copy what is worth keeping of a block."""
        code = block.decisions.code
        reason = np.ascontiguousarray(code[:, Code.REASON, :])
        self.reasons += np.bincount(reason.ravel(), minlength=len(self.reasons))
        ready = block.readings.ready == 1
        self.regimes += np.bincount(block.readings.regime[ready], minlength=N_REGIMES)
        for failure in block.failures:
            self.failures.setdefault(failure.engine, failure.message)
        self._keep_equity(block)
        self._keep_fills(block)
        self._watch.add(block)
        is_kept = code[:, Code.ACTION, :] != 0
        if self._refusals:
            before = np.vstack((self._reason[None, :], reason[:-1]))
            is_kept |= (block.consensus.signal != 0) & (reason != before)
        self._kept.add(block, *np.nonzero(is_kept))
        self._reason = reason[-1].copy()
        self._regime = block.readings.regime[-1].copy()

    def _keep_equity(self, block: Block) -> None:
        out = block.decisions
        if not self._money:
            self._money.append(np.array([[block.k0 - 1, self._start, self._start, self._start]]))
            self._gauges.append(np.zeros((1, len(_GAUGES))))
        k = block.k0 + np.arange(len(out.equity))
        gross = out.equity + block.tally.costs
        self._money.append(np.column_stack((k, out.equity, gross, out.cash)))
        self._gauges.append(out.gauge[:, [Gauge[name.upper()] for name in _GAUGES]])

    def _keep_fills(self, block: Block) -> None:
        if block.fills.n_lost.item():
            raise ValueError(
                f"{block.fills.n_lost.item()} fills found no room: allocate rows_needed() of them"
            )
        n = block.fills.n.item()
        if not n:
            return
        whole = block.fills.whole[:n].copy()
        # the regime in which a position was decided is that of the bar before its first fill
        decided = np.vstack((self._regime[None, :], block.readings.regime[:-1]))
        label = decided[whole[:, Fill.K] - block.k0, whole[:, Fill.COIN]]
        self._fills.append((whole, block.fills.real[:n].copy(), label))

    def equity(self) -> pl.DataFrame:
        """Return one row a bar: equity net and gross of costs, cash, exposures, open risk."""
        money, gauges = np.concatenate(self._money), np.concatenate(self._gauges)
        k, equity, gross, cash = money.T
        return pl.DataFrame(
            {
                "ts": k * self._bar_ms,
                "equity": equity,
                "gross_equity": gross,
                "flow": np.zeros(len(k), np.int64),
                "cash": cash,
                **{name: gauges[:, i] for i, name in enumerate(_GAUGES)},
            }
        ).with_columns(_instant("ts"))

    def fills(self) -> pl.DataFrame:
        """Return one row a fill, names in place of codes."""
        flows = self._flows().filter(pl.col("lots") != 0).drop("funding")
        text = pl.String()
        names = {i: Reason(i).name for i in range(len(self.reasons)) if i in set(Reason)}
        return (
            flows.sort("k", maintain_order=True)
            .with_columns(
                (pl.col("k") * self._bar_ms).alias("ts"),
                pl.col("coin")
                .replace_strict(dict(enumerate(self._symbols)), return_dtype=text)
                .alias("symbol"),
                pl.col("venue").replace_strict(dict(enumerate(self._venues)), return_dtype=text),
                pl.col("reason").replace_strict(names, return_dtype=text),
                pl.col("style").replace_strict(
                    {s.value: s.name for s in Style}, default="", return_dtype=text
                ),
                pl.col("regime").replace_strict(
                    {r.value: r.name.lower() for r in Regime}, return_dtype=text
                ),
            )
            .with_columns(_instant("ts"))
        )

    def _flows(self) -> pl.DataFrame:
        """Return every cash flow, a fill or a funding settlement, as the exchange wrote it."""
        if not self._fills:
            kinds = [*[pl.Int64()] * len(Fill), *[pl.Float64()] * len(Number), pl.Int8()]
            return pl.DataFrame(schema=dict(zip((*COLUMNS, "regime"), kinds, strict=True)))
        whole, real, regime = (np.concatenate(each) for each in zip(*self._fills, strict=True))
        columns = np.split(whole, len(Fill), axis=1) + np.split(real, len(Number), axis=1)
        named = zip(COLUMNS, columns, strict=True)
        return pl.DataFrame({**{name: each.ravel() for name, each in named}, "regime": regime})

    def funding(self) -> pl.DataFrame:
        """Return one row a funding settlement; ``amount`` is positive where it was paid."""
        rows = self._flows().filter(pl.col("lots") == 0).sort("k", maintain_order=True)
        return (
            rows.select(
                (pl.col("k") * self._bar_ms).alias("ts"),
                "k",
                pl.col("coin")
                .replace_strict(dict(enumerate(self._symbols)), return_dtype=pl.String)
                .alias("symbol"),
                "coin",
                pl.col("venue").replace_strict(
                    dict(enumerate(self._venues)), return_dtype=pl.String
                ),
                pl.col("funding").alias("amount"),
            )
            .with_columns(_instant("ts"))
            .sort("k", maintain_order=True)
        )

    def positions(self, books: ledger.State, coins_per_lot: Mat) -> pl.DataFrame:
        """Return what is open in the books, one row a venue and coin."""
        held = [(int(v), int(c)) for v, c in zip(*np.nonzero(books.lots), strict=True)]
        rows = []
        for v, c in held:
            lots, value = int(books.lots[v, c]), int(books.value[v, c])
            coins = lots * float(coins_per_lot[v, c])
            rows.append(
                (
                    self._symbols[c],
                    c,
                    self._venues[v],
                    lots,
                    coins,
                    float(books.entry_price[c]),
                    value / MONEY_SCALE / coins,
                    value,
                )
            )
        return pl.DataFrame(rows, schema=POSITIONS, orient="row")

    def incidents(self) -> pl.DataFrame:
        """Return what happened to the account and the data: breakers, coins that fell silent."""
        return self._watch.frame()

    def trades(self) -> pl.DataFrame:
        """Return one row a closed trade: a flat-to-flat episode of a coin (METHODS 0b.11)."""
        fills = self.fills()
        if fills.is_empty() or "regime" not in fills.columns:
            return pl.DataFrame(schema=_TRADES)
        episode = pl.col("closed").cum_sum().over("coin") - pl.col("closed")
        at_close = pl.col("reason").last().is_in([reason.name for reason in _AT_CLOSE])
        closing_k = pl.col("k").last() - pl.when(at_close).then(0).otherwise(1)
        grouped = fills.with_columns(episode.alias("episode")).group_by(
            "coin", "episode", maintain_order=True
        )
        rows = grouped.agg(
            pl.col("symbol").first(),
            ((pl.col("k").first() - 1) * self._bar_ms).alias("opened_at"),
            (closing_k * self._bar_ms).alias("closed_at"),
            pl.col("side").first().cast(pl.Int8),
            (pl.col("coins").abs() * pl.col("price"))
            .filter(pl.col("side") == pl.col("side").first())
            .sum()
            .alias("notional_usd"),
            (-pl.col("notional").sum()).alias("gross_pnl"),
            *(pl.col(name).sum() for name in _MONEY),
            pl.col("realised").last().alias("net_pnl"),
            pl.col("closed").last(),
            pl.col("regime").first(),
            pl.col("venue").first(),
            pl.col("reason").first().alias("entry_reason"),
            pl.col("reason").last().alias("exit_reason"),
            pl.len().cast(pl.Int64).alias("n_fills"),
        ).filter(pl.col("closed") == 1)
        slippage = pl.col("delay") + pl.col("spread") + pl.col("impact") + pl.col("latency")
        paid = pl.col("slippage") + pl.col("fee") + pl.col("haircut")
        hours = (pl.col("closed_at") - pl.col("opened_at")) / 3_600_000
        return (
            rows.with_columns(slippage.alias("slippage"), pl.col("fee").alias("fees"))
            .with_columns(
                # what the fills do not explain of the books' own result is funding
                (pl.col("gross_pnl") - paid - pl.col("net_pnl")).alias("funding"),
                hours.alias("hours"),
            )
            .with_columns(_instant("opened_at"), _instant("closed_at"))
            .select(list(_TRADES))
            .sort("closed_at", "symbol")
        )

    def decisions(self, trades: pl.DataFrame) -> pl.LazyFrame:
        """Return the kept decisions, read from disk when they are asked for.

        ``realized_pnl`` is that of the trade an entry opened.
        """
        entries = self._kept.entries().rename({"timestamp": "decided_at"})
        # each trade looks back for the last entry decided before it: none is counted twice
        opened = (
            trades.sort("opened_at")
            .join_asof(
                entries.sort("decided_at"),
                left_on="opened_at",
                right_on="decided_at",
                by="symbol",
                strategy="backward",
                check_sortedness=False,
            )
            .drop_nulls("row")
            .select("row", (pl.col("net_pnl") * 1e-8).alias("realized_pnl"))
            .unique("row", keep="first", maintain_order=True)
        )
        return self._kept.scan(opened)


POSITIONS: dict[str, Any] = {
    "symbol": pl.String,
    "coin": pl.Int64,
    "venue": pl.String,
    "lots": pl.Int64,
    "coins": pl.Float64,  # signed
    "entry_price": pl.Float64,
    "mark_price": pl.Float64,
    "value": pl.Int64,  # signed, 1e-8 quote
}

_TRADES: dict[str, Any] = {
    "symbol": pl.String,
    "opened_at": pl.Datetime("us", "UTC"),
    "closed_at": pl.Datetime("us", "UTC"),
    "side": pl.Int8,
    "notional_usd": pl.Float64,
    "gross_pnl": pl.Int64,
    "slippage": pl.Int64,
    "fees": pl.Int64,
    "funding": pl.Int64,
    "haircut": pl.Int64,
    "net_pnl": pl.Int64,
    "regime": pl.String,
    "venue": pl.String,
    "entry_reason": pl.String,
    "exit_reason": pl.String,
    "n_fills": pl.Int64,
    "delay": pl.Int64,
    "spread": pl.Int64,
    "impact": pl.Int64,
    "latency": pl.Int64,
    "fee": pl.Int64,
    "hours": pl.Float64,
}


def _instant(name: str) -> pl.Expr:
    """Read a column of milliseconds as UTC."""
    return (
        pl.from_epoch(pl.col(name), time_unit="ms")
        .dt.cast_time_unit("us")
        .dt.replace_time_zone("UTC")
    )
