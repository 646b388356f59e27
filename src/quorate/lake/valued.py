"""What funding, marks, index prices and open interest are worth, as the tables of ``quality``.

In: a folder of the lake or of plain files. Out: of which kind it is, and each symbol's rows held
against the rules (``governance.values``), counted by symbol and day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.lake import disk, months
from quorate.lake.address import is_object
from quorate.lake.governance import findings, values
from quorate.lake.governance.coverage import DAYS
from quorate.lake.kinds import KINDS
from quorate.lake.quality import COINS, Quality, concat
from quorate.lake.sources import PRICES, stored
from quorate.lake.spec import EVER_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.governance.findings import Schema
    from quorate.lake.governance.values import Valued

INTERVALS: Final[Schema] = {
    "symbol": pl.String,
    "first": pl.Datetime("ms", "UTC"),
    "last": pl.Datetime("ms", "UTC"),
    "hours": pl.Float64,
    "n": pl.Int64,
}
_DAY_MS: Final = 86_400_000
WORDS: Final = {
    "ohlcv": "bar",
    "funding": "settlement",
    "mark": "mark",
    "index": "index price",
    "open_interest": "value",
}
"""What one row of a kind is called."""


class Worth(NamedTuple):
    """What series are worth: the tables, and which interval was in force when.

    ``intervals`` has a row a symbol and stretch of one interval: ``symbol, first, last, hours, n``.
    """

    quality: Quality
    intervals: pl.DataFrame


def kind_of(where: Path, files: dict[str, tuple[Path, ...]]) -> str:
    """Return the kind of a folder: what the lake's path says, else the columns of its first file.

    Parameters
    ----------
    where : Path
        The folder.
    files : dict
        Its files by symbol, at least one.

    Raises
    ------
    DataError
        The first file cannot be read.

    Notes
    -----
    Units: none.  Causal: names of columns only.  Missing: what looks like none of the others is
    ``ohlcv``; prices without a volume are marks.  Spec 13.
    """
    said = [part.removeprefix("kind=") for part in where.parts if part.startswith("kind=")]
    if said and said[-1] in KINDS:
        return said[-1]
    path = next(iter(files.values()))[0]
    if is_object(path):
        columns = set(months.rows([path]).columns)
    else:
        try:
            columns = set(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise disk.unreadable(path, error) from error
    for kind in ("funding", "open_interest"):
        if set(_needed(kind)) <= columns:
            return kind
    return "mark" if set(PRICES) <= columns and "volume" not in columns else "ohlcv"


def _needed(kind: str) -> tuple[str, ...]:
    return tuple(name for name, field in KINDS[kind].fields.items() if not field.is_optional)


def worth(
    symbol: str,
    paths: Sequence[Path],
    kind: str,
    span: tuple[int, int] = EVER_MS,
) -> Worth:
    """Hold one symbol's files against the rules of its kind.

    Parameters
    ----------
    symbol : str
        As the vendor spells it.
    paths : sequence of Path
        Its files in order of time.
    kind : str
        One of ``governance.values.NOT_BARS``.
    span : (int, int)
        Times that are told of, milliseconds, the first included, the second not; everything when
        left out.

    Returns
    -------
    Worth
        ``n_traded`` counts the values there are, ``n_missing`` those that are not; nothing is
        carried.

    Raises
    ------
    SchemaError
        A column is missing or no number.
    DataError
        A file cannot be read.

    Notes
    -----
    Units, Causal, Missing: as ``governance.values.judge``.  Spec 13; METHODS 12.
    """
    rows, name = stored(paths, ("ts", *_needed(kind)))
    is_plain = not months.is_ours(paths[-1])
    judged = values.judge(rows, symbol, kind, name, drop_last=is_plain).within(*span)
    found, days = judged.findings, _days(judged)
    failed = sorted(set(found["rule"]) & findings.FAILING)
    line = {
        "symbol": symbol,
        "first": days["day"].min(),
        "last": days["day"].max(),
        "n_rows": judged.n_rows,
        "n_traded": judged.at_ms.size,
        "n_filled": 0,
        "n_missing": int(judged.holes.n.sum()),
        "n_suspect": int(found.filter(pl.col("rule") == "VALUE_SUSPECT")["n"].sum()),
        "n_dropped": 0,
        "n_frozen": 0,
        "failed": ", ".join(failed),
    }
    coins = pl.DataFrame([line], schema=COINS)
    nothing = concat([])
    return Worth(nothing._replace(coins=coins, findings=found, days=days), _intervals(judged))


def together(parts: Sequence[Worth]) -> Worth:
    """Return the tables of many symbols as those of all."""
    none = pl.DataFrame(schema=INTERVALS)
    return Worth(
        concat([each.quality for each in parts]), pl.concat([none, *(p.intervals for p in parts)])
    )


def _days(judged: Valued) -> pl.DataFrame:
    """Return how many values of each UTC day are there and are missing, whole days of holes too."""
    gone = judged.holes.times()
    every = np.concatenate([judged.at_ms, gone]) // _DAY_MS
    if every.size == 0:
        return pl.DataFrame(schema=DAYS)
    first, last = int(every.min()), int(every.max())

    def counts(at: IntVec) -> IntVec:
        return np.bincount(at // _DAY_MS - first, minlength=last - first + 1)

    return pl.DataFrame(
        {
            "symbol": judged.symbol,
            "day": pl.Series(np.arange(first, last + 1).astype(np.int32)).cast(pl.Date),
            "n_traded": counts(judged.at_ms),
            "n_filled": 0,
            "n_missing": counts(gone),
        },
        schema_overrides=DAYS,
    )


def _intervals(judged: Valued) -> pl.DataFrame:
    """Return the stretches of one interval, in order of time."""
    at, own = judged.at_ms, judged.own_ms
    if at.size == 0:
        return pl.DataFrame(schema=INTERVALS)
    begin = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
    end = np.append(begin[1:], at.size)
    instant = pl.Datetime("ms", "UTC")
    return pl.DataFrame(
        {
            "symbol": judged.symbol,
            "first": pl.Series(at[begin]).cast(instant),
            "last": pl.Series(at[end - 1]).cast(instant),
            "hours": own[begin] / values.HOUR_MS,
            "n": end - begin,
        },
        schema_overrides=INTERVALS,
    )


def every(intervals: pl.DataFrame) -> dict[str, str]:
    """Return which intervals each symbol had, in order of time, for people.

    Examples
    --------
    >>> rows = {"symbol": ["A", "A", "B"], "hours": [8.0, 1.0, 0.25]}
    >>> every(pl.DataFrame(rows))
    {'A': '8 h, 1 h', 'B': '15 min'}
    """
    said: dict[str, list[str]] = {}
    for symbol, hours in intervals.select("symbol", "hours").iter_rows():
        words = f"{hours:g} h" if hours >= 1 else f"{60 * hours:g} min" if hours else "?"
        if words not in said.setdefault(symbol, []):
            said[symbol].append(words)
    return {symbol: ", ".join(words) for symbol, words in said.items()}


def by_day(found: pl.DataFrame) -> pl.DataFrame:
    """Return counts by rule and UTC day (``findings.by_day``), a hole on every day of it."""
    is_hole = pl.col("rule") == findings.Rule.VALUE_MISSING.value
    apart = pl.when(is_hole).then(60.0 * pl.col("bound")).otherwise(0.0)
    return findings.by_day(found, apart)
