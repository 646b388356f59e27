"""May a challenger take the champion's place? PROMOTE, REJECT or, before the last look, EXTEND.

In: what both did on the same days, and a plan of looks made before the first of them. Out: a
verdict with its reasons, its p-value, its power and the smallest difference it could have found.
One endpoint decides, net return for risk; the seven metrics of the specification only have to be
shown no worse than their margins allow (METHODS 10.3). A refusal is a value, not an error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from quorate.statistics.dependence import dependent_test
from quorate.statistics.guardrails import MARGINS, Arm, guard
from quorate.statistics.ratios import DAYS_PER_YEAR
from quorate.statistics.sequential import Plan, detectable, obrien_fleming, power
from quorate.statistics.studentised import sharpe_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.statistics.dependence import Dependent
    from quorate.statistics.guardrails import Guardrail, Margin
    from quorate.statistics.studentised import SharpeTest

MIN_KNOWN: Final = 0.9
"""Share of the planned days that both must have, or a look decides nothing."""


class Outcome(StrEnum):
    """What is to be done."""

    PROMOTE = "PROMOTE"
    REJECT = "REJECT"
    EXTEND = "EXTEND"


@dataclass(frozen=True)
class Primary:
    """The one endpoint that decides: the difference of the Sharpe ratios, a year.

    ``p_value`` is one-sided and of this look alone, the larger of a bootstrap in blocks and of one
    that allows for what each day keeps of the day before; it must not exceed ``level``, which is
    what z has to reach (``bound``) as a probability. ``power`` is the chance of the whole plan to
    find ``expected``, ``detectable`` the difference that it finds with 80%.
    """

    value: float
    standard_error: float
    z: float
    bound: float
    p_value: float
    level: float
    expected: float
    power: float
    detectable: float
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was decided on a day, and everything it rests on; ``reasons`` has at least one."""

    outcome: Outcome
    day: int
    n_days: int
    next_look: int | None
    primary: Primary
    guardrails: tuple[Guardrail, ...]
    reasons: tuple[str, ...]


def decide(
    challenger: Arm,
    champion: Arm,
    *,
    day: int,
    seed: int,
    plan: Plan | None = None,
    margins: Mapping[str, Margin] = MARGINS,
    expected: float = 1.0,
    n_samples: int = 4_000,
) -> Verdict:
    """Decide about a challenger on one of the planned days.

    Parameters
    ----------
    challenger, champion : Arm
        Every day since the start, both priced by the same simulator; later days are not read.
    day : int
        Which look: one of the days of the plan.
    seed : int
        The same seed gives the same verdict.
    plan : Plan, optional
        From ``obrien_fleming``, made before the start; days 14, 21 and 28 at 5% when left out.
        With K challengers at a time its level is 5% / K.
    margins : mapping
        By how much each metric may be worse.
    expected : float
        The difference of annual Sharpe ratios whose power is told.
    n_samples : int
        How many series are drawn; 1 / n_samples must be well below the level of the first look.

    Returns
    -------
    Verdict
        PROMOTE: the endpoint passed its bound and every metric is shown to be no worse than
        allowed. REJECT: the challenger is shown to be worse, in the endpoint or in a metric, or
        nothing was shown by the last look. EXTEND: before it.

    Raises
    ------
    ValueError
        The day is no look of the plan, the record ends before it, or the arms differ in length.

    Notes
    -----
    Units: ratios a year.  Causal: reads the days up to ``day``.  Missing: a day that is not known
    of both is left out; where more than a tenth is, nothing is decided.
    Where neither is better, all looks together promote one challenger in twenty at most: simulated
    on heavy-tailed records of 28 and 90 days, of which each keeps up to half of the one before
    (docs/explanations/promotion.md). A rejection for being worse only lowers that.
    Spec 9; METHODS 10.2-10.5.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.random.default_rng(1).standard_normal(28) * 0.01
    >>> champion = Arm(days, 0 * days, *np.ones((5, 28)))
    >>> better = Arm(days + 0.02, 0 * days, *np.ones((5, 28)))
    >>> str(decide(better, champion, day=28, seed=1, n_samples=999).outcome)
    'PROMOTE'
    """
    plan = obrien_fleming() if plan is None else plan
    look = plan.at(day)
    if min(len(challenger.net), len(champion.net)) < day:
        raise ValueError(
            f"the look is on day {day}, the arms have {len(challenger.net)} and "
            f"{len(champion.net)} days: wait until the day is over"
        )
    ours, theirs = _first(challenger, day), _first(champion, day)
    tested = sharpe_test(ours.net, theirs.net, seed=seed, n_samples=n_samples)
    dependent = dependent_test(ours.net, theirs.net)
    primary = _primary(tested, dependent, plan, look, day, expected)
    guardrails = guard(ours, theirs, seed=seed, margins=margins, level=0.05)
    last = look + 1 == len(plan.looks)
    outcome, reasons = _judge(primary, max(tested.less, dependent.less), guardrails, last=last)
    return Verdict(
        outcome,
        day,
        tested.n_days,
        None if last or outcome is not Outcome.EXTEND else plan.looks[look + 1],
        primary,
        guardrails,
        reasons,
    )


