"""The bar-level exchange written a second time, slowly, from its rules: the oracle of the first.

One object holds plain dictionaries and Python integers; nothing is shared with the compiled one,
not its ledger, its exits, its schedules nor its cost model. It keeps the books differently: no
running entry ``value``, but positions, prices they were last valued at, and a list of cash flows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

TRADED = 1
IMMEDIATE, TWAP, POV = 0, 1, 2
MARKETABLE, LIMIT, POST_ONLY = 0, 1, 2
EXIT_STOP, EXIT_LIQUIDATION, EXIT_DELISTED = 6, 12, 13
STYLE_MARKET = 5
COSTS = ("delay", "spread", "impact", "latency", "fee")
NAN = float("nan")


def money(amount: float) -> int:
    return round(amount * 100_000_000.0)


def rounded_share(total: int, j: int, n: int) -> int:
    """Round ``total * j / n``, halves away from zero."""
    exact = abs(Fraction(total * j, n))
    size = math.floor(exact + Fraction(1, 2))
    return size if total > 0 else -size


def on_grid(price: float, side: int, tick: float) -> float:
    """Round away from crossing: a buy down, a sale up."""
    steps = price / tick
    whole = math.floor(steps + 1e-9) if side > 0 else math.ceil(steps - 1e-9)
    return whole * tick


@dataclass
class Rules:
    """The defaults of the specification, spelled out."""

    max_participation: float = 0.2
    impact_bps_at_one: float = 5.0
    latency_bps_per_ms: float = 0.01
    cross_collar_bps: float = 50.0
    liquidation_fee: float = 0.005
    delisting_haircut: float = 0.05
    tips_per_bar: int = 5
    cooldown_bars: int = 12


@dataclass
class Exits:
    side: int = 0
    stop: float = NAN
    stop_frac: float = NAN
    planned_frac: float = NAN
    clock_k: int = 0
    cooldown_k: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})


@dataclass
class Execution:
    """One child: where it arrives, what it pays, and each cost in quote per coin."""

    lots: int
    arrival: float
    decision: float
    price: float
    per_coin: dict[str, float]
    fee_bps: float
    reason: int
    style: int
    is_maker: bool


class SlowExchange:
    """An account on a simulated market; ``bar`` applies one bar and returns its fills."""

    def __init__(self, venues: Any, start: int, rules: Rules | None = None) -> None:
        self.venues = venues
        self.rules = rules or Rules()
        self.n_venues, self.n_coins = venues.lot.shape
        keys = [(v, c) for v in range(self.n_venues) for c in range(self.n_coins)]
        self.cash = start
        self.start = start
        self.lots = dict.fromkeys(keys, 0)
        self.working = dict.fromkeys(keys, 0)
        self.valued_at = dict.fromkeys(keys, NAN)
        self.last_mark = dict.fromkeys(keys, NAN)
        self.entry = dict.fromkeys(range(self.n_coins), 0.0)
        self.exits = {c: Exits() for c in range(self.n_coins)}
        self.late = dict.fromkeys(range(self.n_coins), NAN)
        self.episode_cash = dict.fromkeys(range(self.n_coins), 0)
        self.coin_cash = dict.fromkeys(range(self.n_coins), 0)
        self.paid = {name: 0 for name in (*COSTS, "funding", "haircut")}
        self.n_trades = 0
        self.fills: list[dict[str, Any]] = []

    # what the account is worth

    def lot(self, v: int, c: int) -> float:
        return float(self.venues.lot[v, c])

    def value(self, v: int, c: int) -> int:
        lots = self.lots[v, c]
        return money(lots * self.lot(v, c) * self.valued_at[v, c]) if lots else 0

    def equity(self) -> int:
        return self.cash + sum(self.value(v, c) for v, c in self.lots)

    def is_flat(self, c: int) -> bool:
        return all(self.lots[v, c] == 0 for v in range(self.n_venues))

    def coins(self, c: int) -> float:
        if self.is_flat(c):
            return 0.0
        total = 0.0
        for v in range(self.n_venues):
            total += self.lots[v, c] * self.lot(v, c)
        return total

    # booking

    def pay(self, c: int, amount: int) -> None:
        self.cash -= amount
        self.coin_cash[c] -= amount

    def execute(self, k: int, v: int, c: int, child: Execution, haircut: int = 0) -> None:
        signed = child.lots * self.lot(v, c)
        size = abs(signed)
        whole = {"delay": money(signed * (child.arrival - child.decision))}
        for name in ("spread", "impact", "latency"):
            whole[name] = money(size * child.per_coin[name])
        whole["fee"] = money(size * child.price * child.fee_bps / 10_000.0)
        held = self.lots[v, c]
        if haircut:
            self.paid["haircut"] += haircut
            self.pay(c, haircut)
        if held * child.lots < 0 and abs(child.lots) > abs(held):
            share = abs(held) / abs(child.lots)
            first = {name: round(whole[name] * share) for name in COSTS}
            second = {name: whole[name] - first[name] for name in COSTS}
            self.book(k, v, c, -held, child, first, haircut)
            self.book(k, v, c, child.lots + held, child, second, 0)
        else:
            self.book(k, v, c, child.lots, child, whole, haircut)

    def book(
        self, k: int, v: int, c: int, lots: int, child: Execution, costs: dict, haircut: int
    ) -> None:
        opened = self.is_flat(c)
        if opened:
            self.episode_cash[c] = self.coin_cash[c]
            self.entry[c] = 0.0
        before = self.coins(c)
        self.valued_at[v, c] = child.decision
        value = self.value(v, c)
        self.lots[v, c] += lots
        notional = self.value(v, c) - value
        self.pay(c, notional + sum(costs.values()))
        for name in COSTS:
            self.paid[name] += costs[name]
        after = self.coins(c)
        bought = abs(lots * self.lot(v, c))
        if before * lots >= 0.0 and after != 0.0:
            held = self.entry[c] * abs(before) + child.price * bought
            self.entry[c] = held / (abs(before) + bought)
        elif before * after < 0.0:
            self.entry[c] = child.price
        closed = self.is_flat(c)
        realised = self.coin_cash[c] - self.episode_cash[c] if closed else 0
        self.n_trades += closed
        self.follow(k, c, before, after)
        row = {"k": k, "venue": v, "coin": c, "lots": lots, "price": child.price, **costs}
        row |= {"decision_price": child.decision, "notional": notional, "haircut": haircut}
        row |= {"realised": realised, "closed": int(closed), "opened": int(opened)}
        row |= {"reason": child.reason, "style": child.style, "is_maker": int(child.is_maker)}
        self.fills.append(row)

    def follow(self, k: int, c: int, before: float, after: float) -> None:
        mine = self.exits[c]
        if after == 0.0:
            mine.side, mine.stop, mine.stop_frac = 0, NAN, NAN
            return
        side = 1 if after > 0.0 else -1
        if before * after <= 0.0:
            mine.side, mine.stop_frac, mine.clock_k = side, mine.planned_frac, k - 1
            mine.stop = self.entry[c] * (1.0 - side * mine.stop_frac)
        elif abs(after) > abs(before):
            moved = self.entry[c] * (1.0 - side * mine.stop_frac)
            if side * (moved - mine.stop) > 0.0:
                mine.stop = moved

    # what an order may do

    def trades(self, market: Any, t: int, v: int, c: int) -> bool:
        return bool(market.status[t, v, c] == TRADED and market.volume[t, v, c] > 0.0)

    def timed_out(self, orders: Any, k: int, v: int, c: int) -> bool:
        rests = orders.placement[v, c] != MARKETABLE
        return bool(rests and orders.submit_k[v, c] < orders.cross_k[v, c] <= k)

    def wanted(self, orders: Any, k: int, v: int, c: int) -> int:
        left = self.working[v, c]
        if left == 0 or k <= orders.submit_k[v, c]:
            return 0
        sign = 1 if left > 0 else -1
        held = self.lots[v, c]
        closes = bool(orders.reduce_only[v, c]) or (left < 0 and not self.venues.is_perp[v, c])
        if closes and held * sign >= 0:
            self.working[v, c] = 0
            return 0
        size = abs(left)
        if orders.schedule[v, c] == TWAP:
            total, n = int(orders.total[v, c]), int(orders.n_bars[v, c])
            j = k - int(orders.submit_k[v, c])
            target = rounded_share(total, j, n) if j < n else total
            size = min(size, max(0, sign * (target - (total - left))))
        if orders.display[v, c] > 0:
            size = min(size, self.rules.tips_per_bar * int(orders.display[v, c]))
        return sign * (min(size, abs(held)) if closes else size)

    def capped(self, lots: int, market: Any, t: int, v: int, c: int) -> int:
        volume = float(market.volume[t, v, c])
        room = math.floor(self.rules.max_participation * volume / self.lot(v, c))
        return max(-room, min(room, lots))

    def taking(
        self, market: Any, t: int, v: int, c: int, lots: int, arrival: float, decision: float,
        reason: int, style: int, *, includes_self: bool = False,
    ) -> Execution:  # fmt: skip
        size = abs(lots) * self.lot(v, c)
        window = float(market.volume[t, v, c]) + (size if includes_self else 0.0)
        share = min(size / window, self.rules.max_participation)
        bps = {
            "spread": 0.5 * float(market.spread_bps[t, v, c]),
            "impact": self.rules.impact_bps_at_one * math.sqrt(share),
            "latency": self.rules.latency_bps_per_ms * float(self.venues.latency_ms[v]),
        }
        per_coin = {name: value * arrival / 10_000.0 for name, value in bps.items()}
        side = 1.0 if lots > 0 else -1.0
        price = arrival + side * (per_coin["spread"] + per_coin["impact"] + per_coin["latency"])
        fee_bps = float(self.venues.taker_bps[v])
        return Execution(
            lots, arrival, decision, price, per_coin, fee_bps, reason, style, is_maker=False
        )

    def flat_priced(
        self, lots: int, arrival: float, decision: float, price: float,
        fee_bps: float, reason: int, style: int, *, is_maker: bool,
    ) -> Execution:  # fmt: skip
        side = 1.0 if lots > 0 else -1.0
        per_coin = {"spread": side * (price - arrival), "impact": 0.0, "latency": 0.0}
        return Execution(
            lots, arrival, decision, price, per_coin, fee_bps, reason, style, is_maker=is_maker
        )

    # the events of a bar

    def at_open(self, market: Any, t: int, k: int, v: int, c: int, orders: Any) -> bool:
        """Send a taking child; say whether one was sent."""
        late = self.timed_out(orders, k, v, c)
        if orders.schedule[v, c] == POV or not self.trades(market, t, v, c):
            return False
        if orders.placement[v, c] == POST_ONLY and not late:
            return False
        lots = self.capped(self.wanted(orders, k, v, c), market, t, v, c)
        if lots == 0:
            return False
        opening = float(market.open[t, v, c])
        side = 1 if lots > 0 else -1
        child = self.taking(
            market, t, v, c, lots, opening, float(orders.decision_price[v, c]),
            int(orders.reason[v, c]), int(orders.style[v, c]),
        )  # fmt: skip
        bound = float(orders.limit_price[v, c])
        if late:
            decided = float(orders.decision_price[v, c])
            edge = decided * (1.0 + side * self.rules.cross_collar_bps * 1e-4)
            edge = on_grid(edge, side, float(self.venues.tick[v, c]))
            bound = bound if side * bound > side * edge else edge
        if bound > 0.0 and side * child.price > side * bound:
            return False
        self.execute(k, v, c, child)
        self.working[v, c] -= lots
        return True

    def stop_out(self, market: Any, t: int, k: int, c: int) -> None:
        mine = self.exits[c]
        if mine.side == 0 or math.isnan(mine.stop) or not self.trades(market, t, 0, c):
            return
        low, high = float(market.low[t, 0, c]), float(market.high[t, 0, c])
        if not (low <= mine.stop if mine.side > 0 else high >= mine.stop):
            return
        mine.cooldown_k[mine.side] = k + self.rules.cooldown_bars
        self.cancel(c)
        self.close_at_stop(market, t, k, c, mine.stop, late=False)

    def close_at_stop(
        self, market: Any, t: int, k: int, c: int, stop: float, *, late: bool
    ) -> None:
        for v in range(self.n_venues):
            held = self.lots[v, c]
            if held and self.trades(market, t, v, c):
                base = float(market.open[t, v, c])
                if not late:
                    base = min(base, stop) if held > 0 else max(base, stop)
                child = self.taking(market, t, v, c, -held, base, stop, EXIT_STOP, STYLE_MARKET)
                self.execute(k, v, c, child)
        self.late[c] = NAN if self.is_flat(c) else stop

    def at_limit(self, market: Any, t: int, k: int, v: int, c: int, orders: Any) -> bool:
        if orders.schedule[v, c] == POV or not self.trades(market, t, v, c):
            return False
        if self.timed_out(orders, k, v, c):
            return False
        lots = self.wanted(orders, k, v, c)
        if lots == 0:
            return False
        side = 1 if lots > 0 else -1
        opening = float(market.open[t, v, c])
        limit = float(orders.limit_price[v, c])
        post_only = orders.placement[v, c] == POST_ONLY
        if post_only and not (limit > 0.0 and side * limit <= side * opening):
            touch = opening * (1.0 - side * 0.5 * float(market.spread_bps[t, v, c]) * 1e-4)
            limit = on_grid(touch, side, float(self.venues.tick[v, c]))
        if not limit > 0.0:
            return False
        extreme = float(market.low[t, v, c] if side > 0 else market.high[t, v, c])
        through = side * (limit - extreme)
        if through <= 0.0 or through < float(self.venues.tick[v, c]) * (1.0 - 1e-6):
            return False
        lots = self.capped(lots, market, t, v, c)
        if lots == 0:
            return False
        decision = float(orders.decision_price[v, c])
        reason, style = int(orders.reason[v, c]), int(orders.style[v, c])
        maker = bool(post_only or side * limit < side * opening)
        fee_bps = float(self.venues.maker_bps[v] if maker else self.venues.taker_bps[v])
        if not maker:
            per_coin = self.taking(market, t, v, c, lots, limit, decision, reason, style).per_coin
            if through < per_coin["spread"] + per_coin["impact"] + per_coin["latency"]:
                return False
        child = self.flat_priced(
            lots, opening, decision, limit, fee_bps, reason, style, is_maker=maker
        )
        self.execute(k, v, c, child)
        self.working[v, c] -= lots
        return True

    def along_volume(self, market: Any, t: int, k: int, v: int, c: int, orders: Any) -> None:
        if orders.schedule[v, c] != POV or not self.trades(market, t, v, c):
            return
        lots = self.wanted(orders, k, v, c)
        if lots == 0:
            return
        side = 1 if lots > 0 else -1
        rho = min(float(orders.participation[v, c]), self.rules.max_participation)
        others = float(market.volume[t, v, c])
        size = min(abs(lots), math.floor(rho / (1.0 - rho) * others / self.lot(v, c)))
        if size <= 0:
            return
        bar = (
            float(market.high[t, v, c]),
            float(market.low[t, v, c]),
            float(market.close[t, v, c]),
        )
        child = self.taking(
            market, t, v, c, side * size, (bar[0] + bar[1] + bar[2]) / 3.0,
            float(orders.decision_price[v, c]), int(orders.reason[v, c]),
            int(orders.style[v, c]), includes_self=True,
        )  # fmt: skip
        limit = float(orders.limit_price[v, c])
        if limit > 0.0 and side * child.price > side * limit:
            return
        self.execute(k, v, c, child)
        self.working[v, c] -= side * size

    def cancel(self, c: int) -> None:
        for v in range(self.n_venues):
            self.working[v, c] = 0

    def liquidate(self, market: Any, t: int, k: int) -> None:
        worst: dict[tuple[int, int], float] = {}
        worth, margin = self.cash, 0
        for (v, c), lots in self.lots.items():
            if lots == 0:
                continue
            value = self.value(v, c)
            if self.trades(market, t, v, c):
                worst[v, c] = float(market.low[t, v, c] if lots > 0 else market.high[t, v, c])
                value = money(lots * self.lot(v, c) * worst[v, c])
            worth += value
            if self.venues.is_perp[v, c]:
                rate = float(self.venues.maintenance[v, c])
                margin += money(abs(value) / 100_000_000.0 * rate)
        if not (margin > 0 and worth < margin):
            return
        for c in range(self.n_coins):
            self.cancel(c)
            for v in range(self.n_venues):
                if (v, c) in worst and self.venues.is_perp[v, c]:
                    lots, price = self.lots[v, c], worst[v, c]
                    size = abs(lots) * self.lot(v, c)
                    child = self.flat_priced(
                        -lots, price, price, price, 0.0, EXIT_LIQUIDATION, STYLE_MARKET,
                        is_maker=False,
                    )  # fmt: skip
                    fee = money(size * (price * self.rules.liquidation_fee))
                    self.execute(k, v, c, child, fee)

    def settle(self, market: Any, t: int) -> None:
        for (v, c), lots in self.lots.items():
            if lots == 0:
                continue
            mark = float(market.mark[t, v, c])
            if not math.isnan(mark):
                self.last_mark[v, c] = mark
                self.valued_at[v, c] = mark
            rate = float(market.funding[t, v, c])
            if self.venues.is_perp[v, c] and rate != 0.0:
                paid = money(lots * self.lot(v, c) * self.last_mark[v, c] * rate)
                self.paid["funding"] += paid
                self.pay(c, paid)

    def delist(self, k: int, c: int) -> None:
        for v in range(self.n_venues):
            lots, price = self.lots[v, c], self.last_mark[v, c]
            if lots:
                lost = money(abs(lots) * self.lot(v, c) * (price * self.rules.delisting_haircut))
                child = self.flat_priced(
                    -lots, price, price, price, 0.0, EXIT_DELISTED, STYLE_MARKET, is_maker=False
                )
                self.execute(k, v, c, child, lost)

    def bar(self, market: Any, t: int, k: int, delisted_k: Any, orders: Any) -> list[dict]:
        self.fills = []
        venues = range(self.n_venues)
        for c in range(self.n_coins):
            if self.is_flat(c):
                self.late[c] = NAN
            if k >= delisted_k[c]:
                self.cancel(c)
            if not math.isnan(self.late[c]):
                self.cancel(c)
                self.close_at_stop(market, t, k, c, self.late[c], late=True)
                continue
            sent = {v for v in venues if self.at_open(market, t, k, v, c, orders)}
            self.stop_out(market, t, k, c)
            if any([self.at_limit(market, t, k, v, c, orders) for v in venues if v not in sent]):
                self.stop_out(market, t, k, c)
            for v in venues:
                self.along_volume(market, t, k, v, c, orders)
        self.liquidate(market, t, k)
        self.settle(market, t)
        for c in range(self.n_coins):
            if k >= delisted_k[c]:
                self.delist(k, c)
        return self.fills
