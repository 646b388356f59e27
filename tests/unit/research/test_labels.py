"""Labels by hand: entry, barriers, who is first, gaps, delistings, costs, what is refused."""

import numpy as np
import pytest
from tests.unit.research.markets import K0, at, flat, market, wander

from quorate.core.kernel import signatures
from quorate.core.types import Bar
from quorate.research import barriers
from quorate.research.barriers import Ended
from quorate.research.events import Events
from quorate.research.labels import fixed_horizon, meta_labels, triple_barrier

A, T, M = Bar.ABSENT, Bar.TRADED, Bar.IMPUTED
BAR = 5 / 60  # hours


def one(rows, *, horizon=3, profit=0.02, stop=0.01, side=1, **more):
    """Return the labels of an event on the first row."""
    cost, haircut = more.pop("cost_bps", 0.0), more.pop("haircut", 0.05)
    return triple_barrier(
        market(rows, **more),
        at(0),
        horizon=horizon,
        profit_frac=profit,
        stop_frac=stop,
        side=side,
        cost_bps=cost,
        haircut=haircut,
    )


def why(found):
    assert found.n == 0
    assert sum(found.left_out.values()) == 1
    return next(iter(found.left_out)).name


# -- where it is entered and how it ends


def test_it_is_entered_at_the_next_open_and_held_to_the_last_close():
    rows = [
        (50, 60, 40, 55),
        (100, 101, 99.5, 100.5),
        (100, 101, 99.5, 100.2),
        (100, 101, 99.5, 101),
    ]
    found = one(rows)
    assert (found.entry[0], found.exit[0]) == (100.0, 101.0)
    assert Ended(found.ended[0]) == Ended.TIME
    assert (found.start_k[0], found.first_k[0]) == (K0, K0 + 1)
    assert found.exit_k[0] == found.end_k[0] == K0 + 3
    assert found.gross[0] == pytest.approx(0.01, abs=1e-15)
    assert (found.start_ms[0], found.end_ms[0]) == (K0 * 300_000, (K0 + 3) * 300_000)


def test_the_bar_of_the_event_touches_nothing():
    found = one([(100, 500, 1, 100), *flat(3)])
    assert Ended(found.ended[0]) == Ended.TIME


@pytest.mark.parametrize(
    ("bar", "side", "ended", "price"),
    [
        ((100, 102, 99.5, 101), 1, Ended.PROFIT, 102.0),
        ((100, 101.9, 99.0, 100), 1, Ended.STOP, 99.0),
        ((100, 103, 98, 100), 1, Ended.STOP, 99.0),  # both in one bar: the stop
        ((98, 98.5, 97, 98), 1, Ended.STOP, 98.0),  # the open jumped over it
        ((105, 106, 104, 105), 1, Ended.PROFIT, 102.0),  # never better than asked
        ((100, 100.5, 98, 99), -1, Ended.PROFIT, 98.0),
        ((100, 101, 99, 100), -1, Ended.STOP, 101.0),
        ((100, 101, 98, 100), -1, Ended.STOP, 101.0),
        ((103, 104, 102, 103), -1, Ended.STOP, 103.0),
        ((95, 96, 94, 95), -1, Ended.PROFIT, 98.0),
    ],
)
def test_a_barrier_is_met(bar, side, ended, price):
    found = one([*flat(2), bar, *flat(2)], side=side)
    assert Ended(found.ended[0]) == ended
    assert found.exit[0] == pytest.approx(price, rel=1e-15)
    assert found.end_k[0] == found.exit_k[0] == K0 + 2
    assert found.gross[0] == pytest.approx(side * (price / 100.0 - 1.0), abs=1e-15)


def test_the_first_bar_held_can_end_it():
    found = one([*flat(1), (100, 102, 100, 101), *flat(2)])
    assert (Ended(found.ended[0]), found.end_k[0]) == (Ended.PROFIT, K0 + 1)


def test_the_last_bar_of_the_horizon_counts_and_the_next_does_not():
    up = (100, 103, 100, 100)
    assert Ended(one([*flat(3), up]).ended[0]) == Ended.PROFIT
    assert Ended(one([*flat(4), up]).ended[0]) == Ended.TIME


