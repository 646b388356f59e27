"""What the consensus writes for every bar of a block."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from quorate.core.types import N_REGIMES, ByteMat, Cube, Mat

ShortMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int16]]


class Out(NamedTuple):
    """One block of consensus, one row a bar.

    ``prob`` (time, engine, coin): calibrated probability, 0.5 where there is no vote.
    ``weights`` (time, regime, engine); ``reliability`` (time, engine), pooled over regimes.
    The rest is (time, coin): ``score``; ``sigma`` and ``threshold`` (NaN until 100 scores are
    known); ``edge_bps``; ``confidence``; ``voters_weight``; ``signal`` -1, 0 or +1; ``reason``
    a ``Reason``, ``NONE`` where there is a signal.
    """

    prob: Cube
    weights: Cube
    reliability: Mat
    score: Mat
    sigma: Mat
    threshold: Mat
    edge_bps: Mat
    confidence: Mat
    voters_weight: Mat
    signal: ByteMat
    reason: ShortMat


def out(n_bars: int, n_engines: int, n_coins: int) -> Out:
    """Return a block to write into.

    Examples
    --------
    >>> out(64, 20, 400).weights.shape
    (64, 5, 20)
    """
    panel = (n_bars, n_coins)
    return Out(
        prob=np.full((n_bars, n_engines, n_coins), 0.5),
        weights=np.zeros((n_bars, N_REGIMES, n_engines)),
        reliability=np.zeros((n_bars, n_engines)),
        score=np.zeros(panel),
        sigma=np.full(panel, np.nan),
        threshold=np.full(panel, np.nan),
        edge_bps=np.zeros(panel),
        confidence=np.zeros(panel),
        voters_weight=np.zeros(panel),
        signal=np.zeros(panel, dtype=np.int8),
        reason=np.zeros(panel, dtype=np.int16),
    )
