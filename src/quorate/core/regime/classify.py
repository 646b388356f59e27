"""Regime: which market a coin is in on a bar (Spec 2; METHODS 4.2, 4.3).

In: eight rows of the features. Out: the label by which engines are approved, the hazards that
breakers and exits read, and whether everything the label rests on is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.rolling import quantile_small
from quorate.core.types import (
    Bar,
    ByteMat,
    ByteVec,
    Cube,
    Hazard,
    IntVec,
    Mat,
    Regime,
    Vec,
)

ADAPTIVE_DAYS = 180
ADAPTIVE_MIN_DAYS = 30


# a compiled function returns plain integers, not members of an enumeration
_TREND, _RANGE, _PANIC = int(Regime.TREND), int(Regime.RANGE), int(Regime.PANIC)
_ILLIQUID, _NEUTRAL = int(Regime.ILLIQUID), int(Regime.NEUTRAL)
_HAZARD_PANIC, _HAZARD_ILLIQUID = int(Hazard.PANIC), int(Hazard.ILLIQUID)


class Params(NamedTuple):
    """Thresholds, and the rows of the features that are read.

    Attributes
    ----------
    bars_per_day, spread_bars, dwell_bars : int
        Bars in a day, in the 5 minutes of the spread, and in the dwell (0: none).
    adaptive : int
        1: PANIC needs sigma above the 95th percentile of its last 180 daily values as well.
    adx_trend, adx_range, efficiency : float
        Above 25 a trend begins, below 20 it ends (and the reverse for RANGE); Kaufman's ratio.
    vol_low, vol_high, vol_panic : float
        Bounds of daily volatility, fractions.
    panic_volume, illiquid_volume, illiquid_spread_bps : float
        Ratios to the usual volume; the widest spread.
    row_adx, ... : int
        Rows of the features.
    """

    bars_per_day: int
    spread_bars: int
    dwell_bars: int
    adaptive: int
    adx_trend: float
    adx_range: float
    efficiency: float
    vol_low: float
    vol_high: float
    vol_panic: float
    panic_volume: float
    illiquid_volume: float
    illiquid_spread_bps: float
    row_adx: int
    row_vol: int
    row_ret: int
    row_efficiency: int
    row_volume_hour: int
    row_volume_day: int
    row_spread: int


class Rows(NamedTuple):
    """Rows of the features the regime reads, as ``features.table.index`` gives them."""

    adx: int
    vol_24h: int
    ret_24h: int
    efficiency_24h: int
    volume_ratio_hour: int
    volume_ratio_24h: int
    spread_bps: int


class State(NamedTuple):
    """What the regime remembers.

    Attributes
    ----------
    base : ByteVec
        TREND, RANGE or NEUTRAL: the label beneath the hazards, shape (coin,).
    candidate : ByteVec
        Where the base would go, shape (coin,).
    waited : IntVec
        How many bars in a row it has wanted to, shape (coin,).
    spreads : Mat
        Spreads of the last 5 minutes, NaN unknown, shape (spread_bars, coin).
    daily : Mat
        Daily volatility at the last 180 midnights, NaN unknown, shape (180, coin).
    limit : Vec
        Where the volatility of PANIC begins, shape (coin,).
    scratch : Vec
        Room for a quantile.
    """

    base: ByteVec
    candidate: ByteVec
    waited: IntVec
    spreads: Mat
    daily: Mat
    limit: Vec
    scratch: Vec


def params(
    bar_minutes: int, rows: Rows, *, dwell_minutes: int = 0, adaptive: bool = False
) -> Params:
    """Return the parameters for bars of so many minutes.

    Parameters
    ----------
    bar_minutes : int
        Length of a bar.
    rows : Rows
        Where the features are.
    dwell_minutes : int
        How long a new base label must hold before it is taken (default 0).
    adaptive : bool
        Option `adaptive` of METHODS 4.2 (default off).

    Examples
    --------
    >>> params(5, Rows(0, 1, 2, 3, 4, 5, 6), dwell_minutes=15).dwell_bars
    3
    """
    if bar_minutes < 1 or 60 % bar_minutes:
        raise ValueError(f"a bar of {bar_minutes} min does not divide the hour; use 1, 5, 15, 60")
    if dwell_minutes < 0:
        raise ValueError(f"a dwell of {dwell_minutes} min is negative; 0 switches it off")
    if min(rows) < 0:
        raise ValueError(f"the rows {tuple(rows)} hold a negative; use features.table.index")
    return Params(
        bars_per_day=1440 // bar_minutes,
        spread_bars=max(1, 5 // bar_minutes),
        dwell_bars=-(-dwell_minutes // bar_minutes),
        adaptive=int(adaptive),
        adx_trend=25.0,
        adx_range=20.0,
        efficiency=0.3,
        vol_low=0.01,
        vol_high=0.04,
        vol_panic=0.05,
        panic_volume=1.5,
        illiquid_volume=0.3,
        illiquid_spread_bps=50.0,
        row_adx=rows.adx,
        row_vol=rows.vol_24h,
        row_ret=rows.ret_24h,
        row_efficiency=rows.efficiency_24h,
        row_volume_hour=rows.volume_ratio_hour,
        row_volume_day=rows.volume_ratio_24h,
        row_spread=rows.spread_bps,
    )


def init(n_coins: int, params: Params) -> State:
    """Return the state of coins without a past."""
    neutral = np.full(n_coins, int(Regime.NEUTRAL), np.int8)
    return State(
        base=neutral,
        candidate=neutral.copy(),
        waited=np.zeros(n_coins, np.int64),
        spreads=np.full((params.spread_bars, n_coins), np.nan),
        daily=np.full((ADAPTIVE_DAYS, n_coins), np.nan),
        limit=np.full(n_coins, params.vol_panic),
        scratch=np.zeros(max(ADAPTIVE_DAYS, params.spread_bars)),
    )


@inlined
def base_label(
    last: int, adx: float, vol: float, ret: float, efficiency: float, params: Params
) -> int:
    r"""Return TREND, RANGE or NEUTRAL by a Schmitt trigger on ADX.

    TREND begins at ADX > 25 with :math:`|r_{24h}| \ge \sigma_d` or an efficiency above 0.3, and
    ends at ADX < 20. RANGE begins at ADX < 20 with a daily volatility of 1 to 4%, and ends at
    ADX > 25 or above the 5% of PANIC; in the gaps (below 1%, 4 to 5%) it is kept.

    Parameters
    ----------
    last : int
        The label so far.
    adx, vol, ret, efficiency : float
        The features of the bar.
    params : Params
        The thresholds.

    Returns
    -------
    int
        The new label.

    Notes
    -----
    Units: ADX 0..100, fractions, log return.  Causal: one instant and the last label.
    Missing: NEUTRAL where ADX or volatility is unknown. Spec 2; METHODS 4.2, 4.3.
    """
    if not (adx >= 0.0 and vol >= 0.0):
        return _NEUTRAL
    if adx > params.adx_trend and (abs(ret) >= vol or efficiency > params.efficiency):
        return _TREND
    if adx < params.adx_range and params.vol_low <= vol <= params.vol_high:
        return _RANGE
    if last == _TREND and adx >= params.adx_range:
        return _TREND
    if last == _RANGE and adx <= params.adx_trend and vol <= params.vol_panic:
        return _RANGE
    return _NEUTRAL


@inlined
def _settle(wanted: int, c: int, state: State, dwell_bars: int) -> int:
    """Take the wanted base label once it has been wanted for the dwell."""
    base = state.base
    if wanted == base[c]:
        state.waited[c] = 0
    else:
        same = wanted == state.candidate[c]
        state.waited[c] = state.waited[c] + 1 if same else 1
        if state.waited[c] > dwell_bars:
            base[c] = wanted
            state.waited[c] = 0
    state.candidate[c] = wanted
    return int(base[c])


@inlined
def _median_spread(c: int, state: State) -> float:
    """Return the median of the known spreads of the last 5 minutes."""
    n_bars = state.spreads.shape[0]
    if n_bars == 1:
        return float(state.spreads[0, c])
    n = 0
    for i in range(n_bars):
        if state.spreads[i, c] >= 0.0:
            state.scratch[n] = state.spreads[i, c]
            n += 1
    return quantile_small(state.scratch, n, 0.5)


@inlined
def _midnight(slot: int, vol: Vec, state: State, params: Params) -> None:
    """Record the day's volatility and set where PANIC begins from the next bar on."""
    for c in range(vol.shape[0]):
        state.daily[slot, c] = vol[c]
        if params.adaptive == 0:
            continue
        n = 0
        for i in range(ADAPTIVE_DAYS):
            if state.daily[i, c] >= 0.0:
                state.scratch[n] = state.daily[i, c]
                n += 1
        state.limit[c] = params.vol_panic
        if n >= ADAPTIVE_MIN_DAYS:
            state.limit[c] = max(params.vol_panic, quantile_small(state.scratch, n, 0.95))


