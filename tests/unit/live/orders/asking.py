"""A venue's answers for the resolver, and a loop that asks them in virtual time."""

from decimal import Decimal

from quorate.live.orders.inquiry import (
    Ask,
    Case,
    NotPlaced,
    OpenAnswer,
    OrderAnswer,
    Page,
    PositionAnswer,
    Present,
    Question,
    StreamSaid,
    Ticked,
    TradesAnswer,
    WakeAt,
)
from quorate.live.orders.resolver import init, step
from quorate.venues.base import (
    Absent,
    Found,
    Liquidity,
    Listed,
    OrderKind,
    OrderStatus,
    OrderView,
    PositionSide,
    PositionView,
    Side,
    Trade,
    Unanswered,
)

SENT = 1_000_000
CASE = Case(
    intent_id="i1",
    client_id="q-ours",
    symbol="BTCUSDT",
    side=Side.BUY,
    position_side=PositionSide.BOTH,
    quantity=Decimal(1),
    sent_at_ms=SENT,
    window_ms=5_000,
)
PLAIN = (Question.ORDER, Question.OPEN)


def view(client_id="q-ours", symbol="BTCUSDT", status=OrderStatus.NEW):
    return OrderView(
        venue_order_id="77",
        client_id=client_id,
        symbol=symbol,
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        status=status,
        raw_status=status.value.upper(),
        quantity=Decimal(1),
        filled=Decimal(0),
        updated_ms=SENT,
    )


def trade(client_id=None, number="77", side=Side.BUY, at_ms=SENT + 1, symbol="BTCUSDT"):
    return Trade(
        trade_id="t1",
        venue_order_id=number,
        client_id=client_id,
        symbol=symbol,
        side=side,
        price=Decimal(100),
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
        at_ms=at_ms,
    )


def position(quantity=1, symbol="BTCUSDT", side=PositionSide.BOTH):
    return PositionView(
        symbol=symbol,
        position_side=side,
        quantity=Decimal(quantity),
        entry_price=None,
        leverage=None,
        updated_ms=SENT,
    )


def answer(question, n_round, venue_ms, outcome=None, *, explained=(), expected=0):
    """Give an answer that shows nothing, or the outcome that is given."""
    if question in (Question.ORDER, Question.CONDITIONAL_ORDER):
        return OrderAnswer(n_round, question, outcome or Absent("-2013", venue_ms))
    listed = outcome or Listed((), venue_ms)
    if question in (Question.OPEN, Question.CONDITIONAL_OPEN):
        return OpenAnswer(n_round, question, listed)
    if question is Question.TRADES:
        return TradesAnswer(n_round, listed, frozenset(explained))
    return PositionAnswer(n_round, listed, Decimal(expected))


def run(reply, *, case=CASE, until_ms=1_000_000, is_current=True, stream=()):
    """Ask until there is a verdict or the time is over; give all that was said, with its time.

    ``reply(question, n_round, now_ms)`` gives an answer, or a list of them with their delays;
    our clock is 0 when the order is doubted. ``stream`` are times at which the stream changes.
    """
    state, said = init(case, 0)
    heard = [(0, StreamSaid(is_current))] if is_current else []
    heard += [(at, StreamSaid(flag)) for at, flag in stream]
    log, wakes = [], set()
    now = 0
    while True:
        for item in said:
            if isinstance(item, WakeAt) and item.at_ms not in wakes:
                wakes.add(item.at_ms)
                heard.append((item.at_ms, Ticked()))
            elif isinstance(item, Ask):
                for question in item.questions:
                    replies = reply(question, item.n_round, now)
                    if not isinstance(replies, list):
                        replies = [(0, replies)]
                    heard += [(now + delay, each) for delay, each in replies]
            log.append((now, item))
        if state.is_over:
            break
        heard.sort(key=lambda pair: pair[0])
        now, event = heard.pop(0)
        if now > until_ms:
            break
        state, said = step(state, event, now)
    return state, log


def verdict(log):
    found = [(now, item) for now, item in log if isinstance(item, Present | NotPlaced)]
    assert len(found) <= 1
    return found[0] if found else None


def pages(log):
    return [now for now, item in log if isinstance(item, Page)]


def asked(log):
    return [now for now, item in log if isinstance(item, Ask)]


FOUND = Found(view())
SILENT = Unanswered("timeout")
