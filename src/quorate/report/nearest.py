"""How close a run came to its first trade: the refused entry whose edge lacked least.

In: the kept decisions of a run that never traded. Out: one sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from quorate.core.types import Reason
from quorate.report.formats import instant, number

if TYPE_CHECKING:
    from quorate.report.reading import Run

_COLUMNS = ("timestamp", "symbol", "reason", "expected_edge_bps", "costs_bps", "sized_usd")

_UNSIZED = " No edge would have done: the record of its paper trades gave it no size."


def nearest(run: Run) -> str:
    """Return the entry that was refused for its costs by the least, of those with a size.

    Where Kelly gave none of them a size, the nearest is told with that: no edge would have done.
    Only six columns of ``decisions.parquet`` are read, and only for a run that never traded.

    Notes
    -----
    Units: bps.  Causal: reads a finished run.  Missing: an empty text where the run traded, no
    decision was kept, or none was refused for its costs.  Spec 10.
    """
    path = run.folder / "decisions.parquet" if run.folder is not None else None
    if run.is_traded or path is None or not path.is_file():
        return ""
    edge, cost = pl.col("expected_edge_bps"), pl.col("costs_bps")
    try:
        found = (
            pl.scan_parquet(path)
            .select(_COLUMNS)
            .filter(
                pl.col("reason") == Reason.EDGE_BELOW_COST.name,
                edge.is_finite(),
                cost.is_finite(),
            )
            .sort(~(pl.col("sized_usd") > 0.0), cost - edge, "timestamp", "symbol")
            .head(1)
            .collect()
        )
    except PolarsError:  # of an older version, without these columns
        return ""
    if found.is_empty():
        return ""
    row = found.row(0, named=True)
    margin = run.about.get("settings", {}).get("costs", {}).get("safety_margin_bps")
    more = f" plus the margin of {number(margin, 1)}" if margin else ""
    return (
        f"Nearest to a trade, of the refusals that were written down: {row['symbol']} on "
        f"{instant(row['timestamp'])} UTC, an edge of {number(row['expected_edge_bps'], 1)} bps "
        "against a cost of "
        f"{number(row['costs_bps'], 1)}{more}.{'' if row['sized_usd'] > 0.0 else _UNSIZED}"
    )
