"""Parquet and CSV files of any naming become rows of a kind.

In: a file, perhaps names for its columns and the unit of its times. Out: rows with the names of the
kind, ``ts`` in UTC milliseconds. What can be meant in two ways is refused: a guess would be stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.errors import DataError, SchemaError
from quorate.lake import disk
from quorate.lake.kinds import INSTANT, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIXES: Final = (".parquet", ".csv", ".csv.gz")
_FIRST_S: Final = 1_199_145_600  # 2008: no coin is older
_LAST_S: Final = 4_102_444_800  # 2100
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_ISO: Final = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?$"
)
_ZONE: Final = r"\s?(Z|UTC|[+-]\d{2}:?\d{2})$"
_ALSO: Final[dict[str, tuple[str, ...]]] = {
    "ts": (
        *("timestamp", "time", "date", "datetime", "open_time", "opentime"),
        *("funding_time", "fundingtime", "calc_time", "create_time"),
    ),
    "symbol": ("pair", "ticker", "coin", "instrument"),
    "open": ("o", "open_price"),
    "high": ("h", "high_price"),
    "low": ("l", "low_price"),
    "close": ("c", "close_price"),
    "volume": ("v", "vol", "base_volume"),
    "quote_volume": ("quotevolume", "quote_asset_volume", "turnover"),
    "trades": ("count", "n_trades", "number_of_trades"),
    "taker_buy_volume": ("taker_buy_base_volume", "taker_buy_base_asset_volume"),
    "funding_rate": ("fundingrate", "last_funding_rate", "rate"),
    "interval_hours": ("funding_interval_hours",),
    "open_interest": ("openinterest", "sum_open_interest"),
}
"""Names that mean a column of ours, in small letters; any other is said with a mapping."""


class Brought(NamedTuple):
    """A file's rows in our names, perhaps with ``symbol``, and the columns that have no place."""

    rows: pl.DataFrame
    left_out: tuple[str, ...]


def stem(path: Path) -> str:
    """Return a file's name without what says its format.

    Examples
    --------
    >>> from pathlib import Path
    >>> stem(Path("data/BTCUSDT.csv.gz")), stem(Path("BTC-USD.parquet"))
    ('BTCUSDT', 'BTC-USD')
    """
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem


def read(path: Path, kind: str, names: Mapping[str, str], unit: str | None = None) -> Brought:
    """Return a file's rows in the names of a kind.

    Parameters
    ----------
    path : Path
        Parquet, or CSV with a line of names.
    kind : str
        One of ``kinds.KINDS``.
    names : mapping
        Our column to the file's, where the file's is none that is known.
    unit : str, optional
        Of ``ts`` where it is a number: s, ms, us or ns since 1970. When left out it is what puts
        every time between 2008 and 2100.

    Returns
    -------
    Brought
        Rows in the file's order.

    Raises
    ------
    DataError
        The file cannot be read.
    SchemaError
        A column is missing or meant by two of the file's, or the times can be read in two ways.

    Notes
    -----
    Units: see ``kinds.KINDS``.  Causal: rows are not combined.  Missing: null.  Spec 13.
    """
    rows = disk.frame(path) if path.suffix == ".parquet" else _csv(path)
    return bring(rows, kind, names, unit, str(path))


def bring(
    rows: pl.DataFrame, kind: str, names: Mapping[str, str], unit: str | None, name: str
) -> Brought:
    """Return rows in the names of a kind; see ``read``.

    Examples
    --------
    >>> rows = pl.DataFrame({"Time": ["2024-01-01T08:00Z"], "r": [1e-4], "note": ["x"]})
    >>> found = bring(rows, "funding", {"funding_rate": "r"}, None, "F.csv")
    >>> found.rows.columns, found.left_out
    (['ts', 'funding_rate'], ('note',))
    """
    kinds = kind_of(kind)
    wanted = ("ts", "symbol", *kinds.fields)
    unknown = [each for each in names if each not in wanted]
    if unknown:
        raise SchemaError(
            f"{', '.join(unknown)} is no column of kind {kind}",
            hint=f"map one of {', '.join(wanted)}",
        )
    meant = _meant(rows.columns, dict.fromkeys(wanted), names, name)
    needed = ["ts"] * (not kinds.is_timeless)
    # a symbol may be the file's name
    needed += [n for n, field in kinds.fields.items() if not field.is_optional and n != "symbol"]
    _refuse_unmeant([each for each in needed if each not in meant], meant, rows, name)
    chosen = rows.select(pl.col(theirs).alias(ours) for ours, theirs in meant.items())
    if "ts" in meant:
        chosen = chosen.with_columns(instants(chosen["ts"], unit, f"{name}: {meant['ts']}"))
    left = tuple(each for each in rows.columns if each not in meant.values())
    return Brought(chosen, left)


