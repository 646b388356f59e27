"""What the consensus needs while it takes one bar: made once a block, overwritten by every bar."""

from __future__ import annotations

from typing import NamedTuple

from quorate.core.consensus.labels import IntCube
from quorate.core.consensus.reliability import Standing
from quorate.core.consensus.vote import Tally
from quorate.core.types import ByteMat, ByteVec, Mat


class Work(NamedTuple):
    """Arrays of one bar; nothing in them outlives it.

    ``votes``, ``gated`` (coin,) from ``vote.admit``; ``move`` (coin,) from ``labels.moves``;
    ``codes`` (engine, coin) from ``labels.encode``; ``ended`` (2, engine, cell) and ``square``
    (engine, regime) from ``labels.resolve``; ``prob`` (engine, cell) from ``calibration``;
    ``signed`` (coin, engine) from ``vote.signed``; ``rebuilt`` (regime,): 1 where the correlation
    is of this bar.
    """

    votes: ByteVec
    gated: ByteVec
    move: ByteVec
    codes: ByteMat
    ended: IntCube
    square: Mat
    prob: Mat
    signed: Mat
    rebuilt: ByteVec
    standing: Standing
    tally: Tally
