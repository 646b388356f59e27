"""The features pass: bars in, the cube of features out.

One step of a bar is: restart the coins that went absent, read the bar into the tape, let each
family write its rows, and the cross-section last. ``build`` is the gate: it checks what the
kernels cannot.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from quorate.core.features import carry as carries
from quorate.core.features import crosssection as sections
from quorate.core.features import flow as flows
from quorate.core.features import returns as returnses
from quorate.core.features import spread as spreads
from quorate.core.features import tape as tapes
from quorate.core.features import trend as trends
from quorate.core.features import volatility as volatilities
from quorate.core.features.table import N_FEATURES
from quorate.core.kernel import kernel
from quorate.core.types import Bars, ByteMat, Cube, Features, Mat

CLIP_Z: Final = 10.0
BOUNDS: Final[dict[str, tuple[float, float]]] = {"clip_z": (3.0, 1000.0)}


class Params(NamedTuple):
    """How long a bar is, which column is BTC (-1: none), and where the tails of returns end."""

    bars_per_hour: int
    bars_per_day: int
    btc: int
    clip_z: float = CLIP_Z


class State(NamedTuple):
    """What each family remembers."""

    tape: tapes.State
    returns: returnses.State
    volatility: volatilities.State
    trend: trends.State
    flow: flows.State
    spread: spreads.State
    carry: carries.State
    crosssection: sections.State


def params(bar_minutes: int, btc: int = -1, clip_z: float = CLIP_Z) -> Params:
    """Return the parameters for bars of so many minutes.

    Parameters
    ----------
    bar_minutes : int
        The length of a bar; it divides the hour.
    btc : int
        The column of BTC, -1 for none.
    clip_z : float
        How many robust deviations out returns are clipped in features (METHODS 12).

    Examples
    --------
    >>> params(5, btc=0)
    Params(bars_per_hour=12, bars_per_day=288, btc=0, clip_z=10.0)
    """
    if bar_minutes < 1 or 60 % bar_minutes:
        raise ValueError(f"a bar of {bar_minutes} min does not divide the hour; use 1, 5, 15, 60")
    if btc < -1:
        raise ValueError(f"the column of BTC is {btc}: give its index, or -1 for none")
    low, high = BOUNDS["clip_z"]
    if not low <= clip_z <= high:
        raise ValueError(f"clip_z is {clip_z:g}, outside [{low:g}, {high:g}]")
    return Params(60 // bar_minutes, 1440 // bar_minutes, btc, float(clip_z))


def init(n_coins: int, params: Params) -> State:
    """Return the state of ``n_coins`` coins without a past."""
    if n_coins < 1 or params.btc >= n_coins:
        raise ValueError(f"{n_coins} coins with BTC at column {params.btc}: give a column of them")
    return State(
        tapes.init(n_coins, params.bars_per_hour),
        returnses.init(n_coins),
        volatilities.init(n_coins),
        trends.init(n_coins),
        flows.init(n_coins, params.bars_per_hour),
        spreads.init(n_coins),
        carries.init(n_coins),
        sections.init(n_coins),
    )


@kernel
def _restart(
    tape: tapes.State,
    volatility: volatilities.State,
    trend: trends.State,
    spread: spreads.State,
) -> None:
    """Forget the coins whose data end here."""
    count, present = tape.counts[tapes.COUNT], tape.counts[tapes.PRESENT]
    for c in range(count.shape[0]):
        if count[c] > 0 and present[c] == 0:
            tapes.restart(tape, c)
            volatilities.restart(volatility, c)
            trends.restart(trend, c)
            spreads.restart(spread, c)


@kernel
def span(
    bars: Bars, first: int, last: int, k0: int, state: State, params: Params, out: Cube
) -> None:
    """Step through rows ``first`` to ``last - 1``; row ``t`` has counter ``k0 + t``.

    The states are taken apart before the loop: doing so on every bar is slow.
    """
    tape, returns, volatility, trend = state.tape, state.returns, state.volatility, state.trend
    flow, spread, carry, crosssection = state.flow, state.spread, state.carry, state.crosssection
    memory, hour = volatility.wilder, params.bars_per_hour
    for t in range(first, last):
        k, row = k0 + t, out[t]
        tapes.look(bars, t, tape.counts)
        _restart(tape, volatility, trend, spread)
        tapes.step(bars, t, k, hour, params.clip_z, tape)
        returnses.step(k, hour, tape, returns, row)
        volatilities.step(k, hour, tape, volatility, row)
        trends.step(k, hour, tape, memory, trend, row)
        flows.step(k, hour, tape, flow, row)
        spreads.step(bars.spread_bps[t], k, hour, tape, spread, row)
        carries.step(bars, t, k, hour, tape, carry, row)
        sections.step(k, hour, params.btc, tape, crosssection, row)


@kernel
def step(bars: Bars, t: int, k: int, state: State, params: Params, out: Cube) -> None:
    """Write the features of row ``t`` of the bars, whose counter is ``k``, to ``out[t]``.

    Parameters
    ----------
    bars : Bars
        Shape (time, coin) each.
    t, k : int
        The row and its bar counter; consecutive calls have consecutive counters.
    state : State
        Updated in place.
    params : Params
        From ``params``.
    out : Cube
        Shape (time, feature, coin).

    Notes
    -----
    Units: ``table.FEATURES``.  Causal: reads rows <= t.
    Missing: NaN while a coin is absent and until each feature's warm-up.
    """
    span(bars, t, t + 1, k - t, state, params, out)


def check(bars: Bars, state: State, params: Params) -> None:
    """Raise ``ValueError`` unless the kernels can read these arrays."""
    shape = bars.close.shape
    n_coins = state.tape.counts.shape[1]
    if len(shape) != 2 or shape[1] != n_coins:
        raise ValueError(f"the bars have shape {shape}: the state wants (time, {n_coins})")
    if state.tape.log_close.shape[0] != params.bars_per_day:
        raise ValueError("the state was made for another bar length; call init with these params")
    if params.btc >= n_coins or params.btc < -1:
        raise ValueError(f"the column of BTC is {params.btc}: at most {n_coins - 1}, or -1")
    for name in Bars._fields:
        array: Mat | ByteMat = getattr(bars, name)
        dtype = np.int8 if name == "status" else np.float64
        if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
            raise ValueError(
                f"bars.{name} is {array.dtype} {array.shape}: it must be C-contiguous "
                f"{np.dtype(dtype)} {shape}; use numpy.ascontiguousarray(x, dtype)"
            )
        if not array.flags.writeable:
            raise ValueError(f"bars.{name} is read-only; pass a copy (a kernel has one signature)")


def build(bars: Bars, k0: int, state: State, params: Params) -> Features:
    """Return the features of a block of bars, and carry the state past it.

    Parameters
    ----------
    bars : Bars
        Shape (time, coin) each, C-contiguous.
    k0 : int
        Counter of the first row.
    state : State
        Updated in place; any split of a history into blocks gives the same bytes.
    params : Params
        From ``params``.

    Returns
    -------
    Features
        Shape (time, feature, coin).

    Notes
    -----
    Units: ``table.FEATURES``.  Causal: row t reads rows <= t.  Missing: NaN.
    """
    check(bars, state, params)
    n_bars, n_coins = bars.close.shape
    out = np.empty((n_bars, N_FEATURES, n_coins))
    span(bars, 0, n_bars, int(k0), state, params, out)
    return Features(out)
