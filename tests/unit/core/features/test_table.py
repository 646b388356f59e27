import numpy as np
import pytest

from quorate.core.features.table import (
    FEATURES,
    N_FEATURES,
    features_hash,
    index,
    table_hash,
)

NAMES = (
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
)


def test_names_and_their_order():
    assert tuple(feature.name for feature in FEATURES) == NAMES
    assert len(NAMES) == N_FEATURES
    assert all(index(name) == row for row, name in enumerate(NAMES))


def test_every_row_is_described():
    assert all(f.family and f.unit and f.meaning and f.warmup(12) >= 1 for f in FEATURES)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no feature is named 'rsi'"):
        index("rsi")


def test_hash_depends_on_every_value_and_not_on_the_kind_of_nan():
    row = np.arange(float(N_FEATURES))
    base = features_hash(row)
    for f in range(N_FEATURES):
        other = row.copy()
        other[f] = np.nextafter(other[f], np.inf)
        assert features_hash(other) != base
    first, second = row.copy(), row.copy()
    first[3] = np.nan
    second[3] = -np.float64("nan")
    assert features_hash(first) == features_hash(second) != base
    assert len(table_hash()) == 16


def test_hash_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="shape"):
        features_hash(np.zeros(3))
