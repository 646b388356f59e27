"""The door of the matching engine: what an account may ask, and the time that goes on.

In: requests in the engine's own words, each at a moment. Out: values (an order, what was seen of
it, or a refusal) and pushes that wait to be sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.exchange.matching import margin, market, placing
from quorate.exchange.matching.accounts import Account
from quorate.exchange.matching.flow import POINT_MS, Ladder, Walk, noise
from quorate.exchange.matching.orders import CONDITIONAL, ENDED, Refusal
from quorate.exchange.matching.state import Market, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from quorate.exchange.matching.flow import Path
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Asked, Execution, Order, Push, Seen


class Looked(NamedTuple):
    """An order and what a replica shows of it."""

    order: Order
    seen: Seen


class Exchange:
    """An exchange over instruments, accounts and a clock that its caller moves.

    Parameters
    ----------
    instruments : iterable of Instrument
        What is listed.
    seed : int
        Of everything that is left to chance.
    start_ms : int
        Its first moment.
    paths : mapping, optional
        A price path by symbol; a ``Walk`` from 1,000 ticks where there is none.
    ladders : mapping, optional
        What rests around each price, by symbol.

    Raises
    ------
    ValueError
        If ``start_ms`` is not on the grid of the path: funding would be missed.

    Notes
    -----
    Units: milliseconds; prices and quantities in Decimal at this border.  Causal: an answer depends
    on the seed and the requests before it alone.  Missing: an unknown symbol is a refusal.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from quorate.exchange.matching.instruments import Instrument
    >>> from quorate.exchange.matching.orders import BUY, Asked
    >>> exchange = Exchange([Instrument("BTCUSDT", "BTC")], seed=1, start_ms=0)
    >>> exchange.open_account("me", {"USDT": Decimal(1000)}).name
    'me'
    >>> order = exchange.place("me", Asked("BTCUSDT", BUY, "market", Decimal("0.1")))
    >>> order.status, exchange.state.accounts["me"].position("BTCUSDT", "both").lots
    ('FILLED', 100)
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        seed: int,
        start_ms: int,
        paths: Mapping[str, Path] | None = None,
        ladders: Mapping[str, Ladder] | None = None,
    ) -> None:
        if start_ms % POINT_MS:
            raise ValueError(f"start_ms is {start_ms}, must be a multiple of {POINT_MS} ms")
        given = {} if paths is None else paths
        markets: dict[str, Market] = {}
        for number, each in enumerate(instruments):
            own = noise(seed, number)
            path = given.get(each.symbol) or Walk(own, start=1000)
            ladder = (ladders or {}).get(each.symbol, Ladder())
            markets[each.symbol] = Market(each, path, ladder, own)
        self.state = State(start_ms, start_ms, markets)

    def open_account(self, name: str, wallet: Mapping[str, Decimal]) -> Account:
        """Open an account with balances by asset."""
        account = Account(name, dict(wallet))
        self.state.accounts[name] = account
        return account

    def advance(self, to_ms: int) -> None:
        """Let time go on; see ``market.advance``."""
        market.advance(self.state, to_ms)

    def drain(self) -> list[Push]:
        """Return what waits to be pushed, once."""
        waiting, self.state.pushes = self.state.pushes, []
        return waiting

    def place(self, account: str, asked: Asked) -> Order | Refusal:
        """Take an order, conditional or not, or refuse it."""
        if asked.symbol not in self.state.markets:
            return Refusal("unknown_symbol", asked.symbol)
        market.refresh(self.state, asked.symbol)
        owner = self.state.accounts[account]
        if asked.kind in CONDITIONAL:
            return placing.wait_order(self.state, owner, asked)
        return placing.open_order(self.state, owner, asked)

    def find(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
        is_conditional: bool = False,
        at_ms: int | None = None,
    ) -> Looked | Refusal:
        """Look an order up as a replica shows it that has heard everything up to ``at_ms``."""
        owner = self.state.accounts[account]
        orders = owner.conditional if is_conditional else owner.orders
        known = owner.by_conditional_client if is_conditional else owner.by_client
        number = known.get(client_id or "", 0) if order_id is None else order_id
        order = orders.get(number)
        if order is None or order.asked.symbol != symbol:
            return Refusal("no_such_order", f"{order_id or client_id}")
        seen = order.seen(self.state.now_ms if at_ms is None else at_ms)
        if seen is None:
            return Refusal("no_such_order", f"{order_id or client_id}")
        return Looked(order, seen)

    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
        is_conditional: bool = False,
    ) -> Order | Refusal:
        """Take an order back."""
        found = self.find(
            account, symbol, order_id=order_id, client_id=client_id, is_conditional=is_conditional
        )
        if isinstance(found, Refusal):
            return found._replace(reason="cannot_cancel")
        market.refresh(self.state, symbol)
        return placing.cancel(self.state, self.state.accounts[account], found.order)

    def cancel_all(
        self, account: str, symbol: str, *, is_conditional: bool = False
    ) -> list[Order] | Refusal:
        """Take back every order of a symbol in one of the two lists."""
        if symbol not in self.state.markets:
            return Refusal("unknown_symbol", symbol)
        owner = self.state.accounts[account]
        return placing.cancel_all(self.state, owner, symbol, is_conditional=is_conditional)

    def amend(
        self, account: str, symbol: str, order_id: int, price: Decimal, quantity: Decimal
    ) -> Order | Refusal:
        """Change a limit order."""
        found = self.find(account, symbol, order_id=order_id)
        if isinstance(found, Refusal):
            return found
        market.refresh(self.state, symbol)
        return placing.amend(self.state, found.order, price, quantity)

    def open_orders(
        self, account: str, symbol: str | None, *, is_conditional: bool, at_ms: int
    ) -> list[Looked]:
        """Return the orders that a replica shows as open, the oldest first."""
        owner = self.state.accounts[account]
        found: list[Looked] = []
        for order in owner.lately_open(at_ms, is_conditional=is_conditional):
            seen = order.seen(at_ms)
            is_open = seen is not None and seen.status not in ENDED
            if seen is not None and is_open and symbol in {None, order.asked.symbol}:
                found.append(Looked(order, seen))
        return found

    def executions(self, account: str, symbol: str, at_ms: int) -> list[Execution]:
        """Return the trades of a symbol that a replica shows, in order of their ids."""
        owner = self.state.accounts[account]
        return [each for each in owner.executions if each.symbol == symbol and each.at_ms <= at_ms]

    def available(self, account: str) -> Decimal:
        """Return what a futures account has left for orders, in quote."""
        state = self.state
        return margin.available(state.accounts[account], state.instruments, state.mark)

    def set_leverage(self, account: str, symbol: str, times: int) -> Refusal | None:
        """Set the leverage of a symbol."""
        if symbol not in self.state.markets:
            return Refusal("unknown_symbol", symbol)
        most = self.state.markets[symbol].instrument.tiers[0].max_leverage
        if not 1 <= times <= most:
            return Refusal("bad_leverage", f"{times} is not in 1 to {most}")
        self.state.accounts[account].leverage[symbol] = times
        return None

    def set_hedged(self, account: str, *, is_hedged: bool) -> Refusal | None:
        """Set whether long and short positions are kept apart."""
        owner = self.state.accounts[account]
        if owner.is_hedged == is_hedged:
            return Refusal("no_change", "the mode is so already")
        if owner.open_ids or any(each.lots for each in owner.positions.values()):
            return Refusal("has_position", "orders or positions are open")
        owner.is_hedged = is_hedged
        return None

    def count_down(self, account: str, symbol: str, in_ms: int) -> None:
        """Cancel a symbol's orders unless this is called again within so long; 0 stops that."""
        owner = self.state.accounts[account]
        owner.countdowns.pop(symbol, None)
        if in_ms:
            owner.countdowns[symbol] = self.state.now_ms + in_ms