def instants(at: pl.Series, unit: str | None, name: str) -> pl.Series:
    """Return times as UTC milliseconds: timestamps, ISO text, or numbers since 1970.

    Raises
    ------
    SchemaError
        Numbers that no unit, or more than one, puts between 2008 and 2100; other text.

    Examples
    --------
    >>> said = pl.Series("ts", ["2024-01-01 00:00:00+01:00", "2024-01-01T00:00:00+01:00"])
    >>> instants(said, None, "ts").dt.hour().to_list()
    [23, 23]
    """
    kind = at.dtype
    if isinstance(kind, pl.Datetime):
        at = at.dt.replace_time_zone("UTC") if kind.time_zone is None else at
        return at.dt.convert_time_zone("UTC").cast(INSTANT)
    if kind == pl.Date:
        return at.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    if kind.is_float() and bool((at != at.round()).any()):
        if (unit or unit_of(at, name)) != "s":
            raise SchemaError(f"{name} has fractions", hint="only seconds may have them: unit s")
        return _since((at * 1_000).round(), "ms", name)
    if kind.is_numeric():
        return _since(at, unit or unit_of(at, name), name)
    if kind != pl.String:
        raise SchemaError(f"{name} is {kind}, no time", hint="map ts to the column of times")
    if bool(at.drop_nulls().str.contains(r"^\d{9,19}$").all()) and at.len() > at.null_count():
        return instants(at.cast(pl.Int64), unit, name)
    return _iso(at, name)


