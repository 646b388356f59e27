"""Many tests at once: the last part of golden vector G20."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from quorate.statistics.multiplicity import false_discovery, false_discovery_any_day

G20 = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205])


def test_g20_benjamini_hochberg():
    assert false_discovery(G20, 0.05).tolist() == [True, True] + [False] * 6


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_statsmodels(seed):
    p = np.random.default_rng(seed).random(40) ** 3
    expected = multipletests(p, 0.1, method="fdr_bh")[0]
    assert false_discovery(p, 0.1).tolist() == expected.tolist()
    assert false_discovery_any_day(1.0 / p, 0.1).tolist() == expected.tolist()


def test_what_is_no_test_does_not_stand():
    assert false_discovery(np.array([np.nan, 0.04])).tolist() == [False, True]
    assert false_discovery(np.array([])).tolist() == []
    assert false_discovery_any_day(np.array([0.0, 41.0])).tolist() == [False, True]
    assert not false_discovery_any_day(np.array([0.0, 39.0])).any()  # both are tests
    with pytest.raises(ValueError, match="level is 0"):
        false_discovery(G20, 0)
