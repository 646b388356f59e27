"""What each engine's votes came to, traded or not: tables of the page, from the scorecard.

In: a ``Run`` with its scorecard. Out: a table of engines, and one of engines by regime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.exceptions import PolarsError

from quorate.backtest.scorecard import ALL
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import UNKNOWN, number, percent, sign

if TYPE_CHECKING:
    from quorate.report.reading import Run

_Z: Final = 1.96
FEWEST_DAYS: Final = 10
"""Days with a vote below which no interval is told: it rests on the spread of days."""
_HEADS: Final = (
    Column("engine", is_text=True),
    Column("move its way", "bps"),
    Column("95% from", "bps"),
    Column("to", "bps"),
    Column("right"),
    Column("votes, on the hour"),
    Column("voted when asked"),
    Column("mean chance it voted with"),
    Column("mean weight"),
)


def tables(run: Run) -> list[Table]:
    """Return the worth of each engine's votes, before costs, and the same in each regime.

    Notes
    -----
    Units: bps over the horizon, percent.  Causal: reads a finished run, each vote settled one
    horizon later.  Missing: no table where the scorecard was not kept; a dash where an engine
    never voted.  Spec 1, 12.
    """
    found = run.scorecard
    if found is None or found.is_empty():
        return []
    return [_engines(run, found), _regimes(found)]


def _engines(run: Run, found: pl.DataFrame) -> Table:
    every = _ranked(found)
    rows = tuple(Row(_cells(row)) for row in every.iter_rows(named=True))
    known = every.filter(pl.col("error_bps").is_not_null(), pl.col("n_days") >= FEWEST_DAYS)
    sure = known.filter(pl.col("move_bps").abs() > _Z * pl.col("error_bps"))
    horizon = run.about.get("settings", {}).get("risk", {}).get("horizon_hours")
    span = f"{number(horizon, 0)} hours later" if horizon else "one horizon later"
    note = (
        f"Every vote on the hour, gated engines too, settled {span} at the close: how far the "
        "price went the way it said, before any cost. The intervals count days, not votes, as "
        "coins and hours move together; below 10 days none is told. "
        f"{sure.height} of {known.height} lie off zero, where luck alone would leave about one in "
        "twenty. The chance is the calibrated one: a vote at 50.0% has no part in a score, and its "
        "weight still makes that of the others smaller."
    )
    cost = _cost(run)
    if cost is not None:
        note += f" A round trip was reckoned at {number(cost, 1)} bps, the median decision."
    return Table("What the votes of each engine came to, traded or not", _HEADS, rows, note)


def _cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    mean, error = row["move_bps"], _error(row)
    low, high = (None, None) if error is None else (mean - _Z * error, mean + _Z * error)
    asked = row["n_asked"]
    return (
        Cell(row["engine"]),
        Cell(number(mean, 1), sign(mean)),
        Cell(number(low, 1)),
        Cell(number(high, 1)),
        Cell(percent(row["right_frac"], 1)),
        Cell(number(row["n_votes"], 0)),
        Cell(percent(row["n_votes"] / asked, 0) if asked else UNKNOWN),
        Cell(percent(row["prob"], 1)),
        Cell(percent(row["weight"], 1)),
    )


def _regimes(found: pl.DataFrame) -> Table:
    names = [name for name in found["regime"].unique(maintain_order=True) if name != ALL]
    seen = {(row["engine"], row["regime"]): row for row in found.iter_rows(named=True)}
    heads = (Column("engine", is_text=True), *(Column(name, "bps") for name in names))
    rows = []
    for engine in _ranked(found)["engine"]:
        cells = [Cell(engine)]
        for name in names:
            row = seen[engine, name]
            mean, error = row["move_bps"], _error(row)
            detail = (
                f"{number(row['n_votes'], 0)} votes on {number(row['n_days'], 0)} days, right "
                f"{percent(row['right_frac'], 1)}"
            )
            if error is not None:
                detail += f", standard error {number(error, 1)} bps"
            is_sure = error is not None and abs(mean) > _Z * error
            cells.append(Cell(number(mean, 1), sign(mean) if is_sure else "", detail))
        rows.append(Row(tuple(cells)))
    note = (
        "Coloured where the 95% interval does not hold zero, from 10 days on. A dash: it never "
        "voted there."
    )
    return Table("The same in each regime: move its way", heads, tuple(rows), note)


def _error(row: dict[str, Any]) -> float | None:
    """Return the standard error of a mean move, None where too few days speak for it."""
    return row["error_bps"] if (row["n_days"] or 0) >= FEWEST_DAYS else None


def _ranked(found: pl.DataFrame) -> pl.DataFrame:
    own = found.filter(pl.col("regime") == ALL)
    return own.sort("move_bps", "engine", descending=[True, False], nulls_last=True)


def _cost(run: Run) -> float | None:
    """Return the median reckoned cost of the kept decisions, None where none was kept."""
    path = run.folder / "decisions.parquet" if run.folder is not None else None
    if path is None or not path.is_file():
        return None
    cost = pl.col("costs_bps")
    try:
        found = pl.scan_parquet(path).select(cost).filter(cost.is_finite(), cost > 0.0).collect()
    except PolarsError:  # of an older version, without this column
        return None
    median = found["costs_bps"].median()
    return float(median) if isinstance(median, float) else None
