r"""Is a challenger, in any of the seven metrics, worse than it may be? Tests of non-inferiority.

In: what champion and challenger did on the same days, and by how much each metric may be worse.
Out: for each, whether it is *shown* that the challenger is not worse by more than that. Point
estimates of seven metrics nearly never all improve, even for a better model (METHODS 10.2); "equal"
therefore means not inferior within a margin. All must pass, so each is tested at the whole level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.statistics import columns, student
from quorate.statistics.bootstrap import stationary_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from quorate.core.types import Mat, Vec

BLOCK_DAYS: Final = 5.0
MIN_DEFINED: Final = 0.9
"""A metric that fewer of the drawn series define is not tested."""


@dataclass(frozen=True)
class Arm:
    """What a champion or a challenger did on each day, shape (day,) each.

    ``net`` is the net return, ``held`` that of the benchmark of its information ratio; ``won`` and
    ``lost`` count closed trades, ``trades`` all of them, those that came to zero among them;
    ``costs_usd`` is what they cost, ``turnover`` the notional traded over the equity.
    """

    net: Vec
    held: Vec
    won: Vec
    lost: Vec
    trades: Vec
    costs_usd: Vec
    turnover: Vec

    def __post_init__(self) -> None:
        shapes = {getattr(self, field.name).shape for field in fields(self)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"the series of an arm have shapes {sorted(shapes)}: give one a day")

    @property
    def is_active(self) -> _Flags:
        """Return on which days something was held, bought or sold, shape (day,)."""
        return (self.net != 0.0) | (self.turnover != 0.0) | (self.trades != 0.0)


@dataclass(frozen=True)
class Margin:
    """By how much a metric may be worse: in its own unit, or as a share of the champion's."""

    amount: float
    is_share: bool = False


MARGINS: Final[Mapping[str, Margin]] = {
    "pnl": Margin(0.0005),
    "hit_rate": Margin(0.05),
    "sharpe": Margin(1.0),
    "information_ratio": Margin(1.0),
    "max_drawdown": Margin(0.02),
    "turnover": Margin(0.2, is_share=True),
    "cost_per_trade": Margin(0.1, is_share=True),
}
"""What is allowed when nothing else is said: 5 bp of equity a day, 5 points of hit rate, 1.0 of an
annual ratio, 2 points of drawdown, a fifth more turnover, a tenth more cost a trade."""


@dataclass(frozen=True)
class Guardrail:
    """One metric of both arms, and whether the challenger is shown to be good enough in it.

    ``better`` is how much better the challenger is, whichever way the metric points; ``t`` is
    (better + margin) over its standard error. ``is_kept``: shown to be no worse than the margin
    allows; ``is_broken``: shown to be worse. Between the two nothing is shown. ``power`` is the
    chance to be kept if the two are equal. ``why`` says why nothing is known.
    """

    name: str
    champion: float
    challenger: float
    margin: float
    better: float
    standard_error: float
    t: float
    p_value: float
    power: float
    is_kept: bool
    is_broken: bool
    why: str = ""


def guard(
    challenger: Arm,
    champion: Arm,
    *,
    seed: int,
    margins: Mapping[str, Margin] = MARGINS,
    level: float = 0.05,
    n_samples: int = 2_000,
) -> tuple[Guardrail, ...]:
    r"""Test each of the seven metrics of the specification for non-inferiority.

    .. math:: t = \frac{\bar d + \Delta}{se}, \qquad
              se^2 = \frac{T}{T - b} \mathrm{Var}(d^*), \qquad p = P(T_\nu > t), \quad
              \nu = \lfloor 1.5\, T / b \rfloor

    Parameters
    ----------
    challenger, champion : Arm
        On the same days.
    seed : int
        The same seed gives the same answer.
    margins : mapping
        Of every metric; ``MARGINS`` when left out.
    level : float
        Of each test: all must pass, so none needs a correction.
    n_samples : int
        B, how many series are drawn for the variance; both arms are drawn on the same days, in
        runs of b = 5 days on average.

    Returns
    -------
    tuple of Guardrail
        In the order of ``MARGINS``.

    Raises
    ------
    ValueError
        Lengths differ, a margin is missing or negative, or the level is out of bounds.

    Notes
    -----
    Units: ``pnl`` and ``turnover`` a day; ratios a year; ``cost_per_trade`` USD.  Causal: reads
    all days.  Missing: days on which a series of either is not known are left out; a metric that
    is not defined in the record, or in a tenth of the draws, is not kept and says why.
    A few blocks tell little of their own spread: it is enlarged, and t has as many degrees of
    freedom as Bartlett's weights leave. METHODS 10.3; Berger (1982), "Multiparameter hypothesis
    testing and acceptance sampling"; Kiefer and Vogelsang (2005) on short records.

    Examples
    --------
    >>> days = np.tile([0.02, -0.01, 0.005], 20)
    >>> ones = np.ones(60)
    >>> arm = Arm(days, 0.5 * days, ones, ones, 2 * ones, ones, ones)
    >>> all(each.is_kept for each in guard(arm, arm, seed=1, n_samples=99))
    True
    """
    _checked(challenger, champion, margins, level)
    series = [getattr(arm, each.name) for arm in (challenger, champion) for each in fields(arm)]
    known = np.all(np.isfinite(series), axis=0)
    arms = [_known(arm, known) for arm in (challenger, champion)]
    n = len(arms[0].net)
    if n >= 2 and all(np.array_equal(*each) for each in _beside(*arms)):
        # nothing that is made of the same days can differ, defined or not
        return tuple(
            _same(name, float(statistic(arms[0], np.arange(n)[:, None])[0]), margins[name])
            for name, statistic in _STATISTICS.items()
        )
    if n < 2:
        return tuple(_unknown(name, f"{n} common days say nothing") for name in MARGINS)
    days = stationary_days(n, n_samples, BLOCK_DAYS, seed)
    record = np.arange(n)[:, None]
    found = []
    for name, statistic in _STATISTICS.items():
        values = [float(statistic(arm, record)[0]) for arm in arms]
        if not all(map(math.isfinite, values)):
            found.append(_unknown(name, "one of the two has none", *values))
            continue
        margin = margins[name].amount * (abs(values[1]) if margins[name].is_share else 1.0)
        each = _SIGNS[name] * (statistic(arms[0], days) - statistic(arms[1], days))
        found.append(_tested(name, values, margin, each, n, level))
    return tuple(found)


