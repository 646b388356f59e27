"""The reducer: one life of an order after another, in order, out of order, twice and too late."""

import itertools
from decimal import Decimal

import pytest
from tests.unit.live.orders.building import (
    KEY,
    ONE,
    SYMBOL,
    VENUE,
    acknowledged,
    filled,
    fold,
    intended,
    opened,
    order,
    seen,
    sending,
    sent,
)

from quorate.live.orders.book import (
    Book,
    blocked,
    exposure,
    intent_of,
    open_orders,
    unbooked,
    unresolved,
)
from quorate.live.orders.effects import (
    Alarm,
    Cancel,
    FetchTrades,
    Halt,
    LookUp,
    Resolve,
    Trouble,
)
from quorate.live.orders.events import (
    Absence,
    CancelIntended,
    Cancelling,
    CancelOutcome,
    InDoubt,
    Reconciled,
    Refused,
    Retired,
    Source,
)
from quorate.live.orders.reducer import init, scan, step
from quorate.live.orders.states import State
from quorate.venues.base import OrderStatus, PositionSide, Side

HALF = Decimal("0.5")
DOUBT = InDoubt(at_ms=12, intent_id="i1", reason="timeout")
REFUSAL = Refused(at_ms=12, intent_id="i1", code="-2019")
ABSENT = Absence(at_ms=50, intent_id="i1", evidence="{}")
CANCEL = CancelIntended(at_ms=20, intent_id="i1", reason="signal over")


def outcome(what, code=""):
    return CancelOutcome(at_ms=21, intent_id="i1", outcome=what, code=code)


def troubles(effects):
    return [effect.trouble for effect in effects if isinstance(effect, Alarm)]


def test_a_plain_life():
    book, effects = fold(*sent(), acknowledged())
    assert (order(book).state, effects) == (State.ACKED, ())
    book, effects = step(book, filled("t1", HALF))
    assert (order(book).state, order(book).filled, effects) == (State.PARTIAL, HALF, ())
    book, effects = step(book, filled("t2", HALF))
    assert (order(book).state, order(book).filled, effects) == (State.FILLED, ONE, ())
    assert book.positions == {KEY: ONE}
    assert book.fees == {(VENUE, "USDT"): Decimal("0.08")}
    assert exposure(book, KEY).worst == ONE
    assert (book.epoch, book.n_events) == (1, 6)


def test_a_report_finds_its_intent_by_our_id_or_by_the_venues():
    book, _ = fold(*sent(), acknowledged())
    ours = intended().client_id
    for number, client, found in (
        ("n-i1", None, "i1"),
        ("n-i1", "", "i1"),
        ("other", ours, "i1"),
        ("other", None, None),
        ("n-i1", "web_1", "i1"),
    ):
        assert intent_of(book, VENUE, SYMBOL, venue_order_id=number, client_id=client) == found
    assert intent_of(book, VENUE, "ETHUSDT", venue_order_id="n-i1", client_id=None) is None
    assert intent_of(book, "other", SYMBOL, venue_order_id="x", client_id=ours) is None


def test_a_step_leaves_its_book_alone():
    book, _ = fold(*sent())
    before = (dict(book.orders), dict(book.trades), dict(book.positions), dict(book.fees))
    step(book, filled())
    assert before == (book.orders, book.trades, book.positions, book.fees)


def test_everything_that_may_trade_is_reserved_at_full_size():
    for events in ([], [sending()], [sending(), DOUBT], [sending(), acknowledged()]):
        book, _ = fold(opened(), intended(), *events)
        assert exposure(book, KEY).highest == ONE, events
    book, _ = fold(*sent(), acknowledged(), filled("t1", HALF))
    held = exposure(book, KEY)
    assert (held.position, held.buying, held.highest, held.lowest) == (HALF, HALF, ONE, HALF)


@pytest.mark.parametrize("ending", [REFUSAL, ABSENT])
def test_what_certainly_never_was_is_reserved_no_more(ending):
    book, _ = fold(*sent(), DOUBT, ending)
    assert order(book).state in (State.REJECTED, State.NOT_PLACED)
    assert exposure(book, KEY).worst == 0


def test_buys_and_sells_do_not_net_while_they_are_open():
    book, _ = fold(
        *sent(quantity=3), intended("i2", 2, Side.SELL), sending("i2"), acknowledged(intent_id="i2")
    )
    held = exposure(book, KEY)
    assert (held.highest, held.lowest, held.worst) == (Decimal(3), Decimal(-2), Decimal(3))