def _csv(path: Path) -> pl.DataFrame:
    """Return a CSV file's rows; whatever could be a number is one."""
    try:
        return pl.read_csv(path, infer_schema_length=None, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error for a file that is no CSV file."""
    return DataError(
        f"{path} cannot be read as CSV: {str(error).splitlines()[0]}",
        hint="the file is empty, cut short or of another format: fetch it again",
    )


def time_column(columns: list[str], kind: str, names: Mapping[str, str], name: str) -> str | None:
    """Return which of a file's columns is ``ts``, None where none is.

    Examples
    --------
    >>> time_column(["open_time", "close"], "mark", {}, "A.csv")
    'open_time'
    """
    wanted = dict.fromkeys(("ts", "symbol", *kind_of(kind).fields))
    return _meant(columns, wanted, names, name).get("ts")


def _meant(
    columns: list[str], wanted: Mapping[str, None], names: Mapping[str, str], name: str
) -> dict[str, str]:
    """Return the file's column for each of ours that it has."""
    absent = [theirs for theirs in names.values() if theirs not in columns]
    if absent:
        raise SchemaError(
            f"{name}: no column {', '.join(absent)}; it has {', '.join(columns)}",
            hint="correct the mapping: --map ours=theirs",
        )
    found: dict[str, str] = {}
    taken = set(names.values())
    for ours in wanted:
        if ours in names:
            found[ours] = names[ours]
            continue
        free = [each for each in columns if each not in taken]
        exact = [each for each in free if each == ours]
        also = [each for each in free if each.strip().lower() in {ours, *_ALSO.get(ours, ())}]
        if not exact and len(also) > 1:
            raise SchemaError(
                f"{name}: {ours} may be {' or '.join(also)}",
                hint=f"say which: --map {ours}={also[0]}",
            )
        if exact or also:
            found[ours] = (exact or also)[0]
    return found


def _refuse_unmeant(
    absent: list[str], meant: Mapping[str, str], rows: pl.DataFrame, name: str
) -> None:
    """Refuse a file of which no column is one that the kind needs; name its own, and how to map."""
    if not absent:
        return
    free = [each for each in rows.columns if each not in meant.values()]
    said = f"{name}: no column is known to be {', '.join(absent)}; it has {', '.join(rows.columns)}"
    if not free:
        raise SchemaError(said, hint="add the column to the file, or leave the file out")
    looks = [each for each in free if re.search("time|date|when", each, re.IGNORECASE)]
    first = (looks if absent[0] == "ts" else []) or free
    example = [f"{absent[0]}={_quoted(first[0])}", *(f"{each}=NAME" for each in absent[1:])]
    raise SchemaError(
        f"{said}: say which is, as in --map {' '.join(example)}",
        hint="write ours=theirs (names= in Python), or leave the file out",
    )


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[\w.-]+", column) else f"'{column}'"


def unit_of(at: pl.Series, name: str) -> str:
    """Return the one unit that puts all numbers between 2008 and 2100."""
    low, high = at.min(), at.max()
    for unit, per in _PER_SECOND.items():
        if low is not None and _FIRST_S * per <= low and high < _LAST_S * per:  # type: ignore[operator]
            return unit
    raise SchemaError(
        f"{name} runs from {low!r} to {high!r}: no unit puts all of it between 2008 and 2100",
        hint="say the unit, s, ms, us or ns; a file that changes its unit must be split",
    )


def _since(at: pl.Series, unit: str, name: str) -> pl.Series:
    """Return numbers since 1970 in a unit as UTC milliseconds, rounded down."""
    if unit not in _PER_SECOND:
        raise SchemaError(f"{name}: unit {unit!r} is none", hint="use s, ms, us or ns")
    whole, per = at.cast(pl.Int64), _PER_SECOND[unit]
    whole = whole * 1_000 if per == 1 else whole // (per // 1_000)
    return whole.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")


def _iso(at: pl.Series, name: str) -> pl.Series:
    """Return ISO text as UTC milliseconds; without a zone it is UTC."""
    text = at.str.strip_chars()
    wrong = at.filter(~text.str.contains(_ISO))
    if wrong.len():
        raise SchemaError(
            f"{name}: {wrong[0]!r} is no ISO time ({wrong.len()} such rows)",
            hint="write it as 2023-01-31T12:00:00Z; 01/02/2023 can be two days",
        )
    zone = text.str.extract(_ZONE, 1).str.replace(":", "")
    plain = text.str.replace(_ZONE, "").str.replace(" ", "T")
    length = pl.col("ts").str.len_chars()
    midnight = pl.when(length == 10).then(pl.lit("T00:00:00"))
    seconds = midnight.when(length == 16).then(pl.lit(":00")).otherwise(pl.lit(""))
    full = (
        plain.alias("ts")
        .to_frame()
        .select(pl.col("ts") + seconds)["ts"]
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False)
    )
    if full.null_count() > at.null_count():
        bad = at.filter(full.is_null() & at.is_not_null())[0]
        raise SchemaError(f"{name}: {bad!r} is no day or time", hint="correct the row")
    shifted = zone.str.extract(r"^([+-]\d{4})$", 1).fill_null("+0000")
    minutes = shifted.str.slice(1, 2).cast(pl.Int64) * 60 + shifted.str.slice(3, 2).cast(pl.Int64)
    ahead = minutes * (1 - 2 * shifted.str.starts_with("-").cast(pl.Int64)) * 60_000
    return (full - ahead.cast(pl.Duration("ms"))).dt.replace_time_zone("UTC").alias("ts")


def has_symbols(path: Path, names: Mapping[str, str]) -> bool:
    """Return whether a file has a column of symbols, by its names of columns alone."""
    try:
        if path.suffix == ".parquet":
            columns = list(pl.read_parquet_schema(path))
        else:
            columns = pl.read_csv(path, n_rows=0, glob=False).columns
    except (pl.exceptions.PolarsError, OSError):
        return False  # told when it is read
    known = {"symbol", *_ALSO["symbol"]}
    return names.get("symbol") in columns or any(each.lower() in known for each in columns)
