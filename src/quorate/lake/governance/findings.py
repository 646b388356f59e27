"""What a rule found: which rule, when, how many rows, which value against which bound.

In: what each rule saw of one series. Out: one frame with a row for each finding, and its counts by
rule and day. A rule has an id that stays, a severity, and one sentence for people.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.core.types import IntVec, Vec


class Severity(IntEnum):
    """What a finding means for a run over the data."""

    NOTED = 0  # a fact of the data; nothing was changed
    MENDED = 1  # the rows were treated as the rule says
    FAILED = 2  # the series cannot be trusted: a run refuses it, unless told to go on


class Rule(StrEnum):
    """The rules of Spec 13 by their ids."""

    ROW_ORDER = "ROW_ORDER"
    ROW_DOUBLED = "ROW_DOUBLED"
    ROW_CONFLICT = "ROW_CONFLICT"
    ROW_IMPOSSIBLE = "ROW_IMPOSSIBLE"
    ROW_UNFINISHED = "ROW_UNFINISHED"
    STAMP_SNAPPED = "STAMP_SNAPPED"
    STAMP_OFF_GRID = "STAMP_OFF_GRID"
    GAP_FILLED = "GAP_FILLED"
    GAP_BREAK = "GAP_BREAK"
    RETURN_SUSPECT = "RETURN_SUSPECT"
    SPIKE_DISPUTED = "SPIKE_DISPUTED"
    SPIKE_REVERTED = "SPIKE_REVERTED"
    SPIKE_HELD = "SPIKE_HELD"
    VOLUME_ZERO = "VOLUME_ZERO"
    SPREAD_IMPOSSIBLE = "SPREAD_IMPOSSIBLE"
    FROZEN_END = "FROZEN_END"
    FROZEN_HALT = "FROZEN_HALT"
    SECOND_COIN = "SECOND_COIN"
    REDENOMINATED = "REDENOMINATED"
    BAR_PARTIAL = "BAR_PARTIAL"
    BAR_BROKEN = "BAR_BROKEN"
    VALUE_ORDER = "VALUE_ORDER"
    VALUE_DOUBLED = "VALUE_DOUBLED"
    VALUE_CONFLICT = "VALUE_CONFLICT"
    VALUE_IMPOSSIBLE = "VALUE_IMPOSSIBLE"
    VALUE_SNAPPED = "VALUE_SNAPPED"
    VALUE_LATE = "VALUE_LATE"
    VALUE_MISSING = "VALUE_MISSING"
    VALUE_EXTRA = "VALUE_EXTRA"
    VALUE_SUSPECT = "VALUE_SUSPECT"
    INTERVAL_CHANGED = "INTERVAL_CHANGED"
    MARK_OFF_GRID = "MARK_OFF_GRID"
    VENDOR_APART = "VENDOR_APART"


class About(NamedTuple):
    """A rule's severity and its one sentence."""

    severity: Severity
    says: str


