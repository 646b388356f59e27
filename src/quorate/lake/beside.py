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

from quorate.lake import lives, reconcile, resampling
from quorate.lake.governance.findings import Rule
from quorate.lake.grid import whole, window
from quorate.lake.instruments import infer_tick
from quorate.lake.sources import MINUTE_MS
from quorate.lake.spec import EVER_MS, quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec, Vec
    from quorate.lake.governance import Params
    from quorate.lake.judging import Aside, Judged
    from quorate.lake.lives import Life
    from quorate.lake.quote import Rate
    from quorate.lake.reconcile import Mask
    from quorate.lake.shelf import Lying
    from quorate.lake.sources import Series
    from quorate.lake.spec import PanelSpec

_DOLLAR = "USD"
_SHOWN = 5
_HEADS = 20  # times a hundred bars are looked at together, until a hundred are there


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
    rate: Rate | None, symbol: str, series: Series | None, quote: str, bar_minutes: int
) -> Series | None:
    """Return another venue's bars in the money of a symbol of the primary venue.

    Parameters
    ----------
    rate : Rate or None
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
        As given where the money is the same; else converted (``Rate.in_quote``).

    Raises
    ------
    DataError, SchemaError
        As ``Rate.in_quote``.

    Notes
    -----
    Units: the primary's money.  Causal: as ``Rate.in_quote``.  Missing: bars at which the quote
    currency's worth is not known are left out.  Spec 13; METHODS 12.
    """
    if series is None or rate is None or not differs(symbol, quote):
        return series
    return rate.in_quote(series, bar_minutes)


class Witness:
    """Another vendor's bars of each coin of a symbol, in the units and the money of the primary.

    Parameters
    ----------
    aside : Aside
        The other vendor's.
    coins : sequence of Life
        What the symbol means on the primary venue.
    rate : Rate, optional
        What the primary's money is worth in USD, where that is known (``priced``).
    minutes : int
        Length of a bar.

    Notes
    -----
    Units: the primary's.  Causal: as ``lives.aligned``.  Missing: None.  Memory: the bars of the
    span that is asked for.
    """

    def __init__(
        self, aside: Aside, coins: Sequence[Life], rate: Rate | None, minutes: int
    ) -> None:
        self._aside, self._coins, self._rate, self._minutes = aside, coins, rate, minutes
        self.symbol = aside.judged.symbol

    def has(self, nth: int) -> bool:
        """Return whether the other vendor has a bar in the time of a coin."""
        span = self._coins[nth].span
        return any(each.span(*span) is not None for _, each in self._aside.coins)

    def within(self, nth: int, first_ms: int, end_ms: int) -> Series | None:
        """Return the bars of a coin that lack no part and open in a span."""
        life = self._coins[nth]
        low, high = max(first_ms, life.span[0]), min(end_ms, life.span[1])
        judged = self._aside.within(low, high)
        (series,) = lives.aligned([life], judged.governed)
        made = priced(self._rate, life.symbol, series, judged.quote, self._minutes)
        return None if made is None else whole(made)

    def tick(self, nth: int) -> float:
        """Return the step of a coin's first prices there."""
        life = self._coins[nth]
        step = _HEADS * reconcile.TICK_BARS * self._minutes * MINUTE_MS
        lying = [each for _, each in self._aside.coins]

        def bars(low: int, high: int) -> Series | None:
            return self.within(nth, low, high)

        return infer_tick(_head(bars, lying, max(life.span[0], lying[0].first_ms), step)[1])


def _head(
    bars: Callable[[int, int], Series | None], lying: Sequence[Lying], first_ms: int, step_ms: int
) -> tuple[IntVec, Vec]:
    """Return opens and closes of the first bars: more than a tick is known by, if there are."""
    found: list[Series] = []
    low: int | None = first_ms
    while low is not None and sum(each.open_ms.size for each in found) <= reconcile.TICK_BARS:
        low = low // step_ms * step_ms
        part = bars(low, low + step_ms)
        found += [] if part is None else [part]
        low = min(
            (at for each in lying if (at := each.behind(low + step_ms)) is not None), default=None
        )
    opens = np.concatenate([np.empty(0, np.int64), *(each.open_ms for each in found)])
    return opens, np.concatenate([np.empty(0), *(each.close for each in found)])


