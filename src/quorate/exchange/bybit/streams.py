"""Bybit's websockets: a private one that signs in, and public ones by category.

In: the texts that a connection sends, what the engine pushes, and the time. Out: texts in each
connection's outbox. A book comes as a snapshot and then as what changed, numbered one by one; there
are no listen keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.bybit.public import INTERVALS_MS
from quorate.exchange.bybit.rows import (
    execution_row,
    order_row,
    plain,
    position_row,
    wallet_row,
    whole_order,
)
from quorate.exchange.bybit.signing import holds
from quorate.exchange.connections import Connection
from quorate.exchange.matching.flow import POINT_MS
from quorate.exchange.matching.market import refresh
from quorate.exchange.matching.orders import BUY, SELL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key
    from quorate.exchange.bybit.quotes import Quotes
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.orders import PositionSide, Push
    from quorate.exchange.matching.state import Market

_LIFE_MS: Final = 86_400_000
_PRIVATE: Final = "/v5/private"
_PUBLIC: Final = "/v5/public/linear"
_TOPICS: Final = frozenset({"order", "execution", "position", "wallet"})


class Streams:
    """All connections of one exchange.

    Parameters
    ----------
    exchange : Exchange
        Whose pushes and prices are sent.
    quotes : Quotes
        Makes candles, books and tickers.
    keys : mapping
        API keys by their text; the venue's own, so that a key revoked is revoked here.
    windows_ms : mapping
        How long an account's private websockets may be gone before its orders are taken back.

    Notes
    -----
    Units: as Bybit.  Causal: in the order in which things happened.  Missing: a topic that is not
    known is answered with ``success`` false.
    """

    def __init__(
        self,
        exchange: Exchange,
        quotes: Quotes,
        keys: Mapping[str, Key],
        windows_ms: Mapping[str, int],
    ) -> None:
        self._exchange = exchange
        self._quotes = quotes
        self._keys = keys
        self._windows_ms = windows_ms
        self.connections: list[Connection] = []

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def connect(self, path: str, query: str) -> Connection | None:  # noqa: ARG002
        """Open a connection; None where there is no websocket of this path."""
        if path not in {_PRIVATE, _PUBLIC}:
            return None
        made = Connection("", self._now_ms, path)
        self.connections.append(made)
        return made

    def drop(self, connection: Connection) -> None:
        """Forget a connection that has ended; the last private one starts the dead man's switch."""
        connection.is_cut = True
        connection.wake()
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        account = connection.account
        is_last = account and not any(each.account == account for each in self.connections)
        if is_last and account in self._windows_ms:
            for symbol in self._exchange.state.markets:
                self._exchange.count_down(account, symbol, self._windows_ms[account])

    def hear(self, connection: Connection, text: str) -> None:
        """Take what a connection sends: auth, subscribe, unsubscribe, ping."""
        try:
            asked: Any = json.loads(text)
            operation, number = str(asked["op"]), asked.get("req_id")
            given = [str(each) for each in asked.get("args", [])]
        except (ValueError, TypeError, KeyError, AttributeError):
            connection.send({"success": False, "ret_msg": "Invalid request", "op": ""})
            return
        said = ""
        if operation == "auth":
            said = self._let_in(connection, given)
        elif operation == "subscribe":
            said = self._subscribe(connection, given)
        elif operation == "unsubscribe":
            for topic in given:
                connection.streams.pop(topic, None)
                connection.shown.pop(topic, None)
        elif operation == "ping":
            self._pong(connection, number)
            return
        else:
            said = f"error:unknown op {operation}"
        answer = {"success": not said, "ret_msg": said, "conn_id": "1", "op": operation}
        connection.send(answer if number is None else {**answer, "req_id": str(number)})

    def spread(self) -> None:
        """Send what the engine has pushed since the last time to whom it concerns."""
        self._end_old()
        for push in self._exchange.drain():
            for connection in self.connections:
                if connection.account == push.account:
                    self._tell(connection, push)

    def tick(self) -> None:
        """Send every subscribed topic of the market that has something new."""
        self._end_old()
        point = self._exchange.state.point_at(self._now_ms)
        for connection in self.connections:
            for topic in list(connection.streams):
                kind, _, rest = topic.partition(".")
                symbol = rest.rpartition(".")[2]
                if connection.account or symbol not in self._exchange.state.markets:
                    continue
                market = refresh(self._exchange.state, symbol)
                if kind == "orderbook":
                    self._send_book(connection, topic, market)
                elif connection.streams[topic] < point or kind == "kline":
                    self._send_quote(connection, topic, market)
                    connection.streams[topic] = point

    def _let_in(self, connection: Connection, given: list[str]) -> str:
        """Sign a connection in, and say why not where it is not."""
        if len(given) != 3 or connection.path != _PRIVATE:
            return "Params Error"
        name, until, signature = given
        key = self._keys.get(name)
        if key is None or key.is_revoked:
            return "Params Error: the key is not valid"
        if not until.isdigit() or int(until) <= self._now_ms:
            return "Params Error: the request has expired"
        if not holds(key, f"GET/realtime{until}", signature):
            return "error sign"
        connection.account = key.account
        for symbol in self._exchange.state.markets:
            self._exchange.count_down(key.account, symbol, 0)
        return ""

    def _subscribe(self, connection: Connection, topics: list[str]) -> str:
        if connection.path == _PRIVATE and not connection.account:
            return "Request not authorized"
        for topic in topics:
            symbol = topic.rpartition(".")[2]
            is_public = symbol in self._exchange.state.markets and connection.path == _PUBLIC
            if not (is_public or (connection.account and topic.partition(".")[0] in _TOPICS)):
                return f"error:handler not found,topic:{topic}"
        for topic in topics:
            connection.streams.setdefault(topic, -1)
            if topic.startswith("orderbook"):
                market = refresh(self._exchange.state, topic.rpartition(".")[2])
                self._send_book(connection, topic, market)
        return ""

    def _pong(self, connection: Connection, number: object) -> None:
        if connection.path == _PRIVATE:
            connection.send({"req_id": number, "op": "pong", "args": [str(self._now_ms)]})
            return
        connection.send({"success": True, "ret_msg": "pong", "req_id": number, "op": "ping"})

    def _end_old(self) -> None:
        for connection in list(self.connections):
            if self._now_ms - connection.opened_ms >= _LIFE_MS:
                self.drop(connection)

    def _tell(self, connection: Connection, push: Push) -> None:
        """Send an account what has happened to it, by the topics that it listens to."""
        state = self._exchange.state
        account = state.accounts[push.account]
        market = state.markets[push.symbol]
        frames: dict[str, Any] = {}
        if push.order is not None:
            shown = whole_order(account, push.order, push.at_ms)
            is_replaced = push.seen is not None and push.seen.status == "TRIGGERED"
            if shown is not None and push.seen is not None and not is_replaced:
                seen = shown._replace(seen=push.seen, now=push.order)
                frames["order"] = {"category": "linear", **order_row(seen, market.instrument)}
            if push.execution is not None and shown is not None:
                frames["execution"] = execution_row(push.execution, shown.sent, market)
        if push.reason:
            sides: tuple[PositionSide, ...] = ("long", "short") if account.is_hedged else ("both",)
            frames["position"] = [
                {
                    "category": "linear",
                    **position_row(state, account, push.symbol, side, push.at_ms),
                }
                for side in sides
            ]
            frames["wallet"] = wallet_row(state, account, push.at_ms)
        for topic, rows in frames.items():
            if topic in connection.streams:
                data = rows if isinstance(rows, list) else [rows]
                connection.send(
                    {
                        "id": f"{push.account}-{push.at_ms}",
                        "topic": topic,
                        "creationTime": push.at_ms,
                        "data": data,
                    }
                )

    def _send_book(self, connection: Connection, topic: str, market: Market) -> None:
        """Send a book whole the first time, then the prices at which something changed."""
        depth = topic.split(".")[1]
        limit = int(depth) if depth.isdigit() else 50
        sides = {side: dict(market.book.depth(side, limit)) for side in (BUY, SELL)}
        before = connection.shown.get(topic)
        if sides == before:
            return
        connection.shown[topic] = sides
        connection.streams[topic] = max(connection.streams[topic], 0) + 1
        instrument = market.instrument
        changed: dict[str, list[list[str]]] = {}
        for word, side in (("b", BUY), ("a", SELL)):
            old = {} if before is None else before[side]
            rows = {price: lots for price, lots in sides[side].items() if old.get(price) != lots}
            rows |= dict.fromkeys(old.keys() - sides[side].keys(), 0)
            changed[word] = [
                [plain(instrument.price(price)), plain(instrument.quantity(lots))]
                for price, lots in sorted(rows.items(), reverse=side == BUY)
            ]
        connection.send(
            {
                "topic": topic,
                "type": "snapshot" if before is None else "delta",
                "ts": self._now_ms,
                "data": {
                    "s": instrument.symbol,
                    **changed,
                    "u": connection.streams[topic],
                    "seq": market.book.version,
                },
                "cts": self._now_ms,
            }
        )

    def _send_quote(self, connection: Connection, topic: str, market: Market) -> None:
        kind, _, rest = topic.partition(".")
        if kind == "tickers":
            data = self._quotes.ticker(market)
            connection.send({"topic": topic, "type": "snapshot", "ts": self._now_ms, "data": data})
        elif kind == "kline" and rest.partition(".")[0] in INTERVALS_MS:
            self._send_candles(connection, topic, market, rest.partition(".")[0])

    def _send_candles(
        self, connection: Connection, topic: str, market: Market, interval: str
    ) -> None:
        """Send a candle that has closed since the last time, then the one that forms."""
        length_ms = INTERVALS_MS[interval]
        opened = self._now_ms - self._now_ms % length_ms
        sent = connection.streams[topic]
        start_ms = self._exchange.state.start_ms
        was_before = sent >= 0 and start_ms + sent * POINT_MS < opened
        for at_ms, is_closed in ((opened - length_ms, True), (opened, False)):
            if is_closed and not was_before:
                continue
            row = self._quotes.candle(market, at_ms, length_ms)
            names = ("start", "open", "high", "low", "close", "volume", "turnover")
            data = {
                **dict(zip(names, row, strict=True)),
                "start": at_ms,
                "end": at_ms + length_ms - 1,
                "interval": interval,
                "confirm": is_closed,
                "timestamp": self._now_ms,
            }
            connection.send(
                {"topic": topic, "type": "snapshot", "ts": self._now_ms, "data": [data]}
            )
