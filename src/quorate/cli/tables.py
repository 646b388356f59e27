"""What the terminal shows as tables and in colour.

In: frames and plain text from ``quorate.api``. Out: things that rich prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quorate.report.formats import UNKNOWN, code, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from rich.console import JustifyMethod

    from quorate.api.listing import Row

_GAP = 2
_ID = 10
_UNCUT = 10_000
"""Columns of a page on which nothing is ever folded."""


class Column(NamedTuple):
    """A column of a list; the one with the lowest ``keep`` goes first where there is no room.

    ``shorter`` is tried in place of ``cells`` before any column goes. A name may have lines.
    """

    name: str
    cells: list[str]
    keep: int
    is_text: bool = True
    shorter: list[str] | None = None


def wide_console() -> Console:
    """Return the terminal, or, where the output goes elsewhere, a page that folds nothing."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_UNCUT)


def fitted(columns: Sequence[Column], width: int, styles: Sequence[str]) -> Table:
    """Return a table in which nothing is cut: columns that find no room are left out.

    Parameters
    ----------
    columns : sequence of Column
        From left to right.
    width : int
        Of the terminal.
    styles : sequence of str
        A style a row.

    Notes
    -----
    Units: none.  Causal: pure.  Missing: what must stay is never cut, even if the terminal folds
    it.
    """
    kept = list(columns)
    if breadth(kept) > width:
        kept = [c._replace(cells=c.shorter) if c.shorter else c for c in kept]
    while breadth(kept) > width and any(c.keep for c in kept):
        least = min((c for c in kept if c.keep), key=lambda c: c.keep)
        kept.remove(least)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), width=breadth(kept))
    for column in kept:
        side: JustifyMethod = "left" if column.is_text else "right"
        table.add_column(column.name, justify=side, no_wrap=True, min_width=_widest(column))
    for i, style in enumerate(styles):
        table.add_row(*(column.cells[i] for column in kept), style=style)
    return table


def _widest(column: Column) -> int:
    return max(map(cell_len, (*column.name.splitlines(), *column.cells)))


def breadth(columns: Sequence[Column]) -> int:
    """Return how many columns of the terminal a list takes."""
    return sum(map(_widest, columns)) + _GAP * (len(columns) - 1)


def decision_rows(found: pl.DataFrame, width: int) -> Table:
    """Return kept decisions as a table, one line each, in so many columns of the terminal."""
    rows = list(found.iter_rows(named=True))

    def numbers(name: str, decimals: int) -> list[str]:
        return [_blank(number(row[name], decimals)) for row in rows]

    close = [f"{row['timestamp']:%Y-%m-%d %H:%M}" for row in rows]
    columns = [
        Column("id", [row["by"] if row["id"] is None else row["id"][:_ID] for row in rows], 0),
        Column("close (UTC)", close, 0, shorter=[text[5:] for text in close]),
        Column("coin", [row["symbol"] for row in rows], 0),
        Column("action", [row["action"] for row in rows], 0),
        Column("reason", [code(row["reason"]) for row in rows], 0),
        Column("score", numbers("consensus_score", 4), 1, is_text=False),
        Column("edge bps", numbers("expected_edge_bps", 1), 3, is_text=False),
        Column("cost bps", numbers("costs_bps", 1), 2, is_text=False),
        Column("USD", numbers("size_usd", 2), 0, is_text=False),
        Column("PnL USD", numbers("realized_pnl", 2), 4, is_text=False),
    ]
    styles = [{"buy": "green", "sell": "red"}.get(row["action"], "") for row in rows]
    return fitted(columns, width, styles)


def decision_counts(found: pl.DataFrame) -> Text:
    """Return how many decisions there are for each reason, most first."""
    counts = sorted(found["reason"].value_counts().iter_rows(), key=lambda row: -row[1])
    return Text(", ".join(f"{code(reason)} {n:,d}" for reason, n in counts), "dim")


def run_rows(rows: Sequence[Row], width: int) -> Table:
    """Return runs as a table, one line each, in so many columns of the terminal.

    A run that did not finish says so in place of its net result.
    """
    spans = [(row.start or "", row.end or "") for row in rows]
    columns = [
        Column("run", [row.run_id for row in rows], 0),
        Column("kind", [_kind(row) for row in rows], 3),
        Column("status", [row.status for row in rows], 2),
        Column("begun (UTC)", [row.begun[:16].replace("T", " ") for row in rows], 1),
        Column(
            "span",
            [f"{start[:10]} to {end[:10]}" if start and end else "" for start, end in spans],
            7,
            shorter=[f"{start[2:10]}/{end[2:10]}".strip("/") for start, end in spans],
        ),
        Column("venue", [row.venue or "" for row in rows], 5),
        Column("coins", [_count(row.n_coins) for row in rows], 6, is_text=False),
        Column("net", [_net(row) for row in rows], 0, is_text=False),
        Column("Sharpe", [_sharpe(row) for row in rows], 9, is_text=False),
        Column(
            "PSR",
            ["" if row.is_scarce else _probability(row.psr) for row in rows],
            8,
            is_text=False,
        ),
        Column("needs", ["" if row.is_scarce else _needs(row) for row in rows], 4, is_text=False),
        Column("trades", [_count(row.n_trades) for row in rows], 10, is_text=False),
    ]
    styles = [{"finished": "", "failed": "red"}.get(row.status, "yellow") for row in rows]
    table = fitted(columns, width, styles)
    n_made_up = sum(bool(row.is_synthetic) for row in rows)
    if n_made_up and "kind" not in {column.header for column in table.columns}:
        table.caption = f"synthetic prices: {n_made_up} of {len(rows)}"
        table.caption_justify = "left"
    return table


def _kind(row: Row) -> str:
    return f"{row.kind}{', synthetic' if row.is_synthetic and row.kind != 'demo' else ''}"


def _net(row: Row) -> str:
    return row.status if row.status != "finished" else _blank(percent(row.net_return))


def _sharpe(row: Row) -> str:
    """Return the Sharpe ratio, or that there are too few trades for one."""
    if row.is_scarce and row.sharpe is not None:
        return "too few"
    return _blank(number(row.sharpe))


def _needs(row: Row) -> str:
    """Return how long a track record the Sharpe ratio needs, of how many days there are."""
    if row.min_track_record_days is None:
        return "" if row.sharpe is None else "no length does"
    there = "" if row.n_days is None else f" of {number(row.n_days, 0)}"
    return f"{number(row.min_track_record_days, 0)}{there} days"


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
