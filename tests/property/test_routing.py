import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.routing import Params
from quorate.core.routing.price import collared
from quorate.core.routing.rank import score
from quorate.core.routing.schedule import iceberg_tip, jitter, twap_child, twap_cumulative
from quorate.core.routing.split import split, whole_lots
from quorate.core.routing.style import style
from quorate.core.types import Placement, Schedule, Venues

PARAMS = Params()
LOTS = st.integers(-(10**9), 10**9)
UNIT = st.floats(0.0, 1.0)
VENUE = st.tuples(st.floats(0, 100), UNIT, st.floats(0, 1e3), UNIT, UNIT)
MANY = settings(max_examples=100, deadline=None)


@MANY
@given(LOTS, st.integers(1, 500))
def test_slices_sum_exactly_and_never_turn_back(total, n):
    slices = [twap_child(total, j, n) for j in range(n)]
    assert sum(slices) == total
    assert all(part * total >= 0 for part in slices)
    assert max(slices) - min(slices) <= 1


@MANY
@given(LOTS, st.integers(1, 500), st.integers(-5, 505))
def test_a_sell_is_the_mirror_of_a_buy(total, n, j):
    assert twap_cumulative(-total, j, n) == -twap_cumulative(total, j, n)


@MANY
@given(st.lists(VENUE, min_size=2), VENUE)
def test_the_order_of_two_venues_does_not_depend_on_a_third(known, other):
    def best_first(rows):
        return sorted(range(len(rows)), key=lambda i: -score(*rows[i], PARAMS))

    alone = best_first(known)
    among = [i for i in best_first([*known, other]) if i < len(known)]
    assert alone == among


@MANY
@given(VENUE, st.floats(0.0, 10.0))
def test_a_score_is_in_the_unit_interval_and_falls_with_the_spread(venue, wider):
    here = score(*venue, PARAMS)
    assert 0.0 <= here <= 1.0 + 1e-12
    assert score(venue[0] + wider, *venue[1:], PARAMS) <= here


@MANY
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 100.0))
def test_lots_are_rounded_down(coins, lot):
    n = whole_lots(coins, lot)
    assert abs(n) * lot <= abs(coins) * (1.0 + 1e-12) + 1e-9 * lot
    assert (abs(n) + 1) * lot > abs(coins) * (1.0 - 1e-12)


@MANY
@given(
    coins=st.floats(-1e3, 1e3),
    held=st.lists(st.integers(-100, 100), min_size=3, max_size=3),
    lot=st.lists(st.sampled_from([0.01, 0.1, 0.3, 1.0]), min_size=3, max_size=3),
    scores=st.lists(UNIT, min_size=3, max_size=3),
    room=st.lists(st.floats(0.0, 1e5), min_size=3, max_size=3),
    flags=st.lists(st.integers(0, 1), min_size=6, max_size=6),
)
def test_orders_out_never_exceed_the_parent(*, coins, held, lot, scores, room, flags):
    size = np.array(lot)[:, None]
    lots = np.array(held, dtype=np.int64)[:, None]
    nothing = np.zeros(3)
    venues = Venues(
        nothing, nothing, nothing, nothing, size, size, np.full((3, 1), 5.0),
        np.array(flags[:3], dtype=np.int8)[:, None], np.array(flags[3:], dtype=np.int8)[:, None],
        size,
    )  # fmt: skip
    out = np.zeros(3, dtype=np.int64)
    left = split(coins, 0, 50.0, lots, np.array(scores), np.array(room), venues, out)
    ordered = out * size[:, 0]
    assert np.all(ordered * coins >= 0.0)
    assert abs(ordered.sum()) <= abs(coins) + 1e-8
    assert math.isclose(ordered.sum() + left, coins, rel_tol=1e-9, abs_tol=1e-8)
    for v in range(3):
        before, after = held[v], held[v] + int(out[v])
        opened = after - before if before * after >= 0 and before * coins >= 0 else after
        if before * coins < 0 and before * after >= 0:
            opened = 0
        assert abs(opened) * lot[v] * 50.0 <= room[v] + 1e-6
        if opened:
            assert flags[v] == 1
            assert coins > 0.0 or flags[3 + v] == 1


@MANY
@given(LOTS, st.integers(0, 10**6), UNIT, st.integers(0, 2**31 - 1), st.integers(0, 10**7))
def test_a_tip_is_part_of_what_is_left(left, display, width, seed, k):
    tip = iceberg_tip(left, display, 0.5 * width, seed, k, 3)
    assert abs(tip) <= abs(left)
    assert tip * left >= 0
    assert (tip != 0) == (left != 0)


@MANY
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**40), st.integers(0, 10**4))
def test_jitter_never_leaves_its_width(seed, k, c):
    assert 0.8 <= jitter(seed, k, c, 0.2) < 1.2


@MANY
@given(st.floats(1e-6, 1e6), st.sampled_from([-1, 1]), st.floats(1e-9, 1.0))
def test_a_collar_is_never_left(price, side, tick):
    limit = collared(price, side, 50.0, tick)
    if side > 0:
        assert limit <= price * 1.005 * (1.0 + 1e-9) + 1e-9 * tick
    else:
        assert limit >= price * 0.995 * (1.0 - 1e-9) - 1e-9 * tick


@MANY
@given(st.floats(0.0, 1e7), st.floats(0.0, 1e9), UNIT, st.floats(0.0, 100.0), st.booleans())
def test_risk_is_never_reduced_slowly(order, volume, persistence, spread, is_urgent):
    schedule, placement, _, _ = style(order, volume, persistence, spread, is_urgent, PARAMS)
    if is_urgent:
        assert (schedule, placement) == (Schedule.IMMEDIATE, Placement.MARKETABLE)
    elif order > 0.1 * volume:
        assert schedule == Schedule.POV
