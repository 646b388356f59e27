"""Binance futures' websockets: what a connection has subscribed to and what it is sent.

In: the texts that a connection sends, what the engine pushes, and the time. Out: texts in each
connection's outbox. No socket here: a session in memory and a server on loopback both read the
outboxes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from quorate.exchange.binance.frames import conditional_frame, holdings_frame, order_frame
from quorate.exchange.binance.rows import plain
from quorate.exchange.connections import Connection
from quorate.exchange.listing import INTERVALS
from quorate.exchange.matching.flow import POINT_MS
from quorate.exchange.matching.market import refresh
from quorate.exchange.matching.orders import BUY, SELL

if TYPE_CHECKING:
    from quorate.exchange.binance.quotes import Quotes
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.orders import Push
    from quorate.exchange.matching.state import Market

LISTEN_MS: Final = 3_600_000
"""How long a listen key lives after it was made or renewed."""

_LIFE_MS: Final = 86_400_000
_DEPTH: Final = 1000


class Streams:
    """All connections of one exchange.

    Parameters
    ----------
    exchange : Exchange
        Whose pushes and prices are sent.
    quotes : Quotes
        Makes candles.

    Notes
    -----
    Units: as Binance.  Causal: in the order in which things happened.  Missing: an unknown stream
    is accepted and silent, as Binance does.
    """

    has_previous = True
    """Whether a change of a book names the one before it."""

    def __init__(self, exchange: Exchange, quotes: Quotes) -> None:
        self._exchange = exchange
        self._quotes = quotes
        self.keys: dict[str, tuple[str, int]] = {}
        self.connections: list[Connection] = []
        self._n_keys = 0

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def listen(self, account: str) -> str:
        """Return the account's listen key, made anew or renewed."""
        for key, (owner, _) in self.keys.items():
            if owner == account:
                self.keys[key] = (owner, self._now_ms + LISTEN_MS)
                return key
        self._n_keys += 1
        key = f"listen{self._n_keys}"
        self.keys[key] = (account, self._now_ms + LISTEN_MS)
        return key

    def renew(self, account: str) -> bool:
        """Renew the account's listen key; False where it has none."""
        for key, (owner, _) in self.keys.items():
            if owner == account:
                self.keys[key] = (owner, self._now_ms + LISTEN_MS)
                return True
        return False

    def expire(self, account: str, *, is_told: bool = True) -> None:
        """End the account's listen key; its connections hear nothing more, and perhaps that."""
        self.keys = {key: held for key, held in self.keys.items() if held[0] != account}
        for each in self.connections:
            if each.account == account:
                if is_told:
                    each.send({"e": "listenKeyExpired", "E": self._now_ms, "listenKey": "gone"})
                each.account = ""

    def connect(self, path: str, query: str) -> Connection | None:
        """Open a connection; None where its listen key is not valid."""
        account = ""
        key = parse_qs(query).get("listenKey", [""])[0]
        if "/private/" in path or key:
            held = self.keys.get(key)
            if held is None:
                return None
            account = held[0]
        made = Connection(account, self._now_ms)
        self.connections.append(made)
        return made

    def drop(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        connection.is_cut = True
        connection.wake()
        if connection in self.connections:
            self.connections.remove(connection)

    def hear(self, connection: Connection, text: str) -> None:
        """Take what a connection sends: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        try:
            asked: Any = json.loads(text)
            method, number = asked["method"], asked.get("id")
            names = [str(each) for each in asked.get("params", [])]
        except (ValueError, TypeError, KeyError):
            connection.send({"error": {"code": 2, "msg": "Invalid request"}, "id": None})
            return
        result: object = None
        if method == "SUBSCRIBE":
            connection.streams |= dict.fromkeys(names, -1)
        elif method == "UNSUBSCRIBE":
            for name in names:
                connection.streams.pop(name, None)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(connection.streams)
        else:
            connection.send({"error": {"code": 1, "msg": f"Invalid method {method}"}, "id": number})
            return
        connection.send({"result": result, "id": number})

    def spread(self) -> None:
        """Send what the engine has pushed since the last time to whom it concerns."""
        self._end_old()
        for push in self._exchange.drain():
            listeners = [each for each in self.connections if each.account == push.account]
            if not listeners:
                continue
            frames = self.frames(push)
            for connection in listeners:
                for frame in frames:
                    connection.send(frame)

    def frames(self, push: Push) -> list[object]:
        """Return what an account is told of something that happened to it."""
        account = self._exchange.state.accounts[push.account]
        instrument = self._exchange.state.markets[push.symbol].instrument
        told: list[object] = []
        if push.order is not None and push.seen is not None:
            write = conditional_frame if push.order.trigger else order_frame
            told.append(write(push, instrument))
        if push.reason:
            told.append(holdings_frame(push, account, instrument))
        return told

    def tick(self) -> None:
        """Send every subscribed stream of the market that has something new."""
        self._end_old()
        point = self._exchange.state.point_at(self._now_ms)
        for market in self._exchange.state.markets.values():
            market.book.version += 1  # somebody changed his mind twice: nothing is different
        for connection in self.connections:
            for name in list(connection.streams):
                symbol, _, stream = name.partition("@")
                if symbol.upper() not in self._exchange.state.markets:
                    continue
                market = refresh(self._exchange.state, symbol.upper())
                if stream.startswith("depth"):
                    self._send_depth(connection, name, market)
                elif connection.streams[name] < point or stream.startswith("kline"):
                    self._send_quote(connection, stream, market)
                    connection.streams[name] = point

    def _end_old(self) -> None:
        for connection in list(self.connections):
            if self._now_ms - connection.opened_ms >= _LIFE_MS:
                self.drop(connection)
        for _, (account, until_ms) in list(self.keys.items()):
            if until_ms <= self._now_ms:
                self.expire(account)

    def _send_depth(self, connection: Connection, name: str, market: Market) -> None:
        sides = {side: dict(market.book.depth(side, _DEPTH)) for side in (BUY, SELL)}
        before = connection.shown.get(name)
        connection.shown[name] = sides
        last = connection.streams[name]
        connection.streams[name] = self._quotes.update_id(market)
        instrument = market.instrument
        changed: dict[str, list[list[str]]] = {}
        for word, side in (("b", BUY), ("a", SELL)):
            old = {} if before is None else before[side]
            rows = {price: lots for price, lots in sides[side].items() if old.get(price) != lots}
            rows |= dict.fromkeys(old.keys() - sides[side].keys(), 0)
            rows |= market.book.depth(side, 1)
            changed[word] = [
                [plain(instrument.price(price)), plain(instrument.quantity(lots))]
                for price, lots in sorted(rows.items())
            ]
        number = connection.streams[name]
        connection.send(
            {
                "e": "depthUpdate",
                "E": self._now_ms,
                "s": instrument.symbol,
                "U": max(last, 0) + 1,
                "u": number,
                **({"T": self._now_ms, "pu": max(last, 0)} if self.has_previous else {}),
                **changed,
            }
        )

    def _send_quote(self, connection: Connection, stream: str, market: Market) -> None:
        kind, _, interval = stream.partition("_")
        symbol = market.instrument.symbol
        if kind == "kline" and interval in INTERVALS:
            self._send_candles(connection, stream, market, INTERVALS[interval])
        elif stream.startswith("markPrice"):
            premium: Any = self._quotes.endpoints["premiumIndex"]({"symbol": symbol})
            connection.send(
                {
                    "e": "markPriceUpdate",
                    "E": self._now_ms,
                    "s": symbol,
                    "p": premium["markPrice"],
                    "i": premium["indexPrice"],
                    "P": premium["estimatedSettlePrice"],
                    "r": premium["lastFundingRate"],
                    "T": premium["nextFundingTime"],
                }
            )
        elif stream == "bookTicker":
            touch: Any = self._quotes.endpoints["ticker/bookTicker"]({"symbol": symbol})
            connection.send(
                {
                    "e": "bookTicker",
                    "u": market.book.version,
                    "s": symbol,
                    "b": touch["bidPrice"],
                    "B": touch["bidQty"],
                    "a": touch["askPrice"],
                    "A": touch["askQty"],
                    "T": self._now_ms,
                    "E": self._now_ms,
                }
            )

    def _send_candles(
        self, connection: Connection, stream: str, market: Market, length_ms: int
    ) -> None:
        """Send a candle that has closed since the last time, then the one that forms."""
        name = f"{market.instrument.symbol.lower()}@{stream}"
        sent = connection.streams[name]
        opened = self._now_ms - self._now_ms % length_ms
        start_ms = self._exchange.state.start_ms
        before = opened - length_ms
        was_before = sent >= 0 and start_ms + sent * POINT_MS < opened
        for at_ms, is_closed in ((before, True), (opened, False)):
            if is_closed and not was_before:
                continue
            row: Any = self._quotes.candle(market, at_ms, length_ms)
            connection.send(
                {
                    "e": "kline",
                    "E": self._now_ms,
                    "s": market.instrument.symbol,
                    "k": {
                        "t": row[0],
                        "T": row[6],
                        "s": market.instrument.symbol,
                        "i": stream.partition("_")[2],
                        "o": row[1],
                        "h": row[2],
                        "l": row[3],
                        "c": row[4],
                        "v": row[5],
                        "n": row[8],
                        "x": is_closed,
                        "q": row[7],
                    },
                }
            )
