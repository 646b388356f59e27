"""Fold the decision over history: features, votes, consensus, then fills and decisions bar by bar.

In: blocks of bars and quotes, engines, parameters. Out: the rows of each block. All memory is in
``Memory``, so a block may be of any length and a run may stop and go on: the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from quorate.backtest import exchange, gate, spreads
from quorate.backtest.fills import Fills, fills, rows_needed
from quorate.backtest.fold import Tally, fold
from quorate.core import account, consensus, decide, features, regime
from quorate.core.account import Decisions
from quorate.core.consensus import calibration, edge_map
from quorate.core.engines.base import Engine, Rows, approval
from quorate.core.engines.poll import Failure, poll
from quorate.core.engines.rule import is_ours
from quorate.core.features.table import FEATURES, index
from quorate.core.types import (
    Bars,
    ByteMat,
    ByteVec,
    Controls,
    Market,
    Mat,
    Observation,
    Readings,
    Vec,
    Votes,
)

BLOCK_CELLS = 25_000
"""Coin-bars in a block: small enough for the processor's cache, large enough to hide Python."""

_NAMES = tuple(feature.name for feature in FEATURES)


class Params(NamedTuple):
    """The parameters of every pass of a run."""

    features: features.Params
    regime: regime.Params
    consensus: consensus.Params
    chain: account.Params
    exchange: exchange.Params


class Memory(NamedTuple):
    """All that is carried from one bar to the next; a copy of it is a snapshot."""

    features: features.State
    regime: regime.State
    consensus: consensus.State
    chain: account.State
    exchange: exchange.State
    spread_bps: Vec  # (coin,) last known, for bars on which no estimate is
    sigma_daily: Vec  # (coin,) at the close before: what the next bar's fills may know


class Slice(NamedTuple):
    """One block of inputs; arrays are C-contiguous and writable."""

    k0: int
    bars: Bars
    market: Market
    controls: Controls


@dataclass(frozen=True)
class Machine:
    """What is fixed within a run: engines, parameters, the market's constants."""

    engines: tuple[Engine, ...]
    params: Params
    setup: account.Setup
    approved: ByteMat
    healthy: ByteVec
    family: ByteVec
    foreign: frozenset[str] = frozenset()  # engines of other code, shown scattered rows
    edges: edge_map.EdgeMap | None = None  # fitted out of sample; None: the stated map
    cells: Mat = field(default_factory=calibration.unfitted)  # likewise; NaN: streaming


@dataclass(frozen=True)
class Seen:
    """What the market alone says of one block: features, readings and votes."""

    inputs: Slice
    features: np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
    readings: Readings
    votes: Votes
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Block:
    """What one block left behind."""

    inputs: Slice  # spreads filled
    features: np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
    readings: Readings
    votes: Votes
    consensus: consensus.Out
    decisions: Decisions
    fills: Fills
    tally: Tally
    failures: tuple[Failure, ...]

    @property
    def k0(self) -> int:
        """Return the counter of the first bar."""
        return self.inputs.k0


def machine(
    engines: Sequence[Engine],
    params: Params,
    setup: account.Setup,
    missing: frozenset[str] = frozenset(),
) -> Machine:
    """Join engines, parameters and market constants, checked.

    Parameters
    ----------
    engines : sequence of Engine
        At least one, of different names.
    params, setup
        As the fields of ``Machine``.
    missing : frozenset of str
        Features the market's sources do not have: an engine that reads one is not healthy, so
        that its silence does not hold weight (METHODS 2.5).

    Raises
    ------
    ValueError
        Without an engine, with two of one name, or with arrays the kernels could not read.

    Notes
    -----
    Units: none. Causal: fixed before the run. Missing: none. Spec 2.
    """
    names = [engine.name for engine in engines]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"a run needs engines of different names, got {names}")
    gate.check_setup(setup)
    families = sorted({engine.family for engine in engines})
    return Machine(
        engines=tuple(engines),
        params=params,
        setup=setup,
        approved=approval(engines),
        healthy=np.array([missing.isdisjoint(engine.reads) for engine in engines], np.int8),
        family=np.array([families.index(engine.family) for engine in engines], np.int8),
        foreign=frozenset(engine.name for engine in engines if not is_ours(engine)),
    )


