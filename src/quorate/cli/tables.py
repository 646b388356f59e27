"""What the terminal shows as tables and in colour.

In: frames and plain text from ``quorate.api``. Out: things that rich prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quorate.report.formats import code, number

if TYPE_CHECKING:
    import polars as pl

_ID = 10
_WIDE = 120


def wide_console() -> Console:
    """Return the terminal, or, where the output goes elsewhere, a page that folds nothing."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_WIDE)


def decision_rows(found: pl.DataFrame) -> Table:
    """Return kept decisions as a table, one line each."""
    table = Table("id", "close (UTC)", "coin", "action", "reason", box=None, pad_edge=False)
    for name in ("score", "edge bps", "cost bps", "USD", "PnL USD"):
        table.add_column(name, justify="right")
    for row in found.iter_rows(named=True):
        style = {"buy": "green", "sell": "red"}.get(row["action"], "")
        table.add_row(
            row["id"][:_ID],
            f"{row['timestamp']:%Y-%m-%d %H:%M}",
            row["symbol"],
            Text(row["action"], style),
            code(row["reason"]),
            number(row["consensus_score"], 4),
            number(row["expected_edge_bps"], 1),
            number(row["costs_bps"], 1),
            number(row["size_usd"]),
            number(row["realized_pnl"]) if row["realized_pnl"] is not None else "",
        )
    return table


def decision_counts(found: pl.DataFrame) -> Text:
    """Return how many decisions there are for each reason, most first."""
    counts = sorted(found["reason"].value_counts().iter_rows(), key=lambda row: -row[1])
    return Text(", ".join(f"{code(reason)} {n:,d}" for reason, n in counts), "dim")


def highlighted(text: str) -> Text:
    """Colour a waterfall: its first line and the heads of its steps, what adds and what takes."""
    found = Text(text)
    found.highlight_regex(r"(?m)\A.*$", "bold")
    found.highlight_regex(r"(?m)^\d\. .*$", "bold cyan")
    found.highlight_regex(r"<< it stopped here", "bold yellow")
    found.highlight_regex(r"DIFFERS", "bold red")
    found.highlight_regex(r"(?m)\+{2,}$", "green")
    found.highlight_regex(r"(?m)-{2,}$", "red")
    return found
