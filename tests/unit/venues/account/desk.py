"""A venue's port over the real ccxt client, over an exchange of our own, in virtual time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.exchange.binance.pairs import spot
from tests.unit.exchange.bybit.client import linear

from quorate.exchange.network import Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.paper.venue import Paper, instrument
from quorate.venues.account.dialects import BINANCE_FUTURES, DIALECTS
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import Grid, OrderKind, Placement, Side, Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.network import Fault
    from quorate.venues.account.dialects import Dialect

Result = TypeVar("Result")


_STREAMS: Final = {
    "binance_usdm": ("fstream.binance.com",),
    "bybit_linear": ("stream.bybit.com",),
    "binance_spot": ("stream.binance.com:9443", "ws-api.binance.com:443"),
}


class Place(NamedTuple):
    """A venue that orders are tried at: its dialect, an exchange that speaks it, and its words.

    ``codes`` has the code of a refusal by what was wrong; ``post`` is the endpoint of orders.
    ``account`` is what the exchange calls the account that is tried.
    """

    name: str
    host: str
    build: Callable[..., Any]
    post: str
    codes: Mapping[str, str]
    account: str = "me"

    @property
    def dialect(self) -> Dialect:
        """How it speaks."""
        return BINANCE_FUTURES if self.name == "paper" else DIALECTS[self.name]

    def port(self, exchange: Any, network: Network) -> CcxtVenue:
        """Return the port of this venue, over an exchange that it built, not yet open."""
        if isinstance(exchange, Recorded):
            return exchange.venue(network)
        return CcxtVenue(
            self.name,
            self.dialect,
            instances(
                self.dialect,
                {"apiKey": "key", "secret": "secret"},
                session=lambda: Session(dict.fromkeys(self.hosts, exchange), network),
            ),
            now_ms,
            pairs=[self.symbol] if not self.dialect.has_positions else (),
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where it answers; what a key may do Binance's futures say at the host of spot."""
        return (self.host, "api.binance.com", *_STREAMS.get(self.name, ()))

    @property
    def symbol(self) -> str:
        """Bitcoin in dollars, as ccxt spells it here."""
        return BTC if self.dialect.has_positions else "BTC/USDT"

    def limit(self, client_id: str = "mine", price: str = "97", **more: Any) -> Placement:
        """Return an order to buy 0.1 at a price that nobody sells at."""
        return Placement(
            **{
                "client_id": client_id,
                "symbol": self.symbol,
                "side": Side.BUY,
                "kind": OrderKind.LIMIT,
                "quantity": Decimal("0.1"),
                "limit_price": Decimal(price),
                "sent_at_ms": START_MS,
                "window_ms": 5_000,
                **more,
            }
        )

    def market(self, client_id: str = "now", side: Side = Side.BUY, **more: Any) -> Placement:
        """Return an order that trades at once."""
        return self.limit(client_id, kind=OrderKind.MARKET, limit_price=None, side=side, **more)

    def stop(self, client_id: str = "stop", trigger: str = "95", **more: Any) -> Placement:
        """Return an order that waits for a trigger below the price."""
        return self.limit(
            client_id,
            kind=OrderKind.STOP,
            limit_price=None,
            trigger_price=Decimal(trigger),
            side=Side.SELL,
            **more,
        )


class Recorded(Paper):
    """A paper account of 10,000 USDT at 99.9 to 100.1; ``again`` is what a restart makes of it.

    After each play it is held against that, unless something ``is_forced`` past its record.
    """

    def __init__(self, folder: TemporaryDirectory[str] | None = None, **key: Any) -> None:
        grid = Grid(
            tick=Decimal("0.1"),
            lot=Decimal("0.001"),
            min_quantity=None,
            max_market_quantity=Decimal(120),
            min_notional=Decimal(5),
        )
        listed = instrument(BTC, grid, (Decimal("0.0002"), Decimal("0.0005")))
        self.folder = TemporaryDirectory() if folder is None else folder
        path = Path(self.folder.name) / "paper.jsonl"
        super().__init__({BTC: (listed, quoted("100"))}, Decimal(10_000), path, now_ms)
        self.front.keys["paper"] = self.front.keys["paper"]._replace(**key)
        self.is_forced = bool(key)

    def again(self) -> Account:
        """Return the account as a restart finds it, at the time that it is."""
        found = Recorded(self.folder).exchange
        found.advance(self.exchange.state.now_ms)
        return found.state.accounts["paper"]


def front_of(exchange: Any) -> Any:
    """Return where the keys and the lags of what a place built are."""
    return exchange.front if isinstance(exchange, Recorded) else exchange


def quoted(price: str) -> Touch:
    """Return a spread of 0.2 around a price."""
    middle, half = Decimal(price), Decimal("0.1")
    return Touch(symbol=BTC, bid=middle - half, ask=middle + half, mark=middle, at_ms=START_MS)


def now_ms() -> int:
    """Return the time of the virtual loop, or where it begins."""
    try:
        return asyncio.get_running_loop().now_ms  # type: ignore[attr-defined,no-any-return]
    except RuntimeError:
        return START_MS


BINANCE = Place(
    "binance_usdm",
    "fapi.binance.com",
    venue,
    "POST /fapi/v1/order",
    {
        "price": "-4131",
        "notional": "-4164",
        "maker": "-5022",
        "reduce": "-2022",
        "side": "-4061",
        "time": "-1021",
        "gone": "-2011",
        "absent": "-2013",
        "twice": "-4116",
        "key": "-2015",
    },
)
BYBIT = Place(
    "bybit_linear",
    "api.bybit.com",
    linear,
    "POST /v5/order/create",
    {
        "price": "110003",
        "notional": "110094",
        "reduce": "110017",
        "side": "10001",
        "time": "10002",
        "gone": "110001",
        "absent": "",
        "twice": "110072",
        "key": "10003",
    },
)
SPOT = Place(
    "binance_spot",
    "api.binance.com",
    spot,
    "POST /api/v3/order",
    {
        "price": "-1013",
        "notional": "-1013",
        "maker": "-2010",
        "reduce": "LOCAL",
        "time": "-1021",
        "gone": "-2011",
        "absent": "-2013",
        "twice": "-2010",
        "key": "-2015",
    },
)
PAPER = BINANCE._replace(name="paper", build=Recorded, account="paper")
"""Ours at prices that were heard: what it refuses, it refuses in Binance's words."""
PLACES = (BINANCE, BYBIT, SPOT, PAPER)
limit, market, stop = BINANCE.limit, BINANCE.market, BINANCE.stop


def at_desk(
    play: Callable[[CcxtVenue], Coroutine[Any, Any, Result]],
    exchange: Any = None,
    faults: Sequence[Fault] = (),
    place: Place = BINANCE,
) -> Result:
    """Let something be done at a venue through its port; faults begin once it is open."""
    found = place.build() if exchange is None else exchange

    async def main() -> Result:
        network = Network(3)
        made = place.port(found, network)
        try:
            await made.open()
            network.faults = tuple(faults)
            return await play(made)
        finally:
            await made.close()

    try:
        result = run_virtually(main(), VirtualLoop(START_MS))
        if isinstance(found, Recorded) and not found.is_forced:
            own, again = found.exchange.state.accounts["paper"], found.again()
            for name in ("wallet", "orders", "conditional", "executions", "leverage"):
                assert getattr(again, name) == getattr(own, name), name
        return result
    finally:
        if isinstance(found, Recorded):
            found.folder.cleanup()
