"""Which trades two runs have in common, and where they part.

In: the trades of two runs. Out: counts, and the trades that differ, the costliest first. A trade
is the same trade if its coin and side are and it was opened within a bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.core.types import MONEY_SCALE

if TYPE_CHECKING:
    from datetime import datetime

SHOWN: Final = 12
_PAIR: Final = ["symbol", "side"]


@dataclass(frozen=True)
class TradeRow:
    """A trade that differs: the net result in each run, None where a run has none of it."""

    symbol: str
    side: int
    opened_at: datetime
    first_usd: float | None
    second_usd: float | None
    first_exit: str
    second_exit: str

    @property
    def difference_usd(self) -> float:
        """Return what the second made more than the first."""
        return (self.second_usd or 0.0) - (self.first_usd or 0.0)


@dataclass(frozen=True)
class TradeDifference:
    """How many trades are the same to the last unit, changed, or in one run only; the largest."""

    n_same: int
    n_changed: int
    n_first_only: int
    n_second_only: int
    rows: tuple[TradeRow, ...]


def match(first: pl.DataFrame, second: pl.DataFrame, bar_minutes: int) -> TradeDifference:
    """Pair the trades of two runs: same coin and side, opened within a bar, each used once.

    Parameters
    ----------
    first, second : DataFrame
        ``trades.parquet`` of two runs.
    bar_minutes : int
        How far apart the openings may lie.

    Notes
    -----
    Units: USD.  Causal: reads finished runs.  Missing: None where a run has not the trade.
    """
    one, two = (_keyed(frame, name) for frame, name in ((first, "first"), (second, "second")))
    near = (
        one.join(two, on=_PAIR)
        .with_columns(
            (pl.col("opened_first") - pl.col("opened_second")).abs().alias("apart"),
        )
        .filter(pl.col("apart") <= pl.duration(minutes=bar_minutes))
        .sort("apart", "row_first", "row_second")
        .unique("row_first", keep="first", maintain_order=True)
        .unique("row_second", keep="first", maintain_order=True)
    )
    is_same = (pl.col("net_first") == pl.col("net_second")) & (
        pl.col("closed_first") == pl.col("closed_second")
    )
    changed = near.filter(~is_same)
    only_one = one.join(near.select("row_first"), on="row_first", how="anti")
    only_two = two.join(near.select("row_second"), on="row_second", how="anti")
    rows = pl.concat([changed, only_one, only_two], how="diagonal").with_columns(
        (pl.col("net_second").fill_null(0) - pl.col("net_first").fill_null(0)).abs().alias("away"),
        pl.coalesce("opened_first", "opened_second").alias("opened_at"),
    )
    largest = rows.sort(["away", "opened_at", "symbol"], descending=[True, False, False])
    return TradeDifference(
        n_same=near.height - changed.height,
        n_changed=changed.height,
        n_first_only=only_one.height,
        n_second_only=only_two.height,
        rows=tuple(
            TradeRow(
                symbol=row["symbol"],
                side=row["side"],
                opened_at=row["opened_at"],
                first_usd=_usd(row["net_first"]),
                second_usd=_usd(row["net_second"]),
                first_exit=row["exit_first"] or "",
                second_exit=row["exit_second"] or "",
            )
            for row in largest.head(SHOWN).iter_rows(named=True)
        ),
    )


def _keyed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(
        *_PAIR,
        pl.col("opened_at").alias(f"opened_{name}"),
        pl.col("closed_at").alias(f"closed_{name}"),
        pl.col("net_pnl").alias(f"net_{name}"),
        pl.col("exit_reason").alias(f"exit_{name}"),
    ).with_row_index(f"row_{name}")


def _usd(units: int | None) -> float | None:
    return None if units is None else units / MONEY_SCALE
