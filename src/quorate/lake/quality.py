"""What bars are worth, as tables: coins, findings, days covered, and how a second vendor differs.

In: one symbol's judged files, and those of a second vendor. Out: ``Quality``, of one symbol or of
many; ``quorate data check`` tells it, and every panel that was loaded carries it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.lake import reconcile
from quorate.lake.governance import Rule, findings
from quorate.lake.governance.coverage import DAYS, coverage
from quorate.lake.grid import window
from quorate.lake.instruments import infer_tick
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.lake.governance import Params
    from quorate.lake.reading import Judged
    from quorate.lake.sources import Series

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
    mine: Judged,
    beside: Sequence[Series | None],
    bar_minutes: int,
    rules: Params,
    span: tuple[int, int] | None = None,
) -> Quality:
    """Return what one symbol's bars are worth.

    Parameters
    ----------
    mine : Judged
        Its files, held against the rules.
    beside : sequence of Series or None
        A second vendor's bars of each coin (``reading.aligned``); empty without one.
    bar_minutes : int
        Length of a bar.
    rules : Params
        Of governance.
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
    symbol, coins, told = mine.symbol, mine.governed.coins, mine.governed.findings
    n_rows = mine.n_rows
    if span is not None:
        told = findings.within(told, span, bar_minutes * MINUTE_MS)
        n_rows = sum(int(((at >= span[0]) & (at < span[1])).sum()) for at in mine.at_ms)
    found = {name: coverage(name, series, bar_minutes, rules, span) for name, series in coins}
    covered = {name: days for name, days in found.items() if days.height > 0}
    lines = [_line(symbol, n_rows, told, covered.get(symbol))]
    lines += [_line(name, 0, told, days) for name, days in covered.items() if name != symbol]
    pairs = [
        _pair(name, series, other, bar_minutes, span)
        for (name, series), other in zip(coins, beside, strict=False)
        if other is not None
    ]
    return Quality(
        pl.concat(lines),
        told,
        pl.concat([pl.DataFrame(schema=DAYS), *covered.values()]),
        pl.concat([pl.DataFrame(schema=PAIRS), *(line for line, _ in pairs)]),
        pl.concat([pl.DataFrame(schema=PAIR_DAYS), *(days for _, days in pairs)]),
    )


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


def _pair(
    name: str, series: Series, other: Series, minutes: int, span: tuple[int, int] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return how far a second vendor is from one coin's bars, in all and by day."""
    first, end = (-(2**62), 2**62) if span is None else span
    day_before = (first // _DAY_MS - 1) * _DAY_MS
    series = window(series, day_before, end)
    told = reconcile.compare(series, other, infer_tick(other.close), minutes)
    days = reconcile.daily(told)
    inside = told.open_ms >= first
    told = reconcile.Differences(told.open_ms[inside], told.bps[inside], told.tolerated_bps[inside])
    by_day = days.select(pl.lit(name).alias("symbol"), *list(PAIR_DAYS)[1:])
    if told.open_ms.size == 0:
        return pl.DataFrame(schema=PAIRS), by_day
    values = {
        "symbol": name,
        "other": other.file,
        **reconcile.summary(told)._asdict(),
        "n_days": days.height,
        "n_quarantined": int(days["quarantined"].sum()),
        "shift_bars": reconcile.shift(series, other, minutes),
    }
    values["max_at"] = values.pop("max_ms")
    line = pl.DataFrame([values]).select(
        pl.col(column).cast(kind) for column, kind in PAIRS.items()
    )
    return line, by_day
