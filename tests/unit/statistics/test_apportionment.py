"""Whole parts that add up, whatever is shared and however."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.statistics.apportionment import apportion, whole_parts

AMOUNT = st.integers(-(10**18), 10**18)
WEIGHTS = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=9).filter(sum)


@given(AMOUNT, WEIGHTS)
def test_the_parts_add_up_and_are_within_one_of_their_quota(amount, weights):
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1


@given(AMOUNT, WEIGHTS)
def test_the_sign_of_all_weights_together_changes_nothing(amount, weights):
    assert apportion(amount, weights) == apportion(amount, [-weight for weight in weights])


def test_the_largest_remainder_is_served_first():
    assert apportion(10, [31, 33, 36]) == [3, 3, 4]
    assert apportion(1, [1, 2]) == [0, 1]
    assert apportion(1, [1, 1]) == [1, 0]


def test_one_weight_takes_all():
    assert apportion(-7, [3]) == [-7]


def test_what_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match="add up to 0"):
        apportion(5, [1, -1])
    with pytest.raises(ValueError, match="denominator is 0"):
        whole_parts([1], 0)
    with pytest.raises(ValueError, match="not whole: 4/3"):
        whole_parts([2, 2], 3)
