"""A venue's port over the real ccxt client, over an exchange of our own, in virtual time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.exchange.binance.pairs import spot
from tests.unit.exchange.bybit.client import linear

from quorate.exchange.network import Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.venues.account.dialects import DIALECTS
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import OrderKind, Placement, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from quorate.exchange.network import Fault
    from quorate.venues.account.dialects import Dialect

Result = TypeVar("Result")


class Place(NamedTuple):
    """A venue that orders are tried at: its dialect, an exchange that speaks it, and its words.

    ``codes`` has the code of a refusal by what was wrong; ``post`` is the endpoint of orders.
    """

    name: str
    host: str
    build: Callable[..., Any]
    post: str
    codes: Mapping[str, str]

    @property
    def dialect(self) -> Dialect:
        """How it speaks."""
        return DIALECTS[self.name]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where it answers; what a key may do Binance's futures say at the host of spot."""
        return (self.host, "api.binance.com")

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
PLACES = (BINANCE, BYBIT, SPOT)
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
        loop = asyncio.get_running_loop()
        made = CcxtVenue(
            place.name,
            place.dialect,
            instances(
                place.dialect,
                {"apiKey": "key", "secret": "secret"},
                session=lambda: Session(dict.fromkeys(place.hosts, found), network),
            ),
            lambda: loop.now_ms,  # type: ignore[attr-defined]
            pairs=[place.symbol] if not place.dialect.has_positions else (),
        )
        try:
            await made.open()
            network.faults = tuple(faults)
            return await play(made)
        finally:
            await made.close()

    return run_virtually(main(), VirtualLoop(START_MS))
