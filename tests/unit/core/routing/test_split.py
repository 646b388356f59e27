import math

import numpy as np
import pytest

from quorate.core.routing.split import split, whole_lots
from quorate.core.types import Venues

FULL = np.array([1e9, 1e9, 1e9])


def venues(*, lot=(0.1, 0.1, 0.1), minimum=5.0, listed=(1, 1, 1), perp=(1, 1, 1)):
    return Venues(
        maker_bps=np.full(3, 2.0),
        taker_bps=np.full(3, 5.0),
        latency_ms=np.full(3, 50.0),
        reliability=np.ones(3),
        lot=np.array(lot, dtype=float)[:, None],
        tick=np.full((3, 1), 0.01),
        min_notional=np.full((3, 1), minimum),
        listed=np.array(listed, dtype=np.int8)[:, None],
        is_perp=np.array(perp, dtype=np.int8)[:, None],
        maintenance=np.full((3, 1), 0.01),
    )


def run(coins, *, held=(0, 0, 0), score=(0.5, 0.9, 0.7), room=FULL, price=100.0, **kwargs):
    out = np.full(3, 99, dtype=np.int64)
    left = split(
        coins, 0, price, np.array(held, dtype=np.int64)[:, None], np.array(score, dtype=float),
        np.array(room, dtype=float), venues(**kwargs), out,
    )  # fmt: skip
    return out.tolist(), left


@pytest.mark.parametrize(
    ("coins", "lot", "expected"),
    [(0.3, 0.1, 3), (0.39, 0.1, 3), (-0.39, 0.1, -3), (0.09, 0.1, 0), (1.0, 0.0, 0),
     (math.nan, 0.1, 0), (1.0, math.nan, 0), (1e30, 1e-8, 0)],
)  # fmt: skip
def test_lots_round_down(coins, lot, expected):
    assert whole_lots(coins, lot) == expected


def test_an_increase_goes_to_the_best_score():
    out, left = run(1.05)
    assert out == [0, 10, 0]
    assert left == pytest.approx(0.05)


def test_room_spills_over_to_the_next_best():
    out, left = run(1.0, room=(1e9, 35.0, 25.0))
    assert out == [5, 3, 2]
    assert left == pytest.approx(0.0)


def test_a_venue_that_does_not_list_the_coin_is_passed_over():
    assert run(1.0, listed=(1, 0, 1))[0] == [0, 0, 10]


def test_spot_is_not_sold_short():
    assert run(-1.0, perp=(1, 0, 0))[0] == [-10, 0, 0]
    assert run(-1.0, perp=(0, 0, 0)) == ([0, 0, 0], -1.0)


def test_an_unknown_score_is_never_chosen():
    assert run(1.0, score=(0.1, np.nan, np.nan))[0] == [10, 0, 0]


def test_what_is_below_the_minimum_is_not_ordered():
    assert run(0.1, minimum=50.0) == ([0, 0, 0], 0.1)


def test_a_reduction_goes_to_the_largest_holder_first():
    out, left = run(-0.7, held=(2, 5, 4))
    assert out == [0, -5, -2]
    assert left == 0.0


def test_holders_are_compared_in_coins_not_lots():
    assert run(-0.5, held=(6, 1, 0), lot=(0.1, 1.0, 1.0))[0] == [-5, 0, 0]
    assert run(-1.0, held=(6, 1, 0), lot=(0.1, 1.0, 1.0))[0] == [0, -1, 0]


def test_a_reduction_ignores_scores_minima_and_listings():
    out, _ = run(-0.1, held=(1, 0, 0), score=(np.nan,) * 3, minimum=1e6, listed=(0, 0, 0))
    assert out == [-1, 0, 0]


def test_a_short_is_bought_back():
    assert run(0.3, held=(0, -2, -9))[0] == [0, 0, 3]


def test_a_reversal_closes_before_it_opens():
    out, left = run(-1.5, held=(3, 0, 2))
    assert out == [-3, -10, -2]
    assert left == pytest.approx(0.0)


def test_a_part_below_a_lot_stays():
    out, left = run(-0.25, held=(9, 0, 0))
    assert out == [-2, 0, 0]
    assert left == pytest.approx(-0.05)


def test_an_unknown_change_orders_nothing():
    out, left = run(math.nan, held=(5, 0, 0))
    assert out == [0, 0, 0]
    assert math.isnan(left)