@inlined
def step(
    features: Mat,
    status: ByteVec,
    k: int,
    state: State,
    params: Params,
    label: ByteVec,
    hazards: ByteVec,
    ready: ByteVec,
) -> None:
    r"""Classify every coin on one bar.

    PANIC: :math:`\sigma_d > 5\%`, :math:`r_{24h} < 0` and a volume of 24 h above 1.5 times its
    usual. ILLIQUID: an hour's volume below 30% of its usual, or a spread above 50 bps. The label
    is ILLIQUID, else PANIC, else the base label, which goes on beneath the hazards.

    Parameters
    ----------
    features : Mat
        The bar's features, shape (feature, coin).
    status : ByteVec
        ``Bar`` codes, shape (coin,).
    k : int
        The bar's counter.
    state : State
        Updated in place.
    params : Params
        From ``params``.
    label, hazards, ready : ByteVec
        Written: ``Regime``, bits of ``Hazard``, and 1 once ADX and daily volatility are known.

    Notes
    -----
    Units: fractions and bps.  Causal: reads this bar and earlier ones; the adaptive limit is of
    midnights before this bar.  The spread is the median of the bars of the last 5 minutes, which
    at 5 minutes and above is that of the bar itself, quoted or estimated.
    Missing: a ratio to a median that is not known yet triggers nothing, nor does an unknown
    spread; an absent coin is NEUTRAL, without hazards, not ready, and starts again.
    Spec 2; METHODS 4.2, 4.3.
    """
    adx, vol, ret = features[params.row_adx], features[params.row_vol], features[params.row_ret]
    efficiency, spread = features[params.row_efficiency], features[params.row_spread]
    ratio_hour, ratio_day = features[params.row_volume_hour], features[params.row_volume_day]
    slot = k % params.spread_bars
    spreads, base, waited = state.spreads, state.base, state.waited
    for c in range(label.shape[0]):
        spreads[slot, c] = spread[c]
        if status[c] == Bar.ABSENT:
            label[c] = base[c] = _NEUTRAL
            hazards[c] = ready[c] = 0
            waited[c] = 0
            for i in range(params.spread_bars):
                spreads[i, c] = np.nan
            continue
        wanted = base_label(base[c], adx[c], vol[c], ret[c], efficiency[c], params)
        chosen = _settle(wanted, c, state, params.dwell_bars)
        bits = 0
        if vol[c] > state.limit[c] and ret[c] < 0.0 and ratio_day[c] > params.panic_volume:
            bits |= _HAZARD_PANIC
            chosen = _PANIC
        thin = ratio_hour[c] < params.illiquid_volume
        if thin or _median_spread(c, state) > params.illiquid_spread_bps:
            bits |= _HAZARD_ILLIQUID
            chosen = _ILLIQUID
        label[c], hazards[c] = chosen, bits
        ready[c] = 1 if adx[c] >= 0.0 and vol[c] >= 0.0 else 0
    if k % params.bars_per_day == 0:
        _midnight((k // params.bars_per_day) % ADAPTIVE_DAYS, vol, state, params)


@kernel
def scan(
    values: Cube,
    status: ByteMat,
    k0: int,
    state: State,
    params: Params,
    label: ByteMat,
    hazards: ByteMat,
    ready: ByteMat,
) -> None:
    """Classify every row; row ``t`` has counter ``k0 + t``, outputs have shape (time, coin)."""
    for t in range(values.shape[0]):
        step(values[t], status[t], k0 + t, state, params, label[t], hazards[t], ready[t])
