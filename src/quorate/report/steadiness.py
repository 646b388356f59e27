"""How each coin and each regime did alone, its Sharpe ratio beside what makes one doubt it.

In: a ``Run``. Out: tables for the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import code, number, percent, sign

if TYPE_CHECKING:
    from quorate.report.reading import Run

MAX_ROWS: Final = 20
_COLUMNS: Final = (
    Column("net", "USD"),
    Column("trades"),
    Column("Sharpe ratio", "a year"),
    Column("above 0 (PSR)"),
    Column("track record needed", "days"),
)


def groups(run: Run) -> list[Table]:
    """Return a table of the coins and one of the regimes, the largest results first.

    Notes
    -----
    Units: USD, count, a year, percent, days.  Causal: reads the whole run.  Missing: a dash; no
    table where a run did not trade.  Spec 12, METHODS 11.
    """
    if not run.is_traded:
        return []
    tables = []
    for name in ("coin", "regime"):
        found = run.metrics.get("stability", {}).get(name, {}).get("groups", {})
        ranked = sorted(found.items(), key=lambda each: -abs(each[1].get("pnl_usd") or 0.0))
        if not ranked:
            continue
        note = "A dash: not defined, or no record is long enough for a ratio that is not above 0."
        if len(ranked) > MAX_ROWS:
            note += f" The {len(ranked) - MAX_ROWS} with the smallest results are left out."
        heads = (Column(name, is_text=True), *_COLUMNS)
        rows = tuple(_row(name, *each) for each in ranked[:MAX_ROWS])
        tables.append(Table(f"Closed trades of each {name}, and their doubts", heads, rows, note))
    return tables


def _row(group: str, name: str, found: dict[str, Any]) -> Row:
    pnl, sharpe = found.get("pnl_usd"), found.get("sharpe")
    return Row(
        (
            Cell(code(name) if group == "regime" else name),
            Cell(number(pnl), sign(pnl)),
            Cell(number(found.get("n_trades"), 0)),
            Cell(number(sharpe), sign(sharpe)),
            Cell(percent(found.get("psr"), 1)),
            Cell(number(found.get("min_track_record_days"), 0)),
        )
    )