def begin(made: Machine, n_venues: int, n_coins: int, start_usd: float) -> Memory:
    """Return the memory of a run that has seen nothing and holds only cash."""
    given = made.params
    return Memory(
        features=features.init(n_coins, given.features),
        regime=regime.init(n_coins, given.regime),
        consensus=consensus.init(len(made.engines), n_coins, given.consensus),
        chain=decide.init(n_venues, n_coins, start_usd, given.chain),
        exchange=exchange.init(n_venues, n_coins),
        spread_bps=np.full(n_coins, spreads.UNKNOWN_BPS),
        sigma_daily=np.full(n_coins, np.nan),
    )


def controls(member: ByteMat, quote_usd: Vec) -> Controls:
    """Return what a backtest asks of the decision: nothing but the universe."""
    n_bars = member.shape[0]
    return Controls(
        pause=np.zeros(n_bars, np.int8),
        kill=np.zeros(n_bars, np.int8),
        block=np.zeros(member.shape, np.int8),
        flatten=np.zeros(member.shape, np.int8),
        member=member,
        flow=np.zeros(n_bars, np.int64),
        quote_usd=quote_usd,
    )


def advance(made: Machine, memory: Memory, piece: Slice) -> Block:
    """Run one block through every pass and return its rows; ``memory`` is moved on.

    Parameters
    ----------
    made : Machine
        From ``machine``.
    memory : Memory
        From ``begin`` or an earlier block; updated in place.
    piece : Slice
        The next bars, in order, without a hole in the grid.

    Returns
    -------
    Block
        Features, votes, consensus, decisions and fills of the block.

    Notes
    -----
    Units: as the fields say. Causal: row t of every output reads bars <= t.
    Missing: as ``core.types``; a spread that no quote and no estimate gives is the last one known.
    DESIGN 1.
    """
    return act(made, memory, look(made, memory, piece))


def look(made: Machine, memory: Memory, piece: Slice) -> Seen:
    """Run the passes that read the market alone: features, regimes, votes.

    They move ``memory.features`` and ``memory.regime`` on and touch nothing else of it, so the next
    block may be looked at while ``act`` decides on this one.

    Parameters
    ----------
    made, memory, piece
        As ``advance``.

    Notes
    -----
    Units: as the fields say. Causal: row t of every output reads bars <= t. Missing: as
    ``core.types``. DESIGN 1.
    """
    gate.check_slice(piece, made.setup)
    n_bars, _, n_coins = piece.market.close.shape
    values = features.build(piece.bars, piece.k0, memory.features, made.params.features).values
    labels = np.zeros((3, n_bars, n_coins), np.int8)
    regime.scan(
        values,
        piece.bars.status,
        piece.k0,
        memory.regime,
        made.params.regime,
        labels[0],
        labels[1],
        labels[2],
    )
    votes, failures = poll(made.engines, Rows(values, _NAMES), foreign=made.foreign)
    readings = _readings(values, piece.bars, labels, made.setup.can_short)
    return Seen(piece, values, readings, votes, tuple(failures))


def act(made: Machine, memory: Memory, seen: Seen) -> Block:
    """Run the passes that remember votes and money: ``weigh``, then ``trade``.

    Parameters
    ----------
    made, memory
        As ``advance``; all of ``memory`` but features and regime is moved on.
    seen : Seen
        From ``look``, blocks in order.

    Notes
    -----
    Units, Causal, Missing: as ``advance``. DESIGN 1.
    """
    return trade(made, memory, seen, weigh(made, memory, seen))


