"""Hand-made rows for the engine tests: one bar of one coin, each feature by name."""

from __future__ import annotations

import numpy as np

from quorate.core.engines.base import Rows
from quorate.core.engines.poll import poll

FEATURES = [
    "ret_bar",
    "ret_1h",
    "ret_4h",
    "ret_24h",
    "ret_7d",
    "ret_z_1h",
    "ret_z_24h",
    "vol_1h",
    "vol_24h",
    "vol_7d",
    "vol_ratio",
    "atr_frac",
    "parkinson_24h",
    "garman_klass_24h",
    "jump_24h",
    "ema_4h_gap",
    "ema_24h_gap",
    "ema_cross",
    "macd_hist",
    "adx",
    "di_diff",
    "efficiency_24h",
    "channel_pos_24h",
    "breakout_24h",
    "rsi_14",
    "bollinger_z",
    "volume_z",
    "volume_shock",
    "volume_ratio_hour",
    "volume_ratio_24h",
    "taker_imbalance_1h",
    "vwap_24h_gap",
    "signed_flow_4h",
    "wick_ratio",
    "sweep_24h",
    "amihud_24h",
    "spread_bps",
    "spread_estimated",
    "bar_volume",
    "funding_bps_8h",
    "funding_mean_7d_bps",
    "basis_bps",
    "rank_ret_24h",
    "rank_ret_7d",
    "rank_vol_24h",
    "rank_volume",
    "beta_btc",
    "resid_24h",
    "btc_ret_1h",
    "lead_gap_1h",
    "dispersion_24h",
    "breadth_24h",
]


def cell(**features):
    """One row of one coin; features that are not named are NaN."""
    values = np.full((1, len(FEATURES), 1), np.nan)
    for name, value in features.items():
        values[0, FEATURES.index(name), 0] = value
    return Rows(values, tuple(FEATURES))


def vote(engine, **features):
    """The side and strength of one engine on one row of one coin."""
    votes, failures = poll((engine,), cell(**features))
    assert failures == ()
    return int(votes.side[0, 0, 0]), float(votes.strength[0, 0, 0])
