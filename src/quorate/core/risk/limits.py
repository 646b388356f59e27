r"""Caps: how large one coin, one group, one side and all stops together may be.

In: what sizing asked for, and what is held. Out: sizes that no cap forbids, with the reason of the
cap that bound. The order is that of METHODS 7.4: sized risk, coin, gross budget, participation
(``size_caps``); then sector (in the optimiser), net and beta (``net_scale``); then open risk
(``open_risk``). Each can only make a size smaller, so the order changes reasons, not safety.

.. math:: G = \min(0.70\,L,\; L_{max})\,E
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from quorate.core.kernel import inlined, kernel
from quorate.core.types import Reason

if TYPE_CHECKING:
    import numpy as np

    from quorate.core.types import Vec

    ReasonVec = np.ndarray[tuple[int], np.dtype[np.int16]]


class Params(NamedTuple):
    """Limits as fractions or multiples of equity; ``risk.params`` fills and checks them."""

    coin_cap_frac: float = 0.25
    sector_cap_frac: float = 0.5
    committed_frac: float = 0.7
    leverage: float = 1.0  # L: notional per committed capital
    max_leverage: float = 2.0  # L_max: gross notional over equity
    max_participation: float = 0.2
    venue_cap_frac: float = 0.5  # of equity, where there are several venues
    net_cap_frac: float = 0.0  # of equity, 0 = off
    beta_cap_frac: float = 0.0  # of equity, 0 = off
    gap_allowance: float = 0.25  # of the stop distance, lost beyond the stop
    open_risk: int = 0  # open_risk.OpenRisk
    daily_loss_stop_frac: float = 0.025


@kernel
def budget_usd(equity_usd: float, params: Params) -> float:
    """Return the gross notional that may be held (G); 0 without equity.

    Notes
    -----
    Units: USD. METHODS 0 row 10, 0b.8.

    Examples
    --------
    >>> round(budget_usd(100_000.0, Params()), 6)
    70000.0
    """
    if not equity_usd > 0.0:
        return 0.0
    multiple = params.committed_frac * params.leverage
    if multiple > params.max_leverage:
        multiple = params.max_leverage
    return multiple * equity_usd


@inlined
def size_caps(
    equity_usd: float,
    sized_usd: Vec,
    bar_volume_usd: Vec,
    window_bars: int,
    params: Params,
    cap_out: Vec,
    reason_out: ReasonVec,
) -> float:
    r"""Cap each coin's size on its own and return the budget G to divide by.

    .. math:: u_c = \min(\text{sized}_c,\; 0.25\,E,\; G,\; 0.2\,V_c) / G

    Parameters
    ----------
    equity_usd, params : float, Params
        Equity at the decision, and the caps.
    sized_usd, bar_volume_usd : Vec
        Notional from ``sizing.size``, and the expected volume of one bar, shape (coin,).
    window_bars : int
        Bars the order executes over.
    cap_out, reason_out : Vec, ReasonVec
        Written: the notional allowed, and the last cap that bound (CAP_COIN, CAP_GROSS or
        CAP_PARTICIPATION), NONE where what sizing asked for stands, shape (coin,).

    Notes
    -----
    Units: USD. Causal: pure. Missing: an unknown volume allows nothing, an unknown size is 0.
    Spec 5, METHODS 0b.8, 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> cap, reason = np.zeros(3), np.zeros(3, np.int16)
    >>> sized, volume = np.array([1e3, 4e4, 4e4]), np.array([1e6, 1e6, 1e4])
    >>> budget = size_caps(1e5, sized, volume, 1, Params(), cap, reason)
    >>> cap.tolist(), [Reason(r).name for r in reason]
    ([1000.0, 25000.0, 2000.0], ['NONE', 'CAP_COIN', 'CAP_PARTICIPATION'])
    """
    budget = budget_usd(equity_usd, params)
    coin = params.coin_cap_frac * equity_usd if equity_usd > 0.0 else 0.0
    for c in range(sized_usd.shape[0]):
        cap = sized_usd[c] if sized_usd[c] > 0.0 else 0.0
        reason = Reason.NONE.value
        if cap > coin:
            cap = coin
            reason = Reason.CAP_COIN.value
        if cap > budget:
            cap = budget
            reason = Reason.CAP_GROSS.value
        volume = params.max_participation * bar_volume_usd[c] * window_bars
        if not volume > 0.0:
            volume = 0.0
        if cap > volume:
            cap = volume
            reason = Reason.CAP_PARTICIPATION.value
        cap_out[c] = cap
        reason_out[c] = reason
    return budget


@kernel
def open_scale(room_usd: float, added_usd: float) -> float:
    """Return min(1, room / added), 0 without room, 1 with nothing to add."""
    if not added_usd > 0.0:
        return 1.0
    if not room_usd > 0.0:
        return 0.0
    if room_usd >= added_usd:
        return 1.0
    return room_usd / added_usd


@kernel
def net_scale(held_usd: Vec, added_usd: Vec, weight: Vec, cap_usd: float, scale_out: Vec) -> float:
    r"""Shrink the additions of the heavier side until the net exposure is within its cap.

    .. math:: \left|\sum_c \text{weight}_c (\text{held}_c + \lambda_c\,\text{added}_c)\right|
              \le \text{cap}

    Parameters
    ----------
    held_usd, added_usd : Vec
        Signed notional that stays and that is to be added, shape (coin,).
    weight : Vec
        1 for net exposure, beta for beta exposure, shape (coin,); an unknown beta counts as 1.
    cap_usd : float
        Largest absolute exposure; 0 turns the cap off.
    scale_out : Vec
        Written: the factor of each addition in [0, 1], shape (coin,).

    Returns
    -------
    float
        The factor of the side that was shrunk, 1 if none was.

    Notes
    -----
    Units: USD. Additions that reduce the net are never shrunk; what is held is not touched, so
    the cap holds unless the holdings alone break it. METHODS 7.4.
    """
    held = 0.0
    up = 0.0
    down = 0.0
    for c in range(held_usd.shape[0]):
        scale_out[c] = 1.0
        w = 1.0 if isnan(weight[c]) else weight[c]
        held += w * held_usd[c]
        if w * added_usd[c] > 0.0:
            up += w * added_usd[c]
        else:
            down -= w * added_usd[c]
    net = held + up - down
    if cap_usd <= 0.0 or abs(net) <= cap_usd:
        return 1.0
    if net > 0.0:
        scale = open_scale(cap_usd - held + down, up)
    else:
        scale = open_scale(cap_usd + held + up, down)
    for c in range(held_usd.shape[0]):
        w = 1.0 if isnan(weight[c]) else weight[c]
        if w * added_usd[c] * net > 0.0:
            scale_out[c] = scale
    return scale
