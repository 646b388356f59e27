"""Non-inferiority of the seven metrics of the specification."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.statistics.arms import arms

from quorate.statistics import ratios
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.guardrails import MARGINS, Arm, Margin, guard

SEVEN = (
    "pnl",
    "hit_rate",
    "sharpe",
    "information_ratio",
    "max_drawdown",
    "turnover",
    "cost_per_trade",
)
NONE = dict.fromkeys(SEVEN, Margin(0.0))


def named(found):
    return {each.name: each for each in found}


def test_the_seven_metrics_are_those_of_the_report():
    challenger, champion = arms(np.random.default_rng(1), 60)
    found = named(guard(challenger, champion, seed=1, n_samples=99))
    assert tuple(found) == SEVEN
    net, other = challenger.net, champion.net
    assert found["pnl"].challenger == pytest.approx(ratios.mean_return(net) / 365)
    assert found["sharpe"].champion == pytest.approx(ratios.sharpe(other))
    assert found["information_ratio"].challenger == pytest.approx(
        ratios.sharpe(net - challenger.held)
    )
    assert found["max_drawdown"].champion == pytest.approx(max_drawdown(other))
    assert found["turnover"].challenger == pytest.approx(challenger.turnover.mean())
    assert found["cost_per_trade"].champion == pytest.approx(
        champion.costs_usd.sum() / champion.trades.sum()
    )
    assert found["hit_rate"].challenger == pytest.approx(
        challenger.won.sum() / (challenger.won + challenger.lost).sum()
    )


def test_each_metric_points_its_own_way():
    _, champion = arms(np.random.default_rng(2), 60)
    worse = replace(
        champion,
        net=champion.net - 0.02,
        won=champion.won * 0.2,
        lost=champion.lost + champion.won * 0.8,
        costs_usd=2.0 * champion.costs_usd,
        turnover=2.0 * champion.turnover,
    )
    for each in guard(worse, champion, seed=1, n_samples=499):
        assert each.better < 0.0, each.name
        assert each.is_broken, each.name
        assert not each.is_kept, each.name
    for each in guard(champion, worse, seed=1, n_samples=499):
        assert each.better > 0.0, each.name
        assert each.is_kept, each.name
        assert not each.is_broken, each.name


def test_a_share_is_of_the_champions_value():
    challenger, champion = arms(np.random.default_rng(3), 40)
    found = named(guard(challenger, champion, seed=1, n_samples=99))
    assert found["cost_per_trade"].margin == pytest.approx(0.1 * found["cost_per_trade"].champion)
    assert found["turnover"].margin == pytest.approx(0.2 * found["turnover"].champion)
    assert found["sharpe"].margin == 1.0


def test_a_wider_margin_is_easier_to_keep():
    challenger, champion = arms(np.random.default_rng(4), 60)
    p = []
    for amount in (0.0, 0.001, 0.01):
        margins = MARGINS | {"pnl": Margin(amount)}
        each = named(guard(challenger, champion, seed=1, margins=margins))["pnl"]
        assert each.t == pytest.approx((each.better + amount) / each.standard_error)
        p.append((each.p_value, -each.power))
    assert p == sorted(p, reverse=True)


def test_what_never_differs_is_kept_without_a_margin():
    champion = arms(np.random.default_rng(5), 40)[1]
    for each in guard(champion, champion, seed=1, margins=NONE, n_samples=99):
        assert each.is_kept
        assert (each.better, each.p_value, each.power) == (0.0, 0.0, 1.0)
    dearer = replace(champion, costs_usd=champion.trades * 2.0)
    plain = replace(champion, costs_usd=champion.trades * 1.0)
    each = named(guard(dearer, plain, seed=1, margins=NONE, n_samples=99))["cost_per_trade"]
    assert (each.is_kept, each.is_broken, each.p_value) == (False, True, 1.0)


@pytest.mark.parametrize(("n_days", "phi"), [(14, 0.0), (28, 0.2)])
def test_at_the_margin_one_in_twenty_is_kept(n_days, phi):
    """The two are equal and no margin is given: the null that is hardest to tell."""
    generator = np.random.default_rng(31)
    n_runs = 200
    kept = dict.fromkeys(SEVEN, 0)
    for k in range(n_runs):
        pair = arms(generator, n_days, phi)
        for each in guard(*pair, seed=k, margins=NONE, n_samples=199):
            kept[each.name] += each.is_kept
    # 5%, up to 8% for a mean of dependent days, and three standard errors
    for name, n in kept.items():
        assert n / n_runs <= 0.065 + 3.0 * math.sqrt(0.06 / n_runs), name


def test_what_cannot_be_told_is_not_kept():
    challenger, champion = arms(np.random.default_rng(6), 30)
    idle = replace(challenger, won=0 * challenger.won, lost=0 * challenger.lost)
    each = named(guard(idle, champion, seed=1, n_samples=99))["hit_rate"]
    assert (each.is_kept, each.is_broken) == (False, False)
    assert each.why == "one of the two has none"
    rare = np.zeros(30)
    rare[3] = 1.0
    few = replace(challenger, won=rare, lost=0 * rare)
    assert "too few" in named(guard(few, champion, seed=1))["hit_rate"].why
    assert all(
        "say nothing" in each.why for each in guard(*arms(np.random.default_rng(1), 1), seed=1)
    )


def test_two_that_did_the_same_on_every_day_are_kept_though_nothing_is_defined():
    """A recipe that did not trade has no hit rate; its refit, that did not either, is no worse."""
    none = np.zeros(30)
    idle = Arm(none, 0.01 * np.sin(np.arange(30.0)), none, none, none, none, none)
    found = guard(idle, idle, seed=1, n_samples=99)
    assert [each.name for each in found] == list(MARGINS)
    assert all(each.is_kept and not each.is_broken for each in found)
    assert {each.why for each in found} == {"the two are the same on every day"}
    assert not idle.is_active.any()
    traded = replace(idle, net=np.where(np.arange(30) == 7, -0.01, 0.0))
    assert not all(each.is_kept for each in guard(traded, idle, seed=1, n_samples=99))
    assert np.flatnonzero(traded.is_active).tolist() == [7]


def test_days_that_are_not_known_are_left_out_of_both():
    challenger, champion = arms(np.random.default_rng(7), 30)
    net = challenger.net.copy()
    net[4] = np.nan
    found = guard(replace(challenger, net=net), champion, seed=1, n_samples=99)
    rest = [
        Arm(*(np.delete(getattr(arm, name), 4) for name in Arm.__dataclass_fields__))
        for arm in (challenger, champion)
    ]
    assert found == guard(*rest, seed=1, n_samples=99)


def test_what_is_out_of_bounds_is_refused():
    challenger, champion = arms(np.random.default_rng(8), 20)
    with pytest.raises(ValueError, match="give one a day"):
        replace(champion, won=champion.won[:3])
    with pytest.raises(ValueError, match="same days"):
        guard(arms(np.random.default_rng(8), 21)[0], champion, seed=1)
    with pytest.raises(ValueError, match="margins of pnl are missing"):
        guard(challenger, champion, seed=1, margins={k: v for k, v in NONE.items() if k != "pnl"})
    with pytest.raises(ValueError, match="margins of sharpe are negative"):
        guard(challenger, champion, seed=1, margins=NONE | {"sharpe": Margin(-1.0)})
    with pytest.raises(ValueError, match=r"level is 0\.9"):
        guard(challenger, champion, seed=1, level=0.9)
