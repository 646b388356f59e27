"""Whether an account is short of margin, against the two sums that it is made of."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.exchange.matching.building import BTC, SYMBOL

from quorate.exchange.matching.accounts import Account, Position
from quorate.exchange.matching.margin import is_short, maintenance, unrealised


@settings(deadline=None)  # another process may hold the machine
@given(
    st.just(0) | st.integers(-20_000, 20_000),
    st.just(0) | st.integers(-20_000, 20_000),
    st.integers(1_000, 20_000),
    st.integers(-100_000, 100_000),
)
def test_an_account_is_short_where_its_balance_is_below_its_maintenance(
    long: int, short: int, mark: int, wallet: int
) -> None:
    held = {"long": long, "short": short}
    account = Account("me", {"USDT": Decimal(wallet)}, is_hedged=True)
    for side, lots in held.items():
        cost = BTC.notional(10_000, lots)
        account.positions[SYMBOL, side] = Position(lots, cost)  # type: ignore[index]
    listed = {SYMBOL: BTC}
    balance = wallet + unrealised(account, listed, lambda _: mark)
    is_below = balance < maintenance(account, listed, lambda _: mark)
    assert is_short(account, listed, lambda _: mark) == (is_below and bool(long or short))
