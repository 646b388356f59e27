r"""When a position must end: its stop, its clock, and the pause after a stop.

In: fills and the bar counter. Out: a stop price for every position, whether its time is up, and
whether a side of a coin is cooling down. The stop is fixed at entry and never widened:

.. math:: p_{stop} = p_{entry}\,(1 - \text{side} \cdot 2\sigma_h)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import ByteVec, IntMat, IntVec, Vec

UNKNOWN = 2
"""In place of a side: the score of this bar is not known."""


class Params(NamedTuple):
    """``horizon_bars`` until the time exit; ``cooldown_bars`` after a stop (METHODS 0b.2).

    With ``k_out`` above 0 the score decides in place of the clock, once a position has been held
    for ``min_hold_bars`` (METHODS 3.3).
    """

    horizon_bars: int = 48
    cooldown_bars: int = 12
    stop_sigmas: float = 2.0
    k_out: float = 0.0  # of sigma_S; 0: the clock decides
    min_hold_bars: int = 0


class State(NamedTuple):
    """Per coin; ``side`` is 0 and ``stop`` NaN while the coin is flat."""

    side: ByteVec
    stop: Vec
    stop_frac: Vec
    planned_frac: Vec
    clock_k: IntVec
    cooldown_k: IntMat  # (side: 0 long, 1 short; coin): first bar on which it may enter again


def init(n_coins: int) -> State:
    """Return the exits of an account that holds nothing.

    Examples
    --------
    >>> init(2).side.tolist()
    [0, 0]
    """
    return State(
        side=np.zeros(n_coins, np.int8),
        stop=np.full(n_coins, np.nan),
        stop_frac=np.full(n_coins, np.nan),
        planned_frac=np.full(n_coins, np.nan),
        clock_k=np.zeros(n_coins, np.int64),
        cooldown_k=np.zeros((2, n_coins), np.int64),
    )


@kernel
def stop_price(entry_price: float, side: int, stop_frac: float) -> float:
    """Return the stop of an entry.

    Examples
    --------
    >>> stop_price(100.0, 1, 0.03), stop_price(100.0, -1, 0.03)
    (97.0, 103.0)
    """
    return entry_price * (1.0 - side * stop_frac)


@kernel
def plan(c: int, stop_frac: float, state: State) -> None:
    """Set the stop distance that the next entry of this coin will have."""
    state.planned_frac[c] = stop_frac


@kernel
def on_fill(
    c: int, coins_before: float, coins_after: float, entry_price: float, k: int, state: State
) -> None:
    """Move side, stop and clock after a fill; a change of side is a new entry.

    Parameters
    ----------
    c : int
        The coin.
    coins_before, coins_after : float
        Signed position over all venues around the fill; 0.0 when flat.
    entry_price : float
        Average entry price after the fill.
    k : int
        The bar the fill happened in; the clock starts at its open.
    state : State
        Updated in place.

    Notes
    -----
    Units: quote per coin. Causal: entry facts only. Missing: none. METHODS 0b.2.
    """
    if coins_after == 0.0:
        state.side[c] = 0
        state.stop[c] = np.nan
        state.stop_frac[c] = np.nan
        return
    side = 1 if coins_after > 0.0 else -1
    if coins_before * coins_after <= 0.0:
        state.side[c] = side
        state.stop_frac[c] = state.planned_frac[c]
        state.stop[c] = stop_price(entry_price, side, state.stop_frac[c])
        state.clock_k[c] = k - 1
    elif abs(coins_after) > abs(coins_before):
        moved = stop_price(entry_price, side, state.stop_frac[c])
        if side * (moved - state.stop[c]) > 0.0:
            state.stop[c] = moved


@kernel
def is_due(side: int, keeps: int, held_bars: int, params: Params) -> bool:
    """Say whether a position ends by itself: its time is up or, under hysteresis, it has faded.

    Parameters
    ----------
    side : int
        Of the position; 0 is never due.
    keeps : int
        The side whose score is still beyond ``k_out`` sigmas, 0 for none, ``UNKNOWN``.
    held_bars : int
        Since the entry, or since the clock was started again.
    params : Params
        Which of the two rules.

    Notes
    -----
    Units: bars. Causal: this bar. Missing: an unknown score has not faded. METHODS 0b.2, 3.3.

    Examples
    --------
    >>> is_due(1, 0, 48, Params()), is_due(1, 1, 480, Params(k_out=0.25))
    (True, False)
    """
    if side == 0:
        return False
    if params.k_out > 0.0:
        return keeps != side and keeps != UNKNOWN and held_bars >= params.min_hold_bars
    return held_bars >= params.horizon_bars


@inlined
def restart(c: int, k: int, state: State) -> None:
    """Start the clock again: the same side cleared the threshold on this bar. The stop stays."""
    state.clock_k[c] = k


@kernel
def cool_down(c: int, side: int, k: int, params: Params, state: State) -> None:
    """Keep a side of a coin out for a while after its stop was hit in bar ``k``."""
    state.cooldown_k[0 if side > 0 else 1, c] = k + params.cooldown_bars


@kernel
def is_cooling(c: int, side: int, k: int, state: State) -> bool:
    """Say whether an entry on this side must wait."""
    return k < state.cooldown_k[0 if side > 0 else 1, c]
