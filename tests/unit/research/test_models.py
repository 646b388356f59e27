"""Models of all regimes and of one alone: which rows each learns from, whoever fits it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.research.test_training import AS_OF, HORIZON, made

from quorate.core.features.table import index
from quorate.core.types import Regime
from quorate.errors import ResearchError
from quorate.research.learned import labelled
from quorate.research.learners import learners, silent
from quorate.research.models import predicted, trained
from quorate.research.parallel import alone, together

POOLED = learners(["linear"])
EACH = learners(["linear"], per_regime=True)


@pytest.fixture(scope="module")
def learned():
    """Return hours whose feature says one thing in trends, and its opposite in ranges."""
    prices, hours = made()
    features = hours.features.copy()
    features[hours.regime == Regime.RANGE, index("ret_24h")] *= -1.0
    features[hours.regime == Regime.PANIC, index("ret_24h")] = np.random.default_rng(0).normal(
        size=(hours.regime == Regime.PANIC).sum()
    )
    return labelled(hours._replace(features=features), prices, AS_OF, HORIZON)


@pytest.fixture(scope="module")
def found(learned):
    return trained(EACH, learned, alone)


def hit_rate(own):
    side, _, rows = own
    return float(np.mean((side > 0) == (rows.went_up != 0)))


def test_what_holds_in_one_regime_is_found_there_alone(learned, found):
    """Over all of them it cancels."""
    assert hit_rate(trained(POOLED, learned, alone)[0].own) < 0.6
    assert hit_rate(found[Regime.TREND].own) > 0.7
    assert hit_rate(found[Regime.RANGE].own) > 0.7
    assert hit_rate(found[Regime.PANIC].own) < 0.55


def test_a_model_of_a_regime_learns_from_its_rows_alone(learned, found):
    for regime in (Regime.TREND, Regime.RANGE):
        there = np.flatnonzero(learned.hours.regime == regime)
        (by_hand,) = trained(POOLED, learned.only(there), alone)
        assert found[regime].model.digest() == by_hand.model.digest()
        assert (found[regime].own[2].hours.regime == regime).all()


def test_a_regime_with_too_few_rows_has_none_and_says_so(found):
    for regime in (Regime.ILLIQUID, Regime.NEUTRAL):
        name = f"linear_model_{regime.name.lower()}"
        assert found[regime].model is None
        assert f"{name}: 0 whole rows in {regime.name}, fewer than 1000" in found[regime].remarks


def test_each_may_vote_in_its_own_regime(found):
    assert [silent(learner).approved for learner in EACH] == [{regime} for regime in Regime]
    assert silent(POOLED[0]).approved == set(Regime)
    assert len({learner.name for learner in EACH}) == len(found) == 5


@pytest.mark.slow  # two processes that import everything
def test_whoever_fits_the_models_are_the_same(learned, found):
    with together(2) as each:
        again = trained((*EACH, *learners(["trees"])), learned, each)
    trees = trained(learners(["trees"]), learned, alone)
    for one, other in zip((*found, *trees), again, strict=True):
        assert one.remarks == other.remarks
        if one.model is not None:
            assert one.model.digest() == other.model.digest()
            for mine, theirs in zip(one.own[:2], other.own[:2], strict=True):
                assert mine.tobytes() == theirs.tobytes()


def test_nothing_is_asked_of_anybody_for_no_learner(learned):
    def nobody(*_):
        pytest.fail("somebody was asked")

    assert trained((), learned, nobody) == []


def test_a_model_of_some_rows_votes_on_others(learned):
    rows = np.arange(learned.hours.n)
    side, strength = predicted(POOLED[0], learned, rows[:2_000], rows[2_000:])
    assert side.shape == strength.shape == (learned.hours.n - 2_000,)
    with pytest.raises(ResearchError, match="999 whole rows, fewer than 1000"):
        predicted(POOLED[0], learned, rows[:999], rows[2_000:])
