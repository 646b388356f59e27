"""What differs between venues once ccxt has spoken: one record a venue, nothing of it elsewhere.

A refusal is listed only where the venue certainly executed nothing. What is not listed is not
known, and an order that may be there is looked up, never sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from decimal import Decimal

    from quorate.venues.base import (
        Listed,
        OrderStatus,
        OrderView,
        Placement,
        PositionSide,
        Trade,
        Unanswered,
    )
    from quorate.venues.rights import Rights

Item = TypeVar("Item")


class Ask(Protocol):
    """Sends a question and reads each row of the list that is its answer."""

    async def __call__(
        self, call: Awaitable[Any], read: Callable[[Any], Item]
    ) -> Listed[Item] | Unanswered:
        """Return the rows as they were read, or that nothing came that is a list."""
        ...


class Pushed(NamedTuple):
    """The names of the rows that a venue pushes, which may be others than those it is asked for.

    Parameters
    ----------
    names : mapping
        Name -> that of a row that was asked for, where they differ.
    order, stop, trade : mapping
        ccxt's name of what must be as the row says it -> the row's own name: where a field cannot
        be read, ccxt takes another that is like it, such as a limit for the price of a trade.
    is_stop : str
        The name that only the row of a stop has; "" where stops are not apart.
    """

    names: Mapping[str, str]
    order: Mapping[str, str]
    stop: Mapping[str, str]
    trade: Mapping[str, str]
    is_stop: str = ""


class Dialect(NamedTuple):
    """How one venue is asked and how it answers.

    Parameters
    ----------
    ccxt : str
        ccxt's name for it.
    options : mapping
        ccxt's options.
    client_id : str
        What our ids of orders must match, as a regular expression.
    statuses : mapping
        The venue's word for the state of an order -> ours.
    code : callable
        (HTTP status, body) -> the code of the error that it names, "" where it names none.
    refusals : frozenset
        (HTTP status, code) after which an order is certainly not there.
    absent : frozenset
        (HTTP status, code) by which the venue says that it has no such order; where a venue
        answers with an empty list instead, that is one too.
    gone : frozenset
        (HTTP status, code) of a cancel that found nothing to cancel: the order may have filled.
    kept : frozenset
        (HTTP status, code) of "it is so already".
    is_acknowledged : bool
        Whether what is placed or taken back is answered with ids alone, before it is done.
    has_own_conditional : bool
        Whether stops live in a book and under ids of their own.
    has_positions : bool
        Whether there are positions, leverage and modes; at a spot venue there are balances.
    is_list : callable
        Whether a reply is a list as the venue sends one; what ccxt makes an empty list of is not.
    held : callable
        The symbols that the account itself says it holds, of its raw reply; ValueError where that
        says nothing of positions.
    parameters : callable
        What ccxt is told of an order beside its five arguments.
    named : callable
        (client id, whether conditional) -> what ccxt is told of an order that is taken back.
    book : callable
        (whether conditional) -> what ccxt is told of a list, or of all orders that are taken back.
    look : callable
        (client, symbol, client id, whether conditional) -> rows of one order; none: it is absent.
    numbered : callable
        (client, symbol, the venue's id of an order) -> the same.
    opened : callable
        (ask, client, symbol, whether conditional, read) -> every open order of all pages.
    trades : callable
        (ask, client, symbol, id, read) -> our trades from an id on, every page of them.
    position_side : callable
        Of a raw row of a trade or a position.
    own_id : str
        The name of our id in a raw row, where it has this name; else ccxt knows it.
    has_unnamed : bool
        Whether an order that is sent without an id of its sender has none; else an empty one is
        no answer.
    realized : str
        The name of a trade's result in its raw row.
    pushed : Pushed
        The names of rows that are pushed.
    mark : callable or None
        (client, symbol) -> the mark price; None where there is none: the middle of the touch is.
    countdown : callable or None
        (client, symbol, ms) -> the dead man's switch by a timer; None where there is none.
    hedged : callable
        (client) -> whether longs and shorts are two positions, None where it does not say.
    rights : callable
        (client) -> what the key may do.
    keyless : frozenset
        Codes by which the venue refuses a key, its signature or where it comes from.
    no_stops : str
        Why stops are not sent to this venue, "" where they are.
    """

    ccxt: str
    options: Mapping[str, object]
    client_id: str
    statuses: Mapping[str, OrderStatus]
    code: Callable[[int, str], str]
    refusals: frozenset[tuple[int, str]]
    absent: frozenset[tuple[int, str]]
    gone: frozenset[tuple[int, str]]
    kept: frozenset[tuple[int, str]]
    is_acknowledged: bool
    has_own_conditional: bool
    has_positions: bool
    is_list: Callable[[str], bool]
    held: Callable[[object], list[str]]
    parameters: Callable[[Placement], dict[str, object]]
    named: Callable[[str, bool], dict[str, object]]
    book: Callable[[bool], dict[str, object]]
    look: Callable[[Any, str, str, bool], Awaitable[Sequence[Any]]]
    numbered: Callable[[Any, str, str], Awaitable[Sequence[Any]]]
    opened: Callable[
        [Ask, Any, str | None, bool, Callable[[Any], OrderView]],
        Awaitable[Listed[OrderView] | Unanswered],
    ]
    trades: Callable[
        [Ask, Any, str, str | None, Callable[[Any], Trade]], Awaitable[Listed[Trade] | Unanswered]
    ]
    position_side: Callable[[Mapping[str, Any]], PositionSide]
    own_id: str
    realized: str
    pushed: Pushed
    mark: Callable[[Any, str], Awaitable[Decimal]] | None
    countdown: Callable[[Any, str, int], Awaitable[Any]] | None
    rights: Callable[[Any], Awaitable[Rights]]
    hedged: Callable[[Any], Awaitable[bool | None]]
    keyless: frozenset[str]
    no_stops: str = ""
    has_unnamed: bool = False
