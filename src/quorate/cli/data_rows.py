"""The tables of ``quorate data``: coins, rules, a second vendor, days; who is in a universe.

In: ``api.Check``, or the frame of ``api.universe``. Out: tables of rich; None where there is
nothing to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quorate.cli.tables import Column, fitted
from quorate.lake.governance.findings import ABOUT, Rule
from quorate.lake.universe import Verdict
from quorate.lake.valued import WORDS
from quorate.lake.valued import every as intervals_told

if TYPE_CHECKING:
    from rich.table import Table

    from quorate.api import Check
    from quorate.api.reconciling import Reconciled
    from quorate.lake.survivorship import Survivorship

_STYLES = {"failed": "red", "mended": "yellow", "noted": ""}


def coin_rows(found: Check, width: int) -> Table:
    """Return a row a coin: its span, what its bars are, what fails it."""
    coins, every = found.coins, intervals_told(found.intervals)
    zero = found.quality.zero_volume()

    def counts(name: str) -> list[str]:
        return [f"{n:,d}" if n else "" for n in coins[name]]

    def days(name: str) -> list[str]:
        return ["" if day is None else f"{day:%Y-%m-%d}" for day in coins[name]]

    untraded = [f"{zero[coin]:,d}" if coin in zero else "" for coin in coins["symbol"]]
    columns = [
        Column("coin", coins["symbol"].to_list(), 0),
        Column("first day", days("first"), 6),
        Column("last day", days("last"), 7),
        Column("every", [every.get(symbol, "") for symbol in coins["symbol"]], 2),
        Column("rows", counts("n_rows"), 1, is_text=False),
        Column(f"{WORDS[found.kind]}s", counts("n_traded"), 9, is_text=False),
        Column("carried", counts("n_filled"), 5, is_text=False),
        Column("missing", counts("n_missing"), 8, is_text=False),
        Column("no volume", untraded, 3, is_text=False),
        Column("frozen", counts("n_frozen"), 3, is_text=False),
        Column("suspect", counts("n_suspect"), 2, is_text=False),
        Column("dropped", counts("n_dropped"), 4, is_text=False),
        Column("fails", coins["failed"].to_list(), 0),
    ]
    kept = [each for each in columns if any(each.cells)]
    return fitted(kept, width, ["red" if failed else "" for failed in coins["failed"]])


def rule_rows(found: Check, width: int) -> Table | None:
    """Return a row a rule that found something: how much, on how many coins, what was done."""
    rows = (
        found.findings.group_by("rule")
        .agg(pl.col("symbol").n_unique().alias("coins"), pl.col("n").sum(), pl.len().alias("at"))
        .sort("rule")
    )
    if rows.is_empty():
        return None
    about = [ABOUT[Rule(name)] for name in rows["rule"]]
    severity = [each.severity.name.lower() for each in about]
    columns = [
        Column("rule", rows["rule"].to_list(), 0),
        Column("", severity, 3),
        Column("coins", [f"{n:,d}" for n in rows["coins"]], 2, is_text=False),
        Column("places", [f"{n:,d}" for n in rows["at"]], 1, is_text=False),
        Column("rows", [f"{n:,d}" for n in rows["n"]], 0, is_text=False),
        Column("what it means", [each.says for each in about], 0),
    ]
    if width < _WIDE:
        columns.pop()
    return fitted(columns, width, [_STYLES[each] for each in severity])


_WIDE = 150
_NAMED = 5


def pair_rows(found: Check, width: int) -> Table | None:
    """Return a row a coin that a second vendor has too: how far apart they are, in bps."""
    pairs = found.pairs
    if pairs.is_empty():
        return None

    def numbers(name: str) -> list[str]:
        return [f"{value:,.2f}" for value in pairs[name]]

    shifts = ["" if n == 0 else "?" if n is None else f"{n:+d}" for n in pairs["shift_bars"]]
    columns = [
        Column("coin", pairs["symbol"].to_list(), 0),
        Column("second", pairs["other"].to_list(), 1),
        Column("common bars", [f"{n:,d}" for n in pairs["n_bars"]], 3, is_text=False),
        Column("median bps", numbers("median_bps"), 8, is_text=False),
        Column("99% bps", numbers("p99_bps"), 6, is_text=False),
        Column("most bps", numbers("max_bps"), 5, is_text=False),
        Column("at (UTC)", [f"{at:%Y-%m-%d %H:%M}" for at in pairs["max_at"]], 2),
        Column("agree", [f"{100 * x:.2f}%" for x in pairs["agree_frac"]], 7, is_text=False),
        Column("days", [f"{n:,d}" for n in pairs["n_days"]], 4, is_text=False),
        Column("quarantined", [f"{n:,d}" for n in pairs["n_quarantined"]], 9, is_text=False),
        Column("clock off, bars", shifts, 0, is_text=False),
    ]
    if not any(shifts):
        columns.pop()
    return fitted(columns, width, ["red" if shift else "" for shift in shifts])


def unpaired_line(found: Check) -> str:
    """Return which coins have no bar at the time of one of the second vendor's; empty if none."""
    names = found.coins.join(found.pairs, on="symbol", how="anti")["symbol"]
    if names.is_empty():
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{len(names):,d} of {found.coins.height:,d} coins have no bar in common with the second "
        f"vendor, which says nothing of them: {', '.join(names[:_NAMED])}{more}."
    )


def day_rows(found: Check, width: int) -> Table | None:
    """Return a row a coin, day and rule."""
    rows = found.by_day()
    if rows.is_empty():
        return None
    columns = [
        Column("coin", rows["symbol"].to_list(), 0),
        Column("day (UTC)", [f"{day:%Y-%m-%d}" for day in rows["day"]], 0),
        Column("rule", rows["rule"].to_list(), 0),
        Column("rows", [f"{n:,d}" for n in rows["n"]], 0, is_text=False),
    ]
    return fitted(columns, width, [_STYLES[each] for each in rows["severity"]])


