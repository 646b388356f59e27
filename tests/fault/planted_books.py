"""Bugs to plant in what is booked: sides, fees, prices, ends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.harness.ground import GROUNDS
from quorate.live.broker import heard
from quorate.live.orders import reports
from quorate.live.orders.book import Order
from quorate.live.orders.states import END_RANK, NEVER_LIVED, RANK, State
from quorate.venues.account import dialects
from quorate.venues.base import OrderStatus, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHER: Final = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def _booked(change: Any) -> Any:
    """Return a bug that books a trade otherwise than it was told."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = heard.traded
        with mock.patch.object(heard, "traded", lambda *told: change(real(*told))):
            yield

    return bug


@contextmanager
def an_end_is_not_final() -> Iterator[None]:
    """Take a report that is older than the end of an order for news: it lives again."""
    real = reports._after_the_end

    def after(draft: Any, order: Any, event: Any, status: Any) -> Any:
        kept = real(draft, order, event, status)
        is_old = RANK[status] < END_RANK and order.state not in NEVER_LIVED
        return replace(kept, state=State.ACKED) if is_old else kept

    with mock.patch.object(reports, "_after_the_end", after):
        yield


@contextmanager
def half_is_reserved() -> Iterator[None]:
    """Reserve half of what an order may still trade."""
    real = Order.reserved.fget  # type: ignore[attr-defined]
    with mock.patch.object(Order, "reserved", property(lambda self: real(self) / 2)):
        yield


@contextmanager
def a_cancelled_order_is_open() -> Iterator[None]:
    """Read the word for an order that was taken back as one that waits."""
    known = dialects.DIALECTS["binance_usdm"]
    words = MappingProxyType({**known.statuses, "CANCELED": OrderStatus.NEW})
    changed = known._replace(statuses=words)
    with mock.patch.dict(GROUNDS, binance=GROUNDS["binance"]._replace(dialect=changed)):
        yield


a_buy_is_booked_as_a_sale = _booked(lambda each: replace(each, side=_OTHER[each.side]))
fees_are_forgotten = _booked(lambda each: replace(each, fee=Decimal(0)))
prices_are_rounded = _booked(
    lambda each: replace(each, price=each.price.quantize(Decimal(1)) + Decimal(1))
)

BOOKS: Final = {
    name: globals()[name]
    for name in (
        "an_end_is_not_final",
        "half_is_reserved",
        "a_cancelled_order_is_open",
        "a_buy_is_booked_as_a_sale",
        "fees_are_forgotten",
        "prices_are_rounded",
    )
}
