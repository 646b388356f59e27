"""Weights: the golden vector, a plain second form, and what a label's past may not change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle import slow_labels
from tests.unit.research.markets import at, flat, market

from quorate.core.kernel import signatures
from quorate.research import weights
from quorate.research.labels import fixed_horizon
from quorate.research.weights import (
    attribution,
    by_uniqueness,
    uniqueness,
    uniqueness_when_made,
)

INTERVALS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=25
)


def arrays(drawn):
    start, length, coin = (np.array(column) for column in zip(*drawn, strict=True))
    return start, start + length, coin


def test_g7_uniqueness():
    found = uniqueness(np.array([0, 2, 4, 9]), np.array([3, 5, 6, 10]))
    assert found == pytest.approx([3 / 4, 1 / 2, 2 / 3, 1.0], abs=1e-15)


def test_coins_do_not_share():
    start, end = np.array([0, 0, 0]), np.array([3, 3, 3])
    assert uniqueness(start, end, np.array([0, 1, 1])).tolist() == [1.0, 0.5, 0.5]


@settings(max_examples=60, deadline=None)
@given(drawn=INTERVALS)
def test_uniqueness_is_that_of_a_plain_form(drawn):
    start, end, coin = arrays(drawn)
    found = uniqueness(start, end, coin)
    assert found == pytest.approx(slow_labels.uniqueness(start, end, coin), rel=1e-14)
    assert np.all((found > 0.0) & (found <= 1.0))
    made = uniqueness_when_made(start, end, coin)
    assert made == pytest.approx(slow_labels.when_made(start, end, coin), rel=1e-15)


@settings(max_examples=60, deadline=None)
@given(drawn=INTERVALS, seed=st.integers(0, 10**6))
def test_attribution_is_that_of_a_plain_form(drawn, seed):
    start, end, coin = arrays(drawn)
    returns = np.random.default_rng(seed).normal(0.0, 0.01, (50, 3))
    found = attribution(start + 7, end + 7, returns, first_k=7, coin=coin)
    expected = slow_labels.attribution(start + 7, end + 7, coin, returns, 7)
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-13)
    assert found.mean() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(drawn=INTERVALS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_labels_changes_no_byte(drawn, order):
    start, end, coin = arrays(drawn)
    shuffled = list(range(len(start)))
    order.shuffle(shuffled)
    found = uniqueness(start, end, coin)
    assert np.array_equal(
        uniqueness(start[shuffled], end[shuffled], coin[shuffled]), found[shuffled]
    )


def test_an_older_history_changes_no_byte():
    start = np.arange(0, 3_000, 7)
    end = start + 1 + start % 40
    late = start >= 1_000
    late_only = uniqueness(start[late] + 10**9, end[late] + 10**9)
    away = start[late] > start[late][0] + 50  # older labels overlap the first of them
    assert np.array_equal(uniqueness(start, end)[late][away], late_only[away])


def test_together_they_weigh_as_many_bars_as_are_covered():
    start = np.array([0, 2, 4, 9])
    end = np.array([3, 5, 6, 10])
    assert np.sum(uniqueness(start, end) * (end - start + 1)) == pytest.approx(9.0)


def test_when_made_reads_no_label_made_later():
    start, end = np.array([0, 1, 2]), np.array([5, 5, 5])
    found = uniqueness_when_made(start, end)
    assert found.tolist() == [1.0, 1 / 2, 1 / 3]
    assert uniqueness_when_made(start[:1], end[:1])[0] == found[0]
    assert uniqueness(start, end)[0] < 1.0


def test_labels_weigh_by_the_bars_they_are_held():
    # one bar after another: the bar that decides the second is the last of the first
    found = fixed_horizon(market(flat(9)), at(0, 2, 4), horizon=2)
    assert by_uniqueness(found).tolist() == [1.0, 1.0, 1.0]
    found = fixed_horizon(market(flat(9)), at(0, 1), horizon=2)
    assert by_uniqueness(found).tolist() == [0.75, 0.75]


def test_returns_that_are_all_zero_weigh_alike():
    assert attribution(
        np.array([0, 1]), np.array([1, 1]), np.zeros((2, 1)), first_k=0
    ).tolist() == [
        1.0,
        1.0,
    ]


def test_nothing_weighs_nothing():
    none = np.empty(0, np.int64)
    assert uniqueness(none, none).shape == (0,)
    assert uniqueness_when_made(none, none).shape == (0,)
    assert attribution(none, none, np.zeros((2, 1)), first_k=0).shape == (0,)


def test_what_does_not_fit_is_refused():
    zero, one = np.array([0]), np.array([1])
    with pytest.raises(ValueError, match="label 0 ends at bar 0, before its start at 1"):
        uniqueness(one, zero)
    with pytest.raises(ValueError, match="1 starts, 2 ends, 1 coins"):
        uniqueness(zero, np.array([1, 2]))
    with pytest.raises(ValueError, match="a coin is -1"):
        uniqueness(zero, one, np.array([-1]))
    with pytest.raises(ValueError, match="bars 0 to 1, the returns of 5 to 6"):
        attribution(zero, one, np.zeros((2, 1)), first_k=5)
    with pytest.raises(ValueError, match="labels are of 2 coins, the returns of 1"):
        attribution(zero, one, np.zeros((2, 1)), first_k=0, coin=one)
    with pytest.raises(ValueError, match="label 0, bars 0 to 1, holds a return that is NaN"):
        attribution(zero, one, np.array([[0.0], [np.nan]]), first_k=0)


def test_one_signature():
    uniqueness(np.array([0], np.int32), [1])
    assert signatures(weights._average) <= 1
    assert signatures(weights._attribute) <= 1
