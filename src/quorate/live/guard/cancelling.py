"""Cancel everything, in both books of every symbol, and read back until nothing is left, twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from quorate.venues.base import Listed, OrderView, Rejected, Unanswered, Uncertain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from quorate.venues.port import Venue

BETWEEN_S = 1.0
"""Between the two readings that must both be empty."""

_AGAIN_S = 0.2
_SOON = 12
_LATER_S = 4.0
"""Between rounds after the first twelve: a venue bans who asks five times a second for a minute."""


class Emptied(NamedTuple):
    """How the orders went.

    Notes
    -----
    Units: ms from the start of the kill.  ``dispatched_ms`` is when every cancel had been sent
    once, ``empty_ms`` when the second of two empty readings was in, None where time ran out;
    ``left`` are the ids of those that were seen last.
    """

    dispatched_ms: float
    empty_ms: float | None
    n_rounds: int
    n_failed: int
    left: tuple[str, ...]


async def cancel_everything(
    venue: Venue,
    symbols: Iterable[str],
    *,
    seconds: float,
    clock_s: Callable[[], float],
    between_s: float = BETWEEN_S,
    page: Callable[[str], None] | None = None,
    is_raised: Callable[[], bool] | None = None,
) -> Emptied:
    """Cancel every order of an account and make sure.

    Parameters
    ----------
    venue : Venue
        With a connection of its own.
    symbols : iterable of str
        Where orders may be; more are found by the readings.
    seconds : float
        How long to go on.
    clock_s : callable
        A clock that does not go back.
    between_s : float
        Between two readings.
    page : callable, optional
        Called where of the first round nothing at all was answered.
    is_raised : callable, optional
        Whether more than cancelling is asked for by now: then it is over after this round.

    Returns
    -------
    Emptied
        Whether both books were empty twice in a row.

    Notes
    -----
    Units: seconds.  Causal: none.  Missing: a reading that failed is no empty one.
    RELIABILITY 4.
    """
    began = clock_s()
    failed, n_sent = await _cancel_all(venue, sorted(set(symbols)))
    n_failed = len(failed)
    dispatched_ms = (clock_s() - began) * 1e3
    n_empty = n_rounds = 0
    left: tuple[str, ...] = ()
    while clock_s() - began < seconds and not (is_raised is not None and is_raised()):
        n_rounds += 1
        again_s = _AGAIN_S if n_rounds < _SOON else _LATER_S
        found = await _read(venue)
        if found is None:
            if n_rounds == 1 and n_failed == n_sent and page is not None:
                page(
                    f"none of {n_sent} cancels and of the first reading was answered, it goes on "
                    f"for {seconds:g} s: {failed[0] if failed else 'no symbol is known'}"
                )
            n_empty = 0
            n_failed += 1
            await asyncio.sleep(again_s)
            continue
        left = tuple(each.client_id for each in found)
        n_empty = 0 if left else n_empty + 1
        if n_empty == 2:
            return Emptied(dispatched_ms, (clock_s() - began) * 1e3, n_rounds, n_failed, ())
        if left:
            again, _ = await _cancel_all(venue, sorted({each.symbol for each in found}))
            n_failed += len(again)
            await asyncio.sleep(again_s)
        else:
            await asyncio.sleep(between_s)
    return Emptied(dispatched_ms, None, n_rounds, n_failed, left)


async def _cancel_all(venue: Venue, symbols: list[str]) -> tuple[list[str], int]:
    """Send every cancel at once; return what was said instead of a good answer, and how many."""
    answers = await asyncio.gather(
        *(venue.cancel_all(symbol, is_conditional=None) for symbol in symbols)
    )
    failed = [
        each.reason if isinstance(each, Uncertain) else each.text
        for each in answers
        if isinstance(each, Rejected | Uncertain)
    ]
    return failed, len(answers)


async def _read(venue: Venue) -> tuple[OrderView, ...] | None:
    """Return what is open in both books, None where one of them could not be read."""
    both: list[Listed[OrderView] | Unanswered] = list(
        await asyncio.gather(
            venue.open_orders(None, is_conditional=False),
            venue.open_orders(None, is_conditional=True),
        )
    )
    found: list[OrderView] = []
    for each in both:
        if isinstance(each, Unanswered):
            return None
        found += each.items
    return tuple(found)
