"""Each engine bets in the direction its hypothesis says, and abstains where it says."""

import numpy as np
import pytest
from tests.unit.core.engines.cells import FEATURES, vote

from quorate.core.engines.base import approval
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Regime

ENGINES = {engine.name: engine for engine in builtin()}

# engine: a row on which it bets, the side, and single changes that silence it
CASES = {
    "momentum_day": (
        {"ret_z_24h": 1.5, "efficiency_24h": 0.4},
        1,
        [{"ret_z_24h": 0.4}, {"efficiency_24h": 0.1}],
    ),
    "momentum_week": (
        {"ret_7d": -0.15, "vol_7d": 0.04, "ret_24h": -0.01},
        -1,
        [{"ret_7d": -0.02}, {"ret_24h": 0.01}, {"vol_7d": 0.0}],
    ),
    "ema_cross": (
        {"ema_cross": 0.02, "ema_4h_gap": 0.004, "vol_24h": 0.03},
        1,
        [{"ema_cross": 0.002}, {"ema_4h_gap": -0.004}, {"vol_24h": 0.3}, {"vol_24h": 0.0}],
    ),
    "adx_trend": (
        {"adx": 32.0, "di_diff": -0.3, "ret_24h": -0.03},
        -1,
        [{"adx": 24.0}, {"di_diff": -0.05}, {"ret_24h": 0.03}],
    ),
    "macd_trend": (
        {"macd_hist": 0.4, "ema_24h_gap": 0.02},
        1,
        [{"macd_hist": 0.05}, {"ema_24h_gap": -0.02}],
    ),
    "channel_breakout": (
        {"breakout_24h": -0.2, "volume_shock": 2.0},
        -1,
        [{"breakout_24h": 0.0}, {"breakout_24h": -0.01}, {"volume_shock": 0.8}],
    ),
    "squeeze_breakout": (
        {
            "channel_pos_24h": 0.98,
            "ret_1h": 0.004,
            "vol_24h": 0.02,
            "vol_7d": 0.04,
            "volume_z": 1.0,
        },
        1,
        [{"channel_pos_24h": 0.6}, {"ret_1h": -0.004}, {"vol_24h": 0.04}, {"volume_z": 0.0}],
    ),
    "rsi_reversal": ({"rsi_14": 15.0, "adx": 15.0}, 1, [{"rsi_14": 40.0}, {"adx": 40.0}]),
    "band_reversal": (
        {"bollinger_z": 2.8, "vol_ratio": 0.9},
        -1,
        [{"bollinger_z": 1.5}, {"vol_ratio": 2.0}],
    ),
    "vwap_reversion": (
        {"vwap_24h_gap": -0.05, "vol_24h": 0.04, "efficiency_24h": 0.1},
        1,
        [{"vwap_24h_gap": -0.01}, {"efficiency_24h": 0.6}, {"vol_24h": 0.0}],
    ),
    "hour_reversal": (
        {"ret_z_1h": 3.0, "volume_z": 0.0},
        -1,
        [{"ret_z_1h": 1.0}, {"volume_z": 2.5}],
    ),
    "managed_momentum": (
        {"ret_24h": 0.05, "vol_24h": 0.03, "vol_7d": 0.04},
        1,
        [{"ret_24h": 0.005}, {"vol_24h": 0.08}, {"vol_24h": 0.0}],
    ),
    "expansion_momentum": (
        {"ret_z_1h": -2.5, "vol_ratio": 2.2, "volume_z": 2.0},
        -1,
        [{"ret_z_1h": -0.5}, {"vol_ratio": 1.0}, {"volume_z": 0.0}],
    ),
    "jump_fade": (
        {"ret_z_24h": 2.0, "jump_24h": 0.5, "volume_ratio_24h": 1.0},
        -1,
        [{"ret_z_24h": 0.5}, {"jump_24h": 0.1}, {"volume_ratio_24h": 3.0}],
    ),
    "cross_momentum": (
        {"rank_ret_7d": 0.9, "rank_ret_24h": 0.2},
        1,
        [{"rank_ret_7d": 0.1}, {"rank_ret_24h": -0.2}],
    ),
    "residual_reversal": (
        {"resid_24h": -0.06, "vol_24h": 0.04, "volume_ratio_24h": 1.0},
        1,
        [{"resid_24h": -0.01}, {"volume_ratio_24h": 4.0}, {"vol_24h": 0.0}],
    ),
    "bitcoin_lead": (
        {"lead_gap_1h": 0.015, "btc_ret_1h": 0.012, "vol_24h": 0.04},
        1,
        [{"lead_gap_1h": 0.0}, {"btc_ret_1h": -0.012}, {"btc_ret_1h": 0.0}, {"vol_24h": 0.0}],
    ),
    "low_volatility": (
        {"rank_vol_24h": 0.95, "dispersion_24h": 0.03},
        -1,
        [{"rank_vol_24h": 0.2}, {"dispersion_24h": 0.002}],
    ),
    "taker_imbalance": (
        {"taker_imbalance_1h": 0.25, "volume_z": 0.5},
        1,
        [{"taker_imbalance_1h": 0.05}, {"volume_z": -2.0}],
    ),
    "signed_flow": (
        {"signed_flow_4h": -0.3, "volume_ratio_24h": 1.0},
        -1,
        [{"signed_flow_4h": 0.0}, {"volume_ratio_24h": 0.4}],
    ),
    "volume_continuation": (
        {"ret_4h": 0.03, "vol_24h": 0.04, "volume_ratio_hour": 3.0},
        1,
        [{"ret_4h": 0.002}, {"volume_ratio_hour": 1.2}, {"vol_24h": 0.0}],
    ),
    "wick_rejection": (
        {"wick_ratio": 0.8, "volume_shock": 3.0},
        -1,
        [{"wick_ratio": 0.2}, {"volume_shock": 1.0}],
    ),
    "liquidity_sweep": (
        {"sweep_24h": 0.15, "spread_bps": 5.0},
        1,
        [{"sweep_24h": 0.0}, {"sweep_24h": 0.01}, {"spread_bps": 80.0}],
    ),
    "illiquid_reversal": (
        {"ret_4h": 0.04, "vol_24h": 0.04, "amihud_24h": 200.0, "spread_bps": 10.0},
        -1,
        [{"ret_4h": 0.005}, {"amihud_24h": 1.0}, {"spread_bps": 45.0}, {"vol_24h": 0.0}],
    ),
    "funding_carry": (
        {"funding_mean_7d_bps": 5.0, "funding_bps_8h": 4.0},
        -1,
        [{"funding_mean_7d_bps": 1.0}, {"funding_bps_8h": -1.0}, {"funding_bps_8h": 0.0}],
    ),
    "basis_carry": (
        {"basis_bps": -20.0, "funding_bps_8h": -2.0},
        1,
        [{"basis_bps": -2.0}, {"funding_bps_8h": 1.0}],
    ),
}


