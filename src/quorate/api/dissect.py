"""From one coin-bar, folded again or as it was recorded, to the steps of its explanation.

In: a block of ``backtest.run`` and a place in it, or a row of ``decisions.parquet``. Out: the
parts of an ``Explanation`` that the bar itself decides; what came of it stands in ``outcomes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.api.explanation import (
    FITTED,
    STATED,
    STREAMING,
    Breakers,
    Costs,
    Reading,
    Route,
    Score,
    Silence,
    Size,
    Vote,
)
from quorate.backtest.kept import by_engine
from quorate.core.account import Code, Column, Gauge
from quorate.core.consensus.labels import N_BUCKETS, bucket
from quorate.core.consensus.score import evidence
from quorate.core.features.table import FEATURES, features_hash
from quorate.core.risk.breakers import Breaker
from quorate.core.types import MONEY_SCALE, Action, Hazard, Reason, Regime, Style
from quorate.report.plain import known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.backtest.run import Block, Machine
    from quorate.core.engines.base import Engine

_COSTS = ("half_spread_bps", "impact_bps", "fee_bps", "latency_bps", "funding_bps")
_POOLS = {"log": 1}
_NEAR = 1e-8  # probabilities are recorded to nine digits
ABSTAINED = "abstained"
FAILED = "failed on this bar"
NOT_APPROVED = "not approved in this regime"
NOT_HEALTHY = "not healthy: its data are missing"
UNRECORDED = "without a recorded vote"
"""Why an engine took no side, in the words of an explanation."""


@dataclass(frozen=True)
class Parts:
    """What one bar of one coin says by itself."""

    price: float | None
    regime: str
    hazards: tuple[str, ...]
    features_hash: str
    features: tuple[Reading, ...]
    votes: tuple[Vote, ...]
    silent: tuple[Silence, ...]
    score: Score
    costs: Costs
    size: Size
    breakers: Breakers | None
    route: Route
    action: str
    reason: str


def from_block(
    block: Block,
    place: tuple[int, int],
    made: Machine,
    venues: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
) -> Parts:
    """Take one coin-bar of a block apart.

    Parameters
    ----------
    block : Block
        From ``backtest.run.advance``.
    place : tuple of int
        Row of the block, and coin.
    made : Machine
        That made it: its engines, where they may vote, what is fitted.
    venues : sequence of str
        The axis of venues.
    settings : mapping
        Effective settings, for k, the pool and the margin.

    Notes
    -----
    Units: as ``Column`` and ``Code``.  Causal: row t read bars <= t.  Missing: None.
    Spec 10.
    """
    t, c = place
    number, code = block.decisions.number[t, :, c], block.decisions.code[t, :, c]
    features = np.ascontiguousarray(block.features[t, :, c])
    regime = Regime(int(block.readings.regime[t, c]))
    votes = _votes(block, place, made, str(settings["consensus"]["pool"]))
    hazards = int(block.readings.hazards[t, c])
    return Parts(
        price=known(number[Column.PRICE]),
        regime=regime.name.lower(),
        hazards=tuple(each.name.lower() for each in Hazard if hazards & each),
        features_hash=features_hash(features),
        features=_features(features, votes, made.engines),
        votes=votes,
        silent=_silent(block, place, made),
        score=_score(block, place, settings, made, len(made.engines) - len(votes)),
        costs=Costs(
            **{name: known(number[Column[name.upper()]]) for name in _COSTS},
            total_bps=known(number[Column.COST_BPS]),
            margin_bps=float(settings["costs"]["safety_margin_bps"]),
        ),
        size=_size(block, place),
        breakers=_breakers(int(code[Code.FLAGS]), int(code[Code.BREAKER])),
        route=Route(
            venue=venues[int(code[Code.VENUE])],
            style=Style(int(code[Code.STYLE])).name if code[Code.STYLE] >= 0 else "",
            size_usd=abs(float(number[Column.SIZE_USD])),
            lots=tuple(
                (venue, int(block.decisions.lots[t, v, c]))
                for v, venue in enumerate(venues)
                if block.decisions.lots[t, v, c] != 0
            ),
        ),
        action=Action(int(code[Code.ACTION])).name.lower(),
        reason=Reason(int(code[Code.REASON])).name,
    )


def _votes(block: Block, place: tuple[int, int], made: Machine, pool: str) -> tuple[Vote, ...]:
    """Return the votes that were cast, the one that moves the score most first."""
    t, c = place
    regime = int(block.readings.regime[t, c])
    said = block.consensus
    found = []
    for e in np.nonzero(block.votes.side[t, :, c])[0].tolist():
        side, prob = int(block.votes.side[t, e, c]), float(said.prob[t, e, c])
        weight = float(said.weights[t, regime, e])
        strength = float(block.votes.strength[t, e, c])
        cell = regime * N_BUCKETS + bucket(strength)
        is_fitted = made.cells.size > 0 and not np.isnan(made.cells[e, cell])
        found.append(
            Vote(
                engine=made.engines[e].name,
                family=made.engines[e].family,
                side=side,
                strength=strength,
                prob=prob,
                reliability=float(said.reliability[t, e]),
                weight=weight,
                contribution=weight * float(evidence(prob, _POOLS.get(pool, 0))) * side,
                is_approved=bool(made.approved[regime, e]),
                calibration=FITTED if is_fitted else STREAMING,
            )
        )
    return tuple(sorted(found, key=_by_contribution))


def _silent(block: Block, place: tuple[int, int], made: Machine) -> tuple[Silence, ...]:
    """Return the engines that took no side, in the order of their axis, each with why."""
    t, c = place
    regime = int(block.readings.regime[t, c])
    said = block.consensus
    failed = {each.engine for each in block.failures if t in each.bars}
    found = []
    for e in np.nonzero(block.votes.side[t, :, c] == 0)[0].tolist():
        engine = made.engines[e]
        why = ABSTAINED
        if not made.healthy[e]:
            why = NOT_HEALTHY
        elif engine.name in failed:
            why = FAILED
        elif not made.approved[regime, e]:
            why = NOT_APPROVED
        weight, reliability = float(said.weights[t, regime, e]), float(said.reliability[t, e])
        found.append(Silence(engine.name, engine.family, why, weight, reliability))
    return tuple(found)


def _by_contribution(vote: Vote) -> tuple[float, str]:
    return -abs(vote.contribution), vote.engine


def _features(
    row: np.ndarray[tuple[int], np.dtype[np.float64]],
    votes: Sequence[Vote],
    engines: Sequence[Engine],
) -> tuple[Reading, ...]:
    reads = {engine.name: set(engine.reads) for engine in engines}
    return tuple(
        Reading(
            name=feature.name,
            value=known(value),
            unit=feature.unit,
            meaning=feature.meaning,
            readers=tuple(vote.engine for vote in votes if feature.name in reads[vote.engine]),
        )
        for feature, value in zip(FEATURES, row, strict=True)
    )


def _score(
    block: Block,
    place: tuple[int, int],
    settings: Mapping[str, Mapping[str, Any]],
    made: Machine,
    n_abstained: int,
) -> Score:
    said = block.consensus
    return Score(
        value=known(said.score[place]),
        sigma=known(said.sigma[place]),
        threshold=known(said.threshold[place]),
        k=float(settings["consensus"]["k"]),
        pool=str(settings["consensus"]["pool"]),
        signal=int(said.signal[place]),
        edge_bps=float(said.edge_bps[place]),
        confidence=known(said.confidence[place]),
        n_abstained=n_abstained,
        edge_map=STATED if made.edges is None else FITTED,
    )


def _size(block: Block, place: tuple[int, int]) -> Size:
    t, c = place
    number, code = block.decisions.number[t, :, c], block.decisions.code[t, :, c]
    return Size(
        equity_usd=float(block.decisions.equity[t]) / MONEY_SCALE,
        stop_frac=known(number[Column.STOP_FRAC]),
        risk_frac=known(number[Column.RISK_FRAC]),
        sized_usd=known(number[Column.SIZED_USD]),
        multiplier=known(number[Column.MULTIPLIER]),
        capped_usd=known(number[Column.CAPPED_USD]),
        cap=Reason(int(code[Code.CAP])).name,
        budget_usd=known(block.decisions.gauge[t, Gauge.BUDGET_USD]),
        weight=known(number[Column.WEIGHT]),
        position_usd=float(number[Column.POSITION_USD]),
        target_usd=float(number[Column.TARGET_USD]),
    )


def _breakers(flags: int, reason: int) -> Breakers:
    found = [each for each in Breaker if flags & each]
    return Breakers(
        on=tuple(b.name.lower() for b in found if not b.name.endswith("_UNKNOWN")),
        unknown=tuple(b.name.lower() for b in found if b.name.endswith("_UNKNOWN")),
        reason=Reason(reason).name,
    )


def from_row(
    row: Mapping[str, Any],
    engines: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Any] | None = None,
) -> Parts:
    """Take a recorded decision apart, as far as it was recorded.

    Parameters
    ----------
    row : mapping
        A row of ``decisions.parquet``.
    engines : sequence of mapping
        ``engines`` of ``run.json``.
    settings : mapping
        ``settings`` of ``run.json``.
    models : mapping, optional
        ``models`` of ``run.json``, of a run that had a model set.

    Notes
    -----
    Units: as the columns.  Causal: as it was decided.  Missing: None; features are not kept.
    Spec 10.
    """
    about = {engine["name"]: engine for engine in engines}
    pool = str(settings["consensus"]["pool"])
    cells = {} if models is None else models["cells"]
    floor = float(settings["consensus"].get("floor_prob", 0.5))
    votes = []
    for name, vote in by_engine(row["engine_votes"]).items():
        approved = about.get(name, {}).get("approved")
        if approved is not None and {"trend", "range"} <= set(approved):
            approved = [*approved, "neutral"]
        gain = float(evidence(vote["prob"], _POOLS.get(pool, 0)))
        votes.append(
            Vote(
                engine=name,
                family=str(about.get(name, {}).get("family", "")),
                side=vote["side"],
                strength=None,
                prob=vote["prob"],
                reliability=vote["reliability"],
                weight=vote["weight"],
                contribution=vote["weight"] * gain * vote["side"],
                is_approved=None if approved is None else row["regime"] in approved,
                calibration=_source(cells.get(name, {}).get(row["regime"]), vote["prob"], floor),
            )
        )
    return Parts(
        price=known(row["price"]),
        regime=row["regime"],
        hazards=(),
        features_hash=row["features_hash"],
        features=(),
        votes=tuple(sorted(votes, key=_by_contribution)),
        silent=tuple(
            Silence(name, str(engine.get("family", "")), UNRECORDED, None, None)
            for name, engine in about.items()
            if name not in {vote.engine for vote in votes}
        ),
        score=Score(
            value=known(row["consensus_score"]),
            sigma=known(row["sigma"]),
            threshold=known(row["threshold"]),
            k=float(settings["consensus"]["k"]),
            pool=pool,
            signal=None,
            edge_bps=row["expected_edge_bps"],
            confidence=None,
            n_abstained=len(about) - len(votes) if about else None,
            edge_map=STATED if models is None or models["edge_map"] is None else FITTED,
        ),
        costs=Costs(
            **{name: known(row[name]) for name in _COSTS},
            total_bps=known(row["costs_bps"]),
            margin_bps=float(settings["costs"]["safety_margin_bps"]),
        ),
        size=Size(
            equity_usd=None,
            stop_frac=known(row["stop_frac"]),
            risk_frac=known(row["risk_frac"]),
            sized_usd=known(row["sized_usd"]),
            multiplier=known(row["multiplier"]),
            capped_usd=None,
            cap=row["cap"],
            budget_usd=None,
            weight=known(row["weight"]),
            position_usd=row["position_usd"],
            target_usd=row["target_usd"],
        ),
        breakers=None,
        route=Route(row["venue"], row["style"], row["size_usd"], ()),
        action=row["action"],
        reason=row["reason"],
    )


def _source(fitted: Sequence[float | None] | None, prob: float, floor: float) -> str | None:
    """Return what calibrated a recorded vote; None where it could be either.

    Its strength, which says the cell, is not recorded: the fitted probabilities of the regime are.
    """
    if fitted is None:
        return STREAMING
    if None not in fitted:
        return FITTED
    near = any(p is not None and abs(max(p, floor) - prob) < _NEAR for p in fitted)
    if near and abs(prob - floor) < _NEAR:  # where the streaming one begins, and ends
        return None
    return FITTED if near else STREAMING
