"""Rows as ccxt gives them become frames with the columns of the lake.

In: lists and dictionaries of ccxt. Out: Polars frames; ``ts`` is UTC in milliseconds, the open time
of a bar or the time of an event.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quorate.venues.paging import Row

INSTANT: Final = pl.Datetime("ms", "UTC")
PRICES: Final = ("open", "high", "low", "close")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "ohlcv": (*PRICES, "volume"),
    "mark": PRICES,
    "index": PRICES,
    "funding": ("funding_rate",),
    "open_interest": ("open_interest",),
}
"""What each kind of series holds beside ``ts``."""

INSTRUMENT: Final = pl.Schema(
    {
        "symbol": pl.String(),
        "id": pl.String(),
        "kind": pl.String(),
        "base": pl.String(),
        "quote": pl.String(),
        "settle": pl.String(),
        "active": pl.Boolean(),
        "tick": pl.String(),
        "lot": pl.String(),
        "min_amount": pl.String(),
        "min_notional": pl.String(),
        "contract_size": pl.String(),
        "maker": pl.String(),
        "taker": pl.String(),
        "listed_at": INSTANT,
        "ends_at": INSTANT,
    }
)
_DECIMAL_PLACES: Final = 2
_TICK_SIZE: Final = 4


def series(rows: Sequence[Row], kind: str) -> pl.DataFrame:
    """Return rows ``(ts, value, ...)`` as a frame of a kind.

    Parameters
    ----------
    rows : sequence of tuple
        Times in milliseconds, then numbers or their text.
    kind : str
        One of ``COLUMNS``.

    Returns
    -------
    polars.DataFrame
        ``ts`` and the columns of the kind as Float64.

    Notes
    -----
    Units: as the venue gives them.  Causal: rows are not combined.  Missing: null.

    Examples
    --------
    >>> series([(0, "0.0001")], "funding").row(0)
    (datetime.datetime(1970, 1, 1, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 0.0001)
    """
    names = ("ts", *COLUMNS[kind])
    # Text is taken too: where ccxt is told to keep numbers exact, it gives them as text.
    numbers = [[None if value is None else float(value) for value in row] for row in rows]
    frame = pl.DataFrame(numbers, schema=dict.fromkeys(names, pl.Float64), orient="row")
    return frame.with_columns(pl.col("ts").cast(pl.Int64).cast(INSTANT))


def instruments(markets: Iterable[Mapping[str, Any]], precision_mode: int) -> pl.DataFrame:
    """Return what a venue says of its instruments.

    Parameters
    ----------
    markets : iterable of mapping
        Markets as ccxt parsed them.
    precision_mode : int
        What ccxt's ``precision`` means on this venue.

    Returns
    -------
    polars.DataFrame
        A row an instrument, sorted by symbol, columns ``INSTRUMENT``: amounts and prices as exact
        decimal text; ``maker`` and ``taker`` a fraction of notional; ``ends_at`` the delivery or
        delisting that the venue has announced.

    Notes
    -----
    Units: tick and min_notional in quote, lot and min_amount in base or contracts.
    Causal: as the venue says now.  Missing: null, where the venue does not say.
    """
    rows = [_instrument(market, precision_mode) for market in markets]
    return pl.DataFrame(rows, schema=INSTRUMENT, orient="row").sort("symbol")


def _instrument(market: Mapping[str, Any], mode: int) -> tuple[Any, ...]:
    limits, precision = market.get("limits") or {}, market.get("precision") or {}
    return (
        market["symbol"],
        str(market["id"]),
        market.get("type"),
        market.get("base"),
        market.get("quote"),
        market.get("settle"),
        market.get("active"),
        _step(precision.get("price"), mode),
        _step(precision.get("amount"), mode),
        exact((limits.get("amount") or {}).get("min")),
        exact((limits.get("cost") or {}).get("min")),
        exact(market.get("contractSize")),
        exact(market.get("maker")),
        exact(market.get("taker")),
        _instant(market.get("created")),
        _instant(market.get("expiry") or _announced_end(market)),
    )


def exact(value: object) -> str | None:
    """Return a number as decimal text without an exponent; None stays None.

    Examples
    --------
    >>> exact("1e-8"), exact(0.001), exact("5.00000000"), exact(None)
    ('0.00000001', '0.001', '5', None)
    """
    if value is None or value == "":
        return None
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _step(value: object, mode: int) -> str | None:
    """Return a precision as a step; None where it counts significant digits."""
    if value is None or mode == _TICK_SIZE:
        return exact(value)
    if mode == _DECIMAL_PLACES:
        return exact(Decimal(1).scaleb(-int(Decimal(str(value)))))
    return None


def _announced_end(market: Mapping[str, Any]) -> object:
    """Return the end of a perpetual that ccxt leaves out: Binance sets a real date to delist it."""
    info = market.get("info")
    if not isinstance(info, dict) or info.get("contractType") != "PERPETUAL":
        return None
    end = info.get("deliveryDate")
    return end if end is not None and int(end) < _NEVER_MS else None


_NEVER_MS: Final = 4_133_404_800_000  # 2100-12-25, which stands for "no end"


_LOW_MS: Final = 1_230_768_000_000
_HIGH_MS: Final = 4_102_444_800_000
"""2009-01-01 and 2100-01-01 in milliseconds; in seconds and microseconds there is no overlap."""


def _instant(value: object) -> int | None:
    """Return a time in milliseconds, of whatever unit it can only be; None for what can be none.

    Examples
    --------
    >>> _instant("1700000000000"), _instant("1700000000.5"), _instant(1.7e15), _instant(0)
    (1700000000000, 1700000000500, 1700000000000, None)
    """
    if value is None:
        return None
    at = Decimal(str(value))
    found = [ms for ms in (at * 1000, at, at / 1000, at / 1_000_000) if _LOW_MS <= ms < _HIGH_MS]
    return int(found[0]) if found else None