def _first(arm: Arm, day: int) -> Arm:
    return Arm(*(getattr(arm, field.name)[:day] for field in fields(arm)))


def _primary(
    tested: SharpeTest, dependent: Dependent, plan: Plan, look: int, day: int, expected: float
) -> Primary:
    """Return the endpoint by the more doubtful of two tests: each fails where the other holds.

    Blocks know of heavy tails and nothing of a dependence that lasts longer than they do.
    """
    scale = math.sqrt(DAYS_PER_YEAR)
    error = max(tested.standard_error, dependent.standard_error) * scale
    # as many days as the plan has tell as much more
    at_end = error * math.sqrt(tested.n_days / plan.looks[-1])
    why = tested.why
    if not why and math.isnan(dependent.greater):
        why = "the two do not differ from day to day"
    if not why and tested.n_days < MIN_KNOWN * day:
        why = f"{tested.n_days} of {day} days are known of both"
    return Primary(
        value=tested.value * scale,
        standard_error=error,
        z=tested.value * scale / error if error > 0.0 else math.nan,
        bound=plan.bounds[look],
        p_value=math.nan if why else max(tested.greater, dependent.greater),
        level=plan.nominal(look),
        expected=expected,
        power=power(plan, expected / at_end) if at_end > 0.0 else math.nan,
        detectable=detectable(plan) * at_end,
        why=why,
    )


def _judge(
    primary: Primary, less: float, guardrails: tuple[Guardrail, ...], *, last: bool
) -> tuple[Outcome, tuple[str, ...]]:
    """Return what follows, and why; what is shown to be worse stands before what is not shown."""
    broken = [_worse(each) for each in guardrails if each.is_broken]
    if not primary.why and less <= primary.level:
        broken.insert(
            0,
            f"its Sharpe ratio is lower by {-primary.value:.2f} a year: p {less:.4f} is not above "
            f"{primary.level:.4f}",
        )
    if broken:
        return Outcome.REJECT, tuple(broken)
    open_ = [_not_shown(each) for each in guardrails if not each.is_kept]
    if primary.why:
        open_.insert(0, f"the Sharpe ratios cannot be compared: {primary.why}")
    elif primary.p_value > primary.level:
        open_.insert(
            0,
            f"a difference of {primary.value:.2f} in its Sharpe ratio a year may be luck: p "
            f"{primary.p_value:.4f} is above {primary.level:.4f}",
        )
    if open_:
        return (Outcome.REJECT if last else Outcome.EXTEND), tuple(open_)
    passed = (
        f"its Sharpe ratio is higher by {primary.value:.2f} a year: p {primary.p_value:.4f} is not "
        f"above {primary.level:.4f}, and no metric is worse than its margin allows"
    )
    return Outcome.PROMOTE, (passed,)


def _worse(each: Guardrail) -> str:
    return (
        f"{each.name} is worse than its margin allows: {each.challenger:.6g} against "
        f"{each.champion:.6g}, by {-each.better:.3g} where {each.margin:.3g} is allowed"
    )


def _not_shown(each: Guardrail) -> str:
    if each.why:
        return f"{each.name} cannot be compared: {each.why}"
    return (
        f"{each.name} is not shown to be within {each.margin:.3g} of the champion's: p "
        f"{each.p_value:.4f}, with a power of {each.power:.0%} if the two are equal"
    )
