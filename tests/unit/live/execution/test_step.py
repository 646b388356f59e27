"""What a parent does next, style by style, and what it refuses to do."""

import pytest
from tests.unit.live.execution.building import GRID, T0, D, child, done, market, over, parent

from quorate.live.execution import iceberg, marketable, twap
from quorate.live.execution.effects import CancelChild, Close, PlaceChild
from quorate.live.execution.step import GAP_MS, step
from quorate.live.orders.parents import Placing, Schedule
from quorate.live.orders.states import State
from quorate.venues.base import Side, TimeInForce

WAITS = {"placing": Placing.POST_ONLY}
NOBODY = done()


def first(opened, so_far=NOBODY, at_ms=0, **more):
    found = step(opened, so_far, T0 + at_ms, market(T0 + at_ms, **more))
    assert len(found) <= 1
    return found[0] if found else None


def test_a_marketable_child_takes_inside_the_collar_and_never_goes_naked():
    found = first(parent())
    assert isinstance(found, PlaceChild)
    assert (found.quantity, found.time_in_force) == (D(1), TimeInForce.IOC)
    assert found.limit_price == D("100.3"), "25 bps beyond 100.1, rounded down"
    sold = first(parent(side=Side.SELL, worst_price=D("99.8")))
    assert sold.limit_price == D("99.8"), "the worst price binds"
    assert first(parent(worst_price=D("100.0"))) is None, "the touch is beyond the collar"
    wide = first(parent(worst_price=D(200)), bid="99.3", ask="100.7")
    assert wide is None, "49 bps from the middle is less than the touch"


def test_what_is_left_is_sent_again_after_a_pause_and_nothing_beyond_it():
    assert first(parent(), done(over(0, "0.4")), GAP_MS - 1) is None
    again = first(parent(), done(over(0, "0.4")), GAP_MS)
    assert (again.leg, again.quantity) == (1, D("0.6"))
    assert first(parent(), done(over(0, "0.4"), over(1, "0.6")), 9_000) == Close("filled")


@pytest.mark.parametrize(
    "state", [State.SENDING, State.UNKNOWN, State.CANCELING, State.UNKNOWN_CANCEL]
)
def test_a_child_in_doubt_is_left_to_the_broker_and_nothing_is_sent_beside_it(state):
    assert first(parent(**WAITS), done(child(state=state)), 700_000) is None


def test_a_post_only_child_joins_its_side_and_follows_it():
    found = first(parent(**WAITS))
    assert (found.limit_price, found.time_in_force) == (D("99.9"), TimeInForce.POST_ONLY)
    sold = first(parent(side=Side.SELL, worst_price=D("99.5"), **WAITS))
    assert sold.limit_price == D("100.1")
    resting = done(child())
    assert first(parent(**WAITS), resting, 5_000) is None
    moved = first(parent(**WAITS), resting, 5_000, bid="100.0")
    assert moved == CancelChild("i0", "the touch has moved on")
    assert first(parent(**WAITS), resting, 5_000, bid="99.5") is None, "alone before all others"
    assert first(parent(worst_price=D("99.8"), **WAITS)) is None, "the touch is beyond the worst"


def test_a_post_only_child_that_rested_its_time_is_taken_back_and_the_rest_takes():
    opened = parent(rest_ms=30_000, **WAITS)
    assert first(opened, done(child()), 29_999) is None
    assert first(opened, done(child()), 30_000) == CancelChild("i0", "it has rested its time")
    ended = over(0, "0.25", state=State.CANCELED, is_cancel_wanted=True)
    takes = first(opened, done(ended), 30_000)
    assert (takes.time_in_force, takes.quantity) == (TimeInForce.IOC, D("0.75"))


def test_a_post_only_child_that_would_take_is_repriced_so_often_then_costs_decide():
    opened = parent(n_reprices=2, **WAITS)
    gone = [
        over(n, "0", state=State.REJECTED, reason="-5022", time_in_force=TimeInForce.POST_ONLY)
        for n in range(3)
    ]
    assert first(opened, done(*gone[:2]), 10_000).time_in_force is TimeInForce.POST_ONLY
    assert first(opened, done(*gone), 10_000).time_in_force is TimeInForce.IOC
    # half a spread of 10 bps and a fee of 5 are 15: beyond the budget nothing takes
    dear = parent(n_reprices=2, budget_bps=D(14), **WAITS)
    assert marketable.cost_bps(market()) == 15
    assert first(dear, done(*gone), 10_000) is None
    assert first(dear, done(*gone), 60_000).time_in_force is TimeInForce.POST_ONLY, "rests anew"
    assert first(dear, done(child()), 60_000) is None, "nor is a child taken back for it"
    ended = over(0, "0", state=State.EXPIRED, time_in_force=TimeInForce.POST_ONLY)
    assert first(parent(n_reprices=0, **WAITS), done(ended), 9_000).time_in_force is TimeInForce.IOC