def test_two_positions_of_a_symbol_are_kept_apart():
    long = {"position_side": PositionSide.LONG}
    short = {"position_side": PositionSide.SHORT}
    book, _ = fold(
        *sent(quantity=3, **long),
        filled("t1", 1, **long),
        intended("i2", 2, Side.SELL, **short),
        sending("i2"),
        filled("t2", "0.5", "i2", Side.SELL, **short),
    )
    for side, position, highest, lowest in (
        (PositionSide.LONG, "1", "3", "1"),
        (PositionSide.SHORT, "-0.5", "-0.5", "-2"),
        (PositionSide.BOTH, "0", "0", "0"),
    ):
        held = exposure(book, (VENUE, SYMBOL, side))
        assert (held.position, held.highest, held.lowest) == tuple(
            Decimal(text) for text in (position, highest, lowest)
        )


def test_a_status_moves_no_position_but_keeps_its_amount_reserved():
    book, effects = fold(*sent(), acknowledged(OrderStatus.FILLED, 1))
    assert order(book).state is State.FILLED
    assert effects == (FetchTrades("i1"),)
    assert book.positions == {}
    assert exposure(book, KEY).highest == ONE
    assert unbooked(book) == (order(book),)
    book, effects = step(book, filled())
    assert (book.positions[KEY], exposure(book, KEY).buying, effects) == (ONE, 0, ())
    assert unbooked(book) == ()


REPORTS = [
    acknowledged(),
    seen(OrderStatus.PARTIAL, "0.3"),
    seen(OrderStatus.PARTIAL, "0.5"),
    filled("t1", "0.3"),
    filled("t2", "0.2"),
]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([seen(OrderStatus.CANCELED, "0.5")], State.CANCELED),
        ([seen(OrderStatus.EXPIRED, "0.5")], State.EXPIRED),
        ([seen(OrderStatus.REJECTED, "0.5")], State.CANCELED),
        ([seen(OrderStatus.FILLED, 1), filled("t3", "0.5")], State.FILLED),
        ([filled("t3", "0.5")], State.FILLED),
        ([], State.PARTIAL),
    ],
)
def test_the_order_in_which_reports_arrive_changes_nothing(last, state):
    reports = REPORTS + last
    traded = ONE if state is State.FILLED else HALF
    for events in itertools.islice(itertools.permutations(reports), 0, None, 3):
        book, _ = fold(*sent(), *events)
        found = order(book)
        assert (found.state, found.filled, found.traded) == (state, traded, traded), events
        assert book.positions == {KEY: traded}
        again, effects = scan(book, events)
        assert again.orders == book.orders
        assert (again.positions, again.fees) == (book.positions, book.fees)
        assert troubles(effects) == []


def test_an_older_status_after_a_newer_one_is_no_news():
    book, _ = fold(*sent(), acknowledged(), seen(OrderStatus.PARTIAL, "0.7"))
    book, _ = step(book, seen(OrderStatus.PARTIAL, "0.2"))
    assert order(book).filled == Decimal("0.7")
    book, _ = step(book, seen(OrderStatus.NEW))
    assert (order(book).state, order(book).filled) == (State.PARTIAL, Decimal("0.7"))


def test_an_end_is_final_and_a_second_one_an_alarm():
    book, _ = fold(*sent(), acknowledged(OrderStatus.CANCELED))
    for late in (seen(), seen(OrderStatus.PARTIAL, 0), seen(OrderStatus.CANCELED), DOUBT, CANCEL):
        book, effects = step(book, late)
        assert (order(book).state, effects) == (State.CANCELED, ())
    book, effects = step(book, seen(OrderStatus.EXPIRED))
    assert order(book).state is State.CANCELED
    assert troubles(effects) == [Trouble.CONFLICTING_END]
    book, effects = step(book, seen(OrderStatus.FILLED, 1))
    assert order(book).state is State.CANCELED
    assert FetchTrades("i1") in effects
    assert exposure(book, KEY).highest == ONE, "what the venue says has traded stays reserved"


def test_a_fill_after_the_end_is_booked_and_alarmed():
    book, _ = fold(*sent(), acknowledged(), seen(OrderStatus.CANCELED))
    book, effects = step(book, filled("t1", "0.4"))
    assert order(book).state is State.CANCELED
    assert book.positions[KEY] == Decimal("0.4")
    assert troubles(effects) == [Trouble.LATE_FILL]
    assert LookUp("i1") in effects


def test_a_fill_that_the_end_told_of_is_no_alarm():
    book, _ = fold(*sent(), acknowledged(), seen(OrderStatus.CANCELED, "0.4"))
    book, effects = step(book, filled("t1", "0.4"))
    assert effects == ()


