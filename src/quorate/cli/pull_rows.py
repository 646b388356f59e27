"""The tables of ``quorate data pull``: what came, what had changed, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.cli.tables import Column, fitted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.table import Table

    from quorate.api import Pulls
    from quorate.lake.listings import Noted

_SHOWN = 20


def pulled_rows(found: Pulls, width: int) -> Table:
    """Return a row a symbol: what is new, what had changed, what the lake holds now."""
    rows = found.symbols
    columns = [
        Column("symbol", [each.symbol for each in rows], 0),
        Column("in the lake", [f"{each.key.vendor}/{each.name}" for each in rows], 5),
        Column("new rows", [f"{each.n_new:,d}" for each in rows], 1, is_text=False),
        Column("changed", [_count(each.changed["ts"].n_unique()) for each in rows], 2),
        Column("from", [_day(each.first) for each in rows], 4),
        Column("last row", [_minute(each.last) for each in rows], 3),
        Column("problem", [each.problem.message if each.problem else "" for each in rows], 0),
    ]
    kept = [each for each in columns if any(each.cells)]
    return fitted(kept, width, ["red" if each.problem else "" for each in rows])


def changed_rows(found: Pulls, width: int) -> Table | None:
    """Return the first values that the venue tells otherwise than before, or None."""
    rows = [(each.symbol, row) for each in found.symbols for row in each.changed.to_dicts()]
    if not rows:
        return None
    shown = rows[:_SHOWN]
    left = len(rows) - len(shown)
    more = [f"and {left:,d} more"] if left else []
    blank = [""] * len(more)
    columns = [
        Column("symbol", [symbol for symbol, _ in shown] + more, 0),
        Column("row", [_minute(row["ts"]) for _, row in shown] + blank, 0),
        Column("column", [row["column"] for _, row in shown] + blank, 0),
        Column("was", [_number(row["was"]) for _, row in shown] + blank, 1, is_text=False),
        Column("now", [_number(row["now"]) for _, row in shown] + blank, 1, is_text=False),
    ]
    return fitted(columns, width, [""] * (len(shown) + len(more)))


def empty_rows(found: Pulls, width: int) -> Table | None:
    """Return the spans of which the venue has nothing, or None."""
    rows = [(each.symbol, low, high) for each in found.symbols for low, high in each.empty]
    if not rows:
        return None
    shown = rows[:_SHOWN]
    left = len(rows) - len(shown)
    more = [f"and {left:,d} more"] if left else []
    blank = [""] * len(more)
    columns = [
        Column("symbol", [symbol for symbol, _, _ in shown] + more, 0),
        Column("from", [_minute(low) for _, low, _ in shown] + blank, 0),
        Column("until", [_minute(high) for _, _, high in shown] + blank, 0),
    ]
    return fitted(columns, width, [""] * (len(shown) + len(more)))


def noted_rows(noted: Sequence[Noted], width: int) -> Table:
    """Return a row an instrument that is new or has changed, and a count of the rest."""
    told = [each for each in noted if each.is_new or each.changed]
    quiet = len(noted) - len(told)
    said = [
        "new" if each.is_new else "listed no more" if each.is_gone else ", ".join(each.changed)
        for each in told
    ]
    columns = [
        Column("symbol", [*(each.symbol for each in told), f"{quiet:,d} unchanged"], 0),
        Column("in the lake", [*(f"{each.key.vendor}/{each.name}" for each in told), ""], 1),
        Column("what", [*said, ""], 0),
    ]
    return fitted(columns, width, [""] * (len(told) + 1))


def noted_plain(noted: Sequence[Noted]) -> list[dict[str, Any]]:
    """Return the same as plain values."""
    return [
        {
            "symbol": each.symbol,
            "vendor": each.key.vendor,
            "name": each.name,
            "is_new": each.is_new,
            "changed": list(each.changed),
            "is_gone": each.is_gone,
        }
        for each in noted
    ]


def _count(n: int) -> str:
    return f"{n:,d}" if n else ""


def _day(when: datetime | None) -> str:
    return "" if when is None else f"{when:%Y-%m-%d}"


def _minute(when: datetime | None) -> str:
    return "" if when is None else f"{when:%Y-%m-%d %H:%M}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
