"""Which other venue's bars stand beside a coin's: of its kind, and in its money.

In: what was judged of every venue. Out: the first other venue whose prices may dispute the primary
one's. A perpetual beside spot shows the basis, dollars beside a stablecoin show what that is worth:
prices of their own and no errors. Where the worth of the quote currency is known the second is
converted by it; else the two are kept apart, and the panel says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.lake import reconcile
from quorate.lake.instruments import infer_tick
from quorate.lake.quote import in_quote
from quorate.lake.spec import quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

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


def disputing(other: Series | None, bar_minutes: int) -> Callable[[Series], Mask] | None:
    """Return the question where another vendor's bars dispute a coin's (``reconcile.disputes``)."""
    if other is None:
        return None
    tick = infer_tick(other.close)
    return lambda series: reconcile.disputes(series, other, tick, bar_minutes)


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
