"""The hidden state of the synthetic market and the returns it makes.

In: a seeded generator. Out: ``Weather`` (regime, volatility, turnover and the hidden drift of each
coin) and log returns (time, coin). Slow states move hour by hour and are held within the hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, Mat, Vec

CALM, TREND, PANIC = 0, 1, 2
_SHARE = np.array([0.55, 0.40, 0.05])
_MEAN_HOURS = np.array([60.0, 48.0, 14.0])
_SIGMA = np.array([0.75, 1.0, 2.6])
_VOLUME = np.array([0.8, 1.1, 3.0])
_HIDDEN = np.array([0.6, 1.4, 1.2])
_BTC_SIGMA_DAILY = 0.025
_HIDDEN_HALF_LIFE_HOURS = 12.0
_JUMPS_PER_DAY = 0.1
_JUMP_DAYS = 0.6
"""Standard deviation of a jump, in usual daily moves."""


class Weather(NamedTuple):
    """What drives the market; ``regime`` (time,), ``beta`` (coin,), the rest (time, coin)."""

    bar_minutes: int
    regime: ByteVec
    beta: Vec
    base_sigma: Vec
    sigma: Mat
    turnover_usd: Mat
    hidden: Mat

    def trailing_z(self, close: Mat) -> Mat:
        """Return the return of the 24 hours before each bar over twice its usual size; 0 unknown.

        Units: dimensionless.  Causal: reads closes up to the bar.  Missing: 0.
        """
        day = 24 * 60 // self.bar_minutes
        z = np.zeros_like(close)
        if len(close) > day:
            moved = np.log(close[day:] / close[:-day])
            z[day:] = np.nan_to_num(moved / (2.0 * self.base_sigma * np.sqrt(day)))
        return z


def weather(generator: np.random.Generator, n_coins: int, days: int, bar_minutes: int) -> Weather:
    """Draw the hidden state: regimes, stochastic volatility, turnover by hour of day, drift.

    Returns
    -------
    Weather
        ``sigma`` is the volatility of one bar; ``hidden`` has a standard deviation near 1.

    Notes
    -----
    Units: fractions per bar; USD per bar.  Causal: a draw.  Missing: none.
    """
    hours, bph = 24 * days, 60 // bar_minutes
    regime = _regimes(generator, hours)
    rank = np.linspace(0.0, 1.0, n_coins)
    beta = np.concatenate(([1.0], generator.uniform(0.7, 1.5, n_coins - 1)))
    base = _BTC_SIGMA_DAILY * (1.0 + rank) / np.sqrt(24.0 * bph)
    cloud = _walk(generator, (hours, 1), 0.97, 0.25) + _walk(generator, (hours, n_coins), 0.9, 0.15)
    sigma = base * _SIGMA[regime][:, None] * np.exp(cloud)
    clock = np.arange(hours) % 24
    season = 1.0 + 0.5 * np.sin(2.0 * np.pi * (clock - 9.0) / 24.0)
    weekend = np.where(np.arange(hours) // 24 % 7 >= 5, 0.7, 1.0)
    busy = season * weekend * _VOLUME[regime]
    usd = 2e6 * np.exp(-4.0 * rank) * 24.0 * bar_minutes / 120.0 * busy[:, None] * np.exp(cloud)
    decay = float(0.5 ** (1.0 / _HIDDEN_HALF_LIFE_HOURS))
    drift = 0.6 * _walk(generator, (hours, 1), decay, 1.0)
    drift = drift + 0.8 * _walk(generator, (hours, n_coins), decay, 1.0)
    drift = np.where((regime == PANIC)[:, None], -np.abs(drift), drift)
    return Weather(
        bar_minutes,
        np.repeat(regime, bph),
        beta,
        base,
        np.repeat(sigma, bph, axis=0),
        np.repeat(usd, bph, axis=0),
        np.repeat(drift * _HIDDEN[regime][:, None], bph, axis=0),
    )


def returns(generator: np.random.Generator, state: Weather, planted_edge: float) -> Mat:
    r"""Draw log returns with a market factor, jumps and, if asked for, something to predict.

    .. math:: r_{t,c} = \sigma_{t,c} (\rho\,m_t + \sqrt{1-\rho^2}\,e_{t,c}) + J_{t,c}
              - \tfrac12\sigma_{t,c}^2 + \text{planted}

    with the correlation :math:`\rho` to the factor higher in a panic. Planted are a drift
    ``planted_edge * sigma * hidden / sqrt(bars in 4 h)`` and, for all coins but the first, an
    echo of the market's last 30 minutes.

    Notes
    -----
    Units: log returns per bar.  Causal: bar t's drift was set before it.  Missing: none.
    """
    shape = state.sigma.shape
    bph = 60 // state.bar_minutes
    panic = (state.regime == PANIC)[:, None]
    tilt = np.clip(0.72 * state.beta, 0.3, 0.95)
    rho = np.where(panic, np.maximum(tilt, 0.9), tilt)
    market = generator.standard_normal((shape[0], 1))
    own = generator.standard_normal(shape)
    rate = _JUMPS_PER_DAY / (24.0 * bph)
    size = _JUMP_DAYS * state.base_sigma * np.sqrt(24.0 * bph)
    jump = (generator.random(shape) < rate) * size * generator.standard_normal(shape)
    moves: Mat = state.sigma * (rho * market + np.sqrt(1.0 - rho**2) * own) + jump
    moves -= 0.5 * state.sigma**2
    if planted_edge > 0.0:
        moves += planted_edge * state.sigma * state.hidden / np.sqrt(4.0 * bph)
        span = max(bph // 2, 1)
        past = np.cumsum(np.concatenate((np.zeros((span + 1, 1)), market)), axis=0)
        echo = (past[span:-1] - past[: -span - 1]) / span
        moves[:, 1:] += planted_edge * (state.sigma * rho)[:, 1:] * echo
    return moves


def _regimes(generator: np.random.Generator, hours: int) -> ByteVec:
    """Draw the regime of each hour: a stay has a geometric length, then another is drawn."""
    path = np.zeros(hours, dtype=np.int8)
    hour, now = 0, CALM
    weight = _SHARE / _MEAN_HOURS
    while hour < hours:
        stay = int(generator.geometric(1.0 / _MEAN_HOURS[now]))
        path[hour : hour + stay] = now
        hour += stay
        other = np.where(np.arange(3) == now, 0.0, weight)
        now = int(generator.choice(3, p=other / other.sum()))
    return path


def _walk(generator: np.random.Generator, shape: tuple[int, int], keep: float, size: float) -> Mat:
    """Draw a stationary first-order autoregression over hours with standard deviation ``size``."""
    shock: Mat = generator.standard_normal(shape) * (size * np.sqrt(1.0 - keep * keep))
    shock[0] *= 1.0 / np.sqrt(1.0 - keep * keep)
    for hour in range(1, shape[0]):
        shock[hour] += keep * shock[hour - 1]
    return shock