def test_an_end_that_tells_of_less_than_traded_is_asked_about():
    _, effects = fold(*sent(), filled("t1", HALF), seen(OrderStatus.CANCELED, "0.2"))
    assert effects == (LookUp("i1"),)


@pytest.mark.parametrize("ending", [REFUSAL, ABSENT])
def test_an_order_that_never_was_and_trades_is_reserved_again(ending):
    book, _ = fold(*sent(), DOUBT, ending)
    state = order(book).state
    book, effects = step(book, filled("t1", "0.4"))
    assert order(book).state is state
    assert troubles(effects) == [Trouble.FILL_WITHOUT_ORDER]
    assert Halt(VENUE, SYMBOL, Trouble.FILL_WITHOUT_ORDER) in effects
    assert (book.positions[KEY], exposure(book, KEY).highest) == (Decimal("0.4"), ONE)
    book, _ = step(book, seen(OrderStatus.CANCELED, "0.4"))
    assert exposure(book, KEY).highest == Decimal("0.4")


def test_an_order_that_never_was_and_is_open_is_taken_back():
    book, _ = fold(*sent(), DOUBT, ABSENT)
    book, effects = step(book, seen())
    assert order(book).state is State.NOT_PLACED
    assert Cancel("i1") in effects
    assert troubles(effects) == [Trouble.ALIVE_AFTER_END]
    assert (exposure(book, KEY).highest, open_orders(book)) == (ONE, (order(book),))
    assert blocked(book) == {(VENUE, SYMBOL)}
    book, effects = step(book, seen(OrderStatus.CANCELED))
    assert (exposure(book, KEY).highest, open_orders(book)) == (0, ())


def test_two_verdicts_that_it_never_was_agree():
    for first, second in ((REFUSAL, ABSENT), (ABSENT, REFUSAL)):
        book, _ = fold(*sent(), DOUBT, first)
        again, effects = step(book, second)
        assert (again.orders, effects) == (book.orders, ())


def test_a_doubt_waits_for_the_resolver_and_whatever_it_finds_is_taken():
    book, effects = fold(*sent(), DOUBT)
    assert (order(book).state, effects) == (State.UNKNOWN, (Resolve("i1"),))
    assert unresolved(book) == (order(book),)
    assert blocked(book) == {(VENUE, SYMBOL)}
    assert blocked(fold(*sent(), acknowledged())[0]) == set()
    for report, state in (
        (seen(source=Source.LOOKUP), State.ACKED),
        (seen(OrderStatus.PARTIAL, "0.1"), State.PARTIAL),
        (seen(OrderStatus.FILLED, 1), State.FILLED),
        (filled("t1", "0.1"), State.PARTIAL),
        (acknowledged(OrderStatus.CANCELED), State.CANCELED),
        (ABSENT, State.NOT_PLACED),
        (REFUSAL, State.REJECTED),
    ):
        assert order(step(book, report)[0]).state is state


def test_a_doubt_comes_too_late_where_the_stream_was_quicker():
    book, effects = fold(*sent(), seen(), DOUBT)
    assert (order(book).state, effects) == (State.ACKED, ())


@pytest.mark.parametrize("report", [seen(), seen(OrderStatus.UNREADABLE), filled("t1", HALF)])
def test_what_was_seen_is_neither_absent_nor_refused(report):
    for verdict, trouble in (
        (ABSENT, Trouble.ABSENT_YET_SEEN),
        (REFUSAL, Trouble.REFUSED_YET_SEEN),
    ):
        book, effects = fold(*sent(), report, verdict)
        assert order(book).state in (State.ACKED, State.UNKNOWN, State.PARTIAL)
        assert troubles(effects) == [trouble]
        assert exposure(book, KEY).highest == ONE


def test_a_word_that_nobody_knows_keeps_the_order_in_doubt():
    book, effects = fold(*sent(), acknowledged(OrderStatus.UNREADABLE, raw_status="EXPIRED_IN_X"))
    assert order(book).state is State.UNKNOWN
    assert troubles(effects) == [Trouble.UNREADABLE_STATUS]
    assert Resolve("i1") in effects
    book, effects = fold(*sent(), acknowledged(), seen(OrderStatus.UNREADABLE, "0.2"))
    assert (order(book).state, order(book).filled) == (State.ACKED, Decimal("0.2"))
    assert LookUp("i1") in effects


