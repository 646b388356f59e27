"""Who made the money, as tables of the page: the attribution by engine, regime, venue and coin.

In: a ``Run`` with its attribution. Out: tables whose rows add up to the change in equity to the
last unit; what is beyond the longest list stands in a row of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.core.types import Line
from quorate.report import bars
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.formats import number, percent, sign
from quorate.report.reading import SLIPPAGE
from quorate.report.words import OWNERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.report.reading import Run

MAX_ROWS: Final = 40
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
_ORDER: Final = "The largest effect first, up or down."
_ENGINES: Final = (
    " A share, here and below, is of all that was gained where it gained, and of all that was lost,"
    " negative, where it lost. What a trade made is shared among the engines by their parts in the"
    " vote that opened it."
    " A part is the engine's weight, times how far its calibrated chance of being right lies above"
    " a coin toss, with the sign of its side, w(2p - 1)s, over the sum of all, the score: an engine"
    " that voted against has a part below zero. The allocator is what the optimiser changed"
    " afterwards, the risk overlay what was forced. A trade has many engines, so none is counted."
)


def tables(run: Run) -> list[Table]:
    """Return one table a split; none where the run did not trade or its attribution was not kept.

    A split with a single row, such as one venue, is a sentence below the table of coins instead.

    Notes
    -----
    Units: USD.  Causal: reads a finished run.  Missing: an empty list.  Spec 10, 12; METHODS 13.
    """
    found = run.attribution
    if found is None or found.is_empty():
        return []
    venues = found["venue"].unique().to_list()
    alone = f" All of it was made on one venue, {venues[0]}." if len(venues) == 1 else ""
    more = {"engine": _ENGINES, "symbol": alone}
    made = [
        _split(run, found, title, name, key, _ORDER + more.get(key, ""))
        for title, name, key in _SPLITS
        if not (alone and key == "venue")
    ]
    return [*made, _grid(found)]


def _silent(run: Run, found: pl.DataFrame) -> pl.DataFrame:
    """Return rows of nothing for engines that voted and had no part in any entry."""
    card = run.scorecard
    if card is None:
        return found.clear()
    voted = set(card.filter(pl.col("n_votes") > 0)["engine"]) - set(found["engine"])
    rows = [(name, "", "", "", Line.GROSS.name, 0) for name in sorted(voted)]
    return pl.DataFrame(rows, schema=found.schema, orient="row")


def _split(run: Run, found: pl.DataFrame, title: str, name: str, key: str, note: str) -> Table:
    silent = _silent(run, found) if key == "engine" else found.clear()
    sums = (
        pl.concat((found, silent))
        .group_by(key)
        .agg(
            *(_sum(lines).alias(part) for part, lines in _PARTS),
            pl.col("amount").sum().alias("net"),
        )
    )
    ordered = sums.sort(pl.col("net").abs(), key, descending=[True, False])
    columns = ["net", *(part for part, _ in _PARTS)]
    shown, rest = ordered.head(MAX_ROWS), ordered.tail(max(0, ordered.height - MAX_ROWS))
    trades = None if key == "engine" else _trades(run, key)
    gained = int(ordered["net"].clip(lower_bound=0).sum())
    lost = -int(ordered["net"].clip(upper_bound=0).sum())
    ends = (float(min(0, *ordered["net"])), float(max(0, *ordered["net"])))

    def cells(label: str, sums: Mapping[str, int], count: int | None) -> tuple[Cell, ...]:
        net = sums["net"]
        whole = gained if net > 0 else lost
        return (
            Cell(label),
            money(net),
            Cell("", bar=bars.bar(0.0, net, *ends, sign(net))),
            Cell(percent(net / whole if whole else None, 1)),
            *([] if trades is None else [Cell(number(count, 0))]),
            *(money(sums[each]) for each in columns[1:]),
        )

    rows = []
    for row in shown.iter_rows(named=True):
        count = None if trades is None else trades.get(row[key].lower(), 0)
        rows.append(Row(cells(OWNERS.get(row[key], row[key]), row, count)))
    folded = None if trades is None else sum(trades.get(each.lower(), 0) for each in rest[key])
    if rest.height:
        sums_of = {each: int(rest[each].sum()) for each in columns}
        rows.append(Row(cells(f"{rest.height} others", sums_of, folded), "rest"))
    total = cells(
        "all",
        {each: int(ordered[each].sum()) for each in columns},
        None if trades is None else sum(trades.values()),
    )
    bare = (*total[:2], Cell(""), Cell(""), *total[4:])
    rows.append(Row(bare, "total"))
    heads = (
        Column(name, is_text=True),
        Column("net", "USD"),
        Column("net", is_drawn=True),
        Column("share"),
        *([] if trades is None else [Column("closed trades")]),
        *(Column(each, "USD") for each in columns[1:]),
    )
    return Table(title, heads, tuple(rows), note)


def _trades(run: Run, key: str) -> dict[str, int]:
    """Return how many trades were closed of each; names in small letters, as regimes are here."""
    counts = run.trades.group_by(pl.col(key).cast(pl.String).str.to_lowercase()).len()
    return dict(counts.iter_rows())


def _grid(found: pl.DataFrame) -> Table:
    """Return engine by regime, net, tinted by size."""
    regimes = sorted(found["regime"].unique())
    by_engine = found.group_by("engine").agg(
        *(pl.col("amount").filter(pl.col("regime") == each).sum().alias(each) for each in regimes),
        pl.col("amount").sum().alias("all"),
    )
    ordered = by_engine.sort(pl.col("all").abs(), "engine", descending=[True, False])
    largest = max(1, *(int(ordered[each].abs().max() or 0) for each in regimes))
    rows = [
        Row(
            (
                Cell(OWNERS.get(row["engine"], row["engine"])),
                _zero(money(row["all"])),
                *(_tinted(row[each], largest) for each in regimes),
            )
        )
        for row in ordered.iter_rows(named=True)
    ]
    total = (Cell("all"), *(money(int(ordered[each].sum())) for each in ("all", *regimes)))
    heads = (Column("engine", is_text=True), *(Column(each, "USD") for each in ("all", *regimes)))
    note = "The darker, the larger; a dot is exactly zero. Each column adds up to its total."
    return Table("Engine by regime, net", heads, (*rows, Row(total, "total")), note)


def _tinted(units: int, largest: int) -> Cell:
    return _zero(money(units)._replace(strength=_strength(units, largest)))


def _strength(units: int, largest: int) -> int:
    return max(1, round(100 * abs(units) / largest)) if units else 0


def _zero(cell: Cell) -> Cell:
    """Return a cell whose zero is a dot, so that what is there stands out."""
    return cell if cell.css else cell._replace(text="\N{MIDDLE DOT}")


def _sum(lines: tuple[Line, ...]) -> pl.Expr:
    return pl.col("amount").filter(pl.col("line").is_in([line.name for line in lines])).sum()
