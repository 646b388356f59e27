"""What the terminal shows as tables and in colour.

In: frames and plain text from ``quorate.api``. Out: things that rich prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quorate.report.formats import UNKNOWN, code, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quorate.api.listing import Row

_ID = 10
_WIDE = 140


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
            Text(row["by"], "yellow") if row["id"] is None else row["id"][:_ID],
            f"{row['timestamp']:%Y-%m-%d %H:%M}",
            row["symbol"],
            Text(row["action"], style),
            code(row["reason"]),
            _blank(number(row["consensus_score"], 4)),
            _blank(number(row["expected_edge_bps"], 1)),
            _blank(number(row["costs_bps"], 1)),
            number(row["size_usd"]),
            number(row["realized_pnl"]) if row["realized_pnl"] is not None else "",
        )
    return table


def decision_counts(found: pl.DataFrame) -> Text:
    """Return how many decisions there are for each reason, most first."""
    counts = sorted(found["reason"].value_counts().iter_rows(), key=lambda row: -row[1])
    return Text(", ".join(f"{code(reason)} {n:,d}" for reason, n in counts), "dim")


def run_rows(rows: Sequence[Row]) -> Table:
    """Return runs as a table, one line each."""
    table = Table("run", "kind", "status", "begun (UTC)", "span", "venue", box=None, pad_edge=False)
    for name in ("coins", "net", "Sharpe", "PSR", "trades"):
        table.add_column(name, justify="right")
    for row in rows:
        span = f"{row.start[:10]} to {row.end[:10]}" if row.start and row.end else ""
        style = {"finished": "", "failed": "red"}.get(row.status, "yellow")
        table.add_row(
            row.run_id,
            f"{row.kind}{', synthetic' if row.is_synthetic and row.kind != 'demo' else ''}",
            Text(row.status, style),
            row.begun[:16].replace("T", " "),
            span,
            row.venue or "",
            _count(row.n_coins),
            _blank(percent(row.net_return)),
            _blank(number(row.sharpe)),
            _probability(row.psr),
            _count(row.n_trades),
        )
    return table


def setting_rows(rows: Sequence[tuple[str, object, str, str]]) -> Table:
    """Return settings as a table; no name is ever cut, values and meanings are folded."""
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True, min_width=max(len(row[0]) for row in rows))
    for name in ("value", "from", "meaning"):
        table.add_column(name, overflow="fold")
    for name, value, origin, meaning in rows:
        table.add_row(name, "" if value is None else Text(str(value)), origin, meaning)
    return table


def _probability(value: float | None) -> str:
    """Return a probability in percent; it is never certain.

    Examples
    --------
    >>> _probability(0.9961), _probability(0.99999), _probability(0.0), _probability(None)
    ('99.6%', '>99.9%', '<0.1%', '')
    """
    if value is None:
        return ""
    if value > 0.999:
        return ">99.9%"
    return "<0.1%" if value < 0.001 else f"{100.0 * value:.1f}%"


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,d}"


def _blank(text: str) -> str:
    """Leave a cell empty where nothing is known."""
    return "" if text == UNKNOWN else text


def summarised(text: str) -> Text:
    """Colour a summary: its heads, and a warning where prices were made up."""
    found = Text(text)
    found.highlight_regex(r"(?m)^[A-Z]{4,}( [A-Z]+)*", "bold cyan")
    found.highlight_regex(r"SYNTHETIC DATA.*", "bold white on red")
    found.highlight_regex(r"(?m)^.*net result.*$", "bold")
    return found


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
