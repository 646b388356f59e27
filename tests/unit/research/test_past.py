"""What a run leaves on full hours, for fits to learn from."""

from __future__ import annotations

import numpy as np
import pytest

import quorate
from quorate.api import folding
from quorate.core.features.table import FEATURES
from quorate.core.types import Bar
from quorate.research.past import Past


@pytest.fixture(scope="module")
def panel():
    found = quorate.synthetic(n_coins=3, days=20)
    found.bars.status[4000:4003, 1] = Bar.IMPUTED
    found.member[4400:, 2] = 0
    return found


@pytest.fixture(scope="module")
def blocks(panel):
    settings = quorate.read_settings()
    fold = folding.begin(panel, settings, quorate.engines())
    return [done for _, done in folding.advance(panel, fold)]


@pytest.fixture(scope="module")
def hours(panel, blocks):
    past = Past(panel.bars_per_hour)
    for block in blocks:
        past.add(block)
    return past.between(0, 2**60)


def test_a_row_is_what_the_decision_saw(panel, blocks, hours):
    (block,) = (each for each in blocks if each.k0 <= hours.k[50] < each.k0 + len(each.features))
    t, c = hours.k[50] - block.k0, hours.coin[50]
    assert hours.k[50] % panel.bars_per_hour == 0
    assert hours.features.shape[1] == len(FEATURES)
    np.testing.assert_array_equal(hours.features[50], block.features[t, :, c])
    np.testing.assert_array_equal(hours.side[50], block.votes.side[t, :, c])
    np.testing.assert_array_equal(hours.strength[50], block.votes.strength[t, :, c])
    assert hours.score[50] == block.consensus.score[t, c]
    assert hours.regime[50] == block.readings.regime[t, c]


def test_only_traded_hours_of_members_that_are_known(panel, hours):
    row = hours.k - panel.k0
    assert (panel.bars.status[row, hours.coin] == Bar.TRADED).all()
    assert (panel.member[row, hours.coin] == 1).all()
    assert row[hours.coin == 2].max() < 4400
    assert np.isfinite(hours.sigma_daily).all()
    assert (np.lexsort((hours.coin, hours.k)) == np.arange(hours.n)).all()


def test_a_span_holds_both_ends(panel, blocks, hours):
    past = Past(panel.bars_per_hour)
    for block in blocks:
        past.add(block)
    first, last = int(hours.k[10]), int(hours.k[100])
    found = past.between(first, last)
    assert (found.k.min(), found.k.max()) == (first, last)
    assert found.n == ((hours.k >= first) & (hours.k <= last)).sum()
