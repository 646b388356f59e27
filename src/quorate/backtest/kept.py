"""The rows of the decisions that are kept: what was decided of some coins on some bars of a block.

In: a block, and which of its coin-bars to keep. Out: a frame, one row each, in order of time and
coin. Columns are gathered at once; only hashes and votes are written row by row.
"""

from __future__ import annotations

import json
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.core.account import Code, Column
from quorate.core.features.table import features_hash
from quorate.core.types import Action, Reason, Regime, Style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import IntEnum

    from quorate.backtest.run import Block
    from quorate.core.types import IntVec

_NUMBERS: Final = (
    "HALF_SPREAD_BPS",
    "IMPACT_BPS",
    "FEE_BPS",
    "LATENCY_BPS",
    "FUNDING_BPS",
    "STOP_FRAC",
    "SIZED_USD",
    "OTHER_USD",
    "RISK_FRAC",
    "MULTIPLIER",
    "WEIGHT",
)


def rows(
    block: Block,
    t: IntVec,
    c: IntVec,
    bar_ms: int,
    names: tuple[Sequence[str], Sequence[str], Sequence[str]],
) -> pl.DataFrame:
    """Return the decisions of some coin-bars of a block.

    Parameters
    ----------
    block : Block
        From ``run.advance``.
    t, c : IntVec
        Rows and coins, shape (decision,).
    bar_ms : int
        Length of a bar.
    names : tuple of sequence of str
        Symbols, venues and engines.

    Notes
    -----
    Units: as the column names say; ``timestamp`` is milliseconds.  Causal: as it was decided.
    Missing: NaN; an empty style where nothing was sent.  Spec 10.
    """
    symbols, venues, engines = names
    number, code = block.decisions.number[t, :, c], block.decisions.code[t, :, c]
    said, regime = block.consensus, block.readings.regime[t, c]
    features = np.ascontiguousarray(block.features[t, :, c])

    def real(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.ascontiguousarray(number[:, Column[name]], np.float64)

    return pl.DataFrame(
        {
            "timestamp": (block.k0 + t) * bar_ms,
            "symbol": _named(symbols, c),
            "features_hash": [features_hash(row) for row in features],
            "engine_votes": _votes(block, t, c, engines),
            "consensus_score": said.score[t, c],
            "action": _words(Action, code[:, Code.ACTION]).str.to_lowercase(),
            "size_usd": np.abs(real("SIZE_USD")),
            "price": real("PRICE"),
            "expected_edge_bps": said.edge_bps[t, c],
            "regime": _words(Regime, regime).str.to_lowercase(),
            "costs_bps": real("COST_BPS"),
            "reason": _words(Reason, code[:, Code.REASON]),
            "cap": _words(Reason, code[:, Code.CAP]),
            "side": code[:, Code.SIDE].astype(np.int64),
            "target_usd": real("TARGET_USD"),
            "position_usd": real("POSITION_USD"),
            "threshold": said.threshold[t, c],
            "sigma": said.sigma[t, c],
            "venue": _named(venues, code[:, Code.VENUE]),
            "style": _words(Style, code[:, Code.STYLE]),
            **{name.lower(): real(name) for name in _NUMBERS},
        }
    )


def _named(names: Sequence[str], at: np.ndarray[tuple[int], np.dtype[np.integer]]) -> list[str]:
    return [names[i] for i in at.tolist()]


def _words(
    options: type[IntEnum], codes: np.ndarray[tuple[int], np.dtype[np.integer]]
) -> pl.Series:
    """Return the names of codes; a code below 0 is no name."""
    known = {each.value: each.name for each in options}
    return pl.Series([known.get(code, "") for code in codes.tolist()], dtype=pl.String)


def _votes(block: Block, t: IntVec, c: IntVec, engines: Sequence[str]) -> list[str]:
    """Write the votes of each row as JSON, engines by name, as ``json.dumps`` would sort them."""
    order = sorted(range(len(engines)), key=engines.__getitem__)
    heads = [f"{json.dumps(engines[e])}:" for e in order]
    side = block.votes.side[t, :, c][:, order].tolist()
    prob = block.consensus.prob[t, :, c][:, order].tolist()
    reliability = block.consensus.reliability[t][:, order].tolist()
    weight = block.consensus.weights[t, block.readings.regime[t, c]][:, order].tolist()
    return [
        "{"
        + ",".join(
            f'{head}{{"prob":{_text(p)},"reliability":{_text(r)},"side":{s},"weight":{_text(w)}}}'
            for head, s, p, r, w in zip(heads, *vote, strict=True)
            if s
        )
        + "}"
        for vote in zip(side, prob, reliability, weight, strict=True)
    ]


@lru_cache(maxsize=65_536)
def _text(value: float) -> str:
    """Return nine decimals, as JSON writes them; engines share their numbers over coins."""
    rounded = round(value, 9)
    # json writes a float by its repr, but takes three times as long; NaN and inf it names itself
    return repr(rounded) if isfinite(rounded) else json.dumps(rounded)
