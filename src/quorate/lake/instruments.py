"""What a venue charges and how fine its prices and sizes are.

In: a venue's name and a coin's prices. Out: fees, latency, reliability, smallest order, margin,
tick and lot. The fees are the venues' public schedules for the lowest tier, without discounts;
they change, so a run that must be exact passes its own. Latency and reliability are assumptions
of the same order as a cloud machine in the venue's region would see.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar, Venues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.core.types import ByteVec, Vec

FIRST = 100
_FINEST_POWER = -12


class VenueDefaults(NamedTuple):
    """One venue's numbers, as used where a run gives none of its own.

    Notes
    -----
    Units: ``maker_bps`` and ``taker_bps`` of notional; ``latency_ms`` median order round trip;
    ``reliability`` the share of orders acknowledged, in [0, 1]; ``min_notional`` in quote;
    ``maintenance`` a fraction of notional, 0 on spot.
    Spec 4 expects maker 2-5 bps and taker 4-5 bps: perpetual venues lie in or near that range,
    spot venues above it (Binance 10/10, Kraken 25/40), and what the venue takes is what counts.
    """

    maker_bps: float
    taker_bps: float
    latency_ms: float
    reliability: float
    min_notional: float
    maintenance: float


_DEFAULTS = {
    "binance_spot": VenueDefaults(10.0, 10.0, 20.0, 0.999, 5.0, 0.0),
    "binance_usdm": VenueDefaults(2.0, 5.0, 20.0, 0.999, 5.0, 0.01),
    "bybit_linear": VenueDefaults(2.0, 5.5, 25.0, 0.998, 5.0, 0.01),
    "okx_swap": VenueDefaults(2.0, 5.0, 25.0, 0.998, 5.0, 0.01),
    "hyperliquid_perp": VenueDefaults(1.5, 4.5, 200.0, 0.995, 10.0, 0.0125),
    "kraken_spot": VenueDefaults(25.0, 40.0, 50.0, 0.997, 5.0, 0.0),
    "synthetic_spot": VenueDefaults(5.0, 5.0, 20.0, 0.999, 5.0, 0.0),
    "synthetic_perp": VenueDefaults(2.0, 5.0, 20.0, 0.999, 5.0, 0.01),
    "generic_spot": VenueDefaults(10.0, 10.0, 50.0, 0.995, 10.0, 0.0),
    "generic_perp": VenueDefaults(2.0, 5.0, 50.0, 0.995, 10.0, 0.01),
}

_PER_VENUE = VenueDefaults._fields


def known_venues() -> tuple[str, ...]:
    """Return the names which have numbers of their own.

    Examples
    --------
    >>> "okx_swap" in known_venues()
    True
    """
    return tuple(name for name in _DEFAULTS if not name.startswith("generic"))


def is_known(name: str) -> bool:
    """Return whether a venue has numbers of its own; the generic ones can be named too.

    Examples
    --------
    >>> is_known("okx_swap"), is_known("generic_perp"), is_known("elsewhere")
    (True, True, False)
    """
    return name in _DEFAULTS


def unknown_note(name: str, kind: str) -> str:
    """Return the sentence that says which numbers a venue without its own was given.

    Examples
    --------
    >>> unknown_note("elsewhere", "spot").startswith("elsewhere is not a known venue: ")
    True
    """
    given = venue_defaults(name, kind)
    known = ", ".join(each for each in known_venues() if not each.startswith("synthetic"))
    return (
        f"{name} is not a known venue: it has the numbers of generic_{kind}, which are fees of "
        f"{given.maker_bps:g} bps maker and {given.taker_bps:g} bps taker, {given.latency_ms:g} ms "
        f"latency, {given.reliability:g} reliability, smallest order {given.min_notional:g}, "
        f"maintenance margin {given.maintenance:g}; lots and ticks are inferred from its prices. "
        f"The panel's `venues` holds them all. Known venues: {known}."
    )


def venue_defaults(name: str, kind: str) -> VenueDefaults:
    """Return a venue's numbers; a venue not in the table gets those of its kind.

    Parameters
    ----------
    name : str
        Such as ``binance_usdm``.
    kind : str
        ``spot`` or ``perp``, for a venue that is not in the table.

    Returns
    -------
    VenueDefaults
        Fees of the lowest public tier.

    Examples
    --------
    >>> venue_defaults("bybit_linear", "perp").taker_bps
    5.5
    """
    return _DEFAULTS.get(name, _DEFAULTS[f"generic_{kind}"])


def infer_tick(prices: Vec) -> float:
    """Return the largest power of ten that a coin's first prices are multiples of.

    Parameters
    ----------
    prices : Vec
        Traded prices in order of time, NaN allowed; the first 100 count.

    Returns
    -------
    float
        Quote per price step; 1e-8 of the price if no step as coarse fits (an average or a mark
        price is on no grid).

    Notes
    -----
    Units: quote.  Causal: the first prices count, not the last, because a tick that is inferred
    from a panel's end changes the fills before it when later prices are finer. A hundred prices
    miss a digit once in 10^100, and none is traded before them: indicators warm up for longer.
    A venue that makes its tick finer later goes on being quoted on the coarser one.
    Missing: NaN prices are left out; 1e-8 if none is left.

    Examples
    --------
    >>> infer_tick(np.array([23296.36, 23317.7, 23262.0]))
    0.01
    """
    first = prices[prices > 0.0][:FIRST]
    if first.size == 0:
        return 1e-8
    highest = math.floor(math.log10(float(first.min())))
    finest = max(_FINEST_POWER, highest - 8)
    for power in range(min(highest, 3), finest - 1, -1):
        steps = first * 10.0**-power
        if bool((np.abs(steps - np.rint(steps)) <= 1e-6 + 1e-12 * steps).all()):
            return float(f"1e{power}")
    return float(f"1e{finest}")


def infer_lot(first_price: float) -> float:
    """Return the largest power of ten coins worth at most one quote unit at the first price.

    Examples
    --------
    >>> infer_lot(23296.36), infer_lot(0.07)
    (1e-05, 10.0)
    """
    if not first_price > 0.0 or math.isinf(first_price):
        return 1.0
    return float(f"1e{math.floor(-math.log10(first_price))}")


def first_prices(close: Vec, status: ByteVec) -> Vec:
    """Return a coin's first traded prices, as many as ``infer_tick`` looks at.

    Examples
    --------
    >>> first_prices(np.array([np.nan, 2.5, 3.0]), np.array([0, Bar.TRADED, Bar.IMPUTED]))
    array([2.5])
    """
    traded: Vec = close[(status == Bar.TRADED) & (close > 0.0)]
    return traded[:FIRST].copy()


def venues(
    prices: Sequence[Sequence[Vec]],
    symbols: tuple[str, ...],
    names: Sequence[tuple[str, str]],
    tick: Mapping[str, float],
    lot: Mapping[str, float],
) -> Venues:
    """Return the venue numbers of a panel.

    Parameters
    ----------
    prices : sequence of sequence of Vec
        To infer ticks and lots from: each coin's first traded prices by venue (``first_prices``).
    symbols : tuple[str, ...]
        The coin axis.
    names : sequence of (str, str)
        The venue axis: name and kind (``spot`` or ``perp``).
    tick, lot : mapping
        By symbol, in place of the inferred ones, on every venue.

    Returns
    -------
    Venues
        ``listed`` is 1 where the venue has a traded bar. A coin has one lot on all venues, so
        that positions of several venues add up as integers.

    Notes
    -----
    A given tick or lot that is not positive is a ``ValueError``.  Units: see
    ``core.types.Venues``.  Causal: facts of the instrument, constant.
    Missing: a coin that a venue does not list has tick 1e-8.
    """
    defaults = [venue_defaults(name, kind) for name, kind in names]
    n_coins = len(symbols)
    ticks, lots = np.empty((len(names), n_coins)), np.empty((len(names), n_coins))
    for c, (symbol, first) in enumerate(zip(symbols, prices, strict=True)):
        known = [float(each[0]) for each in first if each.size]
        lots[:, c] = _given(lot, symbol, "lot") or infer_lot(known[0] if known else 0.0)
        for v, each in enumerate(first):
            ticks[v, c] = _given(tick, symbol, "tick") or infer_tick(each)
    listed = [[each[v].size > 0 for each in prices] for v in range(len(names))]
    perp = np.array([[kind == "perp"] for _, kind in names], dtype=np.int8)
    column = {name: np.array([getattr(each, name) for each in defaults]) for name in _PER_VENUE}
    return Venues(
        maker_bps=column["maker_bps"],
        taker_bps=column["taker_bps"],
        latency_ms=column["latency_ms"],
        reliability=column["reliability"],
        lot=lots,
        tick=ticks,
        min_notional=np.repeat(column["min_notional"][:, None], n_coins, axis=1),
        listed=np.array(listed, np.int8),
        is_perp=np.repeat(perp, n_coins, axis=1),
        maintenance=np.repeat(column["maintenance"][:, None], n_coins, axis=1),
    )


def _given(values: Mapping[str, float], symbol: str, what: str) -> float | None:
    """Return the value set for a symbol, checked."""
    value = values.get(symbol)
    if value is not None and not 0.0 < value < math.inf:
        raise ValueError(
            f"{what} of {symbol} is {value}, it must be positive: leave it out to infer"
        )
    return value
