"""Who made the money, as tables of the page: the attribution by engine, regime, venue and coin.

In: a ``Run`` with its attribution. Out: tables whose rows add up to the change in equity to the
last unit; what is beyond the longest list stands in a row of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.core.types import Line
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.reading import SLIPPAGE
from quorate.report.words import OWNERS

if TYPE_CHECKING:
    from quorate.report.reading import Run

MAX_ROWS: Final = 20
_SPLITS: Final = (
    ("By engine", "engine", "engine"),
    ("By regime at entry", "regime", "regime"),
    ("By venue", "venue", "venue"),
    ("By coin", "coin", "symbol"),
)
_PARTS: Final[tuple[tuple[str, tuple[Line, ...]], ...]] = (
    ("gross", (Line.GROSS,)),
    ("slippage", SLIPPAGE),
    ("fees", (Line.FEE,)),
    ("funding", (Line.FUNDING,)),
    ("haircuts", (Line.HAIRCUT,)),
)
_NOTE: Final = {
    "engine": (
        "Shares are those of the vote at the entry, w(2p - 1)s over the score; an engine that voted"
        " against has a share below zero. The allocator is what the optimiser changed afterwards,"
        " the risk overlay what was forced."
    ),
}


def tables(run: Run) -> list[Table]:
    """Return one table a split; none where the run did not trade or its attribution was not kept.

    Notes
    -----
    Units: USD.  Causal: reads a finished run.  Missing: an empty list.  Spec 10, 12; METHODS 13.
    """
    found = run.attribution
    if found is None or found.is_empty():
        return []
    return [*(_split(found, *split) for split in _SPLITS), _grid(found)]


def _split(found: pl.DataFrame, title: str, name: str, key: str) -> Table:
    sums = found.group_by(key).agg(
        *(_sum(lines).alias(part) for part, lines in _PARTS), pl.col("amount").sum().alias("net")
    )
    ordered = sums.sort(pl.col("net").abs(), key, descending=[True, False])
    columns = ["net", *(part for part, _ in _PARTS)]
    shown, rest = ordered.head(MAX_ROWS), ordered.tail(max(0, ordered.height - MAX_ROWS))
    rows = [
        Row((Cell(OWNERS.get(row[key], row[key])), *(money(row[each]) for each in columns)))
        for row in shown.iter_rows(named=True)
    ]
    if rest.height:
        label = Cell(f"{rest.height} others")
        rows.append(Row((label, *(money(int(rest[each].sum())) for each in columns)), "rest"))
    total = (Cell("all"), *(money(int(ordered[each].sum())) for each in columns))
    rows.append(Row(total, "total"))
    heads = (Column(name, is_text=True), *(Column(each, "USD") for each in columns))
    return Table(title, heads, tuple(rows), _NOTE.get(name, ""))


def _grid(found: pl.DataFrame) -> Table:
    """Return engine by regime, net."""
    regimes = sorted(found["regime"].unique())
    by_engine = found.group_by("engine").agg(
        *(pl.col("amount").filter(pl.col("regime") == each).sum().alias(each) for each in regimes),
        pl.col("amount").sum().alias("all"),
    )
    ordered = by_engine.sort(pl.col("all").abs(), "engine", descending=[True, False])
    names = ["all", *regimes]
    rows = [
        Row((Cell(OWNERS.get(row["engine"], row["engine"])), *(money(row[each]) for each in names)))
        for row in ordered.iter_rows(named=True)
    ]
    total = (Cell("all"), *(money(int(ordered[each].sum())) for each in names))
    heads = (Column("engine", is_text=True), *(Column(each, "USD") for each in names))
    return Table("Engine by regime, net", heads, (*rows, Row(total, "total")))


def _sum(lines: tuple[Line, ...]) -> pl.Expr:
    return pl.col("amount").filter(pl.col("line").is_in([line.name for line in lines])).sum()
