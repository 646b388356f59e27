"""What a spot account holds, folded from its trades, against a wallet that swaps coins."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quorate.live.orders.events import Baseline, ExternalFill, Opened
from quorate.live.orders.reducer import init, scan
from quorate.venues.base import Liquidity, PositionSide, Side

VENUE = "binance_spot"
PAIRS = ("BTC/USDT", "BNB/USDT", "ETH/BTC", "BTC/USDT:USDT")
AMOUNTS = st.integers(1, 10**6).map(lambda whole: Decimal(whole) / 10**4)
TRADES = st.lists(
    st.tuples(
        st.sampled_from(PAIRS),
        st.sampled_from(list(Side)),
        AMOUNTS,
        AMOUNTS,
        st.integers(-100, 10**4).map(lambda whole: Decimal(whole) / 10**8),
        st.sampled_from(("BTC", "USDT", "BNB", "ETH", "DOGE")),
    ),
    max_size=12,
)


@given(TRADES)
def test_the_book_holds_the_coins_that_a_wallet_would(trades):
    wallet: dict[str, Decimal] = {}
    contract = Decimal(0)
    events = [Opened(at_ms=1, epoch=1)]
    events += [Baseline(at_ms=2, venue=VENUE, symbol=each) for each in PAIRS]
    for number, (symbol, side, quantity, price, fee, asset) in enumerate(trades):
        events.append(
            ExternalFill(
                at_ms=3 + number,
                venue=VENUE,
                symbol=symbol,
                trade_id=f"{number}",
                venue_order_id="9",
                side=side,
                position_side=PositionSide.BOTH,
                price=price,
                quantity=quantity,
                fee=fee,
                fee_asset=asset,
                liquidity=Liquidity.TAKER,
                traded_at_ms=3 + number,
                cause="by hand",
            )
        )
        if ":" in symbol:  # a contract moves itself alone; its fee is of another wallet
            contract += side.sign * quantity
            continue
        base, quote = symbol.split("/")
        for coin, delta in (
            (base, side.sign * quantity),
            (quote, -side.sign * quantity * price),
            (asset, -fee),
        ):
            wallet[coin] = wallet.get(coin, Decimal(0)) + delta
    book = scan(init(), events)[0]
    for symbol in PAIRS[:3]:
        here = book.positions.get((VENUE, symbol, PositionSide.BOTH), Decimal(0))
        assert here == wallet.get(symbol.split("/")[0], Decimal(0)), symbol
    held = book.positions.get((VENUE, PAIRS[3], PositionSide.BOTH), Decimal(0))
    assert held == contract
