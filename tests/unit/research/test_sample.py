"""What a fit reads is checked where it comes in; nothing that had not ended goes in."""

import numpy as np
import pytest

from quorate.errors import LeakageError
from quorate.research.sample import grouped, sample


def test_votes_without_weight_are_dropped():
    found = sample([0.5, 0.6, 0.7], [1, 0, 1], [1.0, 0.0, 0.5])
    assert found.strength.tolist() == [0.5, 0.7]
    assert found.mass == 1.5


@pytest.mark.parametrize(
    ("strength", "right", "weight", "said"),
    [
        ([0.4], [1], None, r"strength is 0.4 at vote 0, outside \[0.5, 1.0\]"),
        ([0.6, np.nan], [1, 1], None, "strength is nan at vote 1"),
        ([0.6], [2], None, "right is 2.0 at vote 0"),
        ([0.6], [0.5], None, "right must be 0 or 1"),
        ([0.6], [1], [1.5], "weight is 1.5 at vote 0"),
        ([0.6], [1], [-0.1], "weight is -0.1 at vote 0"),
        ([0.6], [1, 0], None, "give one of each for every vote"),
        ([[0.6]], [[1]], None, r"an array is float64 of shape \(1, 1\)"),
        (["a"], [1], None, "give numbers"),
    ],
)
def test_what_is_no_vote_is_refused(strength, right, weight, said):
    with pytest.raises(ValueError, match=said):
        sample(strength, right, weight)


def test_a_label_that_had_not_ended_is_leakage():
    with pytest.raises(LeakageError, match="2 of 3 labels end after bar 10"):
        sample([0.6] * 3, [1, 0, 1], ended_k=[10, 11, 12], as_of_k=10)
    assert sample([0.6] * 3, [1, 0, 1], ended_k=[8, 9, 10], as_of_k=10).mass == 3.0


@pytest.mark.parametrize("given", [{"ended_k": [1]}, {"as_of_k": 1}])
def test_bars_come_together_or_not_at_all(given):
    with pytest.raises(ValueError, match="together, or neither"):
        sample([0.6], [1], **given)


@pytest.mark.parametrize("ended_k", [[1.0], [1, 2], [[1]]])
def test_bars_are_whole_numbers_one_each(ended_k):
    with pytest.raises(ValueError, match="give 1 bar counters, whole numbers"):
        sample([0.6], [1], ended_k=ended_k, as_of_k=5)


def test_votes_are_added_up_by_strength():
    found = grouped(sample([0.7, 0.6, 0.7, 0.6], [1, 0, 0, 1], [0.5, 0.25, 1.0, 0.5]))
    assert found.strength.tolist() == [0.6, 0.7]
    assert found.mass.tolist() == [0.75, 1.5]
    assert found.right.tolist() == [0.5, 0.5]
