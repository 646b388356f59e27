"""What may forbid an entry whatever it earns, at one coin-bar: controls, breakers, the pause.

In: a bar alone in its block, the fold behind it, what the fold remembered before it. Out: ``Gate``
and ``Watch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.api.explanation import Gate, Watch
from quorate.core.account import Code
from quorate.core.types import MONEY_SCALE, Bar, Hazard, Reason
from quorate.report.formats import code as words
from quorate.report.plain import known

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from quorate.api.folding import Fold
    from quorate.api.moment import Before
    from quorate.backtest.run import Block

_SIDES = ((0, 1, "long"), (1, -1, "short"))


def gates(
    block: Block, place: tuple[int, int], fold: Fold, at: datetime, bar: timedelta
) -> tuple[Gate, ...]:
    """Return the gates before cost and size, in the order in which they are asked.

    Parameters
    ----------
    block : Block
        The bar is its last row, so that the memory of the fold is that of the bar.
    place : tuple of int
        Row of the block, and coin.
    fold : Fold
        After the bar.
    at, bar : datetime, timedelta
        The close, and the length of a bar.

    Notes
    -----
    Units: none.  Causal: reads bars <= t.  Missing: none.  METHODS 0b.9.
    """
    t, c = place
    control = Reason(int(block.decisions.code[t, Code.CONTROL, c]))
    is_thin = bool(int(block.readings.hazards[t, c]) & Hazard.ILLIQUID)
    wants = int(block.consensus.signal[t, c])
    can_short = bool(fold.made.setup.can_short[c])
    found = [
        Gate(
            "controls",
            control is Reason.NONE,
            "none" if control is Reason.NONE else words(control.name),
        ),
        Gate("liquidity", not is_thin, "thin, or its spread is wide" if is_thin else "enough"),
        Gate(
            "short selling",
            can_short or wants >= 0,
            "allowed" if can_short else "spot cannot be sold short",
        ),
    ]
    first = fold.memory.chain.account.exits.cooldown_k[:, c]
    k = block.k0 + t
    for row, side, name in _SIDES:
        if k < first[row]:
            until = at + bar * int(first[row] - k)
            note = f"stopped out: no {name} entry before {until:%Y-%m-%d %H:%M} UTC"
            note += "" if side == wants else "; none is asked for"
            found.append(Gate(f"{name} cooldown", side != wants, note))
    return tuple(found)


def watches(block: Block, place: tuple[int, int], fold: Fold, before: Before) -> tuple[Watch, ...]:
    """Return every breaker with what it measured and where it trips.

    Parameters
    ----------
    block : Block
        The bar is its last row, so that the memory of the fold is that of the bar.
    place : tuple of int
        Row of the block, and coin.
    fold : Fold
        After the bar.
    before : Before
        From ``moment.remember``, before the bar: the levels that judged it.

    Notes
    -----
    Units: USD, losses, fractions.  Causal: row t reads bars <= t.  Missing: None.
    Spec 6, METHODS 7.6.
    """
    t, c = place
    state, limits = fold.memory.chain.account.breakers, fold.made.params.chain.risk.breakers
    opening = float(state.opening_usd[0])
    today = float(block.decisions.equity[t]) / MONEY_SCALE - opening
    stop = -limits.daily_loss_stop_frac * opening
    sigma, trip = known(block.readings.sigma_daily[t, c]), known(before.trip[c])
    market, market_trip = known(_market_sigma(block, t)), known(before.market_trip)
    days, market_days = (
        f"off: {n} of {limits.min_days} daily values"
        for n in (int(before.n_days[c]), before.n_market_days)
    )
    return (
        Watch("daily", today, stop, "USD", bool(state.tripped[0])),
        Watch(
            "streak",
            float(state.losses[0]),
            float(limits.losses_in_a_row),
            "losses",
            bool(state.streak[0]),
        ),
        Watch(
            "coin volatility",
            sigma,
            trip,
            "frac",
            bool(state.defense[c]),
            days if trip is None else "",
        ),
        Watch(
            "market volatility",
            market,
            market_trip,
            "frac",
            bool(state.market_defense[0]),
            market_days if market_trip is None else "",
        ),
    )


def _market_sigma(block: Block, t: int) -> float:
    """Return the mean daily volatility of the coins, by turnover, as the breaker takes it."""
    sigma, status = block.readings.sigma_daily[t], block.inputs.market.status[t, 0]
    weight = block.readings.bar_volume[t] * block.inputs.market.close[t, 0]
    is_known = (status != Bar.ABSENT) & ~np.isnan(sigma) & (weight > 0.0)
    if not is_known.any():
        return float("nan")
    return float(np.average(sigma[is_known], weights=weight[is_known]))
