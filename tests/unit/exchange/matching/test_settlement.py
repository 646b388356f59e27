"""What trades do to an account, to the last digit."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.exchange.matching.building import BTC, SYMBOL, exchange, taken

from quorate.exchange.matching.orders import BUY, SELL, Asked

SMALL = BTC._replace(min_notional=Decimal(0))

trades = st.lists(
    st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 13)), min_size=1, max_size=25
)


@settings(deadline=None)  # another process may hold the machine
@given(trades)
def test_cash_flows_of_a_flat_account_are_what_it_sold_less_what_it_bought(
    rows: list[tuple[int, int]],
) -> None:
    made = exchange(instrument=SMALL)
    account = made.state.accounts["me"]
    lots = 0
    for side, count in rows:
        taken(made.place("me", Asked(SYMBOL, side, "market", BTC.quantity(count))))
        lots += side * count
    if lots:
        side = SELL if lots > 0 else BUY
        taken(made.place("me", Asked(SYMBOL, side, "market", BTC.quantity(abs(lots)))))
    held = account.position(SYMBOL, "both")
    assert (held.lots, held.cost) == (0, 0)
    worth = sum((-each.side * each.quote for each in account.executions), Decimal(0))
    fees = sum((each.fee for each in account.executions), Decimal(0))
    assert account.wallet["USDT"] == 10_000 + worth - fees
    assert sum(each.amount for each in account.income) == worth - fees
    assert sum(each.realized for each in account.executions) == worth


def test_a_part_that_is_closed_releases_its_share_of_the_cost() -> None:
    made = exchange(10_000, 11_000, instrument=SMALL)
    taken(made.place("me", Asked(SYMBOL, BUY, "limit", Decimal("0.003"), Decimal("1000.5"))))
    position = made.state.accounts["me"].position(SYMBOL, "both")
    assert (position.lots, position.cost) == (3, Decimal("3.00150"))
    made.advance(15_000)
    order = taken(made.place("me", Asked(SYMBOL, SELL, "market", Decimal("0.002"))))
    assert order.quote == Decimal("2.1990")
    assert position.cost == Decimal("1.0005")
    assert made.state.accounts["me"].executions[-1].realized == Decimal("0.198")


def test_a_trade_between_two_accounts_is_a_gain_of_one_and_a_loss_of_the_other() -> None:
    made = exchange()
    ask = taken(made.place("you", Asked(SYMBOL, SELL, "limit", Decimal("0.01"), Decimal("1000.2"))))
    buy = taken(made.place("me", Asked(SYMBOL, BUY, "limit", Decimal("0.01"), Decimal("1000.2"))))
    assert (ask.status, buy.status) == ("FILLED", "FILLED")
    mine, yours = made.state.accounts["me"], made.state.accounts["you"]
    assert mine.executions[-1].trade_id == yours.executions[-1].trade_id
    assert yours.executions[-1].is_maker
    assert not mine.executions[-1].is_maker
    assert mine.position(SYMBOL, "both").cost + yours.position(SYMBOL, "both").cost == 0
    assert mine.executions[-1].fee == Decimal("0.0050010000")
    assert yours.executions[-1].fee == Decimal("0.0020004000")


def test_a_fee_can_be_paid_in_bnb() -> None:
    made = exchange()
    account = made.state.accounts["me"]
    account.pays_in_bnb = True
    taken(made.place("me", Asked(SYMBOL, BUY, "market", Decimal("0.1"))))
    assert account.executions[-1].fee_asset == "BNB"
    assert account.wallet["USDT"] == 10_000
    assert account.wallet["BNB"] == 10 - sum(each.fee for each in account.executions)


def test_a_pair_swaps_coins_for_quote_and_locks_what_may_be_spent() -> None:
    made = exchange(instrument=BTC._replace(kind="spot", funding_hours=0))
    account = made.state.accounts["me"]
    resting = taken(made.place("me", Asked(SYMBOL, BUY, "limit", Decimal(1), Decimal(990))))
    assert account.locked["USDT"] == 990
    made.cancel("me", SYMBOL, order_id=resting.order_id)
    assert account.locked["USDT"] == 0
    bought = taken(made.place("me", Asked(SYMBOL, BUY, "market", Decimal("0.05"))))
    fees = sum(each.fee for each in account.executions)
    assert account.wallet["USDT"] == 10_000 - bought.quote
    assert account.wallet["BTC"] == Decimal("0.05") - fees
    assert {each.fee_asset for each in account.executions} == {"BTC"}
