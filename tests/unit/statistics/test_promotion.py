"""The verdict about a challenger: when each is given, how often by luck, how often rightly."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.unit.statistics.arms import arms

from quorate.statistics.guardrails import MARGINS, Margin
from quorate.statistics.promotion import Outcome, decide
from quorate.statistics.sequential import LONG_LOOKS, obrien_fleming

PLAN = obrien_fleming()


def watched(pair, plan=PLAN, seed=1, n_samples=499):
    """Return the verdict that ends a plan, and whether the endpoint alone ever passed."""
    passed = False
    for day in plan.looks:
        verdict = decide(*pair, day=day, plan=plan, seed=seed, n_samples=n_samples)
        passed |= verdict.primary.p_value <= verdict.primary.level
        if verdict.outcome is not Outcome.EXTEND:
            return verdict, passed
    raise AssertionError("the last look extended")


def rates(n_runs, plan=PLAN, seed=5, **how):
    """Return the share of runs that were promoted, and in which the endpoint passed."""
    generator = np.random.default_rng(seed)
    found = [watched(arms(generator, plan.looks[-1], **how), plan, k, 299) for k in range(n_runs)]
    promoted = np.mean([verdict.outcome is Outcome.PROMOTE for verdict, _ in found])
    return float(promoted), float(np.mean([passed for _, passed in found]))


@pytest.mark.parametrize("how", [{}, {"phi": 0.3, "freedom": 3.5}])
@pytest.mark.slow
def test_without_a_difference_one_in_twenty_passes(how):
    promoted, passed = rates(150, **how)
    assert promoted <= passed <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 150)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "phi"),
    [(plan, phi) for plan in (PLAN, obrien_fleming(LONG_LOOKS)) for phi in (0.0, 0.3, 0.5)],
)
def test_without_a_difference_one_in_twenty_passes_of_many(plan, phi):
    promoted, passed = rates(800, plan, seed=6, phi=phi)
    assert promoted <= passed <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 800)


@pytest.mark.slow
def test_the_better_it_is_the_oftener_it_is_promoted():
    found = [rates(60, seed=7, more=more)[0] for more in (0.0, 0.006, 0.02)]
    assert all(a < b for a, b in pairwise(found))
    assert found[-1] > 0.6


def test_extend_is_said_before_the_last_look_only():
    pair = arms(np.random.default_rng(3), 28)
    verdicts = [decide(*pair, day=day, seed=1, n_samples=499) for day in (14, 21, 28)]
    assert [str(each.outcome) for each in verdicts] == ["EXTEND", "EXTEND", "REJECT"]
    assert [each.next_look for each in verdicts] == [21, 28, None]
    assert all("may be luck" in each.reasons[0] for each in verdicts)


def test_a_longer_plan_has_bounds_of_its_own():
    pair = arms(np.random.default_rng(3), 90)
    plan = obrien_fleming(LONG_LOOKS)
    late = decide(*pair, day=28, seed=1, plan=plan, n_samples=499)
    assert (late.outcome, late.next_look) == (Outcome.EXTEND, 60)
    short = decide(*pair, day=28, seed=1, n_samples=499)
    assert late.primary.p_value == short.primary.p_value
    assert late.primary.level < short.primary.level
    assert late.primary.detectable < short.primary.detectable
    assert late.primary.power > short.primary.power


def test_power_and_the_least_difference_are_those_of_the_plan():
    pair = arms(np.random.default_rng(4), 28, freedom=30.0)
    primary = decide(*pair, day=28, seed=1, n_samples=499).primary
    # METHODS 10.2: 6.95 with one look; three looks and an estimated error move it a little
    assert primary.detectable == pytest.approx(6.95, rel=0.35)
    assert 0.06 < primary.power < 0.16
    assert primary.z == pytest.approx(primary.value / primary.standard_error)


def test_a_better_ratio_does_not_excuse_a_metric_that_is_worse():
    challenger, champion = arms(np.random.default_rng(5), 28, more=0.02)
    assert decide(challenger, champion, day=28, seed=1).outcome is Outcome.PROMOTE
    dear = replace(challenger, costs_usd=1.5 * challenger.costs_usd)
    verdict = decide(dear, champion, day=28, seed=1)
    assert verdict.outcome is Outcome.REJECT
    assert "cost_per_trade is worse than its margin allows" in verdict.reasons[0]
    # dearer, but by no more than may be: neither shown to be good nor to be bad
    each = champion.costs_usd.sum() / champion.trades.sum() / challenger.costs_usd.sum()
    scale = 1.1 * each * challenger.trades.sum()
    unsure = replace(challenger, costs_usd=scale * challenger.costs_usd)
    verdicts = [decide(unsure, champion, day=day, seed=1) for day in (21, 28)]
    assert [each.outcome for each in verdicts] == [Outcome.EXTEND, Outcome.REJECT]
    assert "cost_per_trade is not shown to be within" in verdicts[1].reasons[0]
    wide = MARGINS | {"cost_per_trade": Margin(0.6, is_share=True)}
    assert decide(dear, champion, day=28, seed=1, margins=wide).outcome is Outcome.PROMOTE


def test_a_challenger_that_is_worse_is_rejected_at_once():
    champion, challenger = arms(np.random.default_rng(6), 28, more=0.03)
    verdict = decide(challenger, champion, day=14, seed=1)
    assert (verdict.outcome, verdict.next_look) == (Outcome.REJECT, None)
    assert "worse than its margin allows" in verdict.reasons[0]
    verdict = decide(challenger, champion, day=28, seed=1)
    assert "lower by" in verdict.reasons[0]


def test_a_look_reads_no_later_day():
    pair = arms(np.random.default_rng(7), 28)
    early = tuple(replace(arm, net=np.where(np.arange(28) < 14, arm.net, 9.0)) for arm in pair)
    assert decide(*pair, day=14, seed=1) == decide(*early, day=14, seed=1)


def test_too_many_unknown_days_decide_nothing():
    challenger, champion = arms(np.random.default_rng(8), 28, more=0.03)
    net = challenger.net.copy()
    net[:3] = np.nan
    verdicts = [decide(replace(challenger, net=net), champion, day=day, seed=1) for day in (14, 28)]
    assert [each.outcome for each in verdicts] == [Outcome.EXTEND, Outcome.REJECT]
    assert "25 of 28 days are known of both" in verdicts[1].reasons[0]
    idle = replace(challenger, net=np.zeros(28))
    verdict = decide(idle, champion, day=28, seed=1)
    assert verdict.outcome is Outcome.REJECT
    assert any("never traded" in reason for reason in verdict.reasons)


def test_a_day_that_is_no_look_is_refused():
    pair = arms(np.random.default_rng(9), 20)
    with pytest.raises(ValueError, match="the next is day 21"):
        decide(*pair, day=15, seed=1)
    with pytest.raises(ValueError, match="wait until the day is over"):
        decide(*pair, day=21, seed=1)
