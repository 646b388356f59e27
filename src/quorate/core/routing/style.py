"""How to execute: schedule, placement and display are three axes, named by one word.

In: an order and what is known of its market. Out: the codes of ``types.Schedule``,
``types.Placement`` and ``types.Style``, whether it is an iceberg, and how long it may last.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel
from quorate.core.routing import Params
from quorate.core.types import Placement, Schedule, Style


@kernel
def style(
    order_usd: float,
    window_volume_usd: float,
    persistence: float,
    spread_bps: float,
    is_urgent: bool,
    params: Params,
) -> tuple[int, int, bool, int]:
    """Choose how an order is executed; the word follows POV > ICEBERG > TWAP > POST_ONLY > LIMIT.

    An order above 10% of the volume expected in the window follows the volume, else it is spread
    over time where the signal persists (> 70%); above 50,000 USD only a tip is shown; a spread
    above 10 bps is earned by resting post-only, crossing after a timeout; else it is a limit order
    that may take, inside a collar. What reduces risk does not wait: it takes at once, still with
    a limit price, and is called MARKET.

    Parameters
    ----------
    order_usd : float
        Absolute size.
    window_volume_usd : float
        Volume of the whole market expected over the window of execution.
    persistence : float
        From ``persistence.value``.
    spread_bps : float
        Quoted or estimated.
    is_urgent : bool
        Exits and cuts.
    params : Params
        The thresholds.

    Returns
    -------
    tuple[int, int, bool, int]
        Schedule, placement, whether it is an iceberg, style.

    Notes
    -----
    Units: USD, bps.  Causal: one bar.
    Missing: an unknown volume counts as none (POV); an unknown persistence or spread as small.
    Spec 8, METHODS 9.2.

    Examples
    --------
    >>> from quorate.core.routing import Params
    >>> style(1_000.0, 1e6, 0.5, 2.0, False, Params())
    (0, 0, False, 4)
    """
    if is_urgent:
        return Schedule.IMMEDIATE.value, Placement.MARKETABLE.value, False, Style.MARKET.value
    schedule = Schedule.IMMEDIATE.value
    if not order_usd <= params.pov_frac * window_volume_usd:
        schedule = Schedule.POV.value
    elif persistence > params.min_persistence:
        schedule = Schedule.TWAP.value
    is_iceberg = order_usd > params.iceberg_usd
    is_resting = spread_bps > params.post_only_bps
    placement = Placement.POST_ONLY.value if is_resting else Placement.MARKETABLE.value
    word = Style.LIMIT.value
    if schedule == Schedule.POV:
        word = Style.POV.value
    elif is_iceberg:
        word = Style.ICEBERG.value
    elif schedule == Schedule.TWAP:
        word = Style.TWAP.value
    elif is_resting:
        word = Style.POST_ONLY.value
    return schedule, placement, is_iceberg, word


@kernel
def n_bars(schedule: int, order_usd: float, bar_volume_usd: float, params: Params) -> int:
    r"""Return how many bars a parent may last.

    One at once, ``schedule_bars`` for a TWAP, and for POV what its share of the volume takes:

    .. math:: \lceil \text{order} / (\rho\, V_{\text{bar}}) \rceil

    Parameters
    ----------
    schedule : int
        ``types.Schedule``.
    order_usd : float
        Absolute size.
    bar_volume_usd : float
        Volume expected in a bar.
    params : Params
        ``schedule_bars``, ``longest_bars``, ``participation``.

    Returns
    -------
    int
        From 1 to ``longest_bars``.

    Notes
    -----
    Units: bars.  Causal: one bar.  Missing: with no volume known, the longest.
    Spec 8, METHODS 9.2.

    Examples
    --------
    >>> from quorate.core.routing import Params
    >>> n_bars(2, 10_000.0, 10_000.0, Params())
    10
    """
    if schedule == Schedule.IMMEDIATE:
        return 1
    if schedule == Schedule.TWAP:
        return min(params.schedule_bars, params.longest_bars)
    a_bar = params.participation * bar_volume_usd
    if not order_usd < a_bar * params.longest_bars:
        return params.longest_bars
    return max(1, math.ceil(order_usd / a_bar - 1e-9))
