"""NautilusTrader on bars: one strategy follows given signals over all coins.

    nautilus_bars.py COINS BARS

A turn is ``BacktestEngine.run`` with the bars added and the engine made anew, as a second run
needs. Fee and slippage are given as one taker fee. Orders are sized on the balance, not
on the marked equity.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib import metadata

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from panel import CASH, FEE, SLIPPAGE, closes, ohlcv
from served import serve

VENUE = Venue("SIM")
LOT = 1e-6


def instrument(name: str) -> CryptoPerpetual:
    """Return a perpetual future with fine ticks and lots."""
    symbol = Symbol(name)
    return CryptoPerpetual(
        instrument_id=InstrumentId(symbol, VENUE),
        raw_symbol=symbol,
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=4,
        price_increment=Price.from_str("0.0001"),
        size_precision=6,
        size_increment=Quantity.from_str("0.000001"),
        max_quantity=None,
        min_quantity=Quantity.from_str("0.000001"),
        max_notional=None,
        min_notional=None,
        max_price=None,
        min_price=None,
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.025"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal(str(round(FEE + SLIPPAGE, 8))),
        ts_event=0,
        ts_init=0,
    )


class Follow(Strategy):
    """Hold signal / n of the balance of each coin, from the bar where its signal changes."""

    def __init__(self, instruments, bar_types, signals):
        super().__init__()
        self.instruments = instruments
        self.bar_types = bar_types
        self.signals = signals
        self.coin_of = {bar_type: c for c, bar_type in enumerate(bar_types)}
        self.next_bar = [0] * len(bar_types)
        self.side = [0] * len(bar_types)
        self.held = [0.0] * len(bar_types)
        self.sent = 0

    def on_start(self):
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar):
        c = self.coin_of[bar.bar_type]
        t = self.next_bar[c]
        self.next_bar[c] = t + 1
        side = self.signals[c][t]
        if side == self.side[c]:
            return
        self.side[c] = side
        balance = float(self.portfolio.account(VENUE).balance_total(USDT))
        change = side * balance / len(self.signals) / float(bar.close) - self.held[c]
        change = round(change, 6)
        if abs(change) >= LOT:
            coin = self.instruments[c]
            way = OrderSide.BUY if change > 0 else OrderSide.SELL
            self.submit_order(self.order_factory.market(coin.id, way, coin.make_qty(abs(change))))
            self.held[c] += change
            self.sent += 1


def bars(n_coins: int, n_bars: int, bar_types: list, instruments: list) -> list:
    """Return every coin's bars as NautilusTrader's own objects."""
    made = ohlcv(n_coins, n_bars)
    opened, low, high, close = (
        np.round(column, 4) for column in (made.open, made.low, made.high, made.close)
    )
    high = np.maximum(high, np.maximum(opened, close))
    low = np.minimum(low, np.minimum(opened, close))
    volume = made.volume * 1e6
    index = pd.date_range("2024-01-01", periods=n_bars, freq="5min", tz="UTC")
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    found = []
    for c in range(n_coins):
        frame = pd.DataFrame({name: x[:, c] for name, x in columns.items()}, index=index)
        found += BarDataWrangler(bar_types[c], instruments[c]).process(frame)
    return found


def main() -> None:
    n_coins, n_bars = int(sys.argv[1]), int(sys.argv[2])
    names = [f"C{c}" for c in range(n_coins)]
    instruments = [instrument(name) for name in names]
    bar_types = [BarType.from_str(f"{name}.SIM-5-MINUTE-LAST-EXTERNAL") for name in names]
    data = bars(n_coins, n_bars, bar_types, instruments)
    _, signal = closes(n_coins, n_bars)
    signals = [signal[:, c].tolist() for c in range(n_coins)]
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=True),
        run_analysis=False,
    )

    def work() -> dict:
        engine = BacktestEngine(config)
        engine.add_venue(
            VENUE,
            OmsType.NETTING,
            AccountType.MARGIN,
            [Money(CASH, USDT)],
            base_currency=USDT,
            default_leverage=Decimal(20),
            fill_model=FillModel(prob_slippage=0.0, random_seed=1),
        )
        for coin in instruments:
            engine.add_instrument(coin)
        engine.add_data(data)
        strategy = Follow(instruments, bar_types, signals)
        engine.add_strategy(strategy)
        engine.run()
        balance = float(engine.cache.account_for_venue(VENUE).balance_total(USDT))
        filled = engine.cache.orders_closed_count()
        engine.dispose()
        return {"balance": balance, "orders": strategy.sent, "closed": filled}

    serve(
        work,
        units=n_coins * n_bars,
        version=f"nautilus_trader {metadata.version('nautilus_trader')}",
        note=f"{n_coins} coins x {n_bars} bars, signals given",
    )


if __name__ == "__main__":
    main()
