"""What the resolver asks, hears and says: questions, answers and verdicts as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from quorate.live.orders.states import AT_VENUE

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.book import Order
    from quorate.venues.base import (
        Listed,
        Lookup,
        OrderView,
        PositionSide,
        PositionView,
        Side,
        Trade,
        Unanswered,
    )


class Question(StrEnum):
    """One of the six requests of a round; a venue keeps plain and conditional orders apart."""

    ORDER = "order"
    CONDITIONAL_ORDER = "conditional_order"
    OPEN = "open"
    CONDITIONAL_OPEN = "conditional_open"
    TRADES = "trades"
    POSITION = "position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An order in doubt.

    Parameters
    ----------
    sent_at_ms, window_ms : int
        The stamp that was signed and how long the venue takes it after: together, the fence.
    was_seen : bool
        The venue has had it: then it is never absent, only not found yet.

    Notes
    -----
    Units: ms since 1970, the venue's clock.  Causal: as the journal has it.  Missing: none.
    """

    intent_id: str
    client_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    quantity: Decimal
    sent_at_ms: int
    window_ms: int
    was_seen: bool = False


def case_of(order: Order) -> Case:
    """Return the case of an order of the book.

    Raises
    ------
    ValueError
        It was never sent: there is nothing to find out.
    """
    intent = order.intent
    if order.sent_at_ms is None or order.window_ms is None:
        raise ValueError(f"the intent {intent.intent_id} was never sent: nothing is in doubt")
    return Case(
        intent_id=intent.intent_id,
        client_id=intent.client_id,
        symbol=intent.symbol,
        side=intent.side,
        position_side=intent.position_side,
        quantity=intent.quantity,
        sent_at_ms=order.sent_at_ms,
        window_ms=order.window_ms,
        was_seen=order.state in AT_VENUE or bool(order.venue_order_id) or order.filled > 0,
    )


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went by."""


@dataclass(frozen=True, slots=True)
class StreamSaid:
    """Whether the user stream is live, or was brought up to date again after it was not."""

    is_current: bool


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The answer to ``ORDER`` or ``CONDITIONAL_ORDER`` of a round."""

    n_round: int
    question: Question
    outcome: Lookup


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """The answer to ``OPEN`` or ``CONDITIONAL_OPEN``: the open orders of the symbol."""

    n_round: int
    question: Question
    outcome: Listed[OrderView] | Unanswered


@dataclass(frozen=True, slots=True)
class TradesAnswer:
    """The answer to ``TRADES``: trades since the order was sent, and whose of them are known.

    ``explained`` are the venue's ids of orders that the book knows, other than this one.
    """

    n_round: int
    outcome: Listed[Trade] | Unanswered
    explained: frozenset[str]


@dataclass(frozen=True, slots=True)
class PositionAnswer:
    """The answer to ``POSITION``, and what the book has with every trade it knows."""

    n_round: int
    outcome: Listed[PositionView] | Unanswered
    expected: Decimal


Heard: TypeAlias = Ticked | StreamSaid | OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the venue these questions now, each answered with the number of the round."""

    n_round: int
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Come back with ``Ticked`` at this time at the latest."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Page:
    """A human is to look: it has been too long. The order stays in doubt, and reserved."""

    intent_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Present:
    """The venue has, or had, the order: as it says, or as its trades show."""

    intent_id: str
    view: OrderView | None
    trades: tuple[Trade, ...] = ()


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The order never came to be, and cannot any more; ``evidence`` is canonical JSON."""

    intent_id: str
    evidence: str


Said: TypeAlias = Ask | WakeAt | Page | Present | NotPlaced