def test_a_cancellation():
    book, effects = fold(*sent(), acknowledged(), CANCEL)
    assert (order(book).state, effects) == (State.CANCELING, ())
    book, effects = step(book, outcome(Cancelling.ACCEPTED))
    assert (order(book).state, effects) == (State.CANCELING, (LookUp("i1"),))
    book, _ = step(book, filled("t1", "0.4"))
    assert order(book).state is State.CANCELING
    book, _ = step(book, seen(OrderStatus.CANCELED, "0.4"))
    assert (order(book).state, order(book).reserved) == (State.CANCELED, 0)


@pytest.mark.parametrize("what", [Cancelling.REFUSED, Cancelling.IN_DOUBT])
def test_a_cancellation_that_failed_says_nothing_of_the_order(what):
    book, effects = fold(*sent(), acknowledged(), CANCEL, outcome(what, "-2011"))
    assert (order(book).state, effects) == (State.UNKNOWN_CANCEL, (Resolve("i1"),))
    assert order(book).reason == "-2011"
    assert exposure(book, KEY).highest == ONE
    pushed, effects = step(book, seen())
    assert (order(pushed).state, effects) == (State.UNKNOWN_CANCEL, ()), "may be old"
    asked, effects = step(book, seen(source=Source.LOOKUP))
    assert (order(asked).state, effects) == (State.ACKED, (Cancel("i1"),))
    asked, _ = step(book, seen(OrderStatus.PARTIAL, "0.1", source=Source.LOOKUP))
    assert order(asked).state is State.PARTIAL
    assert order(step(book, filled())[0]).state is State.FILLED
    assert order(step(book, CANCEL)[0]).state is State.CANCELING


def test_a_cancellation_of_an_order_in_doubt_waits_until_it_is_found():
    book, effects = fold(*sent(), DOUBT, CANCEL)
    assert (order(book).state, effects) == (State.UNKNOWN, ())
    book, effects = step(book, outcome(Cancelling.REFUSED))
    assert (order(book).state, effects) == (State.UNKNOWN, ())
    for report in (seen(), filled("t1", HALF)):
        assert Cancel("i1") in step(book, report)[1]


def test_an_intent_is_sent_once():
    book, _ = fold(*sent())
    again, effects = step(book, sending())
    assert (again.orders, effects) == (book.orders, ())
    for second in (sending(attempt=2), sending(sent_at_ms=12), sending(epoch=2)):
        again, effects = step(book, second)
        assert again.orders == book.orders
        assert troubles(effects) == [Trouble.SECOND_SEND]


def test_a_second_attempt_is_none_whatever_became_of_the_first():
    book, effects = fold(opened(), intended(), sending(attempt=2))
    assert order(book).state is State.INTENT
    assert troubles(effects) == [Trouble.SECOND_SEND]
    for ending in (DOUBT, REFUSAL, acknowledged(), acknowledged(OrderStatus.CANCELED)):
        book, _ = fold(*sent(), ending)
        for second, trouble in ((sending(), []), (sending(attempt=2), [Trouble.SECOND_SEND])):
            again, effects = step(book, second)
            assert (again.orders, troubles(effects)) == (book.orders, trouble)


def test_an_intent_and_a_client_id_are_taken_once():
    book, _ = fold(opened(), intended())
    assert step(book, intended())[1] == ()
    again, effects = step(book, intended(quantity=2))
    assert (again.orders, troubles(effects)) == (book.orders, [Trouble.DUPLICATE_INTENT])
    again, effects = step(book, intended("i2", client_id=intended().client_id))
    assert (again.orders, troubles(effects)) == (book.orders, [Trouble.DUPLICATE_CLIENT_ID])


def test_two_orders_of_one_intent_are_an_alarm():
    book, effects = fold(*sent(), acknowledged(), seen(venue_order_id="other"))
    assert troubles(effects) == [Trouble.SECOND_ORDER]
    assert Halt(VENUE, SYMBOL, Trouble.SECOND_ORDER) in effects
    assert order(book).venue_order_id == "n-i1"


def test_a_trade_is_booked_once_and_never_otherwise():
    book, _ = fold(*sent(), filled("t1", HALF))
    again, effects = step(book, filled("t1", HALF, at_ms=99))
    assert (again.positions, again.fees, effects) == (book.positions, book.fees, ())
    again, effects = step(book, filled("t1", "0.4"))
    assert (again.positions, again.orders) == (book.positions, book.orders)
    assert troubles(effects) == [Trouble.CONFLICTING_TRADE]


def test_an_overfill_is_in_the_position_and_not_in_the_order():
    book, effects = fold(*sent(), filled("t1", "0.8"), filled("t2", "0.8"))
    assert (order(book).filled, order(book).traded) == (ONE, Decimal("1.6"))
    assert book.positions[KEY] == Decimal("1.6")
    assert Halt(VENUE, SYMBOL, Trouble.OVERFILL) in effects
    book, effects = fold(*sent(), acknowledged(OrderStatus.PARTIAL, 2))
    assert order(book).filled == ONE
    assert troubles(effects) == [Trouble.OVERFILL]


