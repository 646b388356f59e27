"""What a kind of series is made of: its columns, their units, and when a row became known.

In: a frame in any order of columns. Out: the columns of its kind in their one order and type, or
an error which says what to do. Values are not judged here: that is ``governance``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

    from quorate.core.types import IntVec

INSTANT: Final = pl.Datetime("ms", "UTC")
KNOWN_AT: Final = "known_at"
_INTERVAL = re.compile(r"([1-9][0-9]*)([smhdw])")
_UNIT_MS: Final = {
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_LAST_MS: Final = 4_102_444_800_000  # 2100: beyond it a time was read in the wrong unit


class Field(NamedTuple):
    """A column: its type and what its numbers are."""

    type: PolarsDataType
    unit: str
    is_optional: bool = False


class Kind(NamedTuple):
    """The columns of a kind beside ``ts`` and ``known_at``.

    ``is_bar``: ``ts`` is the open of an interval, and a row is known at its close when nothing
    else is said; other rows are known at ``ts``. ``is_timeless``: the rows are facts without a
    time of their own, one a symbol, and whoever stores them says when they became known.
    """

    fields: dict[str, Field]
    is_bar: bool = False
    is_timeless: bool = False


_PRICE = Field(pl.Float64, "quote currency a coin")
_CANDLE = dict.fromkeys(("open", "high", "low", "close"), _PRICE)

KINDS: Final[dict[str, Kind]] = {
    "ohlcv": Kind(
        {
            **_CANDLE,
            "volume": Field(pl.Float64, "coins"),
            "quote_volume": Field(pl.Float64, "quote currency", is_optional=True),
            "trades": Field(pl.Int64, "count", is_optional=True),
            "taker_buy_volume": Field(pl.Float64, "coins", is_optional=True),
            "spread_bps": Field(pl.Float64, "bps of the mid price", is_optional=True),
        },
        is_bar=True,
    ),
    "mark": Kind(_CANDLE, is_bar=True),
    "index": Kind(_CANDLE, is_bar=True),
    "funding": Kind(
        {
            "funding_rate": Field(pl.Float64, "fraction a settlement"),
            "interval_hours": Field(pl.Float64, "hours", is_optional=True),
        }
    ),
    "open_interest": Kind({"open_interest": Field(pl.Float64, "coins")}),
    "instruments": Kind(
        {
            "symbol": Field(pl.String, "as the vendor spells it"),
            "id": Field(pl.String, "the vendor's own key", is_optional=True),
            "kind": Field(pl.String, "spot, swap, future", is_optional=True),
            "base": Field(pl.String, "coin", is_optional=True),
            "quote": Field(pl.String, "coin", is_optional=True),
            "asset": Field(pl.String, "an id of your own that stays", is_optional=True),
            "units": Field(pl.String, "of the asset, exact decimal text", is_optional=True),
            "settle": Field(pl.String, "coin", is_optional=True),
            "active": Field(pl.Boolean, "whether it trades", is_optional=True),
            "tick": Field(pl.String, "quote currency a coin, exact decimal text"),
            "lot": Field(pl.String, "coins, exact decimal text"),
            "min_amount": Field(pl.String, "coins, exact decimal text", is_optional=True),
            "min_notional": Field(pl.String, "quote, exact decimal text", is_optional=True),
            "contract_size": Field(pl.String, "coins, exact decimal text", is_optional=True),
            "maker": Field(pl.String, "fraction of notional, exact decimal text", is_optional=True),
            "taker": Field(pl.String, "fraction of notional, exact decimal text", is_optional=True),
            "listed_at": Field(INSTANT, "UTC", is_optional=True),
            "ends_at": Field(INSTANT, "UTC", is_optional=True),
        },
        is_timeless=True,
    ),
}
"""Every kind the lake stores; ``ts`` and ``known_at`` are UTC in milliseconds."""


def kind_of(name: str) -> Kind:
    """Return a kind, or say which there are."""
    if name not in KINDS:
        raise SchemaError(
            f"kind {name!r} has no schema in the lake", hint=f"use one of {', '.join(KINDS)}"
        )
    return KINDS[name]


def interval_ms(interval: str) -> int | None:
    """Return the length of an interval such as ``5m``; None where the name tells none.

    Examples
    --------
    >>> interval_ms("5m"), interval_ms("event")
    (300000, None)
    """
    found = _INTERVAL.fullmatch(interval)
    return int(found[1]) * _UNIT_MS[found[2]] if found else None


def refuse_months(kind: str, interval: str) -> None:
    """Refuse bars of calendar months or years, which are not all of one length.

    Raises
    ------
    ConfigError
        The kind has bars, and they are such.

    Examples
    --------
    >>> refuse_months("ohlcv", "1d"), refuse_months("funding", "1M")
    (None, None)
    """
    if kind_of(kind).is_bar and interval_ms(interval) is None and interval[-1:] in {"M", "y"}:
        raise ConfigError(
            f"bars of {interval} are not all of one length, so the lake could not say when one "
            "closes, nor where one is missing",
            hint="take 1d or 1w: months are made of days",
        )


def at_ms(when: datetime | int) -> int:
    """Return an instant in milliseconds; a time without a zone is UTC, a number is it already."""
    if isinstance(when, datetime):
        return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1e3)
    return int(when)


def bring(
    rows: pl.DataFrame,
    kind: str,
    interval: str,
    symbol: str,
    known_at: datetime | int | None = None,
) -> pl.DataFrame:
    """Return rows in the columns of a kind, with ``ts`` and ``known_at``, sorted by both.

    Parameters
    ----------
    rows : polars.DataFrame
        ``ts`` and the columns of the kind, in any order; perhaps ``known_at``.
    kind, interval, symbol : str
        As in the lake's key.
    known_at : datetime or int, optional
        When all rows became known, UTC or milliseconds. When left out the rows carry their own
        ``known_at``; without that column a bar was known at its close, another row at its time.
        No row is known before then, whatever is said.

    Returns
    -------
    polars.DataFrame
        ``ts``, the columns of the kind that are there, ``known_at``.

    Raises
    ------
    SchemaError
        A column is missing, unknown or of another type, a time is null or beyond 2100, or nothing
        says when the rows became known.

    Notes
    -----
    Units: see ``KINDS``.  Causal: a bar is never known before its close, though it be said.
    Missing: null and NaN stay as they are; a NaN in an optional column is null.  Spec 13.

    Examples
    --------
    >>> rows = pl.DataFrame({"ts": [datetime(2024, 1, 1)], "funding_rate": [1]})
    >>> bring(rows, "funding", "8h", "BTCUSDT").row(0)[1]
    1.0
    """
    found = kind_of(kind)
    if found.is_timeless and "ts" not in rows.columns:
        rows = rows.with_columns(pl.lit(0).cast(INSTANT).alias("ts"))
    _check_columns(rows, found, kind, symbol)
    rows = rows.with_columns(_instant(rows, "ts", symbol))
    rows = rows.with_columns(_known(rows, found, interval, symbol, known_at).alias(KNOWN_AT))
    kept = ["ts"]
    for name, field in found.fields.items():
        if name not in rows.columns:
            continue
        rows = rows.with_columns(_typed(rows, name, field, symbol))
        kept.append(name)
    rows = rows.select(*kept, KNOWN_AT)
    return rows if is_increasing(rows["ts"]) else rows.sort("ts", KNOWN_AT, maintain_order=True)


def is_increasing(at: pl.Series) -> bool:
    """Return whether every value is above the one before."""
    raw = epoch(at)
    return bool((raw[1:] > raw[:-1]).all())


def epoch(at: pl.Series) -> IntVec:
    """Return times as the integers that they are stored as, without a copy."""
    return at.to_numpy().view("int64")


def _check_columns(rows: pl.DataFrame, kind: Kind, name: str, symbol: str) -> None:
    needed = ["ts", *(each for each, field in kind.fields.items() if not field.is_optional)]
    absent = [each for each in needed if each not in rows.columns]
    if absent:
        raise SchemaError(
            f"{symbol}: no column {', '.join(absent)} for kind {name}; there is "
            f"{', '.join(rows.columns)}",
            hint=f"rename or add it; a row of {name} is ts, {', '.join(kind.fields)}",
        )
    foreign = [each for each in rows.columns if each not in {"ts", KNOWN_AT, *kind.fields}]
    if foreign:
        raise SchemaError(
            f"{symbol}: column {', '.join(foreign)} is not of kind {name}",
            hint=f"leave it out; a row of {name} is ts, {', '.join(kind.fields)}",
        )


def _instant(rows: pl.DataFrame, name: str, symbol: str) -> pl.Expr:
    """Return a column of times in UTC milliseconds, or say what is wrong with it."""
    kind = rows.schema[name]
    if not isinstance(kind, pl.Datetime):
        raise SchemaError(
            f"{symbol}: column {name} is {kind}, it must be a timestamp",
            hint=f"cast it: pl.from_epoch('{name}', time_unit='ms')",
        )
    if (nulls := rows[name].null_count()) > 0:
        raise SchemaError(f"{symbol}: {nulls} rows have no {name}", hint="drop them, then write")
    stamp = pl.col(name)
    if kind == INSTANT:
        return stamp
    stamp = stamp.dt.replace_time_zone("UTC") if kind.time_zone is None else stamp
    return stamp.dt.convert_time_zone("UTC").dt.cast_time_unit("ms")


def _known(
    rows: pl.DataFrame, kind: Kind, interval: str, symbol: str, known_at: datetime | int | None
) -> pl.Expr:
    """Return when each row became known."""
    low, high = rows.select(
        pl.col("ts").to_physical().min().alias("low"),
        pl.col("ts").to_physical().max().alias("high"),
    ).row(0)
    if rows.height and not 0 <= low <= high < _LAST_MS:
        raise SchemaError(
            f"{symbol}: ts runs from {low} to {high} ms since 1970, outside 1970 to 2100",
            hint="its unit is probably another one: seconds, ms, us or ns since 1970",
        )
    has_own = KNOWN_AT in rows.columns
    if known_at is not None and has_own:
        raise SchemaError(
            f"{symbol}: the rows carry {KNOWN_AT}, and one for all was given too",
            hint="drop the column, or give no known_at",
        )
    length = interval_ms(interval) if kind.is_bar else 0
    if known_at is not None or has_own:
        said = _instant(rows, KNOWN_AT, symbol) if has_own else pl.lit(at_ms(known_at or 0))
        # nobody knew a bar before its close, whoever says so
        none = 0 if kind.is_timeless else pl.col("ts").to_physical() + (length or 0)
        return pl.max_horizontal(said.cast(INSTANT).to_physical(), none).cast(INSTANT)
    if kind.is_timeless:
        raise SchemaError(
            f"{symbol}: nothing says when these facts became known",
            hint="give known_at, the time they were fetched",
        )
    if length is None:
        raise SchemaError(
            f"{symbol}: interval {interval!r} does not tell when a bar closes, so not when it "
            "became known",
            hint="name the interval 1m, 5m, 1h or 1d, or give known_at",
        )
    return (pl.col("ts").to_physical() + length).cast(INSTANT)


def _typed(rows: pl.DataFrame, name: str, field: Field, symbol: str) -> pl.Expr:
    """Return a column in its type, or refuse one that cannot be meant."""
    kind = rows.schema[name]
    column = pl.col(name)
    if kind == pl.Null and field.is_optional:
        return column.cast(field.type)
    if field.type == INSTANT:
        if not isinstance(kind, pl.Datetime):
            raise _wrong(symbol, name, kind, "a timestamp")
        stamp = column.dt.replace_time_zone("UTC") if kind.time_zone is None else column
        return stamp.dt.convert_time_zone("UTC").dt.cast_time_unit("ms")
    if field.type in {pl.Boolean, pl.String}:
        # an exact number may come as one, and is written as it prints
        if kind != field.type and not ("decimal" in field.unit and kind.is_numeric()):
            raise _wrong(symbol, name, kind, "text" if field.type == pl.String else "true or false")
        return column.cast(field.type)
    if not kind.is_numeric():
        raise _wrong(symbol, name, kind, "a number")
    if kind.is_float() and field.is_optional:
        column = column.fill_nan(None)
    if field.type == pl.Int64 and kind.is_float():
        if not rows.select((column == column.round()).all()).item():
            raise _wrong(symbol, name, kind, "a whole number")
        return column.cast(pl.Int64)
    return column if kind == field.type else column.cast(field.type)


def _wrong(symbol: str, name: str, kind: PolarsDataType, needed: str) -> SchemaError:
    return SchemaError(
        f"{symbol}: column {name} is {kind}, it must be {needed}",
        hint="cast the column, then write again",
    )
