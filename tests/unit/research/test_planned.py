"""What the level of a plan holds: of challengers side by side, and of those that come in turn."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quorate.research.planned import LEVEL, Planned, together

N = 40_000
START = date(2024, 1, 1)


def passes(rng, plan):
    """Return which of many challengers without an edge pass at any look: sums of normal days."""
    bounds = plan.bounds
    days = np.array(bounds.looks)
    grown = np.cumsum(
        rng.standard_normal((N, len(days))) * np.sqrt(np.diff(days, prepend=0)), axis=1
    )
    return np.any(grown / np.sqrt(days) >= bounds.bounds, axis=1)


def test_challengers_in_turn_pass_by_luck_no_more_often_than_is_said():
    """Each is the next plan against one champion: counted n, it has a part n of the level."""
    rng = np.random.default_rng(3)
    found = np.zeros(N, dtype=bool)
    shares = []
    for n in range(1, 6):
        found |= passes(rng, Planned(champion="c", start=START, challengers=n))
        shares.append(float(found.mean()))
    error = 3.0 * np.sqrt(0.1 * 0.9 / N)
    for n, share in enumerate(shares, 1):
        assert share <= together(n) + error
    # and it is not the 5% of challengers that stand side by side
    assert shares[1] > LEVEL + error


def test_challengers_that_stand_side_by_side_share_the_level():
    rng = np.random.default_rng(4)
    plan = Planned(champion="c", start=START, challengers=5)
    found = np.any([passes(rng, plan) for _ in range(5)], axis=0)
    assert found.mean() <= LEVEL + 3.0 * np.sqrt(LEVEL * (1.0 - LEVEL) / N)


def test_in_turn_is_the_harmonic_sum():
    assert [together(n) for n in (1, 2, 5)] == pytest.approx([0.05, 0.075, 0.05 * 137 / 60])
    assert together(3, 0.1) == pytest.approx(0.1 * 11 / 6)