def test_filled_with_less_than_its_quantity_is_not_believed():
    book, effects = fold(*sent(), acknowledged(OrderStatus.FILLED, HALF))
    assert (order(book).state, order(book).reserved) == (State.PARTIAL, ONE)
    assert troubles(effects) == [Trouble.FILLED_SHORT]


def test_fees_are_booked_by_asset_and_rebates_too():
    book, _ = fold(
        *sent(),
        filled("t1", "0.4", fee=Decimal("0.001"), fee_asset="BNB"),
        filled("t2", "0.4", fee=Decimal("-0.01")),
        filled("t3", "0.2", fee=Decimal("0.002"), fee_asset="BNB"),
    )
    assert book.fees == {(VENUE, "BNB"): Decimal("0.003"), (VENUE, "USDT"): Decimal("-0.01")}


def test_sums_are_exact_beyond_what_a_default_decimal_holds():
    small, large = Decimal("0.00000000000000000000000000001"), Decimal(10) ** 12
    book, _ = fold(*sent(quantity=2 * large), filled("t1", large), filled("t2", small))
    assert str(book.positions[KEY]) == "1000000000000.00000000000000000000000000001"


def test_the_newest_trade_is_known_whatever_came_last():
    book, _ = fold(*sent(quantity=9), filled("9", traded_at_ms=5), filled("10", traded_at_ms=5))
    assert book.last_trades == {(VENUE, SYMBOL): (5, "10")}
    book, _ = step(book, filled("11", traded_at_ms=4))
    assert book.last_trades == {(VENUE, SYMBOL): (5, "10")}


def test_a_restart_doubts_what_was_half_done():
    book, _ = fold(
        opened(),
        intended("i1"),
        intended("i2"),
        sending("i2"),
        intended("i3"),
        sending("i3"),
        acknowledged(intent_id="i3"),
        CancelIntended(at_ms=20, intent_id="i3", reason=""),
        intended("i4"),
        sending("i4"),
        acknowledged(intent_id="i4"),
    )
    book, effects = step(book, opened(epoch=2, at_ms=99))
    states = [item.state for item in book.orders.values()]
    assert states == [State.NOT_PLACED, State.UNKNOWN, State.UNKNOWN_CANCEL, State.ACKED]
    assert effects == (Resolve("i2"), Resolve("i3"))
    assert book.epoch == 2
    again, effects = step(book, opened(epoch=3, at_ms=100))
    assert (again.orders, effects) == (book.orders, (Resolve("i2"), Resolve("i3")))
    assert troubles(step(book, opened(epoch=2))[1]) == [Trouble.OLD_EPOCH]


def test_an_order_that_is_seen_and_was_never_sent_is_taken_with_an_alarm():
    for report in (acknowledged(), filled("t1", HALF)):
        book, effects = fold(opened(), intended(), report)
        assert order(book).state in (State.ACKED, State.PARTIAL)
        assert troubles(effects) == [Trouble.UNSENT_YET_SEEN]


@pytest.mark.parametrize(
    "event", [sending(), acknowledged(), seen(), DOUBT, REFUSAL, ABSENT, CANCEL]
)
def test_an_event_of_no_intent_changes_nothing_and_is_alarmed(event):
    book, effects = fold(opened(), event)
    assert book == Book(epoch=1, n_events=2)
    assert troubles(effects) == [Trouble.UNKNOWN_INTENT]


def test_a_comparison_changes_nothing():
    event = Reconciled(at_ms=1, venue=VENUE, snapshot_hash="", n_differences=0)
    assert fold(event) == (Book(n_events=1), ())


def test_what_is_over_and_booked_is_forgotten_and_the_position_is_not():
    book, _ = fold(
        *sent(),
        acknowledged(),
        filled(),
        intended("i2"),
        sending("i2"),
        acknowledged(OrderStatus.FILLED, 1, "i2"),
        intended("i3"),
    )
    book, effects = step(book, Retired(at_ms=99, before_ms=13))
    assert list(book.orders) == ["i1", "i2", "i3"]
    book, effects = step(book, Retired(at_ms=99, before_ms=14))
    assert (list(book.orders), effects) == (["i2", "i3"], ())
    assert set(book.by_client.values()) == {"i2", "i3"}
    assert set(book.by_number.values()) == {"i2"}
    assert (book.trades, book.positions[KEY]) == ({}, ONE)
    assert init() == Book()
