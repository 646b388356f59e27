"""One account at one venue: the port of ``venues.port`` over ccxt's three instances.

In: orders and questions. Out: what became of them, as values. A request that changes something is
sent once; whatever is not certainly refused and not certainly there is ``Uncertain``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from quorate.errors import VenueUnavailableError
from quorate.venues.account.emptying import empty
from quorate.venues.account.grids import grid_of, market_of, not_as_meant
from quorate.venues.account.holdings import holdings, paired
from quorate.venues.account.line import CcxtLine
from quorate.venues.account.outcomes import absent, placed, taken_back, turned_down
from quorate.venues.account.sending import plain
from quorate.venues.account.views import (
    amount,
    balance_views,
    order_view,
    position_view,
    trade_view,
)
from quorate.venues.account.wire import AnsweredError, SilentError, answered, asked, listed, talking
from quorate.venues.base import (
    Absent,
    BalanceView,
    Done,
    Found,
    Grid,
    Listed,
    Lookup,
    Mutation,
    OrderView,
    Placement,
    PositionView,
    Rejected,
    Touch,
    Trade,
    Unanswered,
    Uncertain,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from decimal import Decimal

    from quorate.venues.account.dialect import Dialect
    from quorate.venues.account.wire import Instances
    from quorate.venues.rights import Rights

Item = TypeVar("Item")
LOCAL: Final = "LOCAL"
"""The code of what was refused here, before anything was sent."""


class CcxtVenue:
    """An account at a venue; see ``venues.port.Venue``.

    Parameters
    ----------
    name : str
        What the journal calls it: ``binance_usdm``.
    dialect : Dialect
        How it answers.
    instances : Instances
        ccxt's.
    now_ms : callable
        This machine's clock.
    pairs : sequence of str
        At a spot venue, where coins are held and no positions: what is traded, one pair of each
        coin. What is held of their coins are its positions; other coins are nobody's business.

    Raises
    ------
    ConfigError
        If two pairs are of one coin, of which nobody could say how much belongs to either.

    Notes
    -----
    Units: coins, quote per coin, milliseconds.  Causal: as the venue answers.  Missing: an answer
    that cannot be read is none.
    """

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        instances: Instances,
        now_ms: Callable[[], int],
        *,
        pairs: Sequence[str] = (),
    ) -> None:
        self._pairs = () if dialect.has_positions else paired(pairs)
        self._name = name
        self._dialect = dialect
        self._instances = instances
        self._now_ms = now_ms

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return self._name

    async def open(self) -> None:
        """Load what is listed, for all three instances at once.

        Raises
        ------
        VenueUnavailableError
            If the venue does not answer, or lists nothing.
        """
        data = self._instances.data
        try:
            await listed(data)
        except (AnsweredError, SilentError) as error:
            raise VenueUnavailableError(
                f"{self._name} does not say what it lists: {error}", hint="try again later"
            ) from error
        for each in (self._instances.trade, self._instances.emergency):
            each.set_markets(data.markets)

    def line(self) -> CcxtLine:
        """Return the line on which the venue pushes; not dialled, and one of them at a time."""
        return CcxtLine(self._instances.trade, self._dialect)

    async def close(self) -> None:
        """Close every connection."""
        await self._instances.close()

    async def place(self, placement: Placement) -> Mutation:
        """Send an order, once; one that is off the venue's grid is not sent."""
        client = self._instances.trade
        problem = not_as_meant(self._name, self._dialect, client.markets, placement)
        if problem:
            return Rejected(LOCAL, problem)
        call = client.create_order(
            placement.symbol,
            "market" if placement.limit_price is None else "limit",
            placement.side.value,
            plain(placement.quantity),
            None if placement.limit_price is None else plain(placement.limit_price),
            self._dialect.parameters(placement),
        )
        found = await self._sent(call, placement.sent_at_ms, placement.window_ms)
        is_told = not isinstance(found, Rejected | Uncertain)
        return placed(found, placement, self._dialect) if is_told else found

    async def cancel(self, symbol: str, client_id: str, *, is_conditional: bool) -> Mutation | Done:
        """Take an order back."""
        return await self._cancel(self._instances.trade, symbol, client_id, is_conditional)

    async def cancel_all(
        self, symbol: str, *, is_conditional: bool | None
    ) -> Done | Rejected | Uncertain:
        """Take back every order of a symbol in one of its two books, in both with None."""
        client, book_of = self._instances.emergency, self._dialect.book
        return await empty(
            self._dialect,
            is_conditional,
            lambda book: self._done(client.cancel_all_orders(symbol, book_of(book))),
            lambda book: self.open_orders(symbol, is_conditional=book),
            lambda each: self._cancel(client, symbol, each.client_id, each.is_conditional),
        )

    async def order(self, symbol: str, client_id: str, *, is_conditional: bool) -> Lookup:
        """Ask for one order by our id."""
        call = self._dialect.look(self._instances.trade, symbol, client_id, is_conditional)
        found = await self._looked_up(call, is_conditional=is_conditional)
        told = (found.view.client_id, found.view.symbol) if isinstance(found, Found) else None
        if told not in {None, (client_id, symbol)}:
            return Unanswered(f"asked for {client_id} of {symbol} and was told of {told}")
        return found

    async def numbered(self, symbol: str, venue_order_id: str) -> Lookup:
        """Ask for one order by the venue's id."""
        call = self._dialect.numbered(self._instances.trade, symbol, venue_order_id)
        found = await self._looked_up(call, is_conditional=False)
        told = (found.view.venue_order_id, found.view.symbol) if isinstance(found, Found) else None
        if told not in {None, (venue_order_id, symbol)}:
            return Unanswered(f"asked for {venue_order_id} of {symbol} and was told of {told}")
        return found

    async def _looked_up(self, call: Awaitable[Sequence[Any]], *, is_conditional: bool) -> Lookup:
        with talking() as talk:
            try:
                rows = await answered(call)
                if not rows:
                    return absent(talk, self._dialect)
                return Found(order_view(rows[0], self._dialect, is_conditional=is_conditional))
            except AnsweredError as error:
                reply = error.reply
                if (reply.status, reply.code) in self._dialect.absent:
                    return Absent(reply.code, reply.at_ms)
                return Unanswered(str(error), reply.is_by_key)
            except (SilentError, ValueError) as error:
                return talk.silence(error)

    async def open_orders(
        self, symbol: str | None, *, is_conditional: bool
    ) -> Listed[OrderView] | Unanswered:
        """Ask for the orders that are open, of one symbol or of all, every page of them."""
        return await self._dialect.opened(
            self._listed,
            self._instances.trade,
            symbol,
            is_conditional,
            lambda row: order_view(row, self._dialect, is_conditional=is_conditional),
        )

    async def trades(self, symbol: str, from_id: str | None) -> Listed[Trade] | Unanswered:
        """Ask for our trades from an id on, page by page."""
        return await self._dialect.trades(
            self._listed,
            self._instances.trade,
            symbol,
            from_id,
            lambda row: trade_view(row, self._dialect),
        )

    async def newest_trade(self, symbol: str) -> Listed[Trade] | Unanswered:
        """Ask for our newest trade: without bounds a venue shows the last days' newest."""
        call = self._instances.trade.fetch_my_trades(symbol, None, 1)
        found = await self._listed(call, lambda row: trade_view(row, self._dialect))
        if isinstance(found, Listed) and not found.items:  # it may be older than those days
            found = await self.trades(symbol, None)
        if isinstance(found, Unanswered):
            return found
        return Listed(found.items[-1:], found.venue_time_ms)

    async def positions(self) -> Listed[PositionView] | Unanswered:
        """Ask for every position that is not flat; at a spot venue for the coins of its pairs."""
        if not self._dialect.has_positions:
            return await self._holdings()
        found = await self._listed(
            self._instances.trade.fetch_positions(), lambda row: position_view(row, self._dialect)
        )
        if isinstance(found, Unanswered):
            return found
        found = Listed(tuple(each for each in found.items if each.quantity), found.venue_time_ms)
        if found.items:
            return found
        # nothing held is believed only where the account says so too
        with talking() as talk:
            try:
                account = await answered(self._instances.trade.fetch_balance())
                held = self._dialect.held(account.get("info"))
            except (AnsweredError, SilentError, ValueError, AttributeError) as error:
                return talk.silence(error)
        if held:
            return Unanswered(f"no position is listed, and the account holds {', '.join(held)}")
        return found

    async def _holdings(self) -> Listed[PositionView] | Unanswered:
        if not self._pairs:
            return Unanswered(f"no pair of {self._name} was named, so that nothing is held of one")
        wallet = await self.balances()
        if isinstance(wallet, Unanswered):
            return wallet
        return Listed(holdings(wallet.items, self._pairs), wallet.venue_time_ms)

    async def balances(self) -> Listed[BalanceView] | Unanswered:
        """Ask what the wallet holds."""
        with talking() as talk:
            try:
                rows = balance_views(await answered(self._instances.trade.fetch_balance()))
            except (AnsweredError, SilentError, ValueError) as error:
                return talk.silence(error)
        return Listed(rows, talk.at_ms)

    async def touch(self, symbol: str) -> Touch | Unanswered:
        """Ask for the best prices of a symbol and its mark."""
        client, mark = self._instances.emergency, self._dialect.mark
        with talking() as talk:
            try:
                questions = [asked(client.fetch_bids_asks, [symbol])]
                questions += [] if mark is None else [asked(mark, client, symbol)]
                book, *marks = await asyncio.gather(*questions)
                bid, ask = amount(book[symbol], "bid"), amount(book[symbol], "ask")
                return Touch(
                    symbol=symbol,
                    bid=bid,
                    ask=ask,
                    mark=marks[0] if marks else (bid + ask) / 2,
                    at_ms=talk.at_ms,
                )
            except (AnsweredError, SilentError, ValueError, KeyError) as error:
                return talk.silence(error)

    def grid(self, symbol: str) -> Grid:
        """Return the grid of a symbol as the venue last said."""
        return grid_of(market_of(self._name, self._instances.data, symbol))

    async def clock(self) -> int | Unanswered:
        """Ask what time it is there."""
        with talking() as talk:
            try:
                found = await answered(self._instances.data.fetch_time())
            except (AnsweredError, SilentError) as error:
                return talk.silence(error)
        return int(found) if isinstance(found, int) else Unanswered(f"the time is {found!r}")

    async def countdown(self, symbol: str, after_ms: int) -> Done | Rejected | Uncertain:
        """Have every order of a symbol cancelled unless asked again in time."""
        client = self._instances.trade
        if symbol not in client.markets:
            return Rejected(LOCAL, f"{self._name} does not list {symbol}")
        if self._dialect.countdown is None:
            return Rejected(LOCAL, f"{self._name} has no countdown that a timer renews")
        return await self._done(self._dialect.countdown(client, symbol, after_ms))

    async def leverage(self, symbol: str) -> Decimal | Unanswered:
        """Ask for the leverage of a symbol."""
        if not self._dialect.has_positions:
            return Unanswered(f"{self._name} has no leverage")
        with talking() as talk:
            try:
                found = await answered(self._instances.trade.fetch_leverage(symbol))
                return amount(found, "longLeverage")
            except (AnsweredError, SilentError, ValueError) as error:
                return talk.silence(error)

    async def set_leverage(self, symbol: str, leverage: Decimal) -> Done | Rejected | Uncertain:
        """Set the leverage of a symbol."""
        if not self._dialect.has_positions:
            return Rejected(LOCAL, f"{self._name} has no leverage")
        call = self._instances.trade.set_leverage(int(leverage), symbol)
        return await self._done(call)

    async def is_hedged(self) -> bool | Unanswered:
        """Ask whether longs and shorts of a symbol are two positions."""
        with talking() as talk:
            try:
                found: bool | None = await answered(self._dialect.hedged(self._instances.trade))
            except (AnsweredError, SilentError) as error:
                return talk.silence(error)
        return Unanswered("the venue does not say its mode") if found is None else found

    async def rights(self) -> Rights | Unanswered:
        """Ask what the key may do."""
        with talking() as talk:
            try:
                found: Rights = await answered(self._dialect.rights(self._instances.trade))
            except (AnsweredError, SilentError, ValueError) as error:
                return talk.silence(error)
        return found

    async def _cancel(
        self,
        client: Any,
        symbol: str,
        client_id: str,
        is_conditional: bool,  # noqa: FBT001
    ) -> Mutation | Done:
        call = client.cancel_order(None, symbol, self._dialect.named(client_id, is_conditional))
        # where the answer names ids and nothing else of the order, it is to be looked up
        if is_conditional or self._dialect.is_acknowledged:
            return await self._done(call)
        found = await self._sent(call, self._now_ms())
        if isinstance(found, Rejected | Uncertain):
            return found
        return taken_back(found, client_id, self._dialect)

    async def _done(self, call: Awaitable[Any]) -> Done | Rejected | Uncertain:
        found = await self._sent(call, self._now_ms())
        return found if isinstance(found, Rejected | Uncertain) else Done()

    async def _sent(
        self, call: Awaitable[Any], sent_at_ms: int, window_ms: int | None = None
    ) -> Any:
        """Return an answer of 200, or what it certainly or possibly was."""
        with talking(sent_at_ms, window_ms) as talk:
            try:
                return await answered(call)
            except AnsweredError as error:
                named = (error.reply.status, error.reply.code)
                return (
                    Done()
                    if named in self._dialect.kept
                    else turned_down(error.reply, self._dialect)
                )
            except SilentError as error:
                if talk.has_left:
                    return Uncertain(talk.said(error))
                return Rejected(LOCAL, f"not sent: {error}")

    async def _listed(
        self, call: Awaitable[Any], read: Callable[[Any], Item]
    ) -> Listed[Item] | Unanswered:
        with talking() as talk:
            try:
                rows = await answered(call)
                if not isinstance(rows, list) or not self._dialect.is_list(talk.heard[-1].text):
                    return Unanswered("the answer is no list")
                return Listed(tuple(read(each) for each in rows), talk.at_ms)
            except (AnsweredError, SilentError, ValueError) as error:
                return talk.silence(error)
