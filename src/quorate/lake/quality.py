"""What bars are worth, as tables: coins, findings, days covered, and how a second vendor differs.

In: one symbol's judged files, and those of a second vendor. Out: ``Quality``, of one symbol or of
many; ``quorate data check`` tells it, and every panel that was loaded carries it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.lake import clocks, reconcile
from quorate.lake.governance import Rule, findings
from quorate.lake.governance.coverage import DAYS, coverage
from quorate.lake.grid import whole, window
from quorate.lake.sources import MINUTE_MS
from quorate.lake.spec import EVER_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec
    from quorate.lake.beside import Witness
    from quorate.lake.governance import Params
    from quorate.lake.judging import Aside
    from quorate.lake.shelf import Shelf

COINS: Final[findings.Schema] = {
    "symbol": pl.String,
    "first": pl.Date,
    "last": pl.Date,
    "n_rows": pl.Int64,
    "n_traded": pl.Int64,
    "n_filled": pl.Int64,
    "n_missing": pl.Int64,
    "n_suspect": pl.Int64,
    "n_dropped": pl.Int64,
    "n_frozen": pl.Int64,
    "failed": pl.String,
}
PAIRS: Final[findings.Schema] = {
    "symbol": pl.String,
    "other": pl.String,
    "n_bars": pl.Int64,
    "median_bps": pl.Float64,
    "p99_bps": pl.Float64,
    "max_bps": pl.Float64,
    "max_at": pl.Datetime("ms", "UTC"),
    "agree_frac": pl.Float64,
    "n_days": pl.Int64,
    "n_quarantined": pl.Int64,
    "shift_bars": pl.Int64,
}
PAIR_DAYS: Final[findings.Schema] = {
    "symbol": pl.String,
    "day": pl.Date,
    "n": pl.Int64,
    "n_off": pl.Int64,
    "median_bps": pl.Float64,
    "p99_bps": pl.Float64,
    "max_bps": pl.Float64,
    "quarantined": pl.Boolean,
}
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_COUNTS = ("n_traded", "n_filled", "n_missing")
_DROPPED = (Rule.SPIKE_DISPUTED, Rule.SPIKE_REVERTED, Rule.SPIKE_HELD)


class Quality(NamedTuple):
    """What bars are worth.

    Attributes
    ----------
    coins : polars.DataFrame
        A row a coin: ``symbol, first, last, n_rows, n_traded, n_filled, n_missing, n_suspect,
        n_dropped, n_frozen, failed`` (the rules that fail it, joined by commas).
    findings : polars.DataFrame
        A row a finding: ``rule, symbol, at, n, value, bound``.
    days : polars.DataFrame
        A row a coin and day: ``symbol, day, n_traded, n_filled, n_missing``.
    pairs : polars.DataFrame
        A row a coin that the second vendor has too: ``symbol, other, n_bars, median_bps, p99_bps,
        max_bps, max_at, agree_frac, n_days, n_quarantined, shift_bars``; empty without one.
    pair_days : polars.DataFrame
        A row such a coin and day: ``symbol, day, n, n_off, median_bps, p99_bps, max_bps,
        quarantined``.
    """

    coins: pl.DataFrame
    findings: pl.DataFrame
    days: pl.DataFrame
    pairs: pl.DataFrame
    pair_days: pl.DataFrame

    @property
    def failed(self) -> pl.DataFrame:
        """Return the coins that a rule fails."""
        return self.coins.filter(pl.col("failed") != "")

    def zero_volume(self) -> dict[str, int]:
        """Return in how many bars of each symbol nothing traded, for those that have such bars."""
        mine = self.findings.filter(pl.col("rule") == Rule.VOLUME_ZERO.value)
        counted = mine.group_by("symbol").agg(pl.col("n").sum()).sort("symbol")
        return dict(counted.iter_rows())


SCHEMAS: Final = {
    "coins": COINS,
    "findings": findings.SCHEMA,
    "days": DAYS,
    "pairs": PAIRS,
    "pair_days": PAIR_DAYS,
}
"""The columns of each table, by its name."""


def concat(parts: Sequence[Quality]) -> Quality:
    """Return the tables of many symbols as those of all.

    Examples
    --------
    >>> concat([]).coins.height
    0
    """
    made = Quality(
        *(
            pl.concat(
                [pl.DataFrame(schema=SCHEMAS[name]), *(getattr(each, name) for each in parts)]
            )
            for name in Quality._fields
        )
    )
    return made._replace(findings=findings.concat([made.findings]))


def quality(
    mine: Aside,
    beside: Witness | None,
    bars: tuple[int, Params],
    shelf: Shelf,
    span: tuple[int, int] | None = None,
) -> Quality:
    """Return what one symbol's bars are worth.

    Parameters
    ----------
    mine : Aside
        Its files, held against the rules.
    beside : Witness, optional
        A second vendor's bars of each coin.
    bars : (int, Params)
        Length of a bar, and the rules of governance.
    shelf : Shelf
        Says how long the spans are that are looked at together.
    span : (int, int), optional
        Open times that are told of, milliseconds, the first included, the second not; everything
        when left out.

    Returns
    -------
    Quality
        A row for the symbol itself at least, and one for each further coin of it. ``pair_days``
        begin on the day before the span's first one, for that day says who may open on it.

    Notes
    -----
    Units: as the columns say.  Causal: counts what was found.  Missing: told, not filled.
    Spec 13; METHODS 12.
    """
    (minutes, rules), judged = bars, mine.judged
    symbol, told = judged.symbol, judged.governed.findings
    bar_ms = minutes * MINUTE_MS
    n_rows = judged.n_rows
    if span is not None:
        told = findings.within(told, span, judged.minutes * MINUTE_MS)
        n_rows = _n_between(judged.left_ms, span)
    covered: dict[str, list[pl.DataFrame]] = {}
    for name, lying in mine.coins:
        for first, end in shelf.spans(lying.first_ms, lying.last_ms + bar_ms, bar_ms):
            series = lying.around(first, end)
            if span is not None and series.status is None:
                n_rows += _n_between(window(series, first, end).open_ms, span)
            part = first, end
            if span is not None:
                part = max(first, span[0]), min(end, span[1])
            if series.open_ms.size:
                days = coverage(name, series, minutes, rules, part)
                covered.setdefault(name, []).append(days)
    found = {name: pl.concat(parts) for name, parts in covered.items()}
    found = {name: days for name, days in found.items() if days.height > 0}
    lines = [_line(symbol, n_rows, told, found.get(symbol))]
    lines += [_line(name, 0, told, days) for name, days in found.items() if name != symbol]
    pairs = {} if beside is None else _pairs(mine, beside, minutes, shelf, span)
    strange = [
        found[name] for name, (line, _) in pairs.items() if line.is_empty() and name in found
    ]
    return Quality(
        pl.concat(lines),
        findings.concat([told, *map(_unconfirmed, strange)]) if strange else told,
        pl.concat([pl.DataFrame(schema=DAYS), *found.values()]),
        pl.concat([pl.DataFrame(schema=PAIRS), *(line for line, _ in pairs.values())]),
        pl.concat([pl.DataFrame(schema=PAIR_DAYS), *(days for _, days in pairs.values())]),
    )


def _n_between(at_ms: IntVec, span: tuple[int, int]) -> int:
    return int(((at_ms >= span[0]) & (at_ms < span[1])).sum())


def _line(name: str, n_rows: int, found: pl.DataFrame, days: pl.DataFrame | None) -> pl.DataFrame:
    """Return what one coin is worth, as one row."""
    mine = found.filter(pl.col("symbol") == name)
    is_known = days is not None and days.height > 0
    totals = days.sum() if days is not None and is_known else pl.DataFrame()
    failed = sorted(set(mine["rule"]) & findings.FAILING)

    def count(*rules: Rule) -> int:
        return int(mine.filter(pl.col("rule").is_in([rule.value for rule in rules]))["n"].sum())

    return pl.DataFrame(
        {
            "symbol": [name],
            "first": [days["day"][0] if days is not None and is_known else None],
            "last": [days["day"][-1] if days is not None and is_known else None],
            "n_rows": [n_rows],
            **{each: [int(totals[each][0]) if is_known else 0] for each in _COUNTS},
            "n_suspect": [count(Rule.RETURN_SUSPECT)],
            "n_dropped": [count(*_DROPPED)],
            "n_frozen": [count(Rule.FROZEN_END, Rule.FROZEN_HALT)],
            "failed": [", ".join(failed)],
        },
        schema_overrides={"first": pl.Date, "last": pl.Date},
    )


def _pairs(
    mine: Aside, beside: Witness, minutes: int, shelf: Shelf, span: tuple[int, int] | None
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Return how far a second vendor is from each coin that it has too, in all and by day."""
    first_ms, end_ms = EVER_MS if span is None else span
    day_before = (first_ms // _DAY_MS - 1) * _DAY_MS
    bar_ms = minutes * MINUTE_MS
    near = (clocks.SHIFT_BARS + 1) * bar_ms  # a clock may be late by so much, and returns look back
    made = {}
    for nth, (name, lying) in enumerate(mine.coins):
        if not beside.has(nth):
            continue
        tick, days = beside.tick(nth), [pl.DataFrame(schema=PAIR_DAYS)]
        summing, lags = reconcile.Summing(), clocks.Lags(minutes)
        for low, high in shelf.spans(lying.first_ms, lying.last_ms + bar_ms, bar_ms):
            low, high = max(low, day_before), min(high, end_ms)  # noqa: PLW2901
            other = beside.within(nth, low - near, high + near)
            if other is None or low >= high:
                continue
            before = lying.before(low)
            is_behind = before is not None and before >= day_before
            series = whole(lying.within(before if is_behind and before else low, high))
            lags.add(series, other)
            told = reconcile.compare(window(series, low, high), other, tick, minutes)
            by_day = reconcile.daily(told)
            days.append(by_day.select(pl.lit(name).alias("symbol"), *list(PAIR_DAYS)[1:]))
            summing.add(_since(told, first_ms))
        made[name] = _pair(name, beside, summing, lags, pl.concat(days)), pl.concat(days)
    return made


def _unconfirmed(days: pl.DataFrame) -> pl.DataFrame:
    """Return that a second vendor has no bar at the time of one of a coin's."""
    at = np.array([days["day"][0].toordinal() - _EPOCH]) * _DAY_MS
    n = int(days["n_traded"].sum())
    return findings.frame(days["symbol"][0], [findings.found(Rule.VENDOR_APART, at, n=n)])


def _since(told: reconcile.Differences, first_ms: int) -> reconcile.Differences:
    inside = told.open_ms >= first_ms
    return reconcile.Differences(told.open_ms[inside], told.bps[inside], told.tolerated_bps[inside])


def _pair(
    name: str,
    beside: Witness,
    summing: reconcile.Summing,
    lags: clocks.Lags,
    days: pl.DataFrame,
) -> pl.DataFrame:
    """Return how far a second vendor is from one coin's bars, as one row; none without a bar."""
    if summing.n_bars == 0:
        return pl.DataFrame(schema=PAIRS)
    values = {
        "symbol": name,
        "other": beside.symbol,
        **summing.summary()._asdict(),
        "n_days": days.height,
        "n_quarantined": int(days["quarantined"].sum()),
        "shift_bars": lags.shift,
    }
    values["max_at"] = values.pop("max_ms")
    return pl.DataFrame([values]).select(
        pl.col(column).cast(kind) for column, kind in PAIRS.items()
    )
