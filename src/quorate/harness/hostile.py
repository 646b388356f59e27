"""Spoilt answers through the real client: read rightly, or not at all, and never an error.

In: seeds. Out: how many answers were believed and how many not, and every one that was believed
wrongly, changed a book it should not have, or raised. No network: the body is there at once. What
may be believed is said here a second time, by reading the JSON itself.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from typing_extensions import override

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.session import Response, Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.mutate import mutated
from quorate.live.broker import heard
from quorate.live.orders.events import Intended, Sending
from quorate.live.orders.reducer import init, scan
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import Accepted, Found, Listed, OrderKind, Rejected, Side, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from quorate.exchange.binance.signing import Request
    from quorate.live.orders.book import Book
    from quorate.live.orders.events import JournalEvent
    from quorate.venues.base import OrderView

START_MS: Final = 1_700_006_400_000
SYMBOL: Final = "BTC/USDT:USDT"
QUANTITY: Final = Decimal("0.100")
CLIENT_ID: Final = "qaaabcdefghijklmnopqrstu"


class Hostile(NamedTuple):
    """What came of spoilt answers: all, those that were believed, and what was wrong."""

    messages: int
    believed: int
    outcomes: dict[str, int]
    violations: tuple[str, ...]


def hostile(count: int, *, first_seed: int = 1) -> Hostile:
    """Give spoilt answers to every question and order of a venue in turn.

    Parameters
    ----------
    count : int
        How many answers.
    first_seed : int
        Of the first.

    Returns
    -------
    Hostile
        With a text for each violation.

    Notes
    -----
    Units: none.  Causal: by the seeds alone.  Missing: none.
    RELIABILITY 6.
    """
    return run_virtually(_all(count, first_seed), VirtualLoop(START_MS))


class _Spoiling(Session):
    """A session that keeps answers, and later gives them spoilt and at once."""

    def __init__(self, exchange: Futures) -> None:
        super().__init__({"fapi.binance.com": exchange})
        self.kept: dict[str, str] = {}
        self.seed: int | None = None
        self.said: tuple[int, str] = (200, "")

    @override
    async def carry(self, request: Request) -> Response:
        name = f"{request.method} {request.path}"
        if self.seed is None:
            response = await super().carry(request)
            self.kept[name] = await response.text()
            return response
        self.said = mutated(self.kept.get(name, "[]"), self.seed)
        return Response(*self.said, {"Date": "Wed, 15 Nov 2023 00:00:00 GMT"})


async def _all(count: int, first_seed: int) -> Hostile:
    exchange = Exchange([Instrument("BTCUSDT", "BTC")], seed=1, start_ms=START_MS)
    exchange.open_account("me", {"USDT": Decimal(10_000)})
    session = _Spoiling(Futures(exchange, {"key": Key("key", "me", "secret")}))
    keys = {"apiKey": "key", "secret": "secret"}
    made = instances(BINANCE_FUTURES, keys, session=lambda: session)
    venue = CcxtVenue("binance_usdm", BINANCE_FUTURES, made, lambda: START_MS)
    await venue.open()
    intent = meant()
    book, _ = scan(init(), [intent, sent()])
    asked = _questions(venue, intent)
    taken = await venue.place(taking(intent).placement(sent_at_ms=START_MS, window_ms=5_000))
    if not isinstance(taken, Accepted):
        raise TypeError(f"the exchange of this trial does not trade: {taken}")
    for ask in asked:
        await ask()
    found, outcomes = [], Counter[str]()
    believed = 0
    for seed in range(first_seed, first_seed + count):
        session.seed = seed
        outcome = await asked[seed % len(asked)]()
        outcomes[type(outcome).__name__] += 1
        is_believed = isinstance(outcome, Accepted | Found | Listed)
        believed += is_believed
        text = _wrong(session.said, outcome) or _folded(book, outcome)
        if text:
            found.append(f"seed {seed}: {text}")
    session.seed = None
    await venue.close()
    return Hostile(count, believed, dict(sorted(outcomes.items())), tuple(found))


def _questions(
    venue: CcxtVenue, intent: Intended
) -> list[Callable[[], Coroutine[Any, Any, object]]]:
    placement = intent.placement(sent_at_ms=START_MS, window_ms=5_000)
    return [
        lambda: venue.place(placement),
        lambda: venue.order(SYMBOL, intent.client_id, is_conditional=False),
        lambda: venue.open_orders(None, is_conditional=False),
        lambda: venue.trades(SYMBOL, "1"),
        venue.positions,
        lambda: venue.cancel(SYMBOL, intent.client_id, is_conditional=False),
    ]


def meant() -> Intended:
    """Return the order that everything spoilt is about."""
    return Intended(
        at_ms=START_MS,
        intent_id="one",
        client_id=CLIENT_ID,
        venue="binance_usdm",
        symbol=SYMBOL,
        side=Side.BUY,
        order_kind=OrderKind.LIMIT,
        quantity=QUANTITY,
        limit_price=Decimal("99.6"),
        time_in_force=TimeInForce.GTC,
    )


def taking(intent: Intended) -> Intended:
    """Return an order of another name that trades at once."""
    return replace(intent, client_id="qaaabcdefghijklmnopqrsta", limit_price=Decimal("100.4"))


def sent() -> Sending:
    """Return that it was sent."""
    return Sending(at_ms=START_MS, intent_id="one", epoch=1, sent_at_ms=START_MS, window_ms=5_000)


def _wrong(said: tuple[int, str], outcome: object) -> str:
    """Return why an answer must not have been believed, "" where it may."""
    if not isinstance(outcome, Accepted | Found | Listed):
        return ""
    status, body = said
    told = f"{type(outcome).__name__} of {status} {body[:60]!r}"
    try:
        tree = json.loads(body.strip())
    except (ValueError, RecursionError):
        return told
    if isinstance(outcome, Listed):
        is_read = isinstance(tree, list) and len(outcome.items) <= len(tree)
    else:
        is_read = isinstance(tree, dict) and _is_told(tree, outcome.view)
    return "" if is_read and status == 200 else told


def _is_told(tree: dict[str, Any], view: OrderView) -> bool:
    """Say whether JSON tells of the order that was asked for, and of as much as the view."""
    names = (tree.get("clientOrderId"), view.client_id)
    if not tree.get("orderId") or names != (CLIENT_ID, CLIENT_ID):
        return False
    try:
        filled, quantity = (Decimal(str(tree[name])) for name in ("executedQty", "origQty"))
    except (KeyError, InvalidOperation):
        return view.filled == 0
    return 0 <= filled <= quantity and view.filled == filled


def _folded(book: Book, outcome: object) -> str:
    """Fold what was heard; return what is wrong with the book after it."""
    events: list[JournalEvent] = []
    if isinstance(outcome, Found):
        events = [heard.seen("one", outcome.view, START_MS)]
    elif isinstance(outcome, Listed):
        for each in outcome.items:
            if hasattr(each, "trade_id"):
                events.append(heard.external("binance_usdm", each, START_MS, "spoilt"))
    elif isinstance(outcome, Accepted | Rejected) or type(outcome).__name__ == "Uncertain":
        events = [heard.placed("one", outcome, START_MS)]  # type: ignore[arg-type]
    after, _ = scan(book, events)
    order = after.orders["one"]
    if not Decimal(0) <= order.filled <= QUANTITY:
        return f"{order.filled} of {QUANTITY} filled"
    if not isinstance(outcome, Accepted | Found | Listed):
        before = book.orders["one"]
        if (order.traded, order.told, after.positions) != (
            before.traded,
            before.told,
            book.positions,
        ):
            return f"{type(outcome).__name__} changed amounts"
    return ""
