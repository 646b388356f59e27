"""Rows to try an engine on: plausible, wide, and the same on every machine and every day.

In: feature names. Out: ``Rows`` in which every condition an engine may ask for is met somewhere.
Numbers come from a hash of (seed, feature, row, coin), not from a random generator, so that a
check that fails fails again. They are independent of each other: made to exercise an engine, not
to earn it money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.core.engines.base import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import Cube

SIGNED = {
    "ret_bar": 0.002,
    "ret_1h": 0.008,
    "ret_4h": 0.016,
    "ret_24h": 0.04,
    "ret_7d": 0.1,
    "ret_z_1h": 1.2,
    "ret_z_24h": 1.2,
    "ema_4h_gap": 0.01,
    "ema_24h_gap": 0.03,
    "ema_cross": 0.02,
    "macd_hist": 0.3,
    "di_diff": 0.25,
    "breakout_24h": 0.2,
    "bollinger_z": 1.8,
    "taker_imbalance_1h": 0.2,
    "vwap_24h_gap": 0.03,
    "signed_flow_4h": 0.25,
    "wick_ratio": 0.6,
    "sweep_24h": 0.1,
    "funding_bps_8h": 4.0,
    "funding_mean_7d_bps": 3.0,
    "basis_bps": 15.0,
    "rank_ret_24h": 0.7,
    "rank_ret_7d": 0.7,
    "resid_24h": 0.04,
    "btc_ret_1h": 0.006,
    "lead_gap_1h": 0.008,
}
"""Features whose sign is a direction, with a typical size: negated in the mirrored market."""

CENTRED = {"rsi_14": 100.0, "channel_pos_24h": 1.0, "breadth_24h": 1.0}
"""Features in [0, top] that the mirror reflects, with their top."""

UNSIGNED = {
    "vol_1h": (0.002, 0.02),
    "vol_24h": (0.01, 0.1),
    "vol_7d": (0.015, 0.09),
    "vol_ratio": (0.3, 3.0),
    "atr_frac": (0.003, 0.03),
    "parkinson_24h": (0.01, 0.1),
    "garman_klass_24h": (0.01, 0.1),
    "jump_24h": (0.0, 0.8),
    "adx": (8.0, 50.0),
    "efficiency_24h": (0.0, 0.9),
    "volume_z": (-2.5, 4.0),
    "volume_shock": (0.05, 5.0),
    "volume_ratio_hour": (0.1, 5.0),
    "volume_ratio_24h": (0.3, 3.0),
    "amihud_24h": (0.01, 800.0),
    "spread_bps": (0.5, 60.0),
    "spread_estimated": (0.0, 1.0),
    "bar_volume": (10.0, 1e6),
    "rank_vol_24h": (-1.0, 1.0),
    "rank_volume": (-1.0, 1.0),
    "beta_btc": (-0.2, 2.0),
    "dispersion_24h": (0.004, 0.06),
}
"""Features that the mirror leaves alone: (low, high)."""

BOUNDED = frozenset(
    {"di_diff", "taker_imbalance_1h", "signed_flow_4h", "wick_ratio", "rank_ret_24h", "rank_ret_7d"}
)
"""Signed features that lie in [-1, 1]."""

STANDARD = (*SIGNED, *CENTRED, *UNSIGNED)
"""Every feature known here."""


def uniform(shape: tuple[int, int, int], seed: int = 0) -> Cube:
    """Return numbers in (0, 1) from a hash of their position (SplitMix64).

    Parameters
    ----------
    shape : tuple of int
        (time, feature, coin).
    seed : int
        Another seed, other numbers.

    Returns
    -------
    Cube

    Notes
    -----
    Units: none.  Causal: no data.  Missing: none.  Reference: G. L. Steele, D. Lea, C. H. Flood
    (2014), "Fast splittable pseudorandom number generators".

    Examples
    --------
    >>> uniform((1, 1, 3)).round(3).tolist() == uniform((1, 1, 3)).round(3).tolist()
    True
    """
    n_values = shape[0] * shape[1] * shape[2]
    count = np.arange(1, n_values + 1, dtype=np.uint64)
    state = (count + np.uint64(seed * 1_000_003)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    top = (state >> np.uint64(11)).astype(np.float64)
    return ((top + 0.5) / 2.0**53).reshape(shape)


def specimen(names: Sequence[str], n_time: int = 48, n_coins: int = 12, seed: int = 0) -> Rows:
    """Return a block of plausible rows.

    Parameters
    ----------
    names : sequence of str
        Features; one that is not known here is signed with a typical size of 1.
    n_time, n_coins : int
        Shape of the block.
    seed : int
        Another seed, other rows.

    Returns
    -------
    Rows
        Shape (n_time, len(names), n_coins), without NaN.

    Notes
    -----
    Units: as the feature table.  Causal: rows are independent.  Missing: none.

    Examples
    --------
    >>> specimen(["vol_24h", "rsi_14"]).shape
    (48, 12)
    """
    draw = uniform((n_time, len(names), n_coins), seed)
    values = np.empty_like(draw)
    for f, name in enumerate(names):
        u = draw[:, f, :]
        if name in CENTRED or name in UNSIGNED:
            low, high = (0.0, CENTRED[name]) if name in CENTRED else UNSIGNED[name]
            column = low + (high - low) * u
            values[:, f, :] = np.round(column) if name == "spread_estimated" else column
        else:
            # the logistic quantile: heavier tails than the normal, as returns have
            column = np.log(u / (1.0 - u)) * SIGNED.get(name, 1.0) * 0.6
            values[:, f, :] = np.clip(column, -1.0, 1.0) if name in BOUNDED else column
    return Rows(values, tuple(names))


def mirror(rows: Rows) -> Rows:
    """Return the same rows in a market that fell where this one rose.

    Notes
    -----
    Units: as the feature table.  Causal: row by row.  Missing: NaN stays.

    Examples
    --------
    >>> rows = Rows(np.array([[[0.02], [70.0], [0.03]]]), ("ret_24h", "rsi_14", "vol_24h"))
    >>> mirror(rows).values.ravel().tolist()
    [-0.02, 30.0, 0.03]
    """
    values = np.array(rows.values)
    for f, name in enumerate(rows.names):
        if name in CENTRED:
            values[:, f, :] = CENTRED[name] - values[:, f, :]
        elif name not in UNSIGNED:
            values[:, f, :] = -values[:, f, :]
    return Rows(values, rows.names)
