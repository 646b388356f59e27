"""The life of an order: its states, which may follow which, and which of two reports is newer.

Reports of one order come late, twice and out of order, by two roads. They are merged by rank and
by the largest amount filled, never by arrival: a rank is never given up for a lower one.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from quorate.venues.base import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where an order is in its life.

    ``PLANNED`` is before the journal: no order of a book is ever in it. ``INTENT`` is written and
    not sent; from ``SENDING`` on the order may be at the venue. ``UNKNOWN`` may be there or not,
    ``UNKNOWN_CANCEL`` is or was there, and whether it still is nobody knows.
    """

    PLANNED = "planned"
    INTENT = "intent"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACKED = "acked"
    PARTIAL = "partial"
    CANCELING = "canceling"
    UNKNOWN_CANCEL = "unknown_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NOT_PLACED = "not_placed"


_S: Final = State

TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.NOT_PLACED})
"""What is never left again: whatever comes later changes the accounts, not the order."""

NEVER_LIVED: Final = frozenset({_S.REJECTED, _S.NOT_PLACED})
"""Ends that say the venue never had the order: sight of it afterwards is an alarm."""

IN_DOUBT: Final = frozenset({_S.UNKNOWN, _S.UNKNOWN_CANCEL})
"""What the resolver works on."""

AT_VENUE: Final = frozenset({_S.ACKED, _S.PARTIAL, _S.CANCELING, _S.UNKNOWN_CANCEL})
"""What the venue has had for certain, and may still have."""

MAYBE_THERE: Final = frozenset({_S.INTENT, _S.SENDING, _S.UNKNOWN})
"""What no report has been heard of: the first one says that the venue has it."""

_ENDS_THERE: Final = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED})
_SEEN: Final = frozenset({_S.ACKED, _S.PARTIAL}) | _ENDS_THERE

ALLOWED: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        _S.PLANNED: frozenset({_S.INTENT}),
        # seen at the venue without a SENDING: the journal lost a row, the venue is believed
        _S.INTENT: frozenset({_S.SENDING, _S.NOT_PLACED}) | _SEEN,
        _S.SENDING: frozenset({_S.UNKNOWN, _S.REJECTED}) | _SEEN,
        _S.UNKNOWN: frozenset({_S.REJECTED, _S.NOT_PLACED}) | _SEEN,
        _S.ACKED: frozenset({_S.PARTIAL, _S.CANCELING}) | _ENDS_THERE,
        _S.PARTIAL: frozenset({_S.CANCELING}) | _ENDS_THERE,
        _S.CANCELING: frozenset({_S.UNKNOWN_CANCEL}) | _ENDS_THERE,
        _S.UNKNOWN_CANCEL: frozenset({_S.ACKED, _S.PARTIAL, _S.CANCELING}) | _ENDS_THERE,
    }
    | {state: frozenset() for state in TERMINAL}
)
"""Which state may follow which; the reducer makes no other step, a test proves it."""

RANK: Final[Mapping[OrderStatus, int]] = MappingProxyType(
    {
        OrderStatus.UNREADABLE: 0,
        OrderStatus.NEW: 1,
        OrderStatus.PARTIAL: 2,
        OrderStatus.CANCELED: 3,
        OrderStatus.EXPIRED: 3,
        OrderStatus.REJECTED: 3,
        OrderStatus.FILLED: 3,
    }
)
"""Which of two reports of a venue is the later one; an unknown word ranks below all."""

END_RANK: Final = 3
"""A report of this rank says that the order is over."""

AS_STATE: Final[Mapping[OrderStatus, State]] = MappingProxyType(
    {
        OrderStatus.NEW: _S.ACKED,
        OrderStatus.PARTIAL: _S.PARTIAL,
        OrderStatus.FILLED: _S.FILLED,
        OrderStatus.CANCELED: _S.CANCELED,
        OrderStatus.EXPIRED: _S.EXPIRED,
        # the venue took it and turned it down: it lived there; a refused request is REJECTED
        OrderStatus.REJECTED: _S.CANCELED,
    }
)
"""What a report makes of an order, where nothing of higher rank is known."""


def may_follow(before: State, after: State) -> bool:
    """Say whether a state may follow another; an order that stays where it is makes no step.

    Examples
    --------
    >>> may_follow(State.UNKNOWN, State.NOT_PLACED), may_follow(State.ACKED, State.NOT_PLACED)
    (True, False)
    """
    return after in ALLOWED[before]
