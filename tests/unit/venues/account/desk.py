"""A venue's port over the real ccxt client, over an exchange of our own, in virtual time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from tests.unit.exchange.binance.client import BTC, START_MS, venue

from quorate.exchange.network import Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import OrderKind, Placement, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from quorate.exchange.binance.futures import Futures
    from quorate.exchange.network import Fault

Result = TypeVar("Result")


def at_desk(
    play: Callable[[CcxtVenue], Coroutine[Any, Any, Result]],
    exchange: Futures | None = None,
    faults: Sequence[Fault] = (),
) -> Result:
    """Let something be done at a venue through its port; faults begin once it is open."""
    found = venue() if exchange is None else exchange

    async def main() -> Result:
        network = Network(3)
        loop = asyncio.get_running_loop()
        made = CcxtVenue(
            "binance_usdm",
            BINANCE_FUTURES,
            instances(
                BINANCE_FUTURES,
                {"apiKey": "key", "secret": "secret"},
                session=lambda: Session({"fapi.binance.com": found}, network),
            ),
            lambda: loop.now_ms,  # type: ignore[attr-defined]
        )
        try:
            await made.open()
            network.faults = tuple(faults)
            return await play(made)
        finally:
            await made.close()

    return run_virtually(main(), VirtualLoop(START_MS))


def limit(client_id: str = "mine", price: str = "97", **more: Any) -> Placement:
    """Return an order to buy 0.1 at a price that nobody sells at."""
    return Placement(
        **{
            "client_id": client_id,
            "symbol": BTC,
            "side": Side.BUY,
            "kind": OrderKind.LIMIT,
            "quantity": Decimal("0.1"),
            "limit_price": Decimal(price),
            "sent_at_ms": START_MS,
            "window_ms": 5_000,
            **more,
        }
    )


def market(client_id: str = "now", side: Side = Side.BUY, **more: Any) -> Placement:
    """Return an order that trades at once."""
    return limit(client_id, kind=OrderKind.MARKET, limit_price=None, side=side, **more)


def stop(client_id: str = "stop", trigger: str = "95", **more: Any) -> Placement:
    """Return an order that waits for a trigger below the price."""
    return limit(
        client_id,
        kind=OrderKind.STOP,
        limit_price=None,
        trigger_price=Decimal(trigger),
        side=Side.SELL,
        **more,
    )