def test_every_engine_has_a_case_in_catalogue_order():
    assert list(CASES) == list(ENGINES)


@pytest.mark.parametrize("name", CASES)
def test_it_bets_the_way_its_hypothesis_says(name):
    row, expected, _ = CASES[name]
    side, strength = vote(ENGINES[name], **row)
    assert side == expected
    assert 0.55 <= strength <= 0.75 or name == "illiquid_reversal"  # a product of two convictions
    assert strength > 0.5


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name in CASES for change in CASES[name][2]]
)
def test_it_abstains_where_its_condition_fails(name, change):
    assert vote(ENGINES[name], **{**CASES[name][0], **change}) == (0, 0.5)


@pytest.mark.parametrize("name", CASES)
def test_it_reads_what_its_case_names_and_abstains_without_any_of_it(name):
    row, _, _ = CASES[name]
    assert set(ENGINES[name].reads) == set(row)
    for feature in row:
        assert vote(ENGINES[name], **{**row, feature: np.nan}) == (0, 0.5)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("momentum_day", {"ret_z_24h": 2.0}),
        ("rsi_reversal", {"rsi_14": 12.0}),
        ("illiquid_reversal", {"amihud_24h": 400.0}),
        ("managed_momentum", {"vol_24h": 0.025}),
        ("funding_carry", {"funding_mean_7d_bps": 7.0}),
    ],
)
def test_more_of_the_reason_is_more_strength(name, change):
    row, _, _ = CASES[name]
    assert vote(ENGINES[name], **{**row, **change})[1] > vote(ENGINES[name], **row)[1]


def test_the_catalogue_spreads_over_families_and_regimes():
    engines = builtin()
    assert len(engines) >= 20
    assert len({engine.name for engine in engines}) == len(engines)
    assert len({engine.family for engine in engines}) == 8
    matrix = approval(engines)
    for regime in (Regime.TREND, Regime.RANGE, Regime.PANIC, Regime.NEUTRAL):
        families = {engines[e].family for e in np.flatnonzero(matrix[regime])}
        assert len(families) >= 3, f"a quorum in {regime.name} needs families to agree"
    assert not matrix[Regime.ILLIQUID].any()


def test_every_engine_reads_known_features_and_cites_someone():
    for engine in builtin():
        assert set(engine.reads) <= set(FEATURES)
        assert engine.reference, engine.name
        assert engine.parameters, engine.name


def test_an_engine_is_built_in_however_often_one_asks() -> None:
    assert all(a is b for a, b in zip(builtin(), builtin(), strict=True))
