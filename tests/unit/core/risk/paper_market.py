"""Bars for the paper twin, and a second, slow form of it to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.risk import exits, paper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quorate.core.types import ByteMat, Mat

PARAMS = paper.Params(
    exits=exits.Params(horizon_bars=4, cooldown_bars=3), winsor_r=3.0, missing_bars=3
)
FADING = PARAMS._replace(exits=exits.Params(cooldown_bars=3, k_out=0.25, min_hold_bars=2))


class Tape(NamedTuple):
    """Everything ``paper.step`` reads, shape (time, coin) each."""

    opens: Mat
    highs: Mat
    lows: Mat
    closes: Mat
    status: ByteMat
    signal: ByteMat
    stop_frac: Mat
    cost_bps: Mat
    funding_bps: Mat
    regime: ByteMat
    allow_short: ByteMat
    keeps: ByteMat


def flat(n_bars: int, n_coins: int = 1, price: float = 100.0) -> Tape:
    """A market that does not move and says nothing; tests write into it."""
    shape = (n_bars, n_coins)
    return Tape(
        *(np.full(shape, price) for _ in range(4)),
        np.ones(shape, np.int8),
        np.zeros(shape, np.int8),
        np.full(shape, 0.02),
        np.full(shape, 10.0),
        np.zeros(shape),
        np.zeros(shape, np.int8),
        np.ones(shape, np.int8),
        np.zeros(shape, np.int8),
    )


def wander(seed: int, n_bars: int, n_coins: int, signal_rate: float = 0.3) -> Tape:
    """A random market with gaps in price and in data, for comparisons."""
    rng = np.random.default_rng(seed)
    tape = flat(n_bars, n_coins)
    shape = (n_bars, n_coins)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.006, shape), axis=0))
    opens = np.vstack([np.full((1, n_coins), 100.0), closes[:-1]])
    opens = opens * np.exp(rng.normal(0.0, 0.002, shape))
    spread = np.abs(rng.normal(0.0, 0.003, shape))
    tape.opens[:] = opens
    tape.closes[:] = closes
    tape.highs[:] = np.maximum(opens, closes) * (1.0 + spread)
    tape.lows[:] = np.minimum(opens, closes) * (1.0 - spread)
    tape.status[:] = rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 2], shape)
    side = rng.choice([-1, 1], shape)
    tape.signal[:] = np.where(rng.random(shape) < signal_rate, side, 0)
    tape.stop_frac[:] = rng.uniform(0.005, 0.03, shape)
    tape.cost_bps[:] = np.where(rng.random(shape) < 0.05, np.nan, rng.uniform(2.0, 20.0, shape))
    tape.funding_bps[:] = np.where(rng.random(shape) < 0.05, np.nan, rng.normal(0.0, 0.1, shape))
    tape.regime[:] = rng.integers(0, 5, shape)
    tape.allow_short[:] = rng.integers(0, 2, n_coins)
    tape.keeps[:] = rng.integers(-1, 3, shape)
    return tape


def run(
    tape: Tape,
    state: paper.State | None = None,
    start: int = 0,
    stop: int | None = None,
    params: paper.Params = PARAMS,
) -> paper.State:
    """Fold the twin over the bars [start, stop) of a tape; bar t has the counter t."""
    if state is None:
        state = paper.init(tape.opens.shape[1])
    for t in range(start, tape.opens.shape[0] if stop is None else stop):
        paper.step(t, *(row[t] for row in tape), params, state)
    return state


def arrays(state: object) -> list[NDArray[np.generic]]:
    """All arrays of a nested state, in order."""
    if isinstance(state, tuple):
        return [array for part in state for array in arrays(part)]
    assert isinstance(state, np.ndarray)
    return [state]


def same_bytes(a: object, b: object) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(arrays(a), arrays(b), strict=True))


def copied(state: paper.State) -> paper.State:
    """A restart: every array written out and read back."""
    return paper.State(
        exits.State(*(a.copy() for a in state.exits)), *(a.copy() for a in state[1:])
    )


@dataclass
class Trade:
    """One paper trade of the slow form."""

    side: int
    regime: int
    stop_frac: float
    k: int = -1
    entry: float = 0.0
    paid: float = 0.0
    clock: int = 0


@dataclass
class Slow:
    """One coin of the paper twin, written from METHODS 0b.2, 0b.7 and 0b.9."""

    params: paper.Params = PARAMS
    trade: Trade | None = None
    order: Trade | None = None
    leave: bool = False
    cost: float = float("nan")
    seen: int = 0
    free_from: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    closed: list[tuple[int, int, float]] = field(default_factory=list)  # k, regime, R

    def end(self, k: int, price: float) -> None:
        trade = self.trade
        assert trade is not None
        gross = trade.side * (price - trade.entry) / trade.entry
        paid = trade.paid + self.cost * price / trade.entry
        result = (gross - paid / 1e4) / trade.stop_frac
        bound = self.params.winsor_r
        self.closed.append((k, trade.regime, min(bound, max(-bound, result))))
        self.trade = None
        self.leave = False

    def bar(self, k: int, tape: Tape, c: int) -> None:
        traded = tape.status[k, c] == 1
        if tape.status[k, c] != 0:
            self.seen = k
        elif self.trade and k - self.seen >= self.params.missing_bars:
            self.trade, self.leave = None, False
        if traded:
            self.fill(k, tape, c)
        self.order = None
        trade = self.trade
        if trade and not np.isnan(tape.funding_bps[k, c]):
            trade.paid += trade.side * tape.funding_bps[k, c]
        due = trade is not None and self.due(k, trade, int(tape.keeps[k, c]))
        if not traded:
            self.leave = self.leave or due
            return
        if not np.isnan(tape.cost_bps[k, c]):
            self.cost = tape.cost_bps[k, c]
        signal = int(tape.signal[k, c])
        if trade and signal == trade.side:
            if due:
                trade.clock = k
            return
        if trade and (signal != 0 or due):
            self.leave = True
        if signal == 0 or (signal < 0 and not tape.allow_short[k, c]) or np.isnan(self.cost):
            return
        if k >= self.free_from[signal]:
            self.order = Trade(signal, int(tape.regime[k, c]), tape.stop_frac[k, c])

    def due(self, k: int, trade: Trade, keeps: int) -> bool:
        given = self.params.exits
        if given.k_out > 0.0:
            return keeps not in {trade.side, 2} and k - trade.clock >= given.min_hold_bars
        return k - trade.clock >= given.horizon_bars

    def fill(self, k: int, tape: Tape, c: int) -> None:
        price = tape.opens[k, c]
        if self.leave:
            self.end(k, price)
        if self.order:
            self.trade = self.order
            self.trade.k, self.trade.entry, self.trade.clock = k, price, k - 1
            self.trade.paid = self.cost
        trade = self.trade
        if not trade:
            return
        stop = trade.entry * (1.0 - trade.side * trade.stop_frac)
        worst = tape.lows[k, c] if trade.side > 0 else tape.highs[k, c]
        if trade.side * (worst - stop) <= 0.0:
            out = min(price, stop) if trade.side > 0 else max(price, stop)
            self.free_from[trade.side] = k + self.params.exits.cooldown_bars
            self.end(k, out)
