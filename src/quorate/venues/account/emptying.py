"""All orders of a symbol taken back: plain ones, stops, or both, whatever books a venue has.

In: ways to list and to cancel. Out: one outcome. Some venues take plain orders and stops back only
together; who wants one kind gone has them listed and, where the other kind is there, cancels each.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quorate.venues.base import Done, Rejected, Unanswered, Uncertain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from quorate.venues.account.dialect import Dialect
    from quorate.venues.base import Listed, Mutation, OrderView


async def empty(
    dialect: Dialect,
    is_conditional: bool | None,  # noqa: FBT001
    together: Callable[[bool], Awaitable[Done | Rejected | Uncertain]],
    opened: Callable[[bool], Awaitable[Listed[OrderView] | Unanswered]],
    single: Callable[[OrderView], Awaitable[Mutation | Done]],
) -> Done | Rejected | Uncertain:
    """Take back every order of a symbol, or those of one kind.

    Parameters
    ----------
    dialect : Dialect
        How the venue is asked.
    is_conditional : bool or None
        Stops, plain orders, or both.
    together : callable
        (whether stops) -> what came of taking back a whole book.
    opened : callable
        (whether stops) -> what is open of that kind.
    single : callable
        Takes one order back.

    Returns
    -------
    Done, Rejected or Uncertain
        Of all of them.

    Notes
    -----
    Units: none.  Causal: where the one book has both kinds, as the venue lists them; of the other
    kind what is placed after that may go too.  Missing: a list that was not answered is uncertain,
    and nothing is taken back.  RELIABILITY 4.
    """
    if not dialect.is_one_book:
        books = [each for each in (False, True) if is_conditional in {None, each}]
        return emptied(await asyncio.gather(*(together(each) for each in books)), dialect)
    if is_conditional is not None:
        both: list[OrderView] = []
        for each in (False, True):
            found = await opened(each)
            if isinstance(found, Unanswered):
                return Uncertain(f"what is open was not answered: {found.reason}")
            both += found.items
        own = [each for each in both if each.is_conditional == is_conditional]
        if not own or len(own) < len(both):
            return emptied(await asyncio.gather(*(single(each) for each in own)), dialect)
    return emptied([await together(False)], dialect)  # noqa: FBT003


def emptied(found: Iterable[Mutation | Done], dialect: Dialect) -> Done | Rejected | Uncertain:
    """Return what many cancels come to: done where each is, or found nothing to take back.

    Notes
    -----
    Units: none.  Causal: of these answers.  Missing: none; no cancel at all is done.

    Examples
    --------
    >>> from quorate.venues.account.dialects import DIALECTS
    >>> spot = DIALECTS["binance_spot"]
    >>> emptied([Done(), Rejected("-2011", "Unknown order sent.")], spot)
    Done()
    >>> emptied([Done(), Uncertain("no reply")], spot)
    Uncertain(reason='no reply')
    """
    gone = {code for _, code in dialect.gone}
    for each in found:
        if isinstance(each, Uncertain) or (isinstance(each, Rejected) and each.code not in gone):
            return each
    return Done()
