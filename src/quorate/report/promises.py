"""What entries promised and what came of them: edge and cost, expected and realised, and the size.

In: a ``Run`` with its kept decisions. Out: a table of all entries, and of those of each regime
and side. It tells a wrong edge from a wrong cost, and both from orders that were called back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from polars.exceptions import PolarsError

from quorate.core.types import MONEY_SCALE, Reason
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import code, number, percent, sign

if TYPE_CHECKING:
    from quorate.report.reading import Run

_HEADS: Final = (
    Column("entries", is_text=True),
    Column("trades"),
    Column("edge expected", "bps"),
    Column("gross made", "bps"),
    Column("cost expected", "bps"),
    Column("cost paid", "bps"),
    Column("size got of wanted"),
)
_NOTE: Final = (
    "Closed trades whose entry was kept. Expected is what the decision wrote down for the round "
    "trip, weighted by the size it wanted; made and paid are bps of what was traded. Got is what "
    "filled by the end of the trade, resizing up included and no trade counted above what it "
    "wanted: an entry at work is called back when its signal, or its edge over cost, is gone."
)
_ENTRY: Final = (
    "timestamp",
    "symbol",
    "reason",
    "target_usd",
    "expected_edge_bps",
    "costs_bps",
)
_PAID: Final = ("slippage", "fees", "funding", "haircut")


def tables(run: Run) -> list[Table]:
    """Return what entries promised beside what came of them.

    Notes
    -----
    Units: bps of notional.  Causal: expectations as decided, results after the fact.
    Missing: no table without closed trades or without kept entries.  Spec 4, 10, 12.
    """
    found = pairs(run)
    if found.is_empty():
        return []
    groups = {code(name): pl.col("regime") == name for name in found["regime"].unique().sort()}
    groups |= {"long": pl.col("side") == 1, "short": pl.col("side") == -1}
    rows = [
        _row(name, found.filter(own))
        for name, own in groups.items()
        if not found.filter(own).is_empty()
    ]
    title = "What entries promised, and what came of them"
    return [Table(title, _HEADS, (*rows, _row("all", found, "total")), _NOTE)]


def pairs(run: Run) -> pl.DataFrame:
    """Return closed trades beside the entry that opened each, as decided.

    Returns
    -------
    DataFrame
        ``symbol``, ``regime``, ``side``, ``notional_usd``, ``gross_usd``, ``paid_usd``,
        ``wanted_usd``, ``expected_edge_bps``, ``costs_bps``, one row a trade.

    Notes
    -----
    Units: USD, bps.  Causal: each trade looks back for the last entry decided before it opened.
    Missing: a trade whose entry was not kept is left out.
    """
    path = run.folder / "decisions.parquet" if run.folder is not None else None
    if path is None or not path.is_file() or run.trades.is_empty():
        return pl.DataFrame()
    try:
        kept = pl.scan_parquet(path).select(_ENTRY).collect()
    except PolarsError:  # of an older version, without these columns
        return pl.DataFrame()
    entries = kept.filter(pl.col("reason") == Reason.ENTRY.name).sort("timestamp")
    trades = run.trades.sort("opened_at")
    joined = trades.join_asof(
        entries.drop("reason"),
        left_on="opened_at",
        right_on="timestamp",
        by="symbol",
        strategy="backward",
        check_sortedness=False,
    ).drop_nulls("timestamp")
    money = {"gross_usd": pl.col("gross_pnl"), "paid_usd": pl.sum_horizontal(_PAID)}
    return joined.select(
        "symbol",
        "regime",
        "side",
        "notional_usd",
        *((each / MONEY_SCALE).alias(name) for name, each in money.items()),
        pl.col("target_usd").abs().alias("wanted_usd"),
        "expected_edge_bps",
        "costs_bps",
    )


def allowed(run: Run) -> float | None:
    """Return what the volume left of the size that entries asked for, as a fraction.

    Entries whose size the participation limit cut are compared with what sizing asked for; all
    others count whole.

    Notes
    -----
    Units: a fraction of USD asked for.  Causal: as decided.  Missing: None where no entry was kept.
    METHODS 7.4.
    """
    path = run.folder / "decisions.parquet" if run.folder is not None else None
    if path is None or not path.is_file():
        return None
    columns = ("reason", "cap", "target_usd", "sized_usd")
    try:
        kept = pl.scan_parquet(path).select(columns).collect()
    except PolarsError:  # of an older version, without these columns
        return None
    entries = kept.filter(pl.col("reason") == Reason.ENTRY.name)
    given = pl.col("target_usd").abs()
    asked = (
        pl.when(pl.col("cap") == Reason.CAP_PARTICIPATION.name)
        .then(pl.max_horizontal(given, "sized_usd"))
        .otherwise(given)
    )
    whole = float(entries.select(asked.sum()).item() or 0.0)
    return float(entries.select(given.sum()).item()) / whole if whole > 0.0 else None


def got(run: Run) -> float | None:
    """Return what filled of the size that the entries of closed trades wanted, as a fraction.

    Notes
    -----
    Units: a fraction of USD wanted, at most 1.  Causal: after the fact.  Missing: None where no
    entry was kept.
    """
    found = pairs(run)
    return None if found.is_empty() else _share(found)


def _share(found: pl.DataFrame) -> float | None:
    wanted = float(found["wanted_usd"].sum())
    filled = float(found.select(pl.min_horizontal("notional_usd", "wanted_usd").sum()).item())
    return filled / wanted if wanted > 0.0 else None


def _row(name: str, found: pl.DataFrame, css: str = "") -> Row:
    size = float(found["notional_usd"].sum())
    edge, cost = (_weighted(found, each) for each in ("expected_edge_bps", "costs_bps"))
    gross, paid = (
        float(found[each].sum()) / size * 1e4 if size > 0.0 else None
        for each in ("gross_usd", "paid_usd")
    )
    return Row(
        (
            Cell(name),
            Cell(number(found.height, 0)),
            Cell(number(edge, 1)),
            Cell(number(gross, 1), sign(gross)),
            Cell(number(cost, 1)),
            Cell(number(paid, 1)),
            Cell(percent(_share(found), 0)),
        ),
        css,
    )


def _weighted(found: pl.DataFrame, name: str) -> float | None:
    """Return the mean of a column weighted by the size wanted, None where nothing is known."""
    known = found.filter(pl.col(name).is_finite())
    size = float(known["wanted_usd"].sum())
    if not size > 0.0:
        return None
    return float(known.select((pl.col(name) * pl.col("wanted_usd")).sum()).item()) / size
