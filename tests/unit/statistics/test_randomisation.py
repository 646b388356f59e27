"""Every choice of signs is counted once, and without skill a small p is as rare as it says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from quorate.statistics.randomisation import MAX_TRADES, sign_flips

results = st.lists(st.integers(-50, 50), max_size=9).map(lambda x: np.array(x, np.int64))


@pytest.mark.parametrize(
    ("net", "as_high", "cases"),
    [
        ([], 1, 1),
        ([7], 1, 2),
        ([-7], 2, 2),
        ([0], 2, 2),
        ([1, 1], 1, 4),
        ([1, -1], 3, 4),
        ([3, -1, 2], 2, 8),
        ([1, 1, 1, 1, -1], 6, 32),
        ([1] * 29, 1, 2**29),
    ],
)
def test_small_cases_by_hand(net, as_high, cases):
    assert sign_flips(np.array(net, np.int64)) == (as_high, cases)


@given(results)
def test_it_counts_every_choice_of_signs(net):
    every = [
        sum(e * abs(int(x)) for e, x in zip(signs, net, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(net))
    ]
    assert sign_flips(net) == (sum(one >= net.sum() for one in every), len(every))


@pytest.mark.parametrize("seed", range(4))
def test_scipy_finds_the_same(seed):
    net = np.random.default_rng(seed).integers(-40, 60, 11)
    found = permutation_test(
        (net,), np.sum, permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert sign_flips(net).p == pytest.approx(found.pvalue, abs=1e-12)


@given(results, st.integers(1, 10**9))
def test_neither_order_nor_unit_matters_and_a_loss_is_the_other_side(net, unit):
    found = sign_flips(net)
    assert sign_flips(net[::-1] * unit) == found
    # as high or as low is everything, and those at the total itself are in both
    assert found.as_high + sign_flips(-net).as_high >= found.cases


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_without_skill_a_small_p_is_as_rare_as_it_says(sizes):
    """All choices of signs of these sizes are equally likely: then p is a p-value."""
    every = [
        sign_flips(np.array(sizes) * np.array(signs)).p
        for signs in itertools.product((-1, 1), repeat=len(sizes))
    ]
    for level in every:
        assert np.mean(np.array(every) <= level) <= level + 1e-12


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="41 results are more than the 40"):
        sign_flips(np.ones(MAX_TRADES + 1, np.int64))
    with pytest.raises(ValueError, match="total more than"):
        sign_flips(np.array([2**62, 1]))