def weigh(made: Machine, memory: Memory, seen: Seen) -> consensus.Out:
    """Add up the votes of a block; ``memory.consensus`` alone is moved on.

    It reads nothing of the account, so what it returns serves every setting of costs, risk,
    portfolio, routing and exchange alike (docs/decisions 0014).

    Parameters
    ----------
    made, memory, seen
        As ``act``.

    Notes
    -----
    Units, Causal, Missing: as ``consensus.scan``; a fitted edge map replaces the stated one in
    what is returned, and nothing that is remembered reads it (METHODS 3.4). Spec 1.
    """
    readings, votes = seen.readings, seen.votes
    n_bars, n_coins = seen.inputs.bars.close.shape
    said = consensus.out(n_bars, len(made.engines), n_coins)
    consensus.scan(
        seen.inputs.k0,
        seen.inputs.bars.close,
        seen.inputs.bars.status,
        readings.ready,
        readings.regime,
        readings.sigma_daily,
        votes.side,
        votes.strength,
        made.approved,
        made.cells,
        _heard(made, seen.failures, n_bars),
        made.family,
        made.params.consensus,
        memory.consensus,
        said,
    )
    if made.edges is not None:
        edge_map.scan(said.score, readings.sigma_daily, made.edges, said.edge_bps)
    return said


def trade(made: Machine, memory: Memory, seen: Seen, said: consensus.Out) -> Block:
    """Fill and decide a block, bar by bar; the account and the exchange are moved on.

    Parameters
    ----------
    made, memory, seen
        As ``act``.
    said : consensus.Out
        From ``weigh``, of the same consensus settings; it is read only.

    Notes
    -----
    Units, Causal, Missing: as ``advance``. DESIGN 1.
    """
    piece, readings, votes = seen.inputs, seen.readings, seen.votes
    n_bars, n_venues, n_coins = piece.market.close.shape
    market = piece.market._replace(
        spread_bps=spreads.fill(
            piece.market, made.setup.venues.tick, readings.spread_bps, memory.spread_bps
        )
    )
    out = account.decisions(n_bars, n_venues, n_coins)
    log = fills(rows_needed(n_bars, n_venues, n_coins))
    tally = Tally(np.zeros(n_bars, np.int64), np.zeros(n_bars, np.int64))
    fold(
        piece.k0,
        Observation(market, readings, votes, piece.controls),
        made.setup,
        made.params.chain,
        made.params.exchange,
        memory.chain,
        memory.exchange,
        out,
        said,
        log,
        tally,
        memory.sigma_daily,
    )
    filled = piece._replace(market=market)
    return Block(filled, seen.features, readings, votes, said, out, log, tally, seen.failures)


def _readings(
    values: np.ndarray[tuple[int, int, int], np.dtype[np.float64]],
    bars: Bars,
    labels: np.ndarray[tuple[int, int, int], np.dtype[np.int8]],
    can_short: ByteVec,
) -> Readings:
    def column(name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.ascontiguousarray(values[:, index(name), :])

    is_perp = can_short == 1
    rate = np.where(is_perp, bars.funding_rate * 1e4, 0.0)
    hours = np.where(is_perp, bars.funding_hours, 8.0)
    return Readings(
        sigma_daily=column("vol_24h"),
        bar_volume=column("bar_volume"),
        spread_bps=column("spread_bps"),
        funding_bps=rate,
        funding_hours=hours,
        beta=column("beta_btc"),
        regime=labels[0],
        hazards=labels[1],
        ready=labels[2],
    )


def _heard(made: Machine, failures: Sequence[Failure], n_bars: int) -> ByteMat:
    """Return who can vote, bar by bar: an engine that gave no answer holds no weight then."""
    heard = np.repeat(made.healthy[None, :], n_bars, axis=0)
    names = [engine.name for engine in made.engines]
    for failure in failures:
        heard[list(failure.bars), names.index(failure.engine)] = 0
    return np.ascontiguousarray(heard)
