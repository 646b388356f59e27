"""Trades that are not ours, or not as thought: in the accounts always, in an order once."""

from decimal import Decimal

from tests.unit.live.orders.building import (
    KEY,
    ONE,
    SYMBOL,
    VENUE,
    filled,
    fold,
    opened,
    order,
    sent,
)

from quorate.live.orders.effects import Alarm, Halt, Trouble
from quorate.live.orders.events import Adjusted, Attributed, ExternalFill, Retired
from quorate.live.orders.reducer import step
from quorate.live.orders.states import State
from quorate.venues.base import Liquidity, PositionSide, Side


def external(trade_id="t1", quantity=1, side=Side.BUY, **changes):
    values = {
        "at_ms": 14,
        "venue": VENUE,
        "symbol": SYMBOL,
        "trade_id": trade_id,
        "venue_order_id": "n-i1",
        "side": side,
        "price": Decimal(100),
        "quantity": Decimal(quantity),
        "fee": Decimal("0.04"),
        "fee_asset": "USDT",
        "liquidity": Liquidity.TAKER,
        "traded_at_ms": 14,
        "cause": "autoclose",
    }
    return ExternalFill(**values | changes)


def test_a_liquidation_is_in_the_position_and_halts_the_symbol():
    book, effects = fold(*sent(), filled(), external("t2", side=Side.SELL))
    assert book.positions == {KEY: Decimal(0)}
    assert isinstance(effects[0], Alarm)
    assert effects[1:] == (Halt(VENUE, SYMBOL, Trouble.EXTERNAL_FILL),)
    again, effects = step(book, external("t2", side=Side.SELL))
    assert (again.positions, again.fees, effects) == (book.positions, book.fees, ())


def attributed(intent_id="i1", trade_id="t1"):
    return Attributed(at_ms=20, intent_id=intent_id, venue=VENUE, symbol=SYMBOL, trade_id=trade_id)


def test_a_trade_of_a_stranger_that_proves_ours_reaches_its_order_once():
    book, _ = fold(*sent(), external("t1"))
    assert order(book).state is State.SENDING
    unchanged, effects = step(book, filled("t1"))
    assert (unchanged.orders, effects) == (book.orders, ())
    book, effects = step(book, attributed())
    assert (order(book).state, book.positions[KEY], effects) == (State.FILLED, ONE, ())
    for repeated in (attributed(), filled("t1"), external("t1")):
        again, effects = step(book, repeated)
        assert (again.orders, again.positions, again.trades) == (
            book.orders,
            book.positions,
            book.trades,
        )
        assert effects == ()


def test_a_trade_that_fits_no_order_is_given_to_none():
    book, _ = fold(*sent(), external("t1", side=Side.SELL))
    for wrong in (attributed(), attributed("i9"), attributed(trade_id="t9")):
        again, _ = step(book, wrong)
        assert (again.orders, again.trades) == (book.orders, book.trades)
    assert step(book, attributed())[1][0].trouble is Trouble.MISFIT_TRADE


def test_a_trade_that_fits_no_order_is_booked_all_the_same():
    for event in (
        filled(intent_id="nobody"),
        filled(side=Side.SELL),
        filled(symbol="ETHUSDT"),
        filled(position_side=PositionSide.LONG),
    ):
        book, effects = fold(*sent(), event)
        signed = ONE if event.side is Side.BUY else -ONE
        assert book.positions == {(VENUE, event.symbol, event.position_side): signed}
        assert order(book).traded == 0
        assert Halt(VENUE, event.symbol, Trouble.MISFIT_TRADE) in effects
        assert len(step(book, event)[1]) == (event.intent_id == "nobody")


def test_a_correction_is_added_and_alarmed():
    change = Adjusted(at_ms=1, venue=VENUE, symbol=SYMBOL, delta=Decimal("-0.5"), cause="unknown")
    book, effects = fold(*sent(), filled(), change)
    assert book.positions == {KEY: Decimal("0.5")}
    assert effects[0].trouble is Trouble.ADJUSTED


def test_old_trades_of_strangers_are_forgotten_too():
    book, _ = fold(opened(), external("t1"), external("t2", traded_at_ms=15))
    book, _ = step(book, Retired(at_ms=99, before_ms=14))
    assert list(book.trades) == [(VENUE, SYMBOL, "t2")]