def test_a_barrier_at_infinity_is_none():
    wild = (100, 1e9, 1e-9, 100)
    for side in (1, -1):
        found = one([*flat(1), wild, wild, wild], profit=np.inf, stop=np.inf, side=side)
        assert Ended(found.ended[0]) == Ended.TIME
        assert found.gross[0] == 0.0


def test_net_is_gross_less_the_costs_given():
    prices, cost = market([*flat(3), (100, 101, 100, 101)]), np.array([10.0, 25.0])
    found = fixed_horizon(prices, at(0, 1), horizon=2, cost_bps=cost)
    assert found.gross.round(12).tolist() == [0.0, 0.01]
    assert found.net.round(12).tolist() == [-0.001, 0.0075]


# -- what is no label


@pytest.mark.parametrize("hole", [A, M])
@pytest.mark.parametrize(
    ("row", "said"), [(0, "NOT_TRADED"), (1, "NOT_TRADED"), (2, "GAP"), (3, "GAP")]
)
def test_no_label_starts_ends_or_passes_a_bar_that_did_not_trade(hole, row, said):
    status = [T] * 5
    status[row] = hole
    assert why(one(flat(5), status=status)) == said


def test_a_hole_after_its_end_or_before_its_start_is_none_of_its_business():
    up = (100, 103, 100, 100)
    assert one([*flat(1), up, *flat(3)], status=[T, T, A, T, T]).n == 1
    prices = market(flat(6), status=[T, A, T, T, T, T])
    assert fixed_horizon(prices, at(2), horizon=3).n == 1


def test_one_that_met_a_barrier_waits_for_its_horizon_all_the_same():
    up = (100, 103, 100, 100)
    assert why(one([*flat(1), up, *flat(1)])) == "HORIZON_OPEN"
    assert one([*flat(1), up, *flat(2)]).n == 1


def test_unknown_barriers_and_no_side_are_counted():
    assert why(one(flat(5), profit=np.nan)) == "NO_BARRIER"
    assert why(one(flat(5), stop=np.nan)) == "NO_BARRIER"
    assert why(one(flat(5), side=0)) == "NO_SIDE"


def test_a_bar_without_an_open_is_not_entered():
    assert why(one([*flat(1), (np.nan, 100, 100, 100), *flat(3)])) == "NOT_TRADED"


def test_labels_keep_the_order_and_the_row_of_their_events():
    prices = market(flat(8), status=[T, T, T, T, A, T, T, T])
    found = fixed_horizon(prices, at(0, 1, 2, 4, 5, 6), horizon=2)
    assert found.event.tolist() == [0, 1, 4]
    assert found.left_out == {Ended.GAP: 1, Ended.NOT_TRADED: 1, Ended.HORIZON_OPEN: 1}


# -- what went away


@pytest.mark.parametrize("side", [1, -1])
def test_a_delisting_ends_at_the_last_price_less_a_haircut(side):
    rows = [*flat(2), (100, 100.9, 99.5, 100.5), *[(np.nan,) * 4] * 3]
    status = [T, T, T, A, A, A]
    found = one(rows, status=status, silent_hours=2 * BAR, side=side, horizon=4, haircut=0.1)
    assert Ended(found.ended[0]) == Ended.DELISTED
    assert found.exit[0] == pytest.approx(100.5 * (0.9 if side > 0 else 1.1))
    assert found.gross[0] == pytest.approx(side * (found.exit[0] / 100.0 - 1.0))
    assert (found.exit_k[0], found.end_k[0]) == (K0 + 2, K0 + 4)


def test_a_delisting_is_known_once_the_silence_has_lasted():
    """After the horizon if need be; until then nobody can tell it from a gap."""
    rows, status = [*flat(3), *[(np.nan,) * 4] * 6], [T, T, T, M, A, A, A, A, A]
    found = one(rows, status=status, silent_hours=4 * BAR)
    assert Ended(found.ended[0]) == Ended.DELISTED
    assert (found.exit_k[0], found.end_k[0]) == (K0 + 2, K0 + 7)  # row 3 still carried a price
    early = one(rows[:7], status=status[:7], silent_hours=4 * BAR)
    assert why(early) == "HORIZON_OPEN"
    back = one([*rows[:7], *flat(2)], status=[*status[:7], T, T], silent_hours=4 * BAR)
    assert why(back) == "GAP"


