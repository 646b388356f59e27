"""What came of a decision: its fills, and the trade it opened, changed, closed or held.

In: the tables of a run folder. Out: an ``Outcome``. This is the one part of an explanation that
looks past the close that decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.api.explanation import Exit, Outcome, Trade
from quorate.api.folder import read_table
from quorate.core.types import MONEY_SCALE, Reason
from quorate.report.words import REASONS

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

_MONEY = ("delay", "spread", "impact", "latency", "fee", "haircut")
AT_ONCE = ("EXIT_STOP", "EXIT_LIQUIDATION", "EXIT_DELISTED")
"""What the exchange does by itself: no decision sent it."""


def outcome(
    folder: Path,
    symbol: str,
    at: datetime,
    said: tuple[str, str],
    bar: timedelta,
    kept: pl.DataFrame,
) -> Outcome:
    """Return what came of what was decided for a coin at a close.

    Parameters
    ----------
    folder : Path
        Of the run: its ``fills.parquet`` and ``trades.parquet`` are read.
    symbol, at
        The coin and the close.
    said : tuple of str
        Action and reason.
    bar : timedelta
        Length of a bar.
    kept : DataFrame
        The decisions of the run, from ``decided.kept``.

    Notes
    -----
    Units: USD.  Causal: looks ahead, as its name says.  Missing: None without a fill or a trade.
    Spec 10.
    """
    action, reason = said
    fills = _fills(folder, symbol, at, kept) if action != "wait" else pl.DataFrame()
    first = fills["ts"][0] if fills.height else None
    traded = float((fills["coins"].abs() * fills["price"]).sum()) if fills.height else 0.0
    coins = float(fills["coins"].abs().sum()) if fills.height else 0.0
    paid = sum(int(fills[name].sum()) for name in _MONEY) if fills.height else 0
    trade = _trade(folder, symbol, at if first is None else first - bar)
    closed = trade is not None and (first is not None)
    return Outcome(
        action=action,
        reason=reason,
        sentence=REASONS[Reason[reason]].sentence,
        n_fills=fills.height,
        filled_usd=traded,
        average_price=traded / coins if coins else None,
        fill_costs_usd=paid / MONEY_SCALE,
        realized_pnl_usd=trade.net_usd if trade is not None and closed else None,
        trade=trade,
    )


def exits(folder: Path, symbol: str, at: datetime, kept: pl.DataFrame) -> tuple[Exit, ...]:
    """Return what the exchange closed of a coin, by itself, in the bar that ends at a close.

    Parameters
    ----------
    folder, symbol, at, kept
        As for ``outcome``.

    Notes
    -----
    Units: USD, coins; costs are positive when paid.  Causal: known at the close.
    Missing: none where the exchange closed nothing.  METHODS 0b.2, 7.5.
    """
    own = by_exchange(folder, kept)
    if own.is_empty():
        return ()
    own = own.filter((pl.col("symbol") == symbol) & (pl.col("ts") == at))
    return tuple(
        Exit(
            reason=row["reason"],
            venue=row["venue"],
            side=-1 if row["coins"] > 0.0 else 1,
            coins=abs(row["coins"]),
            closed_usd=abs(row["coins"]) * row["price"],
            price=row["price"],
            stop_price=row["decision_price"] if row["reason"] == "EXIT_STOP" else None,
            paid_usd=sum(row[name] for name in _MONEY) / MONEY_SCALE,
        )
        for row in own.iter_rows(named=True)
    )


def by_exchange(folder: Path, kept: pl.DataFrame) -> pl.DataFrame:
    """Return the fills of a run that no decision sent: stops, liquidations, delistings.

    A stop that a close had found crossed is sent by a decision, which is kept: its fills are that
    decision's.

    Notes
    -----
    Units: as ``fills.parquet``.  Causal: as they were filled.  Missing: no row where none was.
    """
    found = _marked(folder, kept)
    return found.filter(pl.col("_is_own")).drop("_is_own") if found.height else found


def _marked(folder: Path, kept: pl.DataFrame) -> pl.DataFrame:
    """Return the fills of a run, each with whether the exchange made it by itself."""
    fills = read_table(folder, "fills.parquet")
    if "ts" not in fills.columns:
        return pl.DataFrame()
    sent = kept.filter(pl.col("action") != "wait").select("symbol", ts="timestamp", last="reason")
    last = (
        fills.with_row_index("_row")
        .sort("ts", "_row")
        .join_asof(
            sent.sort("ts"),
            on="ts",
            by="symbol",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .sort("_row")["last"]
    )
    is_own = pl.col("reason").is_in(AT_ONCE) & pl.col("reason").ne_missing(last)
    return fills.with_columns(_is_own=is_own)


def _fills(folder: Path, symbol: str, at: datetime, kept: pl.DataFrame) -> pl.DataFrame:
    """Return the fills of the order that was sent here: those before the next one was sent."""
    fills = _marked(folder, kept)
    if fills.is_empty():
        return fills
    later = kept.filter(
        (pl.col("symbol") == symbol) & (pl.col("action") != "wait") & (pl.col("timestamp") > at)
    )["timestamp"]
    own = fills.filter((pl.col("symbol") == symbol) & (pl.col("ts") > at) & ~pl.col("_is_own"))
    return own if later.is_empty() else own.filter(pl.col("ts") <= later.min())


def _trade(folder: Path, symbol: str, at: datetime) -> Trade | None:
    """Return the closed trade that was open, or opened, at a close."""
    found = read_table(folder, "trades.parquet").filter(
        (pl.col("symbol") == symbol) & (pl.col("opened_at") <= at) & (pl.col("closed_at") >= at)
    )
    if found.is_empty():
        return None
    row: dict[str, Any] = found.sort("opened_at").row(-1, named=True)
    return Trade(
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        side=row["side"],
        entry_reason=row["entry_reason"],
        exit_reason=row["exit_reason"],
        gross_usd=row["gross_pnl"] / MONEY_SCALE,
        costs_usd=(row["gross_pnl"] - row["net_pnl"]) / MONEY_SCALE,
        net_usd=row["net_pnl"] / MONEY_SCALE,
    )
