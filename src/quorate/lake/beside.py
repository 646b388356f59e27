"""Which other venue's bars stand beside a coin's: of its kind, and in its money.

In: what was judged of every venue. Out: the first other venue whose prices may dispute the primary
one's. A perpetual beside spot shows the basis, dollars beside a stablecoin show what that is worth:
prices of their own and no errors. Where the worth of the quote currency is known the second is
converted by it; else the two are kept apart, and the panel says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quorate.lake import reconcile, resampling
from quorate.lake.grid import whole
from quorate.lake.instruments import infer_tick
from quorate.lake.quote import in_quote
from quorate.lake.spec import quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from quorate.lake.governance import Params
    from quorate.lake.reading import Judged
    from quorate.lake.reconcile import Mask
    from quorate.lake.sources import Series
    from quorate.lake.spec import PanelSpec

_DOLLAR = "USD"
_SHOWN = 5


def witness(spec: PanelSpec, symbol: str, others: Sequence[Judged | None]) -> int | None:
    """Return which further venue's bars may dispute a symbol's, None where none may.

    Parameters
    ----------
    spec : PanelSpec
        Its sources, and perhaps what the quote currency is worth.
    symbol : str
        As the primary venue spells it.
    others : sequence of Judged or None
        The symbol's files on each further venue.

    Returns
    -------
    int or None
        Counted among the further venues: the first of the primary's kind that has the coin in the
        same money, or in dollars where what those are in the primary's money is known. A name that
        says no money is taken for the same.

    Notes
    -----
    Units: none.  Causal: reads names only.  Missing: None.  Spec 13; METHODS 12.
    """
    for v, other in enumerate(others):
        is_there = other is not None and len(other.governed.coins) > 0
        is_alike = spec.sources[v + 1].kind == spec.sources[0].kind
        is_near = is_there and is_alike
        if other is not None and is_near and not is_apart(spec.quote_usd, symbol, other.quote):
            return v
    return None


def priced(
    quote_usd: Path | None, symbol: str, series: Series | None, quote: str, bar_minutes: int
) -> Series | None:
    """Return another venue's bars in the money of a symbol of the primary venue.

    Parameters
    ----------
    quote_usd : Path or None
        What the primary's money is worth in USD, where that is known.
    symbol : str
        As the primary venue spells it.
    series : Series or None
        The other venue's bars.
    quote : str
        The money of their prices; empty where it is not known.
    bar_minutes : int
        Length of a bar.

    Returns
    -------
    Series or None
        As given where the money is the same; else converted (``quote.in_quote``).

    Raises
    ------
    DataError, SchemaError
        As ``quote.in_quote``.

    Notes
    -----
    Units: the primary's money.  Causal: as ``quote.in_quote``.  Missing: bars at which the quote
    currency's worth is not known are left out.  Spec 13; METHODS 12.
    """
    if series is None or quote_usd is None or not differs(symbol, quote):
        return series
    return in_quote(series, quote_usd, bar_minutes)


def disputing(
    other: Series | None, of_minutes: int, rules: Params
) -> Callable[[Series, int], Mask] | None:
    """Return the question where another vendor's bars dispute a coin's of some length.

    As ``reconcile.disputes``. Bars of one length are compared: longer ones are made of the other
    vendor's where these are shorter, and where these are longer nothing is disputed.
    """
    if other is None:
        return None

    def asks(series: Series, minutes: int) -> Mask:
        if minutes % of_minutes:
            return np.zeros(series.open_ms.size, np.bool_)
        like = whole(resampling.fold(other, of_minutes, minutes, rules.gap_minutes)[0])
        return reconcile.disputes(series, like, infer_tick(like.close), minutes)

    return asks


def apart(spec: PanelSpec, symbol: str, others: Sequence[Judged | None]) -> tuple[bool, ...]:
    """Return of each further venue whether it has a coin of the primary's kind in other money.

    Parameters
    ----------
    spec, symbol, others
        As ``witness``.

    Notes
    -----
    Units: none.  Causal: reads names only.  Missing: a venue without the coin is not apart.
    """
    return tuple(
        other is not None
        and len(other.governed.coins) > 0
        and source.kind == spec.sources[0].kind
        and is_apart(spec.quote_usd, symbol, other.quote)
        for source, other in zip(spec.sources[1:], others, strict=True)
    )


def notes(spec: PanelSpec, found: Mapping[str, tuple[bool, ...]]) -> list[str]:
    """Return what a reader must know of coins that no venue in the same money stands beside.

    Parameters
    ----------
    spec : PanelSpec
        Its sources.
    found : mapping
        ``apart`` by symbol.
    """
    told = []
    for v, source in enumerate(spec.sources[1:]):
        names = [symbol for symbol, each in found.items() if each[v]]
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            told.append(
                f"Not held against {source.venue}, which quotes in other money: "
                f"{', '.join(names[:_SHOWN])}{more}. --quote-usd says what it is worth."
            )
    return told


def clocks(venue: str, pairs: pl.DataFrame) -> list[str]:
    """Return what a reader must know of coins whose second venue tells another time.

    Parameters
    ----------
    venue : str
        The primary one.
    pairs : polars.DataFrame
        Of its coins (``Quality.pairs``).
    """
    late = pairs.filter(pl.col("shift_bars").fill_null(0) != 0)
    if late.is_empty():
        return []
    named = [f"{symbol} ({bars:+d})" for symbol, bars in late.select("symbol", "shift_bars").rows()]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    who = f"{', '.join(named[:_SHOWN])}{more}"
    return [f"A second venue's clock is not that of {venue}, so many bars late: {who}."]


def is_apart(quote_usd: Path | None, symbol: str, quote: str) -> bool:
    """Return whether prices are in other money, and cannot be converted into a symbol's.

    Examples
    --------
    >>> is_apart(None, "BTCUSDT", "USD"), is_apart(None, "BTCUSDT", "USDT")
    (True, False)
    """
    return differs(symbol, quote) and (quote_usd is None or quote != _DOLLAR)


def differs(symbol: str, quote: str) -> bool:
    """Return whether a symbol and other files both say their money, and it is not the same.

    Examples
    --------
    >>> differs("BTCUSDT", "USD"), differs("BTCUSDT", ""), differs("BTC", "USD")
    (True, False, False)
    """
    own = quote_asset(symbol)
    return bool(own and quote) and own != quote
