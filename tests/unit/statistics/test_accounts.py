"""What stands beside a Sharpe ratio, and what trials take from it."""

import math

import numpy as np
import pytest
from tests.unit.statistics.building import G16

from quorate.statistics.accounts import Trials, best_by_luck, certainty, deflated
from quorate.statistics.inference import (
    deflated_sharpe,
    min_track_record_days,
    moments,
    probabilistic_sharpe,
)
from quorate.statistics.overfitting import effective_rank
from quorate.statistics.ratios import sharpe


def test_a_ratio_never_stands_alone():
    found = moments(G16)
    assert certainty(G16) == {
        "sharpe": sharpe(G16),
        "psr": probabilistic_sharpe(found),
        "min_track_record_days": min_track_record_days(found),
    }


def test_the_distance_of_the_trials_is_taken_where_it_is_known():
    days = np.random.default_rng(1).normal(0.001, 0.01, 1250)
    expected = deflated_sharpe(moments(days), 100, 0.5 / 250)
    assert deflated(days, Trials(100, 0.5 / 250)) == expected


def test_more_trials_believe_less():
    found = [deflated(G16, Trials(n)) for n in (1, 2, 10, 1000)]
    assert found[0] == certainty(G16)["psr"]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4


def test_trials_whose_distance_is_not_known_lie_as_far_apart_as_chance_puts_them():
    assert deflated(G16, Trials(7)) == deflated(G16, Trials(7, 1 / 9))


def test_the_effective_trials_deflate_and_lie_apart_by_chance_at_least():
    """Trials that are alike lie close together: so near, a few independent ones never would."""
    alike = deflated(G16, Trials(100, 1e-6, 5.0))
    assert alike == deflated(G16, Trials(5))
    assert alike < deflated(G16, Trials(100, 1e-6))
    assert deflated(G16, Trials(100, 0.5, 5.0)) == deflated(G16, Trials(5, 0.5))
    assert deflated(G16, Trials(100, 0.5, 100.0)) == deflated(G16, Trials(100, 0.5))
    assert best_by_luck(Trials(100, 1e-6, 5.0), 365) == best_by_luck(Trials(5), 365)


def test_equally_correlated_trials_without_an_edge_are_not_believed():
    """The best of 50 that share nine tenths of their luck, drawn 400 times: few clear 95%."""
    draw, n_days, share = np.random.default_rng(11), 250, 0.9
    common = draw.standard_normal((400, n_days, 1))
    believed = 0
    for each in common:
        own = draw.standard_normal((n_days, 50))
        returns = math.sqrt(share) * each + math.sqrt(1.0 - share) * own
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, int(np.argmax(sharpes))]
        trials = Trials(50.0, float(np.var(sharpes, ddof=1)), effective_rank(returns))
        believed += deflated(best, trials) > 0.95
    assert believed / 400 <= 0.10


def test_what_nobody_counted_deflates_nothing():
    assert math.isnan(deflated(G16, Trials(math.nan)))
    assert math.isnan(deflated(np.zeros(9), Trials(5)))
    with pytest.raises(ValueError, match="n_trials is 0"):
        deflated(G16, Trials(0))