def test_a_limit_child_takes_the_touch_and_waits_there():
    opened = parent(placing=Placing.LIMIT)
    found = first(opened)
    assert (found.limit_price, found.time_in_force) == (D("100.1"), TimeInForce.GTC)
    rests = child(time_in_force=TimeInForce.GTC, state=State.PARTIAL)
    assert first(opened, done(rests), 59_999) is None
    assert isinstance(first(opened, done(rests), 60_000), CancelChild)
    assert first(opened, done(over(0, "0.5")), 60_000).time_in_force is TimeInForce.IOC


def test_a_twap_sends_what_its_slices_say_and_catches_up():
    opened = parent(schedule=Schedule.TWAP, slice_ms=60_000, quantity=D("1.001"))
    assert twap.n_slices(opened) == 10
    assert first(opened).quantity == D("0.1")
    assert first(opened, done(over(0, "0.1")), 40_000) is None, "nothing more is due"
    late = first(opened, done(over(0, "0.1")), 590_000)
    assert late.quantity == D("0.901"), "the last slice has all that is left"
    starts = [twap.starts_ms(opened, j) - T0 for j in range(10)]
    assert starts[0] == 0
    for j, at_ms in enumerate(starts[1:], 1):
        assert abs(at_ms - j * 60_000) <= 12_000
        assert twap.slice_at(opened, T0 + at_ms) == j
        assert twap.slice_at(opened, T0 + at_ms - 1) == j - 1
    other = parent(schedule=Schedule.TWAP, slice_ms=60_000, parent_id="p2")
    assert [twap.starts_ms(other, j) - T0 for j in range(10)] != starts


def test_an_urgent_twap_is_early():
    slow = parent(schedule=Schedule.TWAP, slice_ms=60_000)
    fast = parent(schedule=Schedule.TWAP, slice_ms=60_000, urgency=D(3))
    assert first(fast).quantity > 2 * first(slow).quantity


def test_a_pov_is_a_share_of_the_volume_with_itself():
    opened = parent(schedule=Schedule.POV, participation=D("0.2"), quantity=D(10))
    assert first(opened) is None, "no volume, nothing due"
    found = first(opened, volume=D(8))
    assert found.quantity == D(2), "2 of 2 + 8"
    # of a volume of 10 ours are 2: nothing is due until others trade
    assert first(opened, done(over(0, "2")), 5_000, volume=D(10)) is None
    assert first(opened, done(over(0, "2")), 5_000, volume=D(14)).quantity == D(1)


def test_an_iceberg_shows_tips_of_sizes_that_differ():
    opened = parent(display=D("0.1"))
    sizes = {iceberg.tip(opened, leg) for leg in range(20)}
    assert len(sizes) == 20
    assert all(D("0.08") <= size <= D("0.12") for size in sizes)
    assert first(opened).quantity == GRID.quantity(iceberg.tip(opened, 0))
    assert iceberg.tip(parent(), 0) is None


def test_no_child_leaves_less_than_the_venue_takes():
    # 0.049 coins of 99.9 are below 5 in quote
    opened = parent(schedule=Schedule.TWAP, slice_ms=60_000, quantity=D("0.11"))
    assert first(opened) is None, "0.011 is not enough"
    at = next(s for s in range(600) if first(opened, NOBODY, s * 1000) is not None)
    found = first(opened, NOBODY, at * 1000)
    assert D("0.055") <= found.quantity <= D("0.06")
    nearly = first(parent(display=D("0.97")))
    assert nearly.quantity == D(1) or D(1) - nearly.quantity >= D("0.051")
    assert first(parent(), done(over(0, "0.98")), 9_000) == Close(
        "0.02 is below the least the venue takes"
    )
    closing = first(parent(is_reduce_only=True), done(over(0, "0.98")), 9_000)
    assert closing.quantity == D("0.02"), "what only closes has no least value"


def test_a_child_is_never_larger_than_may_be_sent_at_once():
    assert first(parent(), most=D("0.3")).quantity == D("0.3")


def test_the_deadline_takes_back_what_waits_and_closes():
    resting = done(child(time_in_force=TimeInForce.GTC))
    assert first(parent(**WAITS), resting, 600_000) == CancelChild("i0", "deadline")
    assert step(parent(**WAITS), resting, T0 + 600_000, None) == (CancelChild("i0", "deadline"),)
    assert first(parent(), done(over(0, "0.4")), 600_000) == Close("deadline, 0.6 not filled")


def test_nothing_is_sent_before_the_beginning_blind_or_on_an_old_touch():
    assert step(parent(), NOBODY, T0, None) == ()
    assert step(parent(), NOBODY, T0 + 5_001, market(T0)) == ()
    assert step(parent(begin_ms=T0 + 9), NOBODY, T0, market()) == ()


def test_two_refusals_in_a_row_close_a_parent():
    refused = [over(n, "0", state=State.REJECTED, reason="-2019") for n in range(2)]
    assert first(parent(), done(refused[0]), 9_000).leg == 1
    assert first(parent(), done(*refused), 9_000) == Close("refused: -2019")
    later = over(2, "0", state=State.REJECTED, reason="-2019")
    assert first(parent(), done(refused[0], over(1, "0.1"), later), 9_000).leg == 3
