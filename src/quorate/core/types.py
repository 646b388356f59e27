"""What flows between the stages: arrays with named axes, and the codes for what was decided.

Axes are always ``(time, feature | engine | venue, coin)`` with coins last and contiguous, so that
kernels vectorise over coins. A bar carries the stamp of its *close*, the instant it can be known:
the bar counter ``k`` is that stamp divided by the length of a bar, counted from 1970-01-01 UTC, so
``k % bars_per_day == 0`` is midnight UTC whatever the block. Missing numbers are NaN.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import numpy as np

Vec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Mat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Cube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
IntVec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
IntMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
IntCube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.int64]]
ShortVec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int16]]
ShortMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int16]]
ShortCube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.int16]]
ByteVec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int8]]
ByteMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int8]]
ByteCube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.int8]]

MONEY_SCALE = 100_000_000
"""Integer money is counted in units of 1e-8 of the quote currency."""


class Bar(IntEnum):
    """What a bar is worth (``Bars.status``)."""

    ABSENT = 0  # no data: the coin's indicators start again after it
    TRADED = 1
    IMPUTED = 2  # price carried over a gap under one hour: never traded or learned on


class Regime(IntEnum):
    """The market a coin is in, by which engines are approved (Spec 2, METHODS 4)."""

    TREND = 0
    RANGE = 1
    PANIC = 2
    ILLIQUID = 3
    NEUTRAL = 4


N_REGIMES = 5


class Hazard(IntEnum):
    """Bits of ``regime.hazards``, kept beside the label because breakers and exits read them."""

    PANIC = 1
    ILLIQUID = 2


class Action(IntEnum):
    """What was decided for a coin on a bar (Spec 10)."""

    SELL = -1
    WAIT = 0
    BUY = 1


class Reason(IntEnum):
    """Why a coin was, or was not, traded on a bar; the first gate that said no."""

    NONE = 0
    # it traded
    ENTRY = 1
    REBALANCE = 2
    REVERSAL = 3
    EXIT_SIGNAL = 4
    EXIT_TIME = 5
    EXIT_STOP = 6
    EXIT_UNIVERSE = 7
    EXIT_CONTROL = 8
    CARRY_TURNED = 9
    CUT_OPEN_RISK = 10
    CUT_CAP = 11
    EXIT_LIQUIDATION = 12
    EXIT_DELISTED = 13
    # it waited: data
    NO_DATA = 20
    IMPUTED = 21
    WARMUP = 22
    NOT_MEMBER = 23
    DEPEG = 24
    # it waited: votes
    NO_QUORUM = 30
    BELOW_THRESHOLD = 31
    ILLIQUID = 32
    NO_APPROVED_ENGINE = 33
    # it waited: money
    EDGE_BELOW_COST = 40
    KELLY_NOT_POSITIVE = 41
    SHORT_NOT_ALLOWED = 42
    COOLDOWN = 43
    HOLDING = 44
    # it waited: limits
    CAP_COIN = 50
    CAP_SECTOR = 51
    CAP_GROSS = 52
    CAP_PARTICIPATION = 53
    CAP_OPEN_RISK = 54
    CAP_VENUE = 55
    CAP_NET = 56
    CAP_BETA = 57
    CAP_RISK = 58
    PORTFOLIO_ZERO = 60
    PORTFOLIO_NOT_SOLVED = 61
    BELOW_MINIMUM = 62
    BELOW_CHANGE = 63
    # it waited: breakers and controls
    BREAKER_DAILY = 70
    BREAKER_STREAK = 71
    BREAKER_VOLATILITY = 72
    PAUSED = 80
    KILLED = 81
    BLOCKED = 82
    OPEN_RISK_NEGATIVE = 83
    # engines
    ENGINE_FAILED = 90


class Line(IntEnum):
    """The lines of the books (``ledger.State.lines``); GROSS is priced at the decision price.

    ``equity = start + flows + GROSS - (all others)`` in integer units, after every bar.
    A cost is positive when it was paid and negative when it was earned.
    """

    GROSS = 0
    DELAY = 1  # from the decision price to the price when the order arrives
    SPREAD = 2
    IMPACT = 3
    LATENCY = 4
    FEE = 5
    FUNDING = 6
    HAIRCUT = 7  # liquidation fees and what a delisting costs


N_LINES = 8


class Schedule(IntEnum):
    """When the children of a parent order are sent (METHODS 9.2)."""

    IMMEDIATE = 0
    TWAP = 1
    POV = 2


class Placement(IntEnum):
    """Where a child order rests (METHODS 9.2); no naked market orders."""

    MARKETABLE = 0
    LIMIT = 1
    POST_ONLY = 2


class Style(IntEnum):
    """The one word for a parent's execution, by precedence (Spec 8, METHODS 9.2)."""

    POV = 0
    ICEBERG = 1
    TWAP = 2
    POST_ONLY = 3
    LIMIT = 4
    MARKET = 5


