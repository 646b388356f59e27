"""Close every position in slices that may give away more as time goes on, and read back, twice.

A slice is an order that takes at once or ends, only ever closing, at most so far from the touch:
50 bps for the first 10 seconds, 100 until 30, then 300. Whoever is to be called is called when the
widest collar has had its time and something is still held.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import StoreError
from quorate.venues.base import (
    Accepted,
    OrderKind,
    Placement,
    PositionSide,
    Rejected,
    Side,
    TimeInForce,
    Unanswered,
    is_pair,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.guard.record import Killed, Record
    from quorate.venues.base import PositionView
    from quorate.venues.port import Venue

COLLARS: Final = ((0.0, Decimal(50)), (10.0, Decimal(100)), (30.0, Decimal(300)))
"""From how many seconds on a slice may be so many bps from the touch."""

PAGE_S: Final = 60.0
SLICE_USD: Final = Decimal(25_000)
WINDOW_MS: Final = 3_000
_AGAIN_S: Final = 0.5
_BPS: Final = Decimal(10_000)


class Flattened(NamedTuple):
    """How the positions went.

    Notes
    -----
    Units: ms from the start.  ``flat_ms`` is when the second of two flat readings was in, None
    where time ran out; ``widest_bps`` is the widest collar that was used.
    """

    flat_ms: float | None
    n_slices: int
    n_refused: int
    widest_bps: Decimal
    is_paged: bool
    left: tuple[tuple[str, Decimal], ...]


class Tools(NamedTuple):
    """What flattening needs beside a venue: time, its memory, and somebody to call."""

    clock_s: Callable[[], float]
    now_ms: Callable[[], int]
    record: Record
    page: Callable[[str], None]

    def keep(self, step: str, **what: object) -> None:
        """Write a step down; a disk that cannot is told of, and stops nothing."""
        try:
            self.record.write(step, at_ms=self.now_ms(), **what)
        except (OSError, StoreError) as error:
            self.page(f"the kill switch cannot write down {step}: {error}")

    def mark(self, killed: Killed) -> Killed:
        """Say on the disk that a kill is in force and return it; a disk that cannot stops none."""
        try:
            return self.record.mark(killed)
        except (OSError, StoreError) as error:
            self.page(f"the kill is carried out and is not on the disk: {error}")
            return killed


async def flatten(venue: Venue, tools: Tools, *, seconds: float) -> Flattened:
    """Close every position of an account.

    Parameters
    ----------
    venue : Venue
        With a connection of its own; nothing is open there any more.
    tools : Tools
        Time, memory, somebody to call.
    seconds : float
        How long to go on.

    Returns
    -------
    Flattened
        Whether the account was flat twice in a row.

    Notes
    -----
    Units: seconds, bps.  Causal: none.  Missing: a reading that failed is no flat one.
    RELIABILITY 4.
    """
    began = tools.clock_s()
    n_slices = n_refused = n_flat = 0
    widest, is_paged = Decimal(0), False
    left: tuple[tuple[str, Decimal], ...] = ()
    while (spent := tools.clock_s() - began) < seconds:
        held = await venue.positions()
        if isinstance(held, Unanswered):
            n_flat = 0
            await asyncio.sleep(_AGAIN_S)
            continue
        whole = [each for each in held.items if not await _is_dust(venue, each)]
        left = tuple((each.symbol, each.quantity) for each in whole)
        if not left:
            n_flat += 1
            if n_flat == 2:
                for each in held.items:
                    tools.keep("dust", symbol=each.symbol, quantity=each.quantity)
                spent_ms = (tools.clock_s() - began) * 1e3
                return Flattened(spent_ms, n_slices, n_refused, widest, is_paged, ())
            await asyncio.sleep(1.0)
            continue
        n_flat = 0
        collar = max(bps for from_s, bps in COLLARS if spent >= from_s)
        widest = max(widest, collar)
        if spent >= PAGE_S and not is_paged:
            is_paged = True
            tools.page(f"the kill switch could not close {_said(left)} in {PAGE_S:g} s")
        outcomes = await asyncio.gather(
            *(_slice(venue, tools, each, collar, n_slices + n) for n, each in enumerate(whole))
        )
        n_slices += len(outcomes)
        n_refused += sum(not done for done in outcomes)
        await asyncio.sleep(_AGAIN_S)
    tools.page(f"the kill switch gave up after {seconds:g} s: {_said(left)} is still held")
    return Flattened(None, n_slices, n_refused, widest, is_paged=True, left=left)


async def _is_dust(venue: Venue, held: PositionView) -> bool:
    """Whether coins are so few that their venue takes no order of them: fees in coins leave such.

    A contract can always be closed; a pair has its least quantity and its least worth.
    """
    if not is_pair(held.symbol):
        return False
    grid = venue.grid(held.symbol)
    quantity = grid.quantity(held.quantity)
    if quantity < (grid.min_quantity or grid.lot):
        return True
    touch = await venue.touch(held.symbol)
    return not isinstance(touch, Unanswered) and quantity * touch.bid < (grid.min_notional or 0)


async def _slice(
    venue: Venue, tools: Tools, held: PositionView, collar_bps: Decimal, number: int
) -> bool:
    """Send one slice of a position and say whether the venue took it."""
    touch = await venue.touch(held.symbol)
    if isinstance(touch, Unanswered):
        return False
    grid = venue.grid(held.symbol)
    side = Side.SELL if held.quantity > 0 else Side.BUY
    best = touch.bid if side is Side.SELL else touch.ask
    price = grid.price(best * (1 + side.sign * collar_bps / _BPS), side)
    most = min(abs(held.quantity), SLICE_USD / best)
    if grid.max_market_quantity is not None:
        most = min(most, grid.max_market_quantity)
    quantity = grid.quantity(most) or min(grid.lot, abs(held.quantity))
    now_ms = tools.now_ms()
    order = Placement(
        client_id=f"k{now_ms:x}{number:x}",
        symbol=held.symbol,
        side=side,
        kind=OrderKind.LIMIT,
        quantity=quantity,
        limit_price=price,
        time_in_force=TimeInForce.IOC,
        is_reduce_only=held.position_side is PositionSide.BOTH,
        position_side=held.position_side,
        sent_at_ms=now_ms,
        window_ms=WINDOW_MS,
    )
    tools.keep(
        "slice",
        client_id=order.client_id,
        symbol=order.symbol,
        side=side.value,
        quantity=quantity,
        limit_price=price,
    )
    outcome = await venue.place(order)
    tools.keep(
        "sliced",
        client_id=order.client_id,
        outcome=type(outcome).__name__,
        text=outcome.text if isinstance(outcome, Rejected) else "",
    )
    return isinstance(outcome, Accepted)


def _said(left: tuple[tuple[str, Decimal], ...]) -> str:
    return ", ".join(f"{quantity} {symbol}" for symbol, quantity in left) or "nothing"
