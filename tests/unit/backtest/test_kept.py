"""Kept decisions, gathered by columns, are what writing them one by one gives."""

from __future__ import annotations

import json

import numpy as np
import pytest

import quorate
from quorate.api import folding
from quorate.backtest import kept
from quorate.core.account import Code, Column
from quorate.core.features.table import features_hash
from quorate.core.types import Action, Reason, Regime, Style

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}


@pytest.fixture(scope="module")
def found():
    """The last block of a lively market, some of its coin-bars, and their rows."""
    panel = quorate.synthetic(n_coins=4, days=14, planted_edge=4.0)
    engines = quorate.engines()
    fold = folding.begin(panel, quorate.read_settings(overrides=LIVELY), engines)
    *_, (_, block) = folding.advance(panel, fold)
    acted = block.decisions.code[:, Code.ACTION, :] != 0
    drawn = np.random.default_rng(0).random(acted.shape) < 0.02
    t, c = np.nonzero(acted | drawn)
    names = (panel.symbols, panel.venue_names, [engine.name for engine in engines])
    return block, t, c, names, kept.rows(block, t, c, 300_000, names)


def test_there_are_orders_and_refusals(found):
    *_, rows = found
    assert {"buy", "sell", "wait"} <= set(rows["action"])
    assert rows["reason"].n_unique() > 3


def test_every_row_is_what_the_block_says(found):
    block, t, c, (symbols, venues, _), rows = found
    for i, row in enumerate(rows.iter_rows(named=True)):
        number, code = block.decisions.number[t[i], :, c[i]], block.decisions.code[t[i], :, c[i]]
        assert row["timestamp"] == (block.k0 + t[i]) * 300_000
        assert row["symbol"] == symbols[c[i]]
        assert row["venue"] == venues[code[Code.VENUE]]
        assert row["features_hash"] == features_hash(block.features[t[i], :, c[i]].copy())
        assert row["action"] == Action(code[Code.ACTION]).name.lower()
        assert row["reason"] == Reason(code[Code.REASON]).name
        assert row["cap"] == Reason(code[Code.CAP]).name
        assert row["regime"] == Regime(block.readings.regime[t[i], c[i]]).name.lower()
        style = code[Code.STYLE]
        assert row["style"] == (Style(style).name if style >= 0 else "")
        assert row["size_usd"] == abs(number[Column.SIZE_USD])
        for name in ("PRICE", "TARGET_USD", "IMPACT_BPS", "WEIGHT"):
            np.testing.assert_equal(row[name.lower()], number[Column[name]])


def test_votes_are_written_as_json_sorts_and_rounds_them(found):
    block, t, c, (_, _, engines), rows = found
    for i, text in enumerate(rows["engine_votes"]):
        regime = block.readings.regime[t[i], c[i]]
        votes = {
            engines[e]: {
                "side": int(block.votes.side[t[i], e, c[i]]),
                "prob": round(float(block.consensus.prob[t[i], e, c[i]]), 9),
                "reliability": round(float(block.consensus.reliability[t[i], e]), 9),
                "weight": round(float(block.consensus.weights[t[i], regime, e]), 9),
            }
            for e in np.nonzero(block.votes.side[t[i], :, c[i]])[0]
        }
        assert text == json.dumps(votes, sort_keys=True, separators=(",", ":"))
