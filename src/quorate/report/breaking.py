"""What would break it, as a table of the page: four bad days and a failing venue.

In: a ``Run`` with its fills and open positions. Out: a row a shock and book of positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import MONEY_SCALE
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.formats import instant, percent
from quorate.report.shocks import FINAL, ShockRow, shock_rows

if TYPE_CHECKING:
    from quorate.report.reading import Run

_COLUMNS: Final = (
    Column("shock", is_text=True),
    Column("positions", is_text=True),
    Column("BTC", "%"),
    Column("others", "%"),
    Column("gross", "USD"),
    Column("result", "USD"),
    Column("of equity", "%"),
)
_NOTE: Final = (
    "The moves of those days, from peak to trough, on positions the run held: at its largest gross"
    " over equity and after its last bar. Stops are taken not to help. A venue that fails keeps"
    " what lay there."
)


def tables(run: Run) -> list[Table]:
    """Return the table of shocks; none where nothing was ever held.

    Notes
    -----
    Units: USD, percent.  Causal: reads a finished run.  Missing: a dash where a venue fails and
    no coin moves.  Spec 12.
    """
    if run.fills is None or run.positions is None or not run.is_traded:
        return []
    venues: list[str] = run.about["data"]["venues"]
    rows = shock_rows(run.fills, run.positions, run.equity, venues)
    return [Table("Past shocks and a failing venue", _COLUMNS, tuple(map(_row, rows)), _NOTE)]


def _row(found: ShockRow) -> Row:
    name = f"{found.shock}: {found.venue}" if found.venue else found.shock
    held = "after the last bar" if found.book == FINAL else f"largest, {instant(found.at)}"
    moves: tuple[Any, ...] = (found.btc_move, found.alt_move)
    result = -round(found.loss_usd * MONEY_SCALE)
    gross = round(found.gross_usd * MONEY_SCALE)
    return Row(
        (
            Cell(name),
            Cell(held),
            *(Cell(percent(move, 1)) for move in moves),
            money(gross)._replace(css=""),
            money(result),
            Cell(percent(-found.loss_frac, 1)),
        )
    )
