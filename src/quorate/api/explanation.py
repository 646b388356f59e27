"""One decision taken apart, from what the engines saw to what came of it.

In: nothing; these are the shapes that ``explaining`` fills. Out: frozen records. A number that is
not known is None: where a decision is read from what was recorded, features and raw strengths are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.report.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

FITTED, STREAMING, STATED = "fitted", "streaming", "stated"
"""Where a calibrated probability came from, and an edge."""


@dataclass(frozen=True)
class Reading:
    """One feature of the coin at the close, and which engines with a vote read it."""

    name: str
    value: float | None
    unit: str
    meaning: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Vote:
    """One engine's vote.

    ``strength`` is the engine's own probability, ``prob`` the calibrated one, ``calibration`` what
    calibrated it: ``fitted`` out of sample or ``streaming``; ``contribution`` is w (2p - 1) s, what
    the vote adds to the score; in the log pool w s logit p.
    """

    engine: str
    family: str
    side: int
    strength: float | None
    prob: float
    reliability: float
    weight: float
    contribution: float
    is_approved: bool | None
    calibration: str | None


@dataclass(frozen=True)
class Silence:
    """One engine that took no side, and why; the weight it holds all the same."""

    engine: str
    family: str
    why: str
    weight: float | None
    reliability: float | None
    side: int = 0


@dataclass(frozen=True)
class Score:
    """The votes together: S, what it had to exceed, and the edge it stands for.

    ``edge_map`` says by which map: ``stated`` or ``fitted`` out of sample.
    """

    value: float | None
    sigma: float | None
    threshold: float | None
    k: float | None
    pool: str
    signal: int | None
    edge_bps: float
    confidence: float | None
    n_abstained: int | None
    edge_map: str


@dataclass(frozen=True)
class Costs:
    """The round trip in bps, a component apart; ``margin_bps`` must be left of the edge."""

    half_spread_bps: float | None
    impact_bps: float | None
    fee_bps: float | None
    latency_bps: float | None
    funding_bps: float | None
    total_bps: float | None
    margin_bps: float | None


@dataclass(frozen=True)
class Step:
    """One factor on the way to the target: the signed size after it, USD, and whether it cut.

    ``reason`` is the code the factor speaks with in ``decisions.parquet``, empty where it has none.
    """

    name: str
    usd: float
    is_cut: bool
    note: str
    reason: str = ""


@dataclass(frozen=True)
class Gate:
    """One thing that may forbid an entry whatever it earns, and whether it did."""

    name: str
    is_open: bool
    note: str


@dataclass(frozen=True)
class Watch:
    """One breaker: what it measures, the level at which it trips, and whether it is on.

    ``unit`` is ``USD``, ``losses`` or ``frac``; what has too little history has no level, and
    ``note`` says how much it has.
    """

    name: str
    value: float | None
    level: float | None
    unit: str
    is_on: bool
    note: str = ""


@dataclass(frozen=True)
class Size:
    """From what sizing asked for to the target, USD; ``weight`` is a share of ``budget_usd``."""

    equity_usd: float | None
    stop_frac: float | None
    risk_frac: float | None
    sized_usd: float | None
    multiplier: float | None
    capped_usd: float | None
    cap: str
    budget_usd: float | None
    weight: float | None
    position_usd: float
    target_usd: float
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Breakers:
    """Which breakers were on, which had too little history to judge, and the one that weighed."""

    on: tuple[str, ...]
    unknown: tuple[str, ...]
    reason: str
    watches: tuple[Watch, ...] = ()


@dataclass(frozen=True)
class Route:
    """Where and how the order went; ``lots`` by venue, signed."""

    venue: str
    style: str
    size_usd: float
    lots: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Trade:
    """The flat-to-flat episode that the decision opened, changed, closed or held."""

    opened_at: datetime
    closed_at: datetime
    side: int
    entry_reason: str
    exit_reason: str
    gross_usd: float
    costs_usd: float
    net_usd: float


@dataclass(frozen=True)
class Outcome:
    """What was done and what came of it; ``sentence`` is the reason in words."""

    action: str
    reason: str
    sentence: str
    n_fills: int
    filled_usd: float
    average_price: float | None
    fill_costs_usd: float
    realized_pnl_usd: float | None
    trade: Trade | None


@dataclass(frozen=True)
class Exit:
    """What the exchange closed by itself in the bar that ends here: no decision sent it.

    ``stop_price`` is None where it was no stop; ``paid_usd`` are its costs, a haircut included,
    and ``side`` that of the position.
    """

    reason: str
    venue: str
    side: int
    coins: float
    closed_usd: float
    price: float
    stop_price: float | None
    paid_usd: float


@dataclass(frozen=True)
class Check:
    """One number of the record against the same number computed again."""

    what: str
    recorded: str
    recomputed: str

    @property
    def is_same(self) -> bool:
        """Say whether both are the same to the last digit."""
        return self.recorded == self.recomputed


@dataclass(frozen=True)
class Explanation:
    """One decision: a coin at the close of a bar.

    Attributes
    ----------
    run_id, decision_id : str
        The id is that of the event log; a bar that sent no order has one too.
    symbol, at : str, datetime
        The coin, and the close that decided, UTC.
    source : str
        ``recomputed`` or ``recorded``.
    verdict : str
        How far the two agree, in words.
    checks : tuple of Check
        Each number that was compared.
    price, regime, hazards, features_hash
        The close, the regime of the coin, hazards beside it, and the hash of the features.
    exits : tuple of Exit
        What the exchange closed in the bar that ends here.
    features, votes, silent, score, gates, breakers, costs, size, route, outcome
        The steps, in order; ``silent`` are the engines that took no side.
    """

    run_id: str
    decision_id: str
    symbol: str
    at: datetime
    source: str
    verdict: str
    checks: tuple[Check, ...]
    price: float | None
    regime: str
    hazards: tuple[str, ...]
    features_hash: str
    features: tuple[Reading, ...]
    votes: tuple[Vote, ...]
    silent: tuple[Silence, ...]
    score: Score
    gates: tuple[Gate, ...]
    costs: Costs
    size: Size
    breakers: Breakers | None
    route: Route
    outcome: Outcome
    exits: tuple[Exit, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the whole explanation as plain values, ready for JSON.

        Notes
        -----
        Units: by suffix of the names.  Causal: as the decision.  Missing: None, never NaN.
        """
        found: dict[str, Any] = plain(dataclasses.asdict(self))
        return found

    def __str__(self) -> str:  # type: ignore[explicit-override]
        from quorate.api.waterfall import text

        return text(self)
