"""The table of a sweep in the terminal: a row a setting, the best first.

In: ``report.sweeps.Told``. Out: a table of rich. Names of settings take more lines where they
would take too much room.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from quorate.cli.tables import Column, breadth, fitted
from quorate.report.formats import UNKNOWN
from quorate.report.sweeps import MEASURES, known, settings_in, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from quorate.report.sweeps import Told

_NARROW: Final = 9
_HEADS: Final = {
    "net": ("net", 0),
    "sharpe": ("Sharpe", 6),
    "psr": ("PSR", 1),
    "dsr": ("DSR", 5),
    "drawdown": ("max\ndrawdown", 4),
    "trades": ("trades", 3),
    "costs": ("costs\nUSD", 2),
}


def sweep_rows(told: Told, top: int, width: int) -> Table:
    """Return the best settings of a sweep as a table, in so many columns of the terminal."""
    rows = [told.table.row(i, named=True) for i in told.order[:top]]

    def columns(head: Callable[[str], str]) -> list[Column]:
        found = [
            Column(head(name), [shown(row[name]) for row in rows], 0, is_text=False)
            for name in settings_in(told.table)
        ]
        for by, (name, keep) in _HEADS.items():
            measure = MEASURES[by]
            cells = [measure.text(known(row, measure)) for row in rows]
            if by == "sharpe":
                cells = [
                    "too few" if cell == UNKNOWN and row["sharpe"] is not None else cell
                    for cell, row in zip(cells, rows, strict=True)
                ]
            cells = ["" if cell == UNKNOWN else cell for cell in cells]
            if any(cells):
                found.append(Column(name, cells, 0 if by == told.by else keep, is_text=False))
        return found

    heads: list[Callable[[str], str]] = [str, _by_section, _narrow]
    drawn = next((c for c in map(columns, heads) if breadth(c) <= width), columns(_narrow))
    table = fitted(drawn, width, ["bold", *[""] * (len(rows) - 1)])
    left_out = {column.name for column in drawn} - {column.header for column in table.columns}
    if left_out:
        names = ", ".join(c.name.replace("\n", " ") for c in drawn if c.name in left_out)
        table.caption = f"no room for {names}: --json and --csv have all"
        table.caption_justify = "left"
    return table


def _by_section(name: str) -> str:
    """Return the name of a setting on two lines."""
    return name.replace(".", ".\n", 1)


def _narrow(name: str) -> str:
    """Return the name of a setting on as many lines as it takes to be narrow.

    Examples
    --------
    >>> _narrow("costs.safety_margin_bps").splitlines()
    ['costs.', 'safety_', 'margin_', 'bps']
    """
    lines: list[str] = []
    for word in re.findall(r"[^._]+[._]?", name):
        if lines and not lines[-1].endswith(".") and len(lines[-1]) + len(word) <= _NARROW:
            lines[-1] += word
        else:
            lines.append(word)
    return "\n".join(lines)
