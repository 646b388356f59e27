"""The one gate before the kernels: shapes, types, order and values of what they are handed.

In: the constants of a run, and each block of inputs. Out: nothing, or a ValueError that names the
array, what it is and what it must be. A kernel does not check: an index out of range reads another
number in silence, a read-only array or another type compiles for seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.types import Bar

if TYPE_CHECKING:
    from quorate.backtest.run import Slice
    from quorate.core.account import Setup
    from quorate.core.types import Bars, Market, Venues

_BYTES = {"listed", "is_perp", "status", "pause", "kill", "block", "flatten", "member"}
_LONGS = {"flow"}
_BY_TIME = {"pause", "kill", "flow", "quote_usd"}
_BY_VENUE = {"maker_bps", "taker_bps", "latency_ms", "reliability"}
_FLAGS = ("listed", "is_perp")
_PRICES = ("open", "high", "low", "close")
# live hands over a bar at a time: what is compared with is made once
_BYTE, _LONG, _FLOAT = np.dtype(np.int8), np.dtype(np.int64), np.dtype(np.float64)
_FIRST_STATUS, _LAST_STATUS, _TRADED = int(Bar.ABSENT), int(Bar.IMPUTED), int(Bar.TRADED)


def check_setup(setup: Setup) -> None:
    """Refuse constants of a run that the kernels could not read.

    Parameters
    ----------
    setup : Setup
        Venues, sectors, who can be sold short.

    Raises
    ------
    ValueError
        Names the array, and what it must be.

    Notes
    -----
    Units: as the fields. Causal: fixed before the run. Missing: a lot of NaN is refused.
    """
    check_venues(setup.venues)
    shape = setup.venues.lot.shape
    _array("sector", setup.sector, shape[1:], _LONG)
    _array("can_short", setup.can_short, shape[1:], _BYTE)


def check_venues(venues: Venues) -> None:
    """Refuse venues that the kernels could not read.

    Parameters
    ----------
    venues : Venues
        Fees and sizes.

    Raises
    ------
    ValueError
        Names the array, and what it must be.

    Notes
    -----
    Units: as the fields. Causal: fixed before the run. Missing: a lot of NaN is refused.
    """
    shape = venues.lot.shape
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"venues.lot has shape {shape}: it must be (venue, coin), at least 1 each")
    for name, array in venues._asdict().items():
        _array(f"venues.{name}", array, shape[:1] if name in _BY_VENUE else shape, _type(name))
    for name in ("lot", "tick"):
        _values(f"venues.{name}", getattr(venues, name) > 0.0, "positive")
    for name in (*sorted(_BY_VENUE), "min_notional", "maintenance"):
        _values(f"venues.{name}", np.isfinite(getattr(venues, name)), "finite")
    for name in _FLAGS:
        flags = getattr(venues, name)
        _values(f"venues.{name}", (flags == 0) | (flags == 1), "0 or 1")


def check_slice(piece: Slice, setup: Setup) -> None:
    """Refuse a block of inputs that the kernels could not read.

    Parameters
    ----------
    piece : Slice
        Bars, market and controls of one block.
    setup : Setup
        Checked before; gives the sizes of the axes.

    Raises
    ------
    ValueError
        Names the array, and what it must be.

    Notes
    -----
    Units: as the fields. Causal: reads the block. Missing: prices may be NaN where the bar is not
    TRADED, and only there.
    """
    n_venues, n_coins = setup.venues.lot.shape
    n_bars = len(piece.bars.close)
    if n_bars < 1:
        raise ValueError("a block needs at least 1 bar")
    check_bars(piece.bars, (n_bars, n_coins))
    check_market(piece.market, (n_bars, n_venues, n_coins))
    for name, array in piece.controls._asdict().items():
        shape = (n_bars,) if name in _BY_TIME else (n_bars, n_coins)
        _array(f"controls.{name}", array, shape, _type(name))


def check_bars(bars: Bars, shape: tuple[int, int]) -> None:
    """Refuse bars that the kernels could not read.

    Parameters
    ----------
    bars : Bars
        Of the primary venue.
    shape : tuple of int
        Bars, coins.

    Raises
    ------
    ValueError
        Names the array, and what it must be.

    Notes
    -----
    Units: as the fields. Causal: reads the block. Missing: as ``check_slice``.
    """
    for name, array in bars._asdict().items():
        _array(f"bars.{name}", array, shape, _type(name))
    _tape("bars", bars)


def check_market(market: Market, shape: tuple[int, int, int]) -> None:
    """Refuse what the exchanges show if the kernels could not read it.

    Parameters
    ----------
    market : Market
        Of some bars.
    shape : tuple of int
        Bars, venues, coins.

    Raises
    ------
    ValueError
        Names the array, and what it must be.

    Notes
    -----
    Units: as the fields. Causal: reads the block. Missing: as ``check_slice``.
    """
    for name, array in market._asdict().items():
        _array(f"market.{name}", array, shape, _type(name))
    _tape("market", market)


def _tape(title: str, given: Bars | Market) -> None:
    """Refuse an unknown status, and a bar that traded without prices."""
    status = given.status
    if status.min() < _FIRST_STATUS or status.max() > _LAST_STATUS:
        known = (status >= _FIRST_STATUS) & (status <= _LAST_STATUS)
        _values(f"{title}.status", known, "one of types.Bar")
    for name in _PRICES:
        prices = getattr(given, name)
        if prices.min() > 0.0:  # of all of them, and NaN is not: which bars traded is not asked
            continue
        fine = (prices > 0.0) | (status != _TRADED)
        _values(f"{title}.{name}", fine, "positive where the bar is TRADED")


def _type(name: str) -> np.dtype[Any]:
    if name in _BYTES:
        return _BYTE
    return _LONG if name in _LONGS else _FLOAT


def _array(name: str, array: object, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is a {type(array).__name__}, it must be an array")  # noqa: TRY004
    if array.shape != shape or array.dtype != kind:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, it must be {kind} {shape}")
    flags = array.flags
    if not (flags.c_contiguous and flags.writeable):
        raise ValueError(f"{name} is read-only or not C-contiguous: hand over a copy of it")


def _values(name: str, fine: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], what: str) -> None:
    if not fine.all():
        where = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise ValueError(f"{name} at {where} is out of bounds: it must be {what}")
