"""The tables of ``quorate data import`` and ``quorate data ls``.

In: ``api.Imported``, or the frame of ``api.stock``. Out: tables of rich and lines of text.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from quorate.cli.tables import Column, fitted

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from quorate.api import Imported

_SHOWN: Final = 10


def stock_rows(found: pl.DataFrame, width: int, at: datetime | None) -> Table:
    """Return a row a vendor, kind and interval, or a symbol: span, holes, age, bytes."""
    is_by_symbol = "symbol" in found.columns
    newest = at if at is not None else found["last"].max()
    behind = [age(last, newest) for last in found["last"]]
    who = (
        Column("symbol", found["symbol"].to_list(), 0)
        if is_by_symbol
        else Column("symbols", _counts(found, "symbols"), 8, is_text=False)
    )
    columns = [
        Column("vendor", found["vendor"].to_list(), 0),
        Column("kind", found["kind"].to_list(), 0),
        Column("interval", found["interval"].to_list(), 0),
        who,
        Column("first (UTC)", _days(found, "first"), 6),
        Column("last (UTC)", _days(found, "last"), 7),
        Column("behind", behind, 5, is_text=False),
        Column("rows", _counts(found, "rows"), 4, is_text=False),
        Column("missing", _counts(found, "missing"), 3, is_text=False),
        Column("gaps", _counts(found, "gaps"), 3, is_text=False),
        Column("corrected", _counts(found, "corrections"), 2, is_text=False),
        Column("size", [size(n) for n in found["size"]], 1, is_text=False),
    ]
    kept = [each for each in columns if any(each.cells)]
    return fitted(kept, width, [""] * found.height)


def age(last: datetime | None, newest: object) -> str:
    """Return how long before another time one is, in its largest unit; empty where it is not.

    Examples
    --------
    >>> age(datetime(2024, 1, 1), datetime(2024, 1, 3, 5))
    '2 d'
    """
    if last is None or not isinstance(newest, datetime) or newest <= last:
        return ""
    behind = newest - last
    for unit, length in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("min", timedelta(minutes=1)),
    ):
        if behind >= length:
            return f"{behind // length:,d} {unit}"
    return f"{behind.total_seconds():.0f} s"


def size(n_bytes: int) -> str:
    """Return bytes in three digits.

    Examples
    --------
    >>> size(950), size(12_345), size(2_300_000)
    ('950 B', '12 kB', '2.3 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            value = n_bytes / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{n_bytes} B"


def import_lines(done: Imported) -> list[str]:
    """Return what an import did, in a few lines."""
    stored = done.coins.filter(done.coins["error"] == "")
    n_new = done.coins.filter(done.coins["n_added"] > 0).height
    n_there = done.coins.filter((done.coins["error"] == "") | (done.coins["n_added"] > 0)).height
    what = f"{n_there:,d} symbols of {done.vendor} {done.kind} {done.interval}"
    if done.n_added:
        lines = [f"{done.n_added:,d} rows added to {n_new:,d} of {what}"]
    elif stored.height:
        lines = [f"nothing new: {what} are in the lake already"]
    else:
        lines = ["nothing was stored"]
    if done.n_doubled:
        lines.append(f"{done.n_doubled:,d} rows stood twice, and were kept once")
    if done.n_unfinished:
        lines.append(
            f"{done.n_unfinished:,d} last bars left out, which may have been forming (--keep-last)"
        )
    if done.n_late:
        lines.append(
            f"{done.n_late:,d} bars had been lacking in what the lake had: known from this import "
            "on (--known-at says otherwise)"
        )
    if done.n_backdated:
        lines.append(
            f"{done.n_backdated:,d} rows are taken to have been known before the last that the "
            "lake had: an --as-of of before sees them now"
        )
    if done.left_out:
        lines.append(f"columns left out: {', '.join(done.left_out)}")
    if done.swept:
        lines.append(f"{len(done.swept):,d} temporary files removed, which a killed write had left")
    lines.append(done.folder)
    return lines


def correction_rows(done: Imported, width: int) -> Table | None:
    """Return a row a value that replaced another one, the first few; None if there is none."""
    found = done.corrections.head(_SHOWN)
    if found.is_empty():
        return None
    columns = [
        Column("coin", found["symbol"].to_list(), 0),
        Column("time (UTC)", [f"{at:%Y-%m-%d %H:%M}" for at in found["ts"]], 0),
        Column("column", found["column"].to_list(), 0),
        Column("was", [value or "" for value in found["old"]], 0, is_text=False),
        Column("is", [value or "" for value in found["new"]], 0, is_text=False),
        Column("known at (UTC)", [f"{at:%Y-%m-%d %H:%M}" for at in found["known_at"]], 1),
    ]
    return fitted(columns, width, [""] * found.height)


def _counts(found: pl.DataFrame, name: str) -> list[str]:
    return [f"{n:,d}" if n else "" for n in found[name]]


def _days(found: pl.DataFrame, name: str) -> list[str]:
    return ["" if at is None else f"{at:%Y-%m-%d %H:%M}" for at in found[name]]
