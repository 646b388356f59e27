"""Each cap with what it allowed, and each breaker with what it measured, at one coin-bar.

In: the last block of a fold that ends at the bar, and the fold. Out: ``Bound`` and ``Watch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.api.explanation import Bound, Watch
from quorate.core.account import Code, Column, Gauge
from quorate.core.types import MONEY_SCALE, Reason
from quorate.report.plain import known

if TYPE_CHECKING:
    from quorate.api.folding import Fold
    from quorate.backtest.run import Block


def bounds(block: Block, place: tuple[int, int], fold: Fold) -> tuple[Bound, ...]:
    """Return the caps of METHODS 7.4 in their order, each with what it allowed.

    Parameters
    ----------
    block : Block
        It holds the bar.
    place : tuple of int
        Row of the block, and coin.
    fold : Fold
        For the limits.

    Notes
    -----
    Units: USD; open risk is what may be lost, not notional.  Causal: row t reads bars <= t.
    Missing: None.  Spec 5, 10, METHODS 7.4.
    """
    t, c = place
    number, gauge = block.decisions.number[t, :, c], block.decisions.gauge[t]
    cap = Reason(int(block.decisions.code[t, Code.CAP, c]))
    chain = fold.made.params.chain
    limits, window = chain.risk.limits, chain.rules.window_bars
    equity = float(block.decisions.equity[t]) / MONEY_SCALE
    volume = float(block.readings.bar_volume[t, c] * number[Column.PRICE]) * window
    budget = float(gauge[Gauge.BUDGET_USD])
    held, at_stops = float(gauge[Gauge.GROSS_USD]), float(gauge[Gauge.OPEN_RISK_USD])
    rows = (
        (Reason.CAP_COIN, limits.coin_cap_frac * equity, f"{limits.coin_cap_frac:.0%} of equity"),
        (
            Reason.CAP_PARTICIPATION,
            limits.max_participation * volume,
            f"{limits.max_participation:.0%} of the volume of {window} bar"
            + ("s" if window > 1 else ""),
        ),
        (Reason.CAP_GROSS, budget - held, f"G less {held:,.2f} held"),
        (
            Reason.CAP_OPEN_RISK,
            float(gauge[Gauge.RISK_BUDGET_USD]),
            f"may yet be lost; {at_stops:,.2f} at risk already",
        ),
    )
    return tuple(Bound(reason.name, known(usd), cap is reason, note) for reason, usd, note in rows)


def watches(block: Block, place: tuple[int, int], fold: Fold) -> tuple[Watch, ...]:
    """Return every breaker with what it measured and where it trips.

    Parameters
    ----------
    block : Block
        Its last row is the bar, so that the memory of the fold is that of the bar.
    place : tuple of int
        Row of the block, and coin.
    fold : Fold
        Its memory and limits.

    Notes
    -----
    Units: USD, losses, fractions.  Causal: row t reads bars <= t; on the bar that closes at 00:00
    UTC the level is that of the next bar already.  Missing: None.  Spec 6, METHODS 7.6.
    """
    t, c = place
    state, limits = fold.memory.chain.account.breakers, fold.made.params.chain.risk.breakers
    opening = float(state.opening_usd[0])
    today = float(block.decisions.equity[t]) / MONEY_SCALE - opening
    stop = -limits.daily_loss_stop_frac * opening
    sigma = known(block.readings.sigma_daily[t, c])
    market = known(state.market_trip[0])
    return (
        Watch("daily", today, stop, "USD", bool(state.tripped[0])),
        Watch(
            "streak",
            float(state.losses[0]),
            float(limits.losses_in_a_row),
            "losses",
            bool(state.streak[0]),
        ),
        Watch("coin volatility", sigma, known(state.trip[c]), "frac", bool(state.defense[c])),
        Watch("market volatility", None, market, "frac", bool(state.market_defense[0])),
    )