ABOUT: Final[dict[Rule, About]] = {
    Rule.ROW_ORDER: About(
        Severity.MENDED, "Rows stood before an earlier one; they were put in order of time."
    ),
    Rule.ROW_DOUBLED: About(Severity.MENDED, "The same row stood twice; one was kept."),
    Rule.ROW_CONFLICT: About(
        Severity.FAILED, "Two rows of one time say different things; the one stored later counts."
    ),
    Rule.ROW_IMPOSSIBLE: About(
        Severity.FAILED,
        "A price is not above 0, high or low do not bound the bar, or a volume is negative; the "
        "row was left out.",
    ),
    Rule.ROW_UNFINISHED: About(
        Severity.MENDED, "The last row may still have been forming when it was stored; left out."
    ),
    Rule.STAMP_SNAPPED: About(
        Severity.MENDED, "A time lay within the tolerance of the grid and was put on it."
    ),
    Rule.STAMP_OFF_GRID: About(
        Severity.FAILED,
        "A time lies farther off the grid than the tolerance; the row is left out.",
    ),
    Rule.GAP_FILLED: About(
        Severity.MENDED,
        "Bars missing for less than the limit carry the last price; never traded or learned on.",
    ),
    Rule.GAP_BREAK: About(
        Severity.NOTED,
        "Bars missing for longer: carried to the limit, missing from there on; the series is cut.",
    ),
    Rule.RETURN_SUSPECT: About(
        Severity.NOTED, "A return is far out by its robust z-score. It was kept: prices do move."
    ),
    Rule.SPIKE_DISPUTED: About(
        Severity.MENDED, "A suspect price that a second vendor does not show was dropped."
    ),
    Rule.SPIKE_REVERTED: About(
        Severity.MENDED, "A suspect price without volume that went back was dropped."
    ),
    Rule.SPIKE_HELD: About(
        Severity.MENDED,
        "A suspect price without volume was held back, and believed when it stayed or traded.",
    ),
    Rule.VOLUME_ZERO: About(
        Severity.NOTED,
        "Nothing traded in these bars, whether their price moved or not.",
    ),
    Rule.SPREAD_IMPOSSIBLE: About(
        Severity.NOTED,
        "A spread below 0: the ask would be below the bid. It is taken as not known.",
    ),
    Rule.FROZEN_END: About(
        Severity.MENDED,
        "No volume and no movement to the end of the series: dead; after a day the bars go.",
    ),
    Rule.FROZEN_HALT: About(
        Severity.MENDED, "No volume and no movement for longer than a day: a halt; the bars go."
    ),
    Rule.SECOND_COIN: About(
        Severity.MENDED,
        "After a long hole the price is another coin's: it goes on under a name of its own.",
    ),
    Rule.REDENOMINATED: About(
        Severity.MENDED,
        "The unit changed by a power of ten; later rows are counted in the first unit.",
    ),
    Rule.BAR_PARTIAL: About(
        Severity.MENDED,
        "A bar made of shorter ones lacks some: it is of those there are, never traded or learned "
        "on.",
    ),
    Rule.BAR_BROKEN: About(
        Severity.MENDED,
        "A bar made of shorter ones holds a gap that cuts the series; it counts as missing.",
    ),
    Rule.VALUE_ORDER: About(
        Severity.FAILED,
        "Values stand before an earlier one; a run refuses such a file, an import puts them in "
        "order.",
    ),
    Rule.VALUE_DOUBLED: About(
        Severity.FAILED,
        "The same value stands twice; a run refuses such a file, an import keeps one.",
    ),
    Rule.VALUE_CONFLICT: About(
        Severity.FAILED, "Two values of one time differ; a run refuses such a file."
    ),
    Rule.VALUE_IMPOSSIBLE: About(
        Severity.FAILED,
        "A rate beyond 50 % a settlement, a price not above 0 or outside high and low, a negative "
        "open interest, or no number; a run refuses such a file.",
    ),
    Rule.VALUE_SNAPPED: About(
        Severity.MENDED, "A time lay within the tolerance of the minute, or of its bar's open."
    ),
    Rule.VALUE_LATE: About(
        Severity.NOTED,
        "A settlement stands off the hour, or another value off the minute; it counts where it "
        "stands.",
    ),
    Rule.VALUE_MISSING: About(
        Severity.NOTED,
        "Values missing by the series' own interval; none is made up: no funding is paid there, "
        "and where a mark is missing the close counts.",
    ),
    Rule.VALUE_EXTRA: About(
        Severity.NOTED, "A value stands between those that the series' own interval asks for."
    ),
    Rule.VALUE_SUSPECT: About(
        Severity.NOTED,
        "A rate beyond 1 % a settlement, or a price that doubled or halved at once. It was kept.",
    ),
    Rule.INTERVAL_CHANGED: About(
        Severity.NOTED, "From here on values come at another interval, for six of them at least."
    ),
    Rule.MARK_OFF_GRID: About(
        Severity.FAILED,
        "A mark or index price lies farther off its grid than the tolerance; a run refuses it.",
    ),
    Rule.VENDOR_APART: About(
        Severity.NOTED,
        "A second vendor has the coin, and not one bar at the same time: it confirms nothing.",
    ),
}


FAILING: Final = frozenset(
    rule.value for rule, about in ABOUT.items() if about.severity is Severity.FAILED
)
"""Ids of the rules that fail a series."""


class Finding(NamedTuple):
    """What one rule found in one series, one entry a place.

    ``n`` is how many rows are concerned there, ``value`` what was seen and ``bound`` what was
    asked (NaN where the rule compares nothing).
    """

    rule: Rule
    at_ms: IntVec
    n: IntVec
    value: Vec
    bound: Vec


Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

SCHEMA: Final[Schema] = {
    "rule": pl.String,
    "symbol": pl.String,
    "at": pl.Datetime("ms", "UTC"),
    "n": pl.Int64,
    "value": pl.Float64,
    "bound": pl.Float64,
}


def found(
    rule: Rule,
    at_ms: IntVec,
    *,
    n: IntVec | int = 1,
    value: Vec | float = np.nan,
    bound: Vec | float = np.nan,
) -> Finding:
    """Return a finding, single numbers repeated for every place.

    Examples
    --------
    >>> found(Rule.GAP_BREAK, np.array([0]), n=12).n.tolist()
    [12]
    """
    shape = at_ms.shape
    return Finding(
        rule,
        at_ms.astype(np.int64),
        np.broadcast_to(np.asarray(n, np.int64), shape),
        np.broadcast_to(np.asarray(value, np.float64), shape),
        np.broadcast_to(np.asarray(bound, np.float64), shape),
    )


