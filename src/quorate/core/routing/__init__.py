"""How a decided change becomes orders: which venue, when, resting where (Spec 8, METHODS 9).

``persistence`` learns how long signals last; ``style`` picks schedule and placement; ``rank``
scores venues; ``orders`` splits a change over venues and writes ``types.Orders``; ``schedule``
says what each child is, for the simulated exchange and for a live one alike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.types import N_REGIMES, ByteMat, Mat


class Params(NamedTuple):
    """Constants of the router; durations are in bars (``params`` converts them)."""

    # rank: weights of Spec 8 and the absolute scales of METHODS 9.1
    weight_spread: float = 0.3
    weight_queue: float = 0.2
    weight_latency: float = 0.2
    weight_reliability: float = 0.15
    weight_size: float = 0.15
    spread_scale_bps: float = 10.0
    latency_scale_ms: float = 200.0
    ranking: int = 0  # rank.Ranking
    # style
    post_only_bps: float = 10.0
    min_persistence: float = 0.7
    pov_frac: float = 0.1  # of the window's volume: larger orders follow the volume
    iceberg_usd: float = 50_000.0
    # schedule
    participation: float = 0.1  # share of the volume that a POV parent takes, itself included
    display_frac: float = 0.1  # tip of an iceberg
    jitter_frac: float = 0.2  # of a live child's time and size; a bar has neither
    urgency: float = 0.0  # of a TWAP, kappa T of Almgren and Chriss: 0 trades at an even pace
    collar_bps: float = 50.0
    schedule_bars: int = 6  # 30 minutes
    longest_bars: int = 48  # 4 hours: the horizon of the signal
    timeout_bars: int = 1  # a post-only child rests this long, then crosses
    seed: int = 0
    # orders
    min_change_frac: float = 0.1
    # persistence
    decay: float = 0.5 ** (1.0 / 8640.0)  # a bar; half-life 30 days
    prior_mass: float = 200.0


class State(NamedTuple):
    """What ``persistence`` remembers: a ring of past signs and decayed counts per regime."""

    sign: ByteMat  # (schedule_bars, coin); 2 where nothing is known
    regime: ByteMat  # (schedule_bars, coin)
    counts: Mat  # (2, regime): pairs with the same sign, all pairs


BOUNDS = {
    "weight_spread": (0.0, 1.0),
    "weight_queue": (0.0, 1.0),
    "weight_latency": (0.0, 1.0),
    "weight_reliability": (0.0, 1.0),
    "weight_size": (0.0, 1.0),
    "spread_scale_bps": (0.01, 1e4),
    "latency_scale_ms": (0.1, 1e5),
    "post_only_bps": (0.0, 1e4),
    "min_persistence": (0.0, 1.0),
    "pov_frac": (1e-4, 1.0),
    "iceberg_usd": (0.0, 1e12),
    "participation": (1e-4, 0.2),
    "display_frac": (1e-3, 1.0),
    "jitter_frac": (0.0, 0.5),
    "urgency": (0.0, 20.0),
    "collar_bps": (0.1, 500.0),
    "seed": (0, 2**31 - 1),
    "ranking": (0, 1),
    "min_change_frac": (0.0, 1.0),
    "prior_mass": (0.0, 1e6),
}
_N_WEIGHTS = 5


def params(
    bar_minutes: float = 5.0,
    *,
    schedule_hours: float = 0.5,
    longest_hours: float = 4.0,
    timeout_hours: float = 1.0 / 12.0,
    half_life_days: float = 30.0,
    **overrides: float,
) -> Params:
    """Return the constants of the router for a length of bar, checked.

    Parameters
    ----------
    bar_minutes : float
        Length of a bar.
    schedule_hours, longest_hours, timeout_hours : float
        How long a TWAP lasts, how long any parent may last, how long a post-only child rests.
    half_life_days : float
        Of the counts of persistence.
    **overrides : float
        Other fields of ``Params``.

    Returns
    -------
    Params
        Every duration is at least one bar.

    Raises
    ------
    ValueError
        If a name is unknown, a value outside its bounds, or the weights do not sum to 1.

    Notes
    -----
    Units: as the names say.  Causal: no time.  Missing: NaN is refused.  Spec 8, METHODS 9.

    Examples
    --------
    >>> params(bar_minutes=15.0).schedule_bars
    2
    """
    durations = {
        "bar_minutes": bar_minutes,
        "schedule_hours": schedule_hours,
        "longest_hours": longest_hours,
        "timeout_hours": timeout_hours,
        "half_life_days": half_life_days,
    }
    for name, number in durations.items():
        if not 0.0 < number <= 1e5:
            raise ValueError(f"routing {name} is {number}; choose a positive duration")
    for name, number in overrides.items():
        if name not in BOUNDS:
            raise ValueError(f"routing has no setting {name!r}; use one of {sorted(BOUNDS)}")
        low, high = BOUNDS[name]
        if not low <= number <= high:
            raise ValueError(f"routing {name} is {number}; choose from {low} to {high}")
    fields: dict[str, float] = {**Params()._asdict(), **{k: float(v) for k, v in overrides.items()}}
    total = math.fsum(list(fields.values())[:_N_WEIGHTS])
    if abs(total - 1.0) > 1e-9:
        raise ValueError(f"routing weights sum to {total}; make the five of them sum to 1")
    bars_per_hour = 60.0 / bar_minutes
    fields["decay"] = 0.5 ** (1.0 / (half_life_days * 24.0 * bars_per_hour))
    made = Params(**fields)  # type: ignore[arg-type]
    return made._replace(
        schedule_bars=max(1, round(schedule_hours * bars_per_hour)),
        longest_bars=max(1, round(longest_hours * bars_per_hour)),
        timeout_bars=max(1, round(timeout_hours * bars_per_hour)),
        seed=int(fields["seed"]),
        ranking=int(fields["ranking"]),
    )


def init(n_coins: int, constants: Params) -> State:
    """Return a memory of nothing: every persistence is its prior, one half.

    Parameters
    ----------
    n_coins : int
        At least 1.
    constants : Params
        ``schedule_bars`` sets the length of the ring.

    Raises
    ------
    ValueError
        If there is no coin.

    Notes
    -----
    Units: counts.  Causal: no time.  Missing: 2 stands for an unknown sign.  METHODS 9.2.

    Examples
    --------
    >>> init(3, params()).sign.shape
    (6, 3)
    """
    if n_coins < 1:
        raise ValueError(f"routing needs at least 1 coin, got {n_coins}")
    shape = (constants.schedule_bars, n_coins)
    return State(
        sign=np.full(shape, 2, dtype=np.int8),
        regime=np.zeros(shape, dtype=np.int8),
        counts=np.zeros((2, N_REGIMES)),
    )
