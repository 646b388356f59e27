"""Where the files of the archive lie, and what their names say.

``data/{spot | futures/um | futures/cm}/{monthly | daily}/KIND/SYMBOL/INTERVAL/`` holds
``SYMBOL-INTERVAL-YYYY-MM[-DD].zip`` and the same name with ``.CHECKSUM``; funding has no interval,
and monthly files alone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, get_args

from quorate.errors import ConfigError

Market = Literal["spot", "um", "cm"]
ArchiveKind = Literal["ohlcv", "mark", "index", "funding"]

FILES: Final = "https://data.binance.vision"
LISTING: Final = "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision"
VENDORS: Final[dict[str, str]] = {
    "spot": "binance_spot",
    "um": "binance_usdm",
    "cm": "binance_coinm",
}
MINUTES: Final[dict[str, int]] = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
}
_FOLDERS: Final = {"spot": "spot", "um": "futures/um", "cm": "futures/cm"}
_KINDS: Final = {
    "ohlcv": "klines",
    "mark": "markPriceKlines",
    "index": "indexPriceKlines",
    "funding": "fundingRate",
}
_QUOTES: Final = {"spot": "USDT", "um": "USDT", "cm": "USD_PERP"}
_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9_]*")


class Period(NamedTuple):
    """A month, which ``first`` is the first day of, or a day."""

    first: date
    is_month: bool

    @property
    def text(self) -> str:
        """Return ``2023-01`` or ``2023-01-31``.

        Examples
        --------
        >>> Period(date(2023, 1, 1), True).text, Period(date(2023, 1, 31), False).text
        ('2023-01', '2023-01-31')
        """
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first:%Y-%m-%d}"

    @property
    def end(self) -> date:
        """Return the first day that is no longer in it."""
        return following(self.first) if self.is_month else self.first + timedelta(days=1)

    @property
    def span_ms(self) -> tuple[int, int]:
        """Return the first millisecond and the one that is no longer in it, UTC."""
        low, high = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (self.first, self.end))
        return round(low.timestamp() * 1e3), round(high.timestamp() * 1e3)


class Series(NamedTuple):
    """What is wanted of every symbol: market, kind, interval (empty for funding)."""

    market: Market
    kind: ArchiveKind
    interval: str

    @property
    def has_days(self) -> bool:
        """Return whether there are daily files."""
        return self.kind != "funding"

    def named(self, symbol: str) -> str:
        """Return the symbol as the archive files it: an index of coin margins is of a pair."""
        is_pair = self.market == "cm" and self.kind == "index"
        return symbol.partition("_")[0] if is_pair else symbol

    def folder(self, *, monthly: bool, symbol: str = "") -> str:
        """Return the folder of a symbol's files, or of the symbols' folders.

        Examples
        --------
        >>> Series("um", "mark", "1h").folder(monthly=False, symbol="BTCUSDT")
        'data/futures/um/daily/markPriceKlines/BTCUSDT/1h/'
        """
        root = f"data/{_FOLDERS[self.market]}/{'monthly' if monthly else 'daily'}"
        root = f"{root}/{_KINDS[self.kind]}/"
        if not symbol:
            return root
        inner = f"{self.interval}/" if self.interval else ""
        return f"{root}{self.named(symbol)}/{inner}"

    def is_usual(self, symbol: str) -> bool:
        """Return whether a symbol is one of those taken when none are named: perpetuals, USDT."""
        if self.market == "cm" and self.kind == "index":
            return symbol.endswith("USD")
        return symbol.endswith(_QUOTES[self.market])


class File(NamedTuple):
    """One file of the archive."""

    series: Series
    symbol: str
    period: Period

    @property
    def name(self) -> str:
        """Return the file's name without ``.zip``.

        Examples
        --------
        >>> File(Series("um", "funding", ""), "BTCUSDT", Period(date(2023, 1, 1), True)).name
        'BTCUSDT-fundingRate-2023-01'
        """
        what = self.series.interval or _KINDS[self.series.kind]
        return f"{self.series.named(self.symbol)}-{what}-{self.period.text}"

    @property
    def key(self) -> str:
        """Return where it lies below the archive's address."""
        where = self.series.folder(monthly=self.period.is_month, symbol=self.symbol)
        return f"{where}{self.name}.zip"


def following(day: date) -> date:
    """Return the first day of the month after.

    Examples
    --------
    >>> following(date(2023, 12, 5))
    datetime.date(2024, 1, 1)
    """
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def series(market: str, kind: str, interval: str) -> Series:
    """Return a series the archive has.

    Parameters
    ----------
    market : str
        ``spot``, ``um`` (perpetuals in USDT) or ``cm`` (in coins).
    kind : str
        ``ohlcv``, ``mark``, ``index`` or ``funding``.
    interval : str
        ``1m`` to ``1d``; of no meaning for funding.

    Raises
    ------
    ConfigError
        The archive has none such.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.  Spec 13.

    Examples
    --------
    >>> series("um", "funding", "5m")
    Series(market='um', kind='funding', interval='')
    """
    for what, given, known in (
        ("market", market, get_args(Market)),
        ("kind", kind, get_args(ArchiveKind)),
        ("interval", interval, tuple(MINUTES)),
    ):
        if given not in known and not (what == "interval" and kind == "funding"):
            raise ConfigError(
                f"{what} {given!r} is not in the archive", hint=f"use one of: {', '.join(known)}"
            )
    if market == "spot" and kind != "ohlcv":
        raise ConfigError(
            f"spot has no {kind}", hint="use --kind ohlcv, or --market um for perpetuals"
        )
    # Membership was checked above, which the checker of types cannot see.
    return Series(market, kind, "" if kind == "funding" else interval)  # type: ignore[arg-type]


def check_symbol(symbol: str) -> str:
    """Return a symbol that may stand in a path, or refuse it.

    Raises
    ------
    ConfigError
        It has other signs than capital letters, digits and underscores.
    """
    if not _SYMBOL.fullmatch(symbol):
        raise ConfigError(
            f"symbol {symbol!r} is not as the archive spells them",
            hint="write BTCUSDT, or BTCUSD_PERP for --market cm",
        )
    return symbol


def is_symbol(name: str) -> bool:
    """Return whether a name may be a symbol's folder here and in the lake."""
    return _SYMBOL.fullmatch(name) is not None