class Second:
    """Another vendor's bars of a symbol, which dispute those of the primary one.

    Parameters
    ----------
    symbol : str
        As the primary venue spells it.
    aside : Aside
        The other vendor's.
    rate : Rate, optional
        What the primary's money is worth in USD, where that is known (``priced``).
    rules : Params
        ``gap_minutes``.

    Notes
    -----
    Units: the primary's money.  Causal: as ``reconcile.disputes``.  Missing: as there.  Memory: the
    bars of the span that is asked for.
    """

    def __init__(self, symbol: str, aside: Aside, rate: Rate | None, rules: Params) -> None:
        self._symbol, self._aside, self._rate, self._rules = symbol, aside, rate, rules
        self._known: dict[int, tuple[float, int]] = {}

    def disputes(self, series: Series, minutes: int) -> Mask:
        """Return where a coin's bars of some length are disputed, shape (bar,).

        Bars of one length are compared: longer ones are made of the other vendor's where these are
        shorter, and where these are longer nothing is disputed.
        """
        none: Mask = np.zeros(series.open_ms.size, np.bool_)
        if minutes % self._aside.judged.minutes or none.size == 0:
            return none
        if minutes not in self._known:
            self._known[minutes] = self._first(minutes)
        tick, since_ms = self._known[minutes]
        like = self._whole(int(series.open_ms[0]), int(series.open_ms[-1]) + 1, minutes)
        return none if like is None else reconcile.disputes(series, like, tick, minutes, since_ms)

    def _first(self, minutes: int) -> tuple[float, int]:
        """Return the tick of the first bars, and from when on it is known."""
        step = _HEADS * reconcile.TICK_BARS * minutes * MINUTE_MS
        lying = [each for _, each in self._aside.coins]

        def bars(low: int, high: int) -> Series | None:
            return self._whole(low, high, minutes)

        at, close = _head(bars, lying, lying[0].first_ms, step)
        is_known = at.size > reconcile.TICK_BARS
        return infer_tick(close), int(at[reconcile.TICK_BARS]) if is_known else EVER_MS[1]

    def _whole(self, first_ms: int, end_ms: int, minutes: int) -> Series | None:
        """Return bars of a length that lack no part and open in a span."""
        own, bar_ms = self._aside.judged.minutes, minutes * MINUTE_MS
        if minutes == own:
            return self._parts(first_ms, end_ms)
        first, end = first_ms // bar_ms * bar_ms, -(-end_ms // bar_ms) * bar_ms
        low, high = self._with_neighbours(first, end)
        parts = self._parts(low, high)
        if parts is None:
            return None
        made, _ = resampling.fold(parts, own, minutes, self._rules.gap_minutes)
        return whole(window(made, first_ms, end_ms))

    def _with_neighbours(self, first_ms: int, end_ms: int) -> tuple[int, int]:
        """Return a span with the part before it and the one behind, by which gaps are judged."""
        lying = [each for _, each in self._aside.coins]
        low, high = first_ms, end_ms
        while (before := [at for each in lying if (at := each.before(low)) is not None]) != []:
            low = max(before)
            if self._parts(low, low + 1) is not None:
                break
        while (behind := [at for each in lying if (at := each.behind(high)) is not None]) != []:
            high = min(behind) + 1
            if self._parts(high - 1, high) is not None:
                break
        return low, high

    def _parts(self, first_ms: int, end_ms: int) -> Series | None:
        """Return the vendor's own bars of a span, in the primary's money."""
        judged = self._aside.within(first_ms, end_ms)
        series = lives.joined(judged.governed, EVER_MS)
        made = priced(self._rate, self._symbol, series, judged.quote, judged.minutes)
        return None if made is None or made.open_ms.size == 0 else made


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


def uncompared(venues: Sequence[tuple[str, str]]) -> list[str]:
    """Return which further venues are of the other kind, so that no agreement is told of them.

    Parameters
    ----------
    venues : sequence of (str, str)
        Name and kind of each, the primary one first.

    Examples
    --------
    >>> (said,) = uncompared([("binance_spot", "spot"), ("okx_swap", "perp")])
    >>> said[:62]
    'okx_swap (perp) is not held against binance_spot (spot): betwe'
    >>> uncompared([("binance_spot", "spot"), ("kraken_spot", "spot")])
    []
    """
    if not venues:
        return []
    name, kind = venues[0]
    nobody = (
        f" Nothing here says whether a second vendor agrees with {name}: a second venue of kind "
        f"{kind} would."
    )
    if any(each == kind for _, each in venues[1:]):
        nobody = ""
    return [
        f"{other} ({each}) is not held against {name} ({kind}): between them lies the basis, which "
        f"is a price and no error.{nobody}"
        for other, each in venues[1:]
        if each != kind
    ]


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


def strangers(found: pl.DataFrame) -> list[str]:
    """Return what a reader must know of coins of which a second venue has no bar at their times.

    Parameters
    ----------
    found : polars.DataFrame
        What the rules found on the primary venue (``Quality.findings``).
    """
    names = found.filter(pl.col("rule") == Rule.VENDOR_APART.value)["symbol"].unique().sort()
    if names.is_empty():
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"No bar in common with a second venue: {', '.join(names[:_SHOWN])}{more}."]


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