def universe_rows(found: pl.DataFrame, width: int) -> Table:
    """Return a row a coin: the verdict and what it was known by; those that are in first."""
    is_out = pl.col("verdict") != Verdict.IN.value
    rows = found.sort(is_out, "verdict", -pl.col("turnover").fill_null(0.0), "symbol")

    def numbers(name: str) -> list[str]:
        return ["" if value is None else f"{value:,.0f}" for value in rows[name]]

    spreads = ["" if value is None else f"{value:,.1f}" for value in rows["spread_bps"]]
    columns = [
        Column("coin", rows["symbol"].to_list(), 0),
        Column("", rows["verdict"].to_list(), 0),
        Column("age, days", numbers("age_days"), 2, is_text=False),
        Column("turnover a day", numbers("turnover"), 1, is_text=False),
        Column("spread, bps", spreads, 3, is_text=False),
    ]
    if not any(spreads):
        columns.pop()
    return fitted(columns, width, ["" if v == Verdict.IN else "dim" for v in rows["verdict"]])


def universe_counts(found: pl.DataFrame) -> str:
    """Return how many coins have which verdict, in one line."""
    counts = found["verdict"].value_counts().sort(-pl.col("count").cast(pl.Int64), "verdict")
    return ", ".join(f"{n:,d} {verdict}" for verdict, n in counts.rows())


def survivorship_line(held: Survivorship, first: str, last: str | None) -> str:
    """Return what looking only at survivors adds, in words."""
    left = held.n_ever - held.n_ended
    every = "day" if held.rebalance_days == 1 else f"{held.rebalance_days} days"
    return (
        f"\nEqual parts of the universe from {first} to {last}: {100 * held.everyone:+.1f} %, with "
        f"all {held.n_ever} coins that were ever in. Only the {left} that were still trading at "
        f"the end: {100 * held.survivors:+.1f} %. Looking at survivors adds "
        f"{100 * held.flattery:+.1f} points. Parts are made equal every {every}, by who is known "
        f"to be in then, at {held.cost_bps:g} bps of what is traded; who ends leaves "
        f"{100 * held.haircut:g} % under its last close.\n"
    )


_MEASURED = {
    "return": ("return, %", "points", 100.0),
    "sharpe": ("Sharpe ratio, a year", "", 1.0),
    "drawdown": ("largest drawdown, %", "points", 100.0),
    "costs": ("paid for trading, % of equity", "points", 100.0),
    "ends": ("lost where coins ended, % of equity", "points", 100.0),
}


def survivorship_rows(held: Survivorship, width: int) -> Table:
    """Return a row a measure: of everyone, of survivors, and what looking at these adds."""
    rows = held.measures
    said = [_MEASURED[name] for name in rows["measure"]]

    def numbers(name: str, sign: str) -> list[str]:
        return [
            "" if value is None else f"{times * value:{sign},.2f}"
            for value, (_, _, times) in zip(rows[name], said, strict=True)
        ]

    gaps = [
        f"{gap} {unit}".strip()
        for gap, (_, unit, _) in zip(numbers("difference", "+"), said, strict=True)
    ]
    left = held.n_ever - held.n_ended
    columns = [
        Column("", [words for words, _, _ in said], 0),
        Column(f"all {held.n_ever} coins", numbers("everyone", ""), 1, is_text=False),
        Column(f"{left} survivors", numbers("survivors", ""), 2, is_text=False),
        Column("survivors add", gaps, 3, is_text=False),
    ]
    return fitted(columns, width, ["" for _ in said])


def reconciled_rows(found: Reconciled, width: int) -> Table:
    """Return a row a coin and vendor: what it has, what was taken of it, what it alone has."""
    rows = found.coins
    columns = [
        Column("coin", rows["symbol"].to_list(), 0),
        Column("vendor", rows["vendor"].to_list(), 0),
        Column("bars", [f"{n:,d}" for n in rows["n_bars"]], 1, is_text=False),
        Column("taken", [f"{n:,d}" for n in rows["n_taken"]], 2, is_text=False),
        Column("alone", [f"{n:,d}" if n else "" for n in rows["n_alone"]], 3, is_text=False),
        Column("too few", [f"{n:,d}" if n else "" for n in rows["n_short"]], 4, is_text=False),
    ]
    return fitted(columns, width, ["" for _ in rows["symbol"]])


def left_out_lines(found: Reconciled) -> list[str]:
    """Return how many bars are left out and why, and where the merged series are."""
    n, short = found.disputed.height, found.short
    said = []
    if n:
        first = found.disputed.sort("at").row(0, named=True)
        said.append(
            f"{n:,d} bars are left out, for no two vendors agree on them; the first: "
            f"{first['symbol']} at {first['at']:%Y-%m-%d %H:%M} UTC."
        )
    if not short.is_empty():
        most = short.group_by("symbol").agg(pl.col("n").sum(), pl.len().alias("days"))
        name, n_most, days = most.sort("n", "symbol", descending=[True, False]).row(0)
        said.append(
            f"{short['n'].sum():,d} bars are left out, for too few vendors have them: of "
            f"{most.height} coins, most of {name} ({n_most:,d} on {days:,d} days). --json counts "
            "them by symbol, vendor and day; --quorum 1 takes them."
        )
    if not n and (found.coins["n_taken"] == found.coins["n_alone"]).all():
        said.append("No bar of two vendors is at the same time: nothing is confirmed.")
    elif not said:
        said.append("Every bar that several have is confirmed by two.")
    return said if found.folder is None else [*said, str(found.folder)]