def _tested(
    name: str, values: list[float], margin: float, drawn: Vec, n: int, level: float
) -> Guardrail:
    """Judge one metric by what was drawn of how much better it is."""
    better = _SIGNS[name] * (values[0] - values[1])
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < MIN_DEFINED * len(drawn):
        return _unknown(name, "too few days or trades define it", *values)
    error = float(np.std(defined, ddof=1)) * math.sqrt(n / max(n - BLOCK_DAYS, 1.0))
    room = better + margin
    if not error > 1e-12 * max(map(abs, values)):
        # the two never differ, in no draw: what is seen is what there is
        kept = room >= 0.0
        t, p_value, freedom = math.copysign(math.inf, room), float(not kept), 1
        power = 1.0
    else:
        freedom = max(1, int(1.5 * n / BLOCK_DAYS))
        t = room / error
        p_value = student.upper(t, freedom)
        power = student.upper(student.point(level, freedom) - margin / error, freedom)
    return Guardrail(
        name=name,
        champion=values[1],
        challenger=values[0],
        margin=margin,
        better=better,
        standard_error=error,
        t=t,
        p_value=p_value,
        power=power,
        is_kept=p_value <= level,
        is_broken=student.upper(-t, freedom) <= level,
    )


def _beside(ours: Arm, theirs: Arm) -> Iterator[tuple[Vec, Vec]]:
    for each in fields(ours):
        yield getattr(ours, each.name), getattr(theirs, each.name)


def _same(name: str, value: float, margin: Margin) -> Guardrail:
    allowed = margin.amount * (abs(value) if margin.is_share else 1.0)
    return Guardrail(
        name, value, value, allowed, 0.0, 0.0, math.inf, 0.0, 1.0, is_kept=True, is_broken=False,
        why="the two are the same on every day",
    )  # fmt: skip


def _unknown(
    name: str, why: str, challenger: float = math.nan, champion: float = math.nan
) -> Guardrail:
    nan = math.nan
    return Guardrail(
        name, champion, challenger, nan, nan, nan, nan, nan, nan, is_kept=False, is_broken=False,
        why=why,
    )  # fmt: skip


def _checked(challenger: Arm, champion: Arm, margins: Mapping[str, Margin], level: float) -> None:
    if challenger.net.shape != champion.net.shape:
        raise ValueError(
            f"{len(challenger.net)} and {len(champion.net)} days: give both arms the same days"
        )
    if not 0.0 < level < 0.5:
        raise ValueError(f"level is {level}, must be in (0, 0.5): 0.05 is usual")
    lacking = [name for name in MARGINS if name not in margins]
    if lacking:
        raise ValueError(f"margins of {', '.join(lacking)} are missing: 0 allows nothing worse")
    negative = [name for name, margin in margins.items() if not margin.amount >= 0.0]
    if negative:
        raise ValueError(f"margins of {', '.join(negative)} are negative: give what is tolerated")


def _known(arm: Arm, known: _Flags) -> Arm:
    return Arm(*(getattr(arm, field.name)[known] for field in fields(arm)))


_Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
_Days = np.ndarray[tuple[int, int], np.dtype[np.int64]]


def _pnl(arm: Arm, days: _Days) -> Vec:
    return columns.means(arm.net[days])


def _hit_rate(arm: Arm, days: _Days) -> Vec:
    won, lost = _sums(arm.won, days), _sums(arm.lost, days)
    return columns.ratio(won, won + lost)


def _sharpe(arm: Arm, days: _Days) -> Vec:
    return columns.sharpes(arm.net[days])


def _information_ratio(arm: Arm, days: _Days) -> Vec:
    return columns.sharpes((arm.net - arm.held)[days])


def _max_drawdown(arm: Arm, days: _Days) -> Vec:
    return columns.falls(arm.net[days])


def _turnover(arm: Arm, days: _Days) -> Vec:
    return columns.means(arm.turnover[days])


def _cost_per_trade(arm: Arm, days: _Days) -> Vec:
    return columns.ratio(_sums(arm.costs_usd, days), _sums(arm.trades, days))


def _sums(series: Vec, days: _Days) -> Vec:
    drawn: Mat = series[days]
    found: Vec = np.sum(drawn, axis=0)
    return found


_STATISTICS: Final[Mapping[str, Callable[[Arm, _Days], Vec]]] = {
    "pnl": _pnl,
    "hit_rate": _hit_rate,
    "sharpe": _sharpe,
    "information_ratio": _information_ratio,
    "max_drawdown": _max_drawdown,
    "turnover": _turnover,
    "cost_per_trade": _cost_per_trade,
}
"""How each metric is computed on days that were drawn."""
_SIGNS: Final = dict.fromkeys(MARGINS, 1.0) | {"turnover": -1.0, "cost_per_trade": -1.0}
"""Which way each metric points; a drawdown is below 0, so that more of it is better."""
