"""What a venue said, as events of the journal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from quorate.live.orders.events import (
    Acknowledged,
    Cancelling,
    CancelOutcome,
    ExternalFill,
    Filled,
    InDoubt,
    Refused,
    Source,
    StatusSeen,
)
from quorate.venues.base import Accepted, Done, Rejected

if TYPE_CHECKING:
    from quorate.live.orders.events import JournalEvent
    from quorate.venues.base import Mutation, OrderView, Trade


def placed(intent_id: str, outcome: Mutation, at_ms: int) -> Acknowledged | Refused | InDoubt:
    """Return what came of sending an order (J3).

    Examples
    --------
    >>> from quorate.venues.base import Uncertain
    >>> placed("i", Uncertain("no reply"), 5).reason
    'no reply'
    """
    if isinstance(outcome, Accepted):
        view = outcome.view
        return Acknowledged(
            at_ms=at_ms,
            intent_id=intent_id,
            venue_order_id=view.venue_order_id,
            status=view.status,
            raw_status=view.raw_status,
            filled=view.filled,
            average_price=view.average_price,
            updated_ms=view.updated_ms,
        )
    if isinstance(outcome, Rejected):
        hashed = hashlib.blake2b(outcome.text.encode(), digest_size=16).hexdigest()
        return Refused(
            at_ms=at_ms,
            intent_id=intent_id,
            code=outcome.code,
            text=outcome.text[:200],
            body_hash=hashed,
        )
    return InDoubt(at_ms=at_ms, intent_id=intent_id, reason=outcome.reason[:200])


def cancelled(intent_id: str, outcome: Mutation | Done, at_ms: int) -> list[JournalEvent]:
    """Return what came of taking an order back (J5), and how it stands where the venue says so."""
    if isinstance(outcome, Rejected):
        refused = CancelOutcome(
            at_ms=at_ms,
            intent_id=intent_id,
            outcome=Cancelling.REFUSED,
            code=outcome.code,
            text=outcome.text[:200],
        )
        return [refused]
    if isinstance(outcome, Accepted):
        done = CancelOutcome(at_ms=at_ms, intent_id=intent_id, outcome=Cancelling.ACCEPTED)
        return [done, seen(intent_id, outcome.view, at_ms)]
    if isinstance(outcome, Done):
        return [CancelOutcome(at_ms=at_ms, intent_id=intent_id, outcome=Cancelling.ACCEPTED)]
    doubt = CancelOutcome(
        at_ms=at_ms, intent_id=intent_id, outcome=Cancelling.IN_DOUBT, text=outcome.reason[:200]
    )
    return [doubt]


def seen(intent_id: str, view: OrderView, at_ms: int, source: Source = Source.LOOKUP) -> StatusSeen:
    """Return how an order stands, as the venue told."""
    return StatusSeen(
        at_ms=at_ms,
        intent_id=intent_id,
        source=source,
        venue_order_id=view.venue_order_id,
        status=view.status,
        raw_status=view.raw_status,
        filled=view.filled,
        average_price=view.average_price,
        updated_ms=view.updated_ms,
    )


def traded(intent_id: str, venue: str, trade: Trade, at_ms: int) -> Filled:
    """Return a trade of an order of ours."""
    return Filled(
        at_ms=at_ms,
        intent_id=intent_id,
        venue=venue,
        symbol=trade.symbol,
        trade_id=trade.trade_id,
        venue_order_id=trade.venue_order_id,
        side=trade.side,
        position_side=trade.position_side,
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        traded_at_ms=trade.at_ms,
        realized_pnl=trade.realized_pnl,
    )


def external(venue: str, trade: Trade, at_ms: int, cause: str) -> ExternalFill:
    """Return a trade that no order of ours explains."""
    return ExternalFill(
        at_ms=at_ms,
        venue=venue,
        symbol=trade.symbol,
        trade_id=trade.trade_id,
        venue_order_id=trade.venue_order_id,
        client_id=trade.client_id or "",
        side=trade.side,
        position_side=trade.position_side,
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        traded_at_ms=trade.at_ms,
        cause=cause,
    )
