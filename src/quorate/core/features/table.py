"""The table of features: what each row of ``Features.values`` is, in which unit, known when.

Nothing comes in. Out: ``FEATURES`` in the order of the rows, ``index`` from a name to its row,
and hashes that name a table and the features a decision saw (Spec 10).
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import NamedTuple

import numpy as np

from quorate.core.types import Mat, Vec


class Feature(NamedTuple):
    """One row of the table.

    ``hours`` and ``bars`` give the warm-up: the number of bars since the coin (re)started, on the
    first bar of an hour, after which the value is known: ``hours * bars_per_hour + bars``.
    """

    name: str
    family: str
    unit: str
    hours: int
    bars: int
    meaning: str

    def warmup(self, bars_per_hour: int) -> int:
        """Return how many bars it takes until the value is known.

        Examples
        --------
        >>> FEATURES[index("ret_1h")].warmup(12)
        13
        """
        return self.hours * bars_per_hour + self.bars


_RETURNS = (
    Feature("ret_bar", "returns", "log", 0, 2, "return of the bar, tail clipped"),
    Feature("ret_1h", "returns", "log", 1, 1, "return of 1 h, tail clipped"),
    Feature("ret_4h", "returns", "log", 4, 1, "return of 4 h, tail clipped"),
    Feature("ret_24h", "returns", "log", 24, 1, "return of 24 h, tail clipped"),
    Feature(
        "ret_7d", "returns", "log", 169, 0, "return since the hour 7 days before, tail clipped"
    ),
    Feature("ret_z_1h", "returns", "sigma", 24, 1, "ret_1h over the hourly share of vol_24h"),
    Feature("ret_z_24h", "returns", "sigma", 24, 1, "ret_24h over vol_24h"),
)
_VOLATILITY = (
    Feature("vol_1h", "volatility", "frac", 1, 1, "realised volatility of 1 h, root of sum r^2"),
    Feature("vol_24h", "volatility", "frac", 24, 1, "realised volatility of 24 h (daily)"),
    Feature("vol_7d", "volatility", "frac", 169, 0, "daily volatility from 7 days of hours"),
    Feature("vol_ratio", "volatility", "ratio", 24, 1, "vol_1h scaled to a day over vol_24h"),
    Feature("atr_frac", "volatility", "frac", 15, 0, "Wilder's ATR(14) on hours over the close"),
    Feature("parkinson_24h", "volatility", "frac", 24, 0, "Parkinson (1980) volatility, daily"),
    Feature("garman_klass_24h", "volatility", "frac", 24, 0, "Garman-Klass (1980), daily"),
    Feature(
        "jump_24h",
        "volatility",
        "frac",
        24,
        2,
        "1 - bipower (tails clipped) over realised variance",
    ),
)
_TREND = (
    Feature("ema_4h_gap", "trend", "frac", 12, 0, "close over its EMA of 4 h, less 1"),
    Feature("ema_24h_gap", "trend", "frac", 48, 0, "close over its EMA of 24 h, less 1"),
    Feature("ema_cross", "trend", "frac", 48, 0, "EMA of 4 h over EMA of 24 h, less 1"),
    Feature("macd_hist", "trend", "atr", 34, 0, "MACD(12, 26, 9) histogram on hours over ATR"),
    Feature("adx", "trend", "0..100", 150, 0, "Wilder's ADX(14) on hours"),
    Feature("di_diff", "trend", "-1..1", 150, 0, "(+DI - -DI)/100 on hours"),
    Feature("efficiency_24h", "trend", "0..1", 25, 0, "Kaufman's ratio over 24 hourly changes"),
    Feature("channel_pos_24h", "trend", "0..1", 24, 0, "place of the close in the 24 h channel"),
    Feature("breakout_24h", "trend", "sigma", 24, 1, "log distance beyond the earlier channel"),
    Feature("rsi_14", "trend", "0..100", 15, 0, "Wilder's RSI(14) on hours"),
    Feature("bollinger_z", "trend", "sigma", 20, 0, "close against the last 20 hourly closes"),
)
_FLOW = (
    Feature("volume_z", "flow", "sigma", 25, 0, "log volume of 1 h against the 24 hours before"),
    Feature("volume_shock", "flow", "ratio", 24, 0, "bar volume over the mean bar of 24 h"),
    Feature(
        "volume_ratio_hour", "flow", "ratio", 120, 1, "1 h volume over its hour-of-week median"
    ),
    Feature("volume_ratio_24h", "flow", "ratio", 143, 1, "24 h volume over its 30-day median"),
    Feature("taker_imbalance_1h", "flow", "-1..1", 1, 0, "2 x taker buys over volume, less 1"),
    Feature("vwap_24h_gap", "flow", "frac", 24, 0, "close over the 24 h VWAP, less 1"),
    Feature("signed_flow_4h", "flow", "-1..1", 4, 1, "volume signed by returns over volume, 4 h"),
    Feature("wick_ratio", "flow", "-1..1", 0, 1, "(upper wick - lower wick) over range"),
    Feature("sweep_24h", "flow", "sigma", 25, 0, "depth of a reclaimed 24 h low (+) or high (-)"),
    Feature("amihud_24h", "flow", "bps/M", 24, 1, "sum of moves (tails clipped) per million quote"),
    Feature("spread_bps", "flow", "bps", 24, 0, "quoted spread, else estimated from bars"),
    Feature("spread_estimated", "flow", "0/1", 0, 1, "1 where the spread is not quoted"),
    Feature("bar_volume", "flow", "coins", 24, 0, "mean volume of a bar over 24 h"),
)
_CARRY = (
    Feature("funding_bps_8h", "carry", "bps", 0, 1, "last funding rate scaled to 8 h"),
    Feature("funding_mean_7d_bps", "carry", "bps", 24, 0, "its mean over 7 days of hours"),
    Feature("basis_bps", "carry", "bps", 0, 1, "perpetual over index or spot"),
)
_CROSS = (
    Feature("rank_ret_24h", "crosssection", "-1..1", 24, 1, "rank of ret_24h among the coins"),
    Feature("rank_ret_7d", "crosssection", "-1..1", 169, 0, "rank of ret_7d"),
    Feature("rank_vol_24h", "crosssection", "-1..1", 24, 1, "rank of vol_24h"),
    Feature("rank_volume", "crosssection", "-1..1", 24, 0, "rank of the 24 h quote volume"),
    Feature(
        "beta_btc",
        "crosssection",
        "ratio",
        73,
        0,
        "EWMA beta to BTC of clipped hours, half-life 7 days",
    ),
    Feature("resid_24h", "crosssection", "log", 73, 0, "ret_24h less beta times that of BTC"),
    Feature("btc_ret_1h", "crosssection", "log", 1, 1, "ret_1h of BTC"),
    Feature("lead_gap_1h", "crosssection", "log", 73, 0, "beta times BTC's ret_1h, less ret_1h"),
    Feature("dispersion_24h", "crosssection", "log", 24, 1, "deviation of ret_24h over coins"),
    Feature("breadth_24h", "crosssection", "0..1", 48, 0, "share of coins above their 24 h EMA"),
)

FEATURES: tuple[Feature, ...] = (*_RETURNS, *_VOLATILITY, *_TREND, *_FLOW, *_CARRY, *_CROSS)
"""Every feature, in the order of the rows of ``Features.values``."""

N_FEATURES = len(FEATURES)

_ROWS = {feature.name: row for row, feature in enumerate(FEATURES)}


def index(name: str) -> int:
    """Return the row of a feature.

    Examples
    --------
    >>> FEATURES[index("adx")].family
    'trend'
    """
    if name not in _ROWS:
        raise ValueError(f"no feature is named {name!r}; the names are in features.table.FEATURES")
    return _ROWS[name]


@cache
def table_hash() -> bytes:
    """Return 16 bytes that change whenever a feature is added, moved or described anew.

    Examples
    --------
    >>> len(table_hash())
    16
    """
    digest = hashlib.blake2b(digest_size=16)
    for feature in FEATURES:
        digest.update(repr(tuple(feature)).encode())
    return digest.digest()


def features_hash(row: Vec) -> str:
    """Return the hash of the features one decision saw (``Spec 10``, ``features_hash``).

    Parameters
    ----------
    row : Vec
        The features of one coin on one bar, shape (feature,).

    Returns
    -------
    str
        As one of ``features_hashes``.

    Examples
    --------
    >>> len(features_hash(np.zeros(N_FEATURES)))
    32
    """
    return features_hashes(np.asarray(row)[None])[0]


def features_hashes(rows: Mat) -> list[str]:
    """Return the hash of each of many rows of features.

    Parameters
    ----------
    rows : Mat
        The features of one coin on one bar in each, shape (row, feature).

    Returns
    -------
    list of str
        Hex blake2b of the table's hash and the row's little-endian float64 bytes; every NaN
        counts as the same.

    Examples
    --------
    >>> features_hashes(np.zeros((2, N_FEATURES)))[1] == features_hash(np.zeros(N_FEATURES))
    True
    """
    values = np.array(rows, dtype="<f8", order="C")
    if values.shape[1:] != (N_FEATURES,):
        shape = values.shape[1:]
        raise ValueError(f"a row has shape {shape}: it must be ({N_FEATURES},); pass one")
    values[np.isnan(values)] = np.nan
    begun = hashlib.blake2b(table_hash(), digest_size=16)
    data, size = memoryview(values.tobytes()), values.itemsize * N_FEATURES
    found = []
    for start in range(0, len(data), size):
        each = begun.copy()  # the table's part is the same for all
        each.update(data[start : start + size])
        found.append(each.hexdigest())
    return found
