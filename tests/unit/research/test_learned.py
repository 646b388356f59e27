"""Hours with their labels, as both the fits and the leaderboard read them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.research.markets import cut
from tests.unit.research.test_training import AS_OF, HORIZON, K0, made

from quorate.core.types import Bar
from quorate.research.barriers import Ended
from quorate.research.learned import judged, labelled

FLAT = 100.0


def test_a_flat_coin_that_is_delisted_earns_neither_side_anything():
    """A haircut is paid by whoever holds it, so it says nothing of a direction."""
    prices, hours = made()
    gone = AS_OF - 600
    flat = {name: getattr(prices, name).copy() for name in ("open", "high", "low", "close")}
    status = prices.status.copy()
    for array in flat.values():
        array[gone - 600 - K0 : gone - K0 + 1, 0] = FLAT
    status[gone - K0 + 1 :, 0] = Bar.ABSENT
    dead = prices._replace(**flat, status=status)
    inside = hours.rows((hours.coin == 0) & (hours.k > gone - HORIZON) & (hours.k <= gone))
    elsewhere = hours.rows(hours.coin == 1)
    both = type(hours)._make(np.concatenate(each) for each in zip(inside, elsewhere, strict=True))
    found = labelled(both, dead, AS_OF, HORIZON)
    assert not (found.hours.coin == 0).any()


@pytest.mark.parametrize("late", [0, 1])
def test_a_coin_that_fell_silent_is_learned_once_it_is_known_to_be_gone(late):
    """Weights too: a label that nobody knows yet overlaps with none."""
    prices, hours = made()
    gone = AS_OF - 600
    known_k = gone + prices.silent_bars  # after the horizon of the hours before the end
    as_of_k = known_k - 1 + late
    status = prices.status.copy()
    status[gone - K0 + 1 :, 0] = Bar.ABSENT
    whole = prices._replace(status=status)
    found = labelled(hours, whole, as_of_k, HORIZON)
    then = labelled(hours, cut(whole, as_of_k - K0 + 1), as_of_k, HORIZON)
    np.testing.assert_array_equal(found.labels.start_k, then.labels.start_k)
    np.testing.assert_array_equal(found.weight, then.weight)
    ended = found.labels.ended == Ended.DELISTED
    assert ended.any() == bool(late)
    assert (found.labels.end_k[ended] == known_k).all()


def test_errors_know_how_long_a_label_is():
    prices, hours = made()
    day = 288
    assert judged(hours, prices, as_of_k=AS_OF, horizon_bars=HORIZON).horizon_days == 1
    assert judged(hours, prices, as_of_k=AS_OF, horizon_bars=2 * day + 1).horizon_days == 3


@pytest.mark.parametrize("seed", [1, 2])
def test_a_label_is_that_of_the_move(seed):
    prices, hours = made(seed=seed)
    found = labelled(hours, prices, AS_OF, HORIZON)
    row, coin = found.labels.start_k - K0, found.labels.coin
    moved = prices.close[row + HORIZON, coin] / prices.open[row + 1, coin] - 1.0
    np.testing.assert_allclose(found.labels.gross, moved, rtol=1e-12, atol=1e-15)