def frame(symbol: str, findings: Iterable[Finding]) -> pl.DataFrame:
    """Return the findings of one symbol as rows in order of time and rule.

    Examples
    --------
    >>> frame("A", [found(Rule.ROW_DOUBLED, np.array([60_000]))]).row(0)[:2]
    ('ROW_DOUBLED', 'A')
    """
    parts = [
        pl.DataFrame(
            {
                "at": each.at_ms,
                "n": each.n,
                "value": each.value,
                "bound": each.bound,
            }
        ).select(
            pl.lit(each.rule.value).alias("rule"),
            pl.lit(symbol).alias("symbol"),
            pl.col("at").cast(pl.Datetime("ms", "UTC")),
            "n",
            "value",
            "bound",
        )
        for each in findings
        if each.at_ms.size > 0
    ]
    empty = pl.DataFrame(schema=SCHEMA)
    return pl.concat([empty, *parts]).sort("at", "rule", maintain_order=True)


def concat(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the findings of several frames in order of time."""
    return pl.concat(parts).sort("at", "symbol", "rule", maintain_order=True)


def within(findings: pl.DataFrame, span: tuple[int, int], bar_ms: int) -> pl.DataFrame:
    """Return what was found in a span; of a finding that reaches into it, the rows that lie there.

    Parameters
    ----------
    findings : polars.DataFrame
        From ``frame``; the ``n`` rows of each follow one another from ``at`` on.
    span : (int, int)
        Open times, milliseconds, the first included, the second not.
    bar_ms : int
        Length of a bar.

    Returns
    -------
    polars.DataFrame
        ``at`` and ``n`` cut to the span; ``value`` is that of the whole finding.

    Notes
    -----
    Units: milliseconds.  Causal: a cut.  Missing: what lies outside is left out.  Spec 13.

    Examples
    --------
    >>> hole = frame("A", [found(Rule.GAP_BREAK, np.array([0]), n=12, value=720.0)])
    >>> within(hole, (36_000_000, 90_000_000), 3_600_000).select("n", "value").row(0)
    (2, 720.0)
    """
    low, end = (-(-each // bar_ms) * bar_ms for each in span)
    at = pl.col("at").dt.epoch("ms")
    first, last = pl.max_horizontal(at, low), pl.min_horizontal(at + pl.col("n") * bar_ms, end)
    return findings.with_columns(
        first.cast(pl.Datetime("ms", "UTC")).alias("at"), ((last - first) // bar_ms).alias("n")
    ).filter(pl.col("n") > 0)


def by_day(findings: pl.DataFrame, minutes: pl.Expr | float | None = None) -> pl.DataFrame:
    """Return how many rows each rule concerned, by symbol and UTC day.

    Parameters
    ----------
    findings : polars.DataFrame
        From ``frame``, of one symbol or many.
    minutes : polars.Expr or float, optional
        How far apart the ``n`` rows of a finding stand: then each counts on its own day, so that a
        hole stands on every day that it reaches over. All on the day of ``at`` when left out.

    Returns
    -------
    polars.DataFrame
        ``symbol, day, rule, severity, n``, sorted.

    Notes
    -----
    Units: rows.  Causal: counts what was found.  Missing: a day without a finding has no row.
    Spec 13.

    Examples
    --------
    >>> hole = frame("A", [found(Rule.GAP_BREAK, np.array([82_800_000]), n=3)])
    >>> by_day(hole)["n"].to_list(), by_day(hole, 60.0)["n"].to_list()
    ([3], [1, 2])
    """
    if minutes is not None:
        nth = pl.int_ranges(0, pl.col("n")).alias("nth")
        findings = (
            findings.with_columns(nth, apart=minutes)
            .explode("nth")
            .with_columns(pl.col("at") + pl.duration(minutes=pl.col("nth") * pl.col("apart")), n=1)
        )
    levels = {rule.value: about.severity.name.lower() for rule, about in ABOUT.items()}
    return (
        findings.group_by("symbol", pl.col("at").dt.date().alias("day"), "rule")
        .agg(pl.col("n").sum().cast(pl.Int64))
        .with_columns(
            pl.col("rule").replace_strict(levels, return_dtype=pl.String).alias("severity")
        )
        .select("symbol", "day", "rule", "severity", "n")
        .sort("symbol", "day", "rule")
    )


def has_failed(findings: pl.DataFrame) -> bool:
    """Return whether a rule that fails a series found something."""
    return not FAILING.isdisjoint(findings["rule"])
