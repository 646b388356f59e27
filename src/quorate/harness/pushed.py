"""Spoilt frames of the user stream through the real client: read rightly, or not at all.

In: seeds. Out: as ``hostile``, of what a venue pushes instead of what it answers. Frames of orders,
trades, stops and holdings are kept as the simulated exchange sends them, and each is given spoilt
to the websocket of the real ccxt.pro client, which goes on with the next.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.hostile import (
    CLIENT_ID,
    QUANTITY,
    START_MS,
    SYMBOL,
    Hostile,
    meant,
    sent,
)
from quorate.harness.mutate import mutated
from quorate.live.broker import heard
from quorate.live.orders.events import Source
from quorate.live.orders.reducer import init, scan
from quorate.venues.account import pushes
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.views import STOP_SERIES
from quorate.venues.account.wire import Instances, instances
from quorate.venues.base import OrderKind, OrderView, Side, Trade, Unanswered

if TYPE_CHECKING:
    from quorate.live.orders.book import Book
    from quorate.live.orders.events import JournalEvent

_SETTLED_S = 0.001
"""Virtual: whatever a frame sets off has run before the clock goes on."""


class _Line(NamedTuple):
    """A websocket that is listened to, and what was heard on it since the last frame."""

    session: Session
    told: list[OrderView | Trade | Unanswered]
    tasks: tuple[asyncio.Task[None], ...]

    async def give(self, frame: str) -> list[OrderView | Trade | Unanswered]:
        """Give the client a frame, and return what came of it."""
        self.told.clear()
        connection = self.session.sockets[-1].connection
        connection.outbox.append(frame)
        connection.wake()
        await asyncio.sleep(_SETTLED_S)
        return list(self.told)


def hostile_frames(count: int, *, first_seed: int = 1) -> Hostile:
    """Give spoilt frames of every kind to a client that watches its account.

    Parameters
    ----------
    count : int
        How many frames.
    first_seed : int
        Of the first.

    Returns
    -------
    Hostile
        With a text for each violation; ``believed`` counts the frames of which a view was made.

    Notes
    -----
    Units: none.  Causal: by the seeds alone.  Missing: none.
    RELIABILITY 2.8, 2.32, 6.
    """
    return run_virtually(_all(count, first_seed), VirtualLoop(START_MS))


async def _all(count: int, first_seed: int) -> Hostile:
    exchange = Exchange([Instrument("BTCUSDT", "BTC")], seed=1, start_ms=START_MS)
    exchange.open_account("me", {"USDT": Decimal(10_000)})
    facade = Futures(exchange, {"key": Key("key", "me", "secret")})
    session = Session({"fapi.binance.com": facade, "fstream.binance.com": facade})
    keys = {"apiKey": "key", "secret": "secret"}
    made = instances(BINANCE_FUTURES, keys, session=lambda: session)
    venue = CcxtVenue("binance_usdm", BINANCE_FUTURES, made, lambda: START_MS)
    await venue.open()
    line = await _listening(made, session)
    frames = await _frames(venue, line)
    book, _ = scan(init(), [meant(), sent()])
    found, outcomes = [], Counter[str]()
    believed = 0
    for seed in range(first_seed, first_seed + count):
        _, frame = mutated(frames[seed % len(frames)], seed)
        told = await line.give(frame)
        outcomes.update({type(each).__name__ for each in told} or {"nothing"})
        believed += any(not isinstance(each, Unanswered) for each in told)
        texts = [_wrong(frame, each) or _folded(book, each) for each in told]
        found += [f"seed {seed}: {text}" for text in texts if text]
        found += [f"seed {seed}: {each}" for each in line.tasks if each.done()]
    if not any(isinstance(each, OrderView) for each in await line.give(frames[0])):
        found.append("after all of them a whole frame is not heard any more")
    for task in line.tasks:
        task.cancel()
    await venue.close()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*line.tasks)
    return Hostile(count, believed, dict(sorted(outcomes.items())), tuple(found))


async def _listening(made: Instances, session: Session) -> _Line:
    told: list[OrderView | Trade | Unanswered] = []

    async def follow(listen: Any) -> None:  # noqa: ANN401  (one of two questions)
        while True:
            told.extend(await listen(made.trade, BINANCE_FUTURES))

    tasks = tuple(asyncio.create_task(follow(each)) for each in (pushes.orders, pushes.trades))
    await asyncio.sleep(1.0)
    return _Line(session, told, tasks)


async def _frames(venue: CcxtVenue, line: _Line) -> list[str]:
    """Let the order trade, wait, be taken back and be a stop; return each frame that told of it."""
    connection = line.session.sockets[-1].connection
    frames: list[str] = []
    send = connection.send

    def kept(message: object) -> None:
        frames.append(json.dumps(message))
        send(message)

    connection.send = kept  # type: ignore[method-assign]
    waiting = meant()
    trading = replace(waiting, limit_price=Decimal("100.4"))
    stop = replace(
        waiting,
        order_kind=OrderKind.STOP,
        side=Side.SELL,
        limit_price=None,
        trigger_price=Decimal(95),
        is_reduce_only=True,
    )
    for each in (waiting, trading, stop):
        await venue.place(each.placement(sent_at_ms=START_MS, window_ms=5_000))
        if each is waiting:
            await venue.cancel(SYMBOL, CLIENT_ID, is_conditional=False)
    await asyncio.sleep(1.0)
    connection.send = send  # type: ignore[method-assign]
    return frames


def _wrong(frame: str, told: OrderView | Trade | Unanswered) -> str:
    """Return why something must not have been made of a frame, "" where it may."""
    if isinstance(told, Unanswered):
        return ""
    try:
        tree = json.loads(frame)
        row = tree["o"]
        is_read = _is_traded(row, told) if isinstance(told, Trade) else _is_ordered(tree, told)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError, InvalidOperation):
        is_read = False
    return "" if is_read else f"{told} of {frame[:400]!r}"


def _is_ordered(tree: dict[str, Any], view: OrderView) -> bool:
    """Say whether a frame tells of an order, as much as its view, and of ours where it says so."""
    row = tree["o"]
    name, number = ("caid", "aid") if view.is_conditional else ("c", "i")
    kind = "ALGO_UPDATE" if view.is_conditional else "ORDER_TRADE_UPDATE"
    if tree["e"] != kind or (row.get(name) == CLIENT_ID) is not (view.client_id == CLIENT_ID):
        return False
    told = (view.venue_order_id, view.side.value.upper(), view.quantity, view.filled)
    filled = Decimal(0) if view.is_conditional else Decimal(str(row["z"]))
    series = STOP_SERIES if view.is_conditional else ""
    said = (f"{series}{row[number]}", str(row["S"]).upper(), Decimal(str(row["q"])), filled)
    return told == said and 0 <= view.filled <= view.quantity


def _is_traded(row: dict[str, Any], trade: Trade) -> bool:
    """Say whether a frame tells of a trade, as much of it, and at its price."""
    quantity, price = Decimal(str(row["l"])), Decimal(str(row["L"]))
    told = (trade.trade_id, trade.quantity, trade.price, trade.side.value.upper())
    is_said = told == (str(row["t"]), quantity, price, str(row["S"]).upper())
    return is_said and quantity > 0 and price > 0 and row["x"] == "TRADE"


def _folded(book: Book, told: OrderView | Trade | Unanswered) -> str:
    """Fold what was heard as a desk would; return what is wrong with the book after it."""
    events: list[JournalEvent] = []
    intent = book.orders["one"].intent
    if isinstance(told, Trade):
        events = [heard.external("binance_usdm", told, START_MS, "pushed")]
    elif isinstance(told, OrderView) and not told.is_conditional:
        is_ours = (told.client_id, told.symbol, told.side) == (CLIENT_ID, SYMBOL, intent.side)
        if is_ours:
            events = [heard.seen("one", told, START_MS, Source.STREAM)]
    after, _ = scan(book, events)
    filled = after.orders["one"].filled
    return "" if 0 <= filled <= QUANTITY else f"{filled} of {QUANTITY} filled"
