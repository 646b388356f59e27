"""Settings of the consensus: what an operator states as durations, what kernels read as bars.

In: named settings and the length of a bar. Out: ``Params``, plain floats and ints, checked once
here so that no kernel has to.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Final, NamedTuple


class Weighting(IntEnum):
    """What the base weight of an engine is proportional to (METHODS 1.3)."""

    SPEC = 0  # its reliability, as Spec 1 writes it
    SKILL = 1  # its Brier skill against a coin flip
    HEDGE = 2  # exponential weights of its decayed loss, asleep while it abstains
    EQUAL = 3  # the standing challenger


class Reliability(IntEnum):
    """How the Brier score becomes a reliability (METHODS 1.2)."""

    SPEC = 0
    SHRUNK = 1  # toward the coin flip's Brier score by ``reliability_mass``


class Threshold(IntEnum):
    """What a score must exceed (METHODS 3.2)."""

    SPEC = 0  # k * sigma
    FLOOR = 1  # max(k * sigma, theta_min)


class Sigma(IntEnum):
    """How the spread of past scores is measured (METHODS 3.1, 3.2)."""

    STD = 0  # around their mean, ddof 1
    RMS = 1  # around zero
    NONZERO = 2  # ddof 1, over scores that are not zero; needs ``min_nonzero`` of them


class Shrinkage(IntEnum):
    """Which estimator shrinks the covariance of votes (METHODS 2.2)."""

    OAS = 0
    LEDOIT_WOLF = 1


class Pool(IntEnum):
    """How weighted votes become one score (METHODS 2.6)."""

    LINEAR = 0
    LOG = 1


class Params(NamedTuple):
    """What the consensus kernels read; build it with ``params``.

    ``horizon_bars`` is the life of a label; every ``_mass`` is counted in effective labels;
    ``_half_life_days`` in days; options hold the codes of the enumerations of this module.
    """

    horizon_bars: int
    bars_per_hour: int
    bars_per_day: int
    half_life_days: float
    prior_loss: float
    reliability: int
    reliability_mass: float
    by_regime: int
    calibration_half_life_days: float
    prior_prob: float
    prior_mass: float
    floor_prob: float
    weighting: int
    skill_floor: float
    skill_power: float
    hedge_rate: float
    mix: float
    k: float
    window: int
    threshold: int
    theta_min: float
    sigma: int
    min_nonzero: int
    quorum: float
    min_families: int
    shrinkage: int
    correlation_half_life_days: float
    ridge: float
    pool: int
    pool_power: float
    edge_slope: float
    confidence_floor: float
    confidence_mass: float


# name: (default, lowest, highest); whole numbers are ints, a duration in its own unit
SETTINGS: Final[dict[str, tuple[float, float, float]]] = {
    "half_life_days": (30.0, 0.01, 3650.0),
    "prior_loss": (0.25, 0.01, 1.0),
    "reliability": (int(Reliability.SPEC), 0, 1),
    "reliability_mass": (200.0, 0.0, 1e6),
    "by_regime": (0, 0, 1),
    "calibration_half_life_days": (30.0, 0.01, 3650.0),
    "prior_prob": (0.5, 0.5, 0.99),
    "prior_mass": (200.0, 1e-6, 1e6),
    "floor_prob": (0.5, 0.5, 0.99),
    "weighting": (int(Weighting.SPEC), 0, 3),
    "skill_floor": (1e-3, 1e-9, 1.0),
    "skill_power": (1.0, 0.0, 10.0),
    "hedge_rate": (0.5, 0.0, 100.0),
    "mix": (0.0, 0.0, 1.0),
    "k": (0.75, 0.0, 10.0),
    "window": (100, 2, 10_000),
    "threshold": (int(Threshold.SPEC), 0, 1),
    "theta_min": (0.0, 0.0, 1.0),
    "sigma": (int(Sigma.STD), 0, 2),
    "min_nonzero": (30, 2, 10_000),
    "quorum": (0.34, 0.0, 1.0),
    "min_families": (2, 1, 62),
    "shrinkage": (int(Shrinkage.OAS), 0, 1),
    "correlation_half_life_days": (7.0, 0.01, 3650.0),
    "ridge": (1e-6, 1e-9, 0.1),
    "pool": (int(Pool.LINEAR), 0, 1),
    "pool_power": (1.0, 0.01, 10.0),
    "edge_slope": (0.80, 0.0, 10.0),
    "confidence_floor": (0.25, 0.0, 1.0),
    "confidence_mass": (200.0, 1e-6, 1e6),
}
"""Every setting with its default and the bounds it must lie within."""


def params(bar_minutes: int = 5, *, horizon_hours: float = 4.0, **overrides: float) -> Params:
    """Check the settings of the consensus and turn durations into bars.

    Parameters
    ----------
    bar_minutes : int
        Length of a bar; a divisor of 60.
    horizon_hours : float
        Life of a label, a whole number of bars (METHODS 0b.2).
    **overrides : float
        Any name of ``SETTINGS``.

    Returns
    -------
    Params
        What the kernels read.

    Raises
    ------
    ValueError
        A name is unknown, or a value is outside its bounds.

    Notes
    -----
    Units: minutes, hours, days.  Causal: no data are read.  Missing: defaults fill in.
    Spec 1, METHODS 0b.

    Examples
    --------
    >>> params(5).horizon_bars, params(60).horizon_bars, params().k
    (48, 4, 0.75)
    >>> params(quorum=1.5)
    Traceback (most recent call last):
    ValueError: quorum is 1.5, outside [0.0, 1.0]; choose a value within these bounds
    """
    bars_per_hour = _bars_per_hour(bar_minutes)
    horizon_bars = _horizon_bars(horizon_hours, bars_per_hour)
    unknown = sorted(set(overrides) - set(SETTINGS))
    if unknown:
        raise ValueError(
            f"{unknown[0]} is not a setting of the consensus; choose one of {', '.join(SETTINGS)}"
        )
    values = {name: _checked(name, overrides.get(name)) for name in SETTINGS}
    return Params(
        horizon_bars=horizon_bars,
        bars_per_hour=bars_per_hour,
        bars_per_day=24 * bars_per_hour,
        **values,  # type: ignore[arg-type]  # each value has the type of its default
    )


def _bars_per_hour(bar_minutes: int) -> int:
    """Return how many bars make an hour."""
    if isinstance(bar_minutes, bool) or bar_minutes < 1 or 60 % bar_minutes:
        raise ValueError(
            f"bar_minutes is {bar_minutes}, not a divisor of 60; choose 1, 5, 15, 30 or 60"
        )
    return 60 // int(bar_minutes)


def _horizon_bars(horizon_hours: float, bars_per_hour: int) -> int:
    """Return the life of a label in bars."""
    bars = horizon_hours * bars_per_hour
    if not 1 <= bars <= 24 * 7 * bars_per_hour or abs(bars - round(bars)) > 1e-9:
        raise ValueError(
            f"horizon_hours is {horizon_hours}, not a whole number of bars of "
            f"{60 // bars_per_hour} minutes within [1 bar, 168 hours]; choose such a multiple"
        )
    return round(bars)


def _checked(name: str, given: float | None) -> float:
    """Return a setting's value with the type of its default, or say what is wrong with it."""
    default, low, high = SETTINGS[name]
    value = default if given is None else given
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(
            f"{name} is {value}, outside [{low}, {high}]; choose a value within these bounds"
        )
    if isinstance(default, int):
        if value != int(value):
            raise ValueError(f"{name} is {value}, not a whole number; round it")
        return int(value)
    return float(value)
