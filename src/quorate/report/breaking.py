"""What would break it, as a table of the page: bad days of the past and a failing venue.

In: a ``Run`` with its fills and open positions. Out: a row a shock, the worst first.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from quorate.core.types import MONEY_SCALE
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.formats import UNKNOWN, instant, percent, sign
from quorate.report.shocks import FINAL, LARGEST, WORST, ShockRow, shock_rows

if TYPE_CHECKING:
    from quorate.report.reading import Run

_COLUMNS: Final = (
    Column("shock", is_text=True),
    Column("result, of equity"),
    Column("result", "USD"),
    Column("held after", "UTC", is_text=True),
    Column("gross"),
    Column("net"),
    Column("at the largest gross"),
    Column("at the end"),
    Column("BTC"),
    Column("others"),
)
_NOTE: Final = (
    "What the moves of those days would have done to what was held after the bar where they hurt"
    " most, looked for over all bars; beside it the same after the bar of the largest gross over"
    " equity, and after the last one. Falls go from peak to trough and rises from trough to peak,"
    " BTC by its own move, every other coin by that of the median one; stops are taken not to help."
    " A venue that fails keeps what lay there. All in percent of the equity of that bar; gross and"
    " net are what was held, net is long less short."
)


def tables(run: Run) -> list[Table]:
    """Return the table of shocks; none where nothing was ever held over a close.

    Notes
    -----
    Units: USD, percent.  Causal: reads a finished run.  Missing: a dash where a venue fails and
    no coin moves, and where nothing was open at the end.  Spec 12.
    """
    if run.fills is None or run.positions is None or not run.is_traded:
        return []
    venues: list[str] = run.about["data"]["venues"]
    found = shock_rows(run.fills, run.positions, run.equity, venues)
    rows = [
        _row({row.book: row for row in books})
        for _, books in groupby(found, key=lambda row: (row.shock, row.venue))
    ]
    return [Table("Past shocks and a failing venue", _COLUMNS, tuple(rows), _NOTE)] if rows else []


def _row(books: dict[str, ShockRow]) -> Row:
    worst = books[WORST]
    return Row(
        (
            Cell(f"{worst.shock}: {worst.venue}" if worst.venue else worst.shock),
            _result(worst),
            money(-round(worst.loss_usd * MONEY_SCALE)),
            Cell(instant(worst.at)),
            _of_equity(worst.gross_usd, worst),
            _of_equity(worst.net_usd, worst),
            _result(books[LARGEST]),
            _result(books[FINAL]) if FINAL in books else Cell(UNKNOWN, "", "nothing was open"),
            *(Cell(percent(move, 1)) for move in (worst.btc_move, worst.alt_move)),
        )
    )


def _result(row: ShockRow) -> Cell:
    """Return what a shock makes of equity; behind it when, and what was held."""
    held = f"{_of_equity(row.gross_usd, row).text} gross, {_of_equity(row.net_usd, row).text} net"
    return Cell(
        percent(-row.loss_frac, 1), sign(-row.loss_frac), f"{instant(row.at)} UTC, {held} held"
    )


def _of_equity(usd: float, row: ShockRow) -> Cell:
    return Cell(percent(usd / row.equity_usd if row.equity_usd > 0.0 else None, 1))