def test_a_stop_before_the_delisting_is_a_stop():
    rows = [*flat(1), (100, 100, 98, 99), *flat(1), *[(np.nan,) * 4] * 2]
    found = one(rows, status=[T, T, T, A, A], silent_hours=BAR)
    assert (Ended(found.ended[0]), found.exit[0]) == (Ended.STOP, 99.0)


def test_the_last_bar_of_a_coin_enters_nothing():
    rows = [*flat(1), *[(np.nan,) * 4] * 4]
    found = one(rows, status=[T, A, A, A, A], silent_hours=BAR)
    assert why(found) == "NOT_TRADED"


def test_what_trades_under_the_name_later_is_another_coin():
    rows = [*flat(2), (np.nan,) * 4, *flat(4, 1.0)]
    status = [T, T, A, T, T, T, T]
    found = one(rows, status=status, silent_hours=BAR)
    assert Ended(found.ended[0]) == Ended.DELISTED
    prices = market(rows, status=status, silent_hours=BAR)
    assert fixed_horizon(prices, at(3), horizon=2).ended.tolist() == [Ended.TIME]


def test_a_hole_before_the_delisting_is_a_gap():
    rows = [*flat(2), (np.nan,) * 4, *flat(1), *[(np.nan,) * 4] * 3]
    found = one(rows, status=[T, T, A, T, A, A, A], horizon=5, silent_hours=2 * BAR)
    assert why(found) == "GAP"


# -- bets of a first model


def test_a_bet_that_paid_its_costs_is_worth_taking():
    prices = market([*flat(2), (100, 102, 100, 102), *flat(1, 102.0)])
    sides = np.array([1, -1, 0])
    events = Events(np.full(3, K0), np.zeros(3, np.int64))
    found = fixed_horizon(prices, events, horizon=3, side=sides, cost_bps=10.0)
    assert found.event.tolist() == [0, 1]
    assert found.left_out == {Ended.NO_SIDE: 1}
    assert meta_labels(found).tolist() == [1, 0]
    dear = fixed_horizon(prices, events, horizon=3, side=sides, cost_bps=210.0)
    assert meta_labels(dear).tolist() == [0, 0]
    assert meta_labels(dear, of="gross").tolist() == [1, 0]


def test_a_bet_that_made_just_nothing_is_not():
    assert meta_labels(fixed_horizon(market(flat(4)), at(0), horizon=2)).tolist() == [0]


# -- what is refused


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"horizon": 0}, "horizon is 0 bars"),
        ({"profit_frac": 0.0}, "a barrier is not above 0"),
        ({"stop_frac": -0.1}, "a barrier is not above 0"),
        ({"side": 2}, "side has values beside -1, 0 and 1"),
        ({"side": np.array([1, -1, 1])}, "side has the shape \\(3,\\), there are 2 events"),
        ({"profit_frac": np.ones(3)}, "profit_frac has the shape \\(3,\\)"),
        ({"cost_bps": np.ones(1)}, "cost_bps has the shape \\(1,\\)"),
        ({"haircut": 1.5}, "haircut is 1.5, it must be within \\[0, 1\\]"),
    ],
)
def test_what_is_out_of_its_bounds_is_refused(given, said):
    usual = {"horizon": 2, "profit_frac": 0.1, "stop_frac": 0.1}
    with pytest.raises(ValueError, match=said):
        triple_barrier(market(flat(5)), at(0, 1), **(usual | given))


@pytest.mark.parametrize(
    ("k", "coin", "said"),
    [
        ([K0 - 1, K0], [0, 0], "bars -1 to 0 of the prices, which have 5"),
        ([K0, K0 + 5], [0, 0], "bars 0 to 5"),
        ([K0, K0], [0, 1], "coins 0 to 1 of the prices, which have 1"),
        ([K0], [0, 0], "1 bars and 2 coins"),
    ],
)
def test_events_of_other_prices_are_refused(k, coin, said):
    with pytest.raises(ValueError, match=said):
        fixed_horizon(market(flat(5)), Events(np.array(k), np.array(coin)), horizon=1)


def test_no_events_are_no_labels():
    found = fixed_horizon(market(flat(5)), at(), horizon=1)
    assert (found.n, found.left_out) == (0, {})


def test_one_signature():
    one(flat(5))
    prices = wander(1, 20, 3)
    fixed_horizon(prices, at(1, 2), horizon=np.int32(2), side=np.array([1, -1], np.int8))
    assert signatures(barriers.follow) <= 1
