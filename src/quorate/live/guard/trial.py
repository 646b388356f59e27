"""Whether a guard could do its work: asked of the venue before anybody relies on it.

In: an open venue. Out: why not; or that it did not answer; or what is wrong with the key and does
not keep a guard from its work.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import NotOfferedError
from quorate.live.controls.keys import troubles
from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.venues.port import Venue


class Tried(NamedTuple):
    """What a trial came to.

    Notes
    -----
    Units: none.  ``refused``: the guard could not cancel or close, and why. ``silent``: what was
    not answered. ``beside``: what is wrong with the key, and keeps no guard from its work.
    """

    refused: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def is_tried(self) -> bool:
        """Whether everything was answered, and well."""
        return not self.refused and not self.silent


async def tried(venue: Venue, symbols: Iterable[str], now_ms: int) -> Tried:
    """Read orders, positions and the rights of the key, once.

    Parameters
    ----------
    venue : Venue
        An open one.
    symbols : iterable of str
        Where orders may be: the venue must list them.
    now_ms : int
        Now.

    Returns
    -------
    Tried
        What is wrong, each with what to do.

    Notes
    -----
    Units: ms since 1970.  Causal: as the venue answers.  Missing: what is not answered refuses
    nothing: a guard that waits is better than none.
    RELIABILITY 4, 5.
    """
    refused = []
    for symbol in symbols:
        try:
            venue.grid(symbol)
        except NotOfferedError as error:
            refused.append(f"{error.message}; {error.hint}")
    *readings, rights = await asyncio.gather(
        venue.open_orders(None, is_conditional=False),
        venue.open_orders(None, is_conditional=True),
        venue.positions(),
        venue.rights(),
    )
    lost = [each for each in readings if isinstance(each, Unanswered)]
    keys = [each.reason for each in lost if each.is_by_key]
    if keys:
        refused.append(f"the venue refuses the key: {keys[0]}; see api_key, secret and addresses")
    silent = [each.reason for each in lost if not each.is_by_key]
    if isinstance(rights, Unanswered):
        silent += [] if keys else [f"the venue does not say what the key may do: {rights.reason}"]
        return Tried(tuple(refused), tuple(silent))
    if not rights.may_trade:
        refused.append("the key may not trade, so that it cancels nothing; make one that may")
    beside = troubles(replace(rights, may_trade=True), now_ms)
    return Tried(tuple(refused), tuple(silent), beside)
