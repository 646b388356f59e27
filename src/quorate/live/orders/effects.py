"""What the book asks of the desk when it has taken in an event: values, carried out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Trouble(StrEnum):
    """What an alarm is about; every one says that something was lost, doubled or not ours."""

    DUPLICATE_INTENT = "duplicate_intent"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    SECOND_SEND = "second_send"
    SECOND_ORDER = "second_order"
    UNKNOWN_INTENT = "unknown_intent"
    UNSENT_YET_SEEN = "unsent_yet_seen"
    UNREADABLE_STATUS = "unreadable_status"
    FILLED_SHORT = "filled_short"
    OVERFILL = "overfill"
    LATE_FILL = "late_fill"
    FILL_WITHOUT_ORDER = "fill_without_order"
    MISFIT_TRADE = "misfit_trade"
    CONFLICTING_TRADE = "conflicting_trade"
    CONFLICTING_END = "conflicting_end"
    REFUSED_YET_SEEN = "refused_yet_seen"
    ABSENT_YET_SEEN = "absent_yet_seen"
    ALIVE_AFTER_END = "alive_after_end"
    EXTERNAL_FILL = "external_fill"
    ADJUSTED = "adjusted"
    OLD_EPOCH = "old_epoch"
    DUPLICATE_PARENT = "duplicate_parent"
    UNKNOWN_PARENT = "unknown_parent"
    LATE_BASELINE = "late_baseline"
    HELD_BEFORE = "held_before"
    STREAM_LOST = "stream_lost"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A person is to know; ``intent_id`` is "" where no order is concerned."""

    trouble: Trouble
    intent_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Halt:
    """No new entries on a symbol until somebody says so."""

    venue: str
    symbol: str
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Resolve:
    """An order is in doubt: the resolver is to find out."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the venue how an order stands: what is known of it does not fit together."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class FetchTrades:
    """The venue told of more than was booked: fetch the trades, which alone are booked."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order that should not be alive is: take it back."""

    intent_id: str


Effect: TypeAlias = Alarm | Halt | Resolve | LookUp | FetchTrades | Cancel
