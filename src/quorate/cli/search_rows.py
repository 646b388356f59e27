"""The table of a search in the terminal: a row a whole trial, the best first.

In: ``report.searches.Searched``. Out: a table of rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.cli.tables import Column, fitted
from quorate.report.formats import fall, number
from quorate.report.sweeps import shown

if TYPE_CHECKING:
    from rich.table import Table

    from quorate.report.searches import Searched


def search_rows(found: Searched, top: int, width: int) -> Table:
    """Return the best trials of a search, in so many columns of the terminal."""
    told = found.told
    rows = [told.table.row(i, named=True) for i in told.order[:top]]

    def texts(name: str, decimals: int = 2) -> list[str]:
        return [number(row[name], decimals) for row in rows]

    columns = [
        Column(
            name.replace(".", ".\n", 1),
            [shown(_short(row[name])) for row in rows],
            0,
            is_text=False,
        )
        for name, *_ in found.axes
    ]
    columns += [
        Column("objective", texts("objective"), 0, is_text=False),
        Column("Sharpe", texts("sharpe"), 1, is_text=False),
        Column("spread", texts("spread"), 4, is_text=False),
        Column("worst\npath", texts("worst_path"), 3, is_text=False),
        Column("net", [fall(row["net_return"]) for row in rows], 5, is_text=False),
        Column("max\ndrawdown", [fall(row["max_drawdown"]) for row in rows], 6, is_text=False),
        Column("trades", texts("n_trades", 0), 2, is_text=False),
    ]
    return fitted(columns, width, ["bold", *[""] * (len(rows) - 1)])


def _short(value: object) -> object:
    """Return a number in as many digits as are worth reading."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
