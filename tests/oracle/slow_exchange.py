"""The bar-level exchange written a second time, slowly, from its rules: the oracle of the first.

Nothing is shared with the compiled one, not its books, its schedules nor its cost model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.slow_books import NAN, Execution, SlowBooks, Why, money

ABSENT, TRADED = 0, 1
IMMEDIATE, TWAP, POV = 0, 1, 2
MARKETABLE, LIMIT, POST_ONLY = 0, 1, 2
EXIT_STOP, EXIT_LIQUIDATION, EXIT_DELISTED = 6, 12, 13
STYLE_MARKET = 5


def rounded_share(total: int, j: int, n: int) -> int:
    """Round ``total * j / n``, halves away from zero."""
    exact = abs(Fraction(total * j, n))
    size = math.floor(exact + Fraction(1, 2))
    return size if total > 0 else -size


def early_share(total: int, j: int, n: int, urgency: float) -> int:
    """Almgren and Chriss: what is out after j of n steps, halves away from zero."""
    left = math.sinh(urgency * (n - j) / n) / math.sinh(urgency)
    size = math.floor(abs(total) * (1.0 - left) + 0.5)
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
    missing_bars: int = 3
    tips_per_bar: int = 5
    cooldown_bars: int = 12


class SlowExchange(SlowBooks):
    """An account on a simulated market; ``bar`` applies one bar and returns its fills."""

    def __init__(self, venues: Any, start: int, rules: Rules | None = None) -> None:
        super().__init__(venues, start)
        self.rules = rules or Rules()
        self.working = dict.fromkeys(self.lots, 0)
        self.last_mark = dict.fromkeys(self.lots, NAN)
        self.late = dict.fromkeys(range(self.n_coins), NAN)
        self.priced_k = dict.fromkeys(self.lots, -1)

    # what an order may do

    def see(self, name: str, v: int, c: int) -> float:
        return float(getattr(self.market, name)[self.t, v, c])

    def trades(self, v: int, c: int) -> bool:
        return self.see("status", v, c) == TRADED and self.see("volume", v, c) > 0.0

    def timed_out(self, v: int, c: int) -> bool:
        rests = self.orders.placement[v, c] != MARKETABLE
        return bool(rests and self.orders.submit_k[v, c] < self.orders.cross_k[v, c] <= self.k)

    def wanted(self, v: int, c: int) -> int:
        left = self.working[v, c]
        if left == 0 or self.k <= self.orders.submit_k[v, c]:
            return 0
        sign = 1 if left > 0 else -1
        held = self.lots[v, c]
        closes = bool(self.orders.reduce_only[v, c]) or (left < 0 and not self.venues.is_perp[v, c])
        if closes and held * sign >= 0:
            self.working[v, c] = 0
            return 0
        size = abs(left)
        if self.orders.schedule[v, c] == TWAP:
            total, n = int(self.orders.total[v, c]), int(self.orders.n_bars[v, c])
            j = self.k - int(self.orders.submit_k[v, c])
            urgency = float(self.orders.urgency[v, c])
            target = rounded_share(total, j, n) if j < n else total
            if urgency > 0.0 and 0 < j < n:
                target = early_share(total, j, n, urgency)
            size = min(size, max(0, sign * (target - (total - left))))
        if self.orders.display[v, c] > 0:
            size = min(size, self.rules.tips_per_bar * int(self.orders.display[v, c]))
        return sign * (min(size, abs(held)) if closes else size)

    def capped(self, lots: int, v: int, c: int) -> int:
        volume = self.see("volume", v, c)
        room = math.floor(self.rules.max_participation * volume / self.lot(v, c))
        return max(-room, min(room, lots))

    def taking(
        self, v: int, c: int, lots: int, arrival: float, why: Why, *, includes_self: bool = False
    ) -> Execution:
        size = abs(lots) * self.lot(v, c)
        window = self.see("volume", v, c) + (size if includes_self else 0.0)
        share = min(size / window, self.rules.max_participation)
        bps = {
            "spread": 0.5 * self.see("spread_bps", v, c),
            "impact": self.rules.impact_bps_at_one * math.sqrt(share),
            "latency": self.rules.latency_bps_per_ms * float(self.venues.latency_ms[v]),
        }
        per_coin = {name: value * arrival / 10_000.0 for name, value in bps.items()}
        side = 1.0 if lots > 0 else -1.0
        price = arrival + side * (per_coin["spread"] + per_coin["impact"] + per_coin["latency"])
        fee_bps = float(self.venues.taker_bps[v])
        return Execution(lots, arrival, price, per_coin, fee_bps, why, is_maker=False)

    def flat_priced(
        self, lots: int, arrival: float, price: float, fee_bps: float, why: Why, *, is_maker: bool
    ) -> Execution:
        side = 1.0 if lots > 0 else -1.0
        per_coin = {"spread": side * (price - arrival), "impact": 0.0, "latency": 0.0}
        return Execution(lots, arrival, price, per_coin, fee_bps, why, is_maker=is_maker)

    def order(self, v: int, c: int) -> Why:
        orders = self.orders
        decision = float(orders.decision_price[v, c])
        return Why(decision, int(orders.reason[v, c]), int(orders.style[v, c]))

    def send(self, v: int, c: int, child: Execution) -> None:
        self.execute(v, c, child)
        self.working[v, c] -= child.lots

    # the events of a bar

    def at_open(self, v: int, c: int) -> bool:
        """Send a taking child; say whether one was sent."""
        late = self.timed_out(v, c)
        rests = self.orders.placement[v, c] == POST_ONLY and not late
        if rests or self.orders.schedule[v, c] == POV or not self.trades(v, c):
            return False
        lots = self.capped(self.wanted(v, c), v, c)
        if lots == 0:
            return False
        side = 1 if lots > 0 else -1
        why = self.order(v, c)
        child = self.taking(v, c, lots, self.see("open", v, c), why)
        bound = float(self.orders.limit_price[v, c])
        if late:
            edge = why.decision * (1.0 + side * self.rules.cross_collar_bps * 1e-4)
            edge = on_grid(edge, side, float(self.venues.tick[v, c]))
            bound = bound if side * bound > side * edge else edge
        if bound > 0.0 and side * child.price > side * bound:
            return False
        self.send(v, c, child)
        return True

    def stop_out(self, c: int) -> None:
        mine = self.exits[c]
        if mine.side == 0 or math.isnan(mine.stop):
            return
        watched = (
            [0] if self.trades(0, c) else [v for v in range(1, self.n_venues) if self.lots[v, c]]
        )
        lows = [self.see("low", v, c) for v in watched if self.trades(v, c)]
        highs = [self.see("high", v, c) for v in watched if self.trades(v, c)]
        if not any(p <= mine.stop for p in lows) and mine.side > 0:
            return
        if not any(p >= mine.stop for p in highs) and mine.side < 0:
            return
        mine.cooldown_k[mine.side] = self.k + self.rules.cooldown_bars
        self.cancel(c)
        self.close_at_stop(c, mine.stop, late=False)

    def close_at_stop(self, c: int, stop: float, *, late: bool) -> None:
        for v in range(self.n_venues):
            held = self.lots[v, c]
            if held and self.trades(v, c):
                base = self.see("open", v, c)
                if not late:
                    base = min(base, stop) if held > 0 else max(base, stop)
                why = Why(stop, EXIT_STOP, STYLE_MARKET)
                self.execute(v, c, self.taking(v, c, -held, base, why))
        self.late[c] = NAN if self.is_flat(c) else stop

    def at_limit(self, v: int, c: int) -> bool:
        """Fill what rests and was traded through; say whether it was."""
        lots = self.capped(self.wanted(v, c), v, c) if self.may_rest(v, c) else 0
        if lots == 0:
            return False
        side = 1 if lots > 0 else -1
        opening = self.see("open", v, c)
        limit = float(self.orders.limit_price[v, c])
        tick = float(self.venues.tick[v, c])
        post_only = self.orders.placement[v, c] == POST_ONLY
        if post_only and not (limit > 0.0 and side * limit <= side * opening):
            touch = opening * (1.0 - side * 0.5 * self.see("spread_bps", v, c) * 1e-4)
            limit = on_grid(touch, side, tick)
        through = side * (limit - self.see("low" if side > 0 else "high", v, c))
        maker = bool(post_only or side * limit < side * opening)
        why = self.order(v, c)
        needed = tick * (1.0 - 1e-6)
        if not maker:
            per_coin = self.taking(v, c, lots, limit, why).per_coin
            needed = max(needed, per_coin["spread"] + per_coin["impact"] + per_coin["latency"])
        if not (limit > 0.0 and through > 0.0 and through >= needed):
            return False
        fee_bps = float(self.venues.maker_bps[v] if maker else self.venues.taker_bps[v])
        child = self.flat_priced(lots, opening, limit, fee_bps, why, is_maker=maker)
        self.send(v, c, child)
        return True

    def may_rest(self, v: int, c: int) -> bool:
        follows = self.orders.schedule[v, c] == POV
        return bool(not follows and self.trades(v, c) and not self.timed_out(v, c))

    def along_volume(self, v: int, c: int) -> None:
        if self.orders.schedule[v, c] != POV or not self.trades(v, c):
            return
        lots = self.wanted(v, c)
        side = 1 if lots > 0 else -1
        rho = min(float(self.orders.participation[v, c]), self.rules.max_participation)
        others = self.see("volume", v, c)
        size = min(abs(lots), math.floor(rho / (1.0 - rho) * others / self.lot(v, c)))
        if size == 0:
            return
        typical = (self.see("high", v, c) + self.see("low", v, c) + self.see("close", v, c)) / 3.0
        why = self.order(v, c)
        child = self.taking(v, c, side * size, typical, why, includes_self=True)
        limit = float(self.orders.limit_price[v, c])
        if not (limit > 0.0 and side * child.price > side * limit):
            self.send(v, c, child)

    def cancel(self, c: int) -> None:
        for v in range(self.n_venues):
            self.working[v, c] = 0

    def force(self, v: int, c: int, price: float, lost_frac: float, reason: int) -> None:
        lots = self.lots[v, c]
        why = Why(price, reason, STYLE_MARKET)
        child = self.flat_priced(-lots, price, price, 0.0, why, is_maker=False)
        haircut = money(abs(lots) * self.lot(v, c) * (price * lost_frac))
        self.execute(v, c, child, haircut)

    def liquidate(self) -> None:
        worst: dict[tuple[int, int], float] = {}
        worth, margin = self.cash, 0
        for (v, c), lots in self.lots.items():
            if lots == 0:
                continue
            value = self.value(v, c)
            if self.trades(v, c):
                worst[v, c] = self.see("low" if lots > 0 else "high", v, c)
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
                    self.force(v, c, worst[v, c], self.rules.liquidation_fee, EXIT_LIQUIDATION)

    def settle(self) -> None:
        for (v, c), lots in self.lots.items():
            if lots == 0:
                continue
            mark = self.see("mark", v, c)
            if not math.isnan(mark):
                self.last_mark[v, c] = mark
                self.valued_at[v, c] = mark
            rate = self.see("funding", v, c)
            if self.venues.is_perp[v, c] and rate != 0.0:
                paid = money(lots * self.lot(v, c) * self.last_mark[v, c] * rate)
                self.paid["funding"] += paid
                self.fundings.append({"k": self.k, "venue": v, "coin": c, "funding": paid})
                self.pay(c, paid)

    def delist(self, v: int, c: int) -> None:
        if self.lots[v, c]:
            price = self.last_mark[v, c]
            self.force(v, c, price, self.rules.delisting_haircut, EXIT_DELISTED)

    def bar(self, market: Any, t: int, k: int, orders: Any) -> list[dict]:
        self.market, self.t, self.k, self.orders = market, t, k, orders
        self.fills = []
        self.fundings: list[dict[str, Any]] = []
        venues = range(self.n_venues)
        for c in range(self.n_coins):
            if self.is_flat(c):
                self.late[c] = NAN
            if not math.isnan(self.late[c]):
                self.cancel(c)
                self.close_at_stop(c, self.late[c], late=True)
                continue
            sent = {v for v in venues if self.at_open(v, c)}
            self.stop_out(c)
            rested = {v for v in venues if v not in sent and self.at_limit(v, c)}
            if rested:
                self.stop_out(c)
            before = len(self.fills)
            for v in venues:
                self.along_volume(v, c)
            if len(self.fills) > before:
                self.stop_out(c)
        self.liquidate()
        self.settle()
        for c in range(self.n_coins):
            for v in venues:
                if self.see("status", v, c) != ABSENT:
                    self.priced_k[v, c] = k
                silent = k - self.priced_k[v, c] if self.priced_k[v, c] >= 0 else 0
                if silent >= self.rules.missing_bars:
                    self.working[v, c] = 0
                    self.delist(v, c)
        return self.fills
