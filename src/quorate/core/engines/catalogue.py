"""The built-in engines, in a fixed order: the order of the engine axis of every run.

In: nothing. Out: the engines at their default parameters, in eight families so that a quorum can
ask for agreement between ideas that fail at different times (METHODS 2.5).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from quorate.core.engines import (
    adx_trend,
    band_reversal,
    basis_carry,
    bitcoin_lead,
    channel_breakout,
    cross_momentum,
    ema_cross,
    expansion_momentum,
    funding_carry,
    hour_reversal,
    illiquid_reversal,
    jump_fade,
    liquidity_sweep,
    low_volatility,
    macd_trend,
    managed_momentum,
    momentum_day,
    momentum_week,
    residual_reversal,
    rsi_reversal,
    signed_flow,
    squeeze_breakout,
    taker_imbalance,
    volume_continuation,
    vwap_reversion,
    wick_rejection,
)

if TYPE_CHECKING:
    from quorate.core.engines.base import Engine

_MODULES = (
    # trend
    momentum_day,
    momentum_week,
    ema_cross,
    adx_trend,
    macd_trend,
    # breakout
    channel_breakout,
    squeeze_breakout,
    # mean reversion
    rsi_reversal,
    band_reversal,
    vwap_reversion,
    hour_reversal,
    # volatility
    managed_momentum,
    expansion_momentum,
    jump_fade,
    # cross section
    cross_momentum,
    residual_reversal,
    bitcoin_lead,
    low_volatility,
    # flow
    taker_imbalance,
    signed_flow,
    volume_continuation,
    wick_rejection,
    # liquidity
    liquidity_sweep,
    illiquid_reversal,
    # carry
    funding_carry,
    basis_carry,
)


@cache
def builtin() -> tuple[Engine, ...]:
    """Return the built-in engines, names unique, in the order of the engine axis.

    They are made once: who asks whether an engine is built in compares identities.

    Returns
    -------
    tuple of Engine

    Notes
    -----
    Units: none.  Causal: no data.  Missing: none.  Spec 1, 2.

    Examples
    --------
    >>> engines = builtin()
    >>> len(engines), len({engine.name for engine in engines}), engines[0].name
    (26, 26, 'momentum_day')
    """
    return tuple(module.build() for module in _MODULES)
