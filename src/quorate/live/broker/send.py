"""The one place that an order leaves from: judged, written down, sent once, its outcome written.

In: orders that were meant. Out: what became of each. An order is on the disk before a byte of it
leaves, with the stamp that it bears; the outcome is on the disk before anything follows from it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.broker import heard
from quorate.live.controls.facts import Proposal, Refusal
from quorate.live.controls.gate import judge
from quorate.live.orders.events import Sending
from quorate.venues.base import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.live.controls.facts import Facts
    from quorate.live.controls.limits import Limits
    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.live.orders.events import Intended
    from quorate.venues.port import Venue

WINDOW_MS: Final = 5_000
"""How long after its stamp the venue may still take an order."""


class Answer(NamedTuple):
    """What became of an order: a refusal of the gate, or what the book asks for now.

    ``key_refusal`` is what the venue said where it refused the key, "" where it did not.
    """

    intent: Intended
    refusal: Refusal | None
    effects: tuple[Effect, ...] = ()
    key_refusal: str = ""


async def send(
    desk: Desk,
    venue: Venue,
    orders: Sequence[Proposal],
    *,
    facts: Callable[[], Facts],
    limits: Limits,
    now_ms: Callable[[], int],
) -> list[Answer]:
    """Send orders that pass the gate, each once.

    Parameters
    ----------
    desk : Desk
        The journal and its book.
    venue : Venue
        Where they go.
    orders : sequence of Proposal
        Complete, quantised, with ids of their own.
    facts : callable
        What is known now; asked again for every order, since each changes what is reserved.
    limits : Limits
        The bounds in force.
    now_ms : callable
        The venue's time as this machine knows it.

    Returns
    -------
    list of Answer
        One an order, in order; ``effects`` are what the book asks for now.

    Raises
    ------
    StoreError
        If an intent cannot be written: then nothing of the batch was sent.

    Notes
    -----
    Units: ms.  Causal: each intent is on the disk before the next order is judged, so that it is
    reserved there, and the attempts of all are one transaction before the first of them leaves.
    Missing: none.
    RELIABILITY 3.
    """
    passed: list[Proposal] = []
    answers: dict[str, Answer] = {}
    for order in orders:
        refusal = judge(order, facts(), limits)
        if isinstance(refusal, Refusal):
            answers[order.intent.intent_id] = Answer(order.intent, refusal)
            continue
        desk.record([order.intent])
        passed.append(order)
    if passed:
        stamp_ms = now_ms()
        attempts = [
            Sending(
                at_ms=stamp_ms,
                intent_id=each.intent.intent_id,
                epoch=desk.epoch,
                sent_at_ms=stamp_ms,
                window_ms=WINDOW_MS,
            )
            for each in passed
        ]
        desk.record(attempts)
        outcomes = await asyncio.gather(
            *(_one(desk, venue, each.intent, stamp_ms, now_ms) for each in passed)
        )
        answers |= {each.intent.intent_id: each for each in outcomes}
    return [answers[each.intent.intent_id] for each in orders]


async def _one(
    desk: Desk, venue: Venue, intent: Intended, stamp_ms: int, now_ms: Callable[[], int]
) -> Answer:
    placement = intent.placement(sent_at_ms=stamp_ms, window_ms=WINDOW_MS)
    outcome = await venue.place(placement)
    effects = desk.record([heard.placed(intent.intent_id, outcome, now_ms())])
    if isinstance(outcome, Rejected) and outcome.is_by_key:
        return Answer(intent, None, effects, f"{outcome.code}: {outcome.text}")
    return Answer(intent, None, effects)