class Bars(NamedTuple):
    """Bars of the primary venue, shape (time, coin) each; prices are never rounded or clipped.

    ``volume`` and ``taker_buy`` are in coins; ``spread_bps`` is the quoted spread (NaN where the
    data have none); ``funding_rate`` is the last known rate as a fraction per ``funding_hours``;
    ``basis_bps`` is perpetual over index or spot. NaN where unknown. ``status`` holds ``Bar``.
    """

    open: Mat
    high: Mat
    low: Mat
    close: Mat
    volume: Mat
    taker_buy: Mat
    spread_bps: Mat
    funding_rate: Mat
    funding_hours: Mat
    basis_bps: Mat
    status: ByteMat


class Market(NamedTuple):
    """What the exchanges show, shape (time, venue, coin) each; venue 0 is the primary one.

    ``volume`` in coins; ``spread_bps`` filled (quoted or estimated); ``mark`` the price positions
    are valued at (close where no mark price is known); ``funding`` the sum of the rates settled in
    the instant of the bar's close, 0 where none is; ``status`` holds ``Bar``.
    """

    open: Cube
    high: Cube
    low: Cube
    close: Cube
    volume: Cube
    spread_bps: Cube
    mark: Cube
    funding: Cube
    status: ByteCube


class Venues(NamedTuple):
    """What does not change within a run: fees, sizes and quality, (venue,) or (venue, coin)."""

    maker_bps: Vec
    taker_bps: Vec
    latency_ms: Vec
    reliability: Vec
    lot: Mat  # coins per lot: quantities are integer lots
    tick: Mat  # quote per price step
    min_notional: Mat
    listed: ByteMat  # 1 where the venue has the coin
    is_perp: ByteMat  # 1: goes short, pays funding, has leverage
    maintenance: Mat  # maintenance margin as a fraction of notional


class Features(NamedTuple):
    """One block of features, shape (time, feature, coin); rows as ``features.table.FEATURES``."""

    values: Cube


class Votes(NamedTuple):
    """One block of votes, shape (time, engine, coin): side in {-1, 0, +1} and its strength.

    ``strength`` is the engine's own probability that the stated side is right, in [0.5, 1];
    the consensus calibrates it (METHODS 0b.4). An abstention is side 0 with strength 0.5.
    """

    side: ByteCube
    strength: Cube


class Readings(NamedTuple):
    """What the features pass hands to the decision beside the votes, shape (time, coin) each.

    ``sigma_daily`` is the non-annualised realised volatility of 24 h (a fraction);
    ``bar_volume`` the expected volume of the next bar in coins; ``spread_bps`` quoted or
    estimated; ``funding_bps`` the expected funding per interval of ``funding_hours``;
    ``beta`` to BTC; ``ready`` is 1 once every input of the regime is known.
    """

    sigma_daily: Mat
    bar_volume: Mat
    spread_bps: Mat
    funding_bps: Mat
    funding_hours: Mat
    beta: Mat
    regime: ByteMat
    hazards: ByteMat
    ready: ByteMat


class Controls(NamedTuple):
    """What people and schedules ask of the decision, one row a bar.

    ``pause`` and ``kill`` (time,): no entries; flat. ``block`` and ``flatten`` (time, coin).
    ``member`` (time, coin): 1 while the coin is in the universe. ``flow`` (time,): deposits less
    withdrawals in money units. ``quote_usd`` (time,): USD per quote coin, 1.0 where not given.
    """

    pause: ByteVec
    kill: ByteVec
    block: ByteMat
    flatten: ByteMat
    member: ByteMat
    flow: IntVec
    quote_usd: Vec


class Observation(NamedTuple):
    """Everything that may matter to the decision on a block of bars, fills apart."""

    market: Market
    readings: Readings
    votes: Votes
    controls: Controls


class Orders(NamedTuple):
    """The parent orders in force, at most one per venue and coin, shape (venue, coin) each.

    ``ledger.State.working`` holds what is left of each (signed lots, 0 = none): ``decide`` sets
    it, fills reduce it. ``total`` is the signed size as decided; ``submit_k`` the bar whose close
    decided it; ``n_bars`` how many bars the schedule lasts; ``urgency`` how much of it comes
    early; ``display`` the tip of an iceberg in lots (0: all is shown); ``cross_k`` the bar from
    which a resting order crosses the spread.
    """

    total: IntMat
    decision_price: Mat
    limit_price: Mat
    participation: Mat
    urgency: Mat
    display: IntMat
    submit_k: IntMat
    n_bars: IntMat
    cross_k: IntMat
    schedule: ByteMat
    placement: ByteMat
    style: ByteMat
    reduce_only: ByteMat
    reason: ShortMat
