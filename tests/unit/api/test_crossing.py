"""A setting on whole histories is what each test gives alone, taught by the blocks beside it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import folding
from quorate.api.crossed import Cross, objective
from quorate.api.crossing import Work, crossed, histories_of
from quorate.api.extensions import named
from quorate.backtest import run as passes
from quorate.core.types import MONEY_SCALE
from quorate.errors import ConfigError, TooLittleHistoryError
from quorate.lake.panel import part
from quorate.research import prices, training
from quorate.research.learned import labelled
from quorate.research.past import Past
from quorate.research.splits import DAY_MS
from quorate.statistics.ratios import sharpe

CROSS = Cross(n_blocks=3, n_test=2, warm_days=5, min_trades=1)
NEVER = (-math.inf,) * 3
MINUTES = 15
PER_DAY = 1440 // MINUTES


def settings(**more):
    return quorate.read_settings(
        overrides=LIVELY | {name.replace("__", "."): value for name, value in more.items()}
    )


CHOSEN = (
    settings(),
    settings(risk__stop_sigmas="1"),  # the consensus of the first
    settings(consensus__k="1.5"),
    settings(risk__horizon_hours="8"),  # labels of its own
    settings(engines__exclude="momentum_day"),  # votes of its own
)


def work(panel, chosen, cross, bars, threads=2, absent=()):
    cut = histories_of(panel, cross)
    return crossed(Work(panel, chosen, cross, cut, bars, threads, absent))


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=80, bar_minutes=MINUTES, planted_edge=4.0)


@pytest.fixture(scope="module")
def found(panel):
    return work(panel, CHOSEN, CROSS, NEVER)


def watched(panel, chosen, begin=0):
    """Return the labelled hours of a market, weighed by a memory that begins at a row."""
    fold = folding.begin(panel, chosen, named(chosen))
    past = Past(panel.bars_per_hour)
    for t, seen in folding.looks(panel, fold, alone={begin}):
        if t >= begin:
            past.take(seen, passes.weigh(fold.made, fold.memory, seen).score)
    last_k = panel.k0 + panel.n_bars - 1
    market = prices.of(part(panel, 0, panel.n_bars))
    horizon = fold.made.params.consensus.horizon_bars
    return labelled(past.between(0, last_k), market, last_k, horizon), horizon


def alone(panel, chosen, split, block):
    """Return the daily returns of one test, straight down: learn, watch, trade."""
    cut = histories_of(panel, CROSS)
    engines = named(chosen)
    learned, horizon = watched(panel, chosen)
    score = learned.hours.score.copy()
    for b in cut.tests[split]:
        begin = (int(cut.days[b, 1]) + round(CROSS.embargo_days)) * PER_DAY - panel.k0
        if begin < panel.n_bars:
            later = watched(panel, chosen, begin)[0].hours.score
            score[len(score) - len(later) :] = later
    learned = learned._replace(hours=learned.hours._replace(score=score))
    teaches = []
    wait = max(CROSS.embargo_days * DAY_MS, horizon * MINUTES * 60_000)
    for start, end in zip(learned.labels.start_ms, learned.labels.end_ms, strict=True):
        tests = [cut.days[b] * DAY_MS for b in cut.tests[split]]
        teaches.append(all(end < first or start >= after + wait for first, after in tests))
    rows = np.flatnonzero(teaches)
    fit = training.learn(learned.only(rows), engines, (), horizon_bars=horizon)
    fold = folding.begin(panel, chosen, engines)
    fold = dataclasses.replace(
        fold, made=dataclasses.replace(fold.made, cells=fit.cells, edges=fit.edges)
    )
    first, after = (int(day) * PER_DAY + 1 - panel.k0 for day in cut.days[block])
    warm = max(0, first - CROSS.warm_days * PER_DAY)
    equity = []
    for t, seen in folding.looks(panel, fold, after, {warm, first}):
        if t < warm:
            continue
        piece = seen.inputs if t >= first else folding.paused(seen.inputs)
        done = passes.act(fold.made, fold.memory, dataclasses.replace(seen, inputs=piece))
        if t >= first:
            equity += done.decisions.equity.tolist()
    ends = np.array([round(fold.start_quote * MONEY_SCALE), *equity[PER_DAY - 1 :: PER_DAY]])
    return ends[1:] / ends[:-1] - 1.0


@pytest.mark.parametrize("i", [0, 3])
def test_the_path_in_the_middle_is_made_of_tests_of_their_own(panel, found, i):
    cut = histories_of(panel, CROSS)
    path = cut.paths[found[i].path]
    days = [alone(panel, CHOSEN[i], int(split), b) for b, split in enumerate(path)]
    np.testing.assert_allclose(found[i].returns, np.concatenate(days), rtol=0, atol=1e-12)


def test_paths_differ_by_what_taught_them_and_trade(found):
    assert all(len(each.sharpes) == 2 for each in found)
    assert any(each.sharpes[0] != each.sharpes[1] for each in found)
    assert min(min(each.n_trades) for each in found) > 0
    assert len({each.returns for each in found}) == len(CHOSEN)
    for each in found:
        assert each.values[-1] == objective(each.sharpes, 1.0)
        assert each.sharpes[each.path] == sharpe(np.array(each.returns))
        assert len(each.pnl) == each.n_trades[each.path]


@pytest.mark.parametrize(("threads", "ones"), [(1, [0]), (2, [1, 2, 3, 4])])
def test_what_is_tried_beside_a_setting_does_not_change_it(panel, found, threads, ones):
    tried = [work(panel, (CHOSEN[i],), CROSS, NEVER, threads)[0] for i in ones]
    assert tried == [found[i] for i in ones]


def test_a_setting_that_has_fallen_behind_is_stopped_and_the_others_go_on(panel, found):
    """The first two share a consensus: the one that is stopped may have weighed for both."""
    first, second = found[:2]
    behind = 0 if first.values[1] < second.values[1] else 1
    bar = (first.values[1] + second.values[1]) / 2.0
    order = [CHOSEN[behind], CHOSEN[1 - behind]]
    stopped, whole = work(panel, tuple(order), CROSS, (-math.inf, bar, -math.inf))
    assert whole == found[1 - behind]
    assert stopped.values == found[behind].values[:2]
    n = len(stopped.returns)
    assert n < len(whole.returns)
    if stopped.path == found[behind].path:
        assert stopped.returns == found[behind].returns[:n]


def test_without_an_engine_it_is_as_if_the_settings_left_it_out(panel, found):
    absent = work(panel, CHOSEN[:1], CROSS, NEVER, absent=("momentum_day",))[0]
    assert absent == found[4]
    assert absent != found[0]


def test_a_path_of_few_trades_has_no_ratio(panel, found):
    most = max(max(each.n_trades) for each in found)
    scarce = work(panel, CHOSEN[:1], CROSS._replace(min_trades=most + 1), NEVER)[0]
    assert all(map(math.isnan, scarce.values))
    assert scarce.returns


@pytest.mark.parametrize(
    ("cross", "said"),
    [
        (Cross(n_blocks=13), "2 of 13 blocks"),
        (Cross(n_test=6), "6 of 6 blocks"),
        (Cross(warm_days=0), "warm_days is 0"),
        (Cross(penalty=-1.0), "penalty -1"),
        (Cross(edge="spline"), "edge is 'spline'"),
    ],
)
def test_numbers_out_of_bounds_are_refused(panel, cross, said):
    with pytest.raises(ConfigError, match=said):
        histories_of(panel, cross)


def test_too_little_history_says_what_to_do(panel):
    with pytest.raises(TooLittleHistoryError, match="10 days are left to test, 6 blocks need"):
        histories_of(panel, Cross(warm_days=70))
