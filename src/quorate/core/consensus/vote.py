"""Vote: record this bar's votes and add them up, coin by coin.

In: sides, strengths, calibrated probabilities and weights of one bar. Out: the ring of open
labels, and per coin the summed evidence, the voters' weight, mass of labels and families.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.consensus import labels
from quorate.core.consensus.labels import N_BUCKETS, voters
from quorate.core.consensus.params import Params
from quorate.core.consensus.reliability import POOLED
from quorate.core.consensus.score import evidence
from quorate.core.kernel import kernel
from quorate.core.types import N_REGIMES, Bar, ByteMat, ByteVec, IntVec, Mat, Vec


class Tally(NamedTuple):
    """One bar's votes added up, shape (coin,) each; ``families`` is a set of bits."""

    evidence: Vec
    weight: Vec
    mass: Vec
    families: IntVec


@kernel
def admit(status: ByteVec, ready: ByteVec, regime: ByteVec, votes: ByteVec, gated: ByteVec) -> None:
    """Mark the coins whose votes are recorded; ``gated`` is their regime, -1 elsewhere.

    Notes
    -----
    Units: none.  Causal: this bar.
    Missing: not traded, not ready or without a regime: no votes.
    """
    for c in range(status.size):
        known = ready[c] != 0 and 0 <= regime[c] < N_REGIMES
        votes[c] = int(known and status[c] == Bar.TRADED)
        gated[c] = regime[c] if votes[c] else -1


@kernel
def signed(codes: ByteMat, prob: Mat, out: Mat) -> None:
    """Write each coin's signed votes (2p - 1) s, shape (coin, engine) for the correlations."""
    n_engines, n_coins = codes.shape
    for e in range(n_engines):
        for c in range(n_coins):
            code = codes[e, c]
            out[c, e] = 0.0
            if code > 0:
                out[c, e] = 2.0 * prob[e, code - 1] - 1.0
            elif code < 0:
                out[c, e] = 1.0 - 2.0 * prob[e, -code - 1]


@kernel
def step(
    k: int,
    codes: ByteMat,
    prob: Mat,
    weights: Mat,
    mass: Mat,
    family: ByteVec,
    params: Params,
    state: labels.State,
    tally: Tally,
    out_prob: Mat,
) -> None:
    """Record every vote with its probability, and add up those with weight.

    Parameters
    ----------
    k : int
        Bar counter.
    codes : ByteMat
        From ``labels.encode``, shape (engine, coin).
    prob : Mat
        Calibrated probabilities in force, shape (engine, cell).
    weights : Mat
        Shape (regime, engine).
    mass : Mat
        Mass of labels behind each engine, ``reliability.Standing.mass``.
    family : ByteVec
        Family of each engine, 0 to 62, shape (engine,).
    params : Params
        Pool, horizon and whether regimes are told apart.
    state : labels.State
        The ring: row ``k % h`` of ``code`` and ``prob`` is written.
    tally : Tally
        Written.
    out_prob : Mat
        Written: probability of each vote, 0.5 for none, shape (engine, coin).

    Notes
    -----
    Units: none.  Causal: this bar's votes.
    Missing: an abstention adds nothing; an engine of weight 0 is recorded, not counted.
    Spec 1, METHODS 0b.3, 2.5.
    """
    n_engines, n_coins = codes.shape
    slot = k % params.horizon_bars
    total = tally.evidence
    voting = tally.weight
    backing = tally.mass
    families = tally.families
    for c in range(n_coins):
        total[c] = 0.0
        voting[c] = 0.0
        backing[c] = 0.0
        families[c] = 0
    _record(codes, state.code[slot], prob, state.prob[slot], out_prob)
    found = np.empty(n_coins, dtype=np.int64)
    for e in range(n_engines):
        code = codes[e]
        row = out_prob[e]
        bit = np.int64(1) << np.int64(family[e])
        for i in range(voters(code, found)):
            c = found[i]
            at = abs(np.int64(code[c])) - 1
            v = at // N_BUCKETS
            row[c] = prob[e, at]
            weight = weights[v, e]
            if weight > 0.0:
                adds = weight * evidence(prob[e, at], params.pool)
                total[c] += adds if code[c] > 0 else -adds
                voting[c] += weight
                backing[c] += weight * mass[v if params.by_regime else POOLED, e]
                families[c] |= bit


@kernel
def _record(codes: ByteMat, code: ByteMat, prob: Mat, stated: Mat, out_prob: Mat) -> None:
    """Keep votes and probabilities until their labels end; nobody has voted yet."""
    from_codes, into_codes = codes.reshape(-1), code.reshape(-1)
    probs, into_probs, rows = prob.reshape(-1), stated.reshape(-1), out_prob.reshape(-1)
    for i in range(from_codes.size):
        into_codes[i] = from_codes[i]
        rows[i] = 0.5
    for i in range(probs.size):
        into_probs[i] = probs[i]
