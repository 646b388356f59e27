"""The three risk presets, what stands without one, and the outer bounds of every setting.

In: a name. Out: the limits of an account. A preset wins over the generic numbers of Spec 5 and 6,
which are the fallback (METHODS 0 rows 7 and 16).
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple


class Preset(NamedTuple):
    """Limits of an account; fractions of equity, ``max_leverage`` a multiple of it."""

    per_trade_risk: float
    daily_loss_stop: float
    max_leverage: float
    coin_cap: float = 0.25
    sector_cap: float = 0.5


PRESETS: dict[str, Preset] = {
    "conservative": Preset(0.0025, 0.015, 1.5),
    "balanced": Preset(0.005, 0.025, 2.0),
    "aggressive": Preset(0.01, 0.035, 3.0),
    "generic": Preset(0.005, 0.03, 3.0),
}
"""By name; ``generic`` is the low end of the band of Spec 5, the 3% of Spec 6 and 3x."""

OUTER = Preset(per_trade_risk=0.015, daily_loss_stop=0.035, max_leverage=3.0)
"""Nothing may be set above these, whatever the preset."""


def preset(name: str) -> Preset:
    """Return the limits of a preset.

    Parameters
    ----------
    name : str
        conservative, balanced, aggressive, or generic for the numbers without a preset.

    Raises
    ------
    ValueError
        For any other name.

    Notes
    -----
    Units: fractions of equity. Spec 11, METHODS 0 rows 7 and 16.

    Examples
    --------
    >>> preset("balanced").daily_loss_stop
    0.025
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(
            f"there is no risk preset {name!r}: use one of {', '.join(PRESETS)}"
        ) from None


def check(limits: Preset) -> Preset:
    """Return the limits if every one is positive and within ``OUTER``.

    Raises
    ------
    ValueError
        Naming the first field out of bounds.

    Examples
    --------
    >>> check(preset("aggressive")).max_leverage
    3.0
    """
    for field, value, bound in zip(Preset._fields, limits, OUTER, strict=True):
        if not (isfinite(value) and 0.0 < value <= bound):
            raise ValueError(
                f"risk.{field} is {value}, outside (0, {bound}]: fractions of equity, not percent"
            )
    if limits.per_trade_risk > limits.daily_loss_stop:
        raise ValueError(
            f"risk.per_trade_risk is {limits.per_trade_risk}, above the daily loss stop of"
            f" {limits.daily_loss_stop}: one trade may not lose more than a day"
        )
    return limits
