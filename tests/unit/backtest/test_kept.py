"""Kept decisions are what the block says, wherever they are kept until they are read."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import folding
from quorate.backtest import kept
from quorate.core.account import Code, Column
from quorate.core.features.table import features_hash
from quorate.core.types import Action, Reason, Regime, Style
from quorate.records import canonical_json

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
    places = np.argwhere(acted | drawn).tolist()
    t, c = np.array(sorted(places, key=lambda at: (at[0], panel.symbols[at[1]]))).T
    names = (panel.symbols, panel.venue_names, [engine.name for engine in engines])
    return block, t, c, names, kept_of(names, (block, t, c)).collect()


def kept_of(names, *added):
    """Return what is kept of coin-bars of blocks, nothing come of it."""
    found = kept.Kept(*names, 300_000)
    for each in added:
        found.add(*each)
    return found.scan(NOTHING)


NOTHING = pl.DataFrame(schema={"row": pl.get_index_type(), "realized_pnl": pl.Float64})


def test_there_are_orders_and_refusals(found):
    *_, rows = found
    assert {"buy", "sell", "wait"} <= set(rows["action"])
    assert rows["reason"].n_unique() > 3


def test_every_row_is_what_the_block_says(found):
    block, t, c, (symbols, venues, _), rows = found
    for i, row in enumerate(rows.iter_rows(named=True)):
        number, code = block.decisions.number[t[i], :, c[i]], block.decisions.code[t[i], :, c[i]]
        assert row["timestamp"].timestamp() == (block.k0 + t[i]) * 300
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


def test_votes_are_those_that_took_a_side_by_name_to_nine_decimals(found):
    block, t, c, (_, _, engines), rows = found
    for i, votes in enumerate(rows["engine_votes"].to_list()):
        regime = block.readings.regime[t[i], c[i]]
        expected = [
            {
                "engine": engines[e],
                "side": int(block.votes.side[t[i], e, c[i]]),
                "prob": round(float(block.consensus.prob[t[i], e, c[i]]), 9),
                "reliability": round(float(block.consensus.reliability[t[i], e]), 9),
                "weight": round(float(block.consensus.weights[t[i], regime, e]), 9),
            }
            for e in np.nonzero(block.votes.side[t[i], :, c[i]])[0]
        ]
        assert votes == sorted(expected, key=lambda vote: vote["engine"])


def test_votes_survive_parquet_and_the_json_of_a_log(found, tmp_path):
    *_, rows = found
    rows.write_parquet(tmp_path / "decisions.parquet")
    again = pl.read_parquet(tmp_path / "decisions.parquet")
    assert again.equals(rows)
    assert again.schema == rows.schema
    for votes in again["engine_votes"].head(50):
        said = kept.by_engine(votes)
        assert json.loads(canonical_json(said)) == said
        assert [{"engine": name, **vote} for name, vote in said.items()] == votes.to_list()


def test_a_row_without_votes_has_an_empty_list(found):
    block, t, c, names, rows = found
    side = block.votes.side.copy()
    side[t[1], :, c[1]] = 0
    silent = dataclasses.replace(block, votes=block.votes._replace(side=side))
    votes = kept_of(names, (silent, t[:3], c[:3])).collect()["engine_votes"]
    assert votes[1].to_list() == []
    assert votes[2].to_list() == rows["engine_votes"][2].to_list()


def test_rows_are_in_order_of_time_and_coin(found):
    *_, rows = found
    assert rows.equals(rows.sort("timestamp", "symbol"))


def test_nothing_kept_has_the_columns_of_something(found):
    _, _, _, names, rows = found
    nothing = kept_of(names).collect()
    assert nothing.height == 0
    assert nothing.schema == rows.schema


@pytest.mark.parametrize("batch", [1, 7, 40])
def test_what_went_to_disk_is_what_stayed_in_memory(found, monkeypatch, batch):
    block, t, c, names, _ = found
    parts = [(block, t[i : i + 5], c[i : i + 5]) for i in range(0, len(t), 5)]
    whole = kept_of(names, *parts)
    monkeypatch.setattr(kept, "BATCH", batch)
    spilled = kept_of(names, *parts)
    assert spilled.collect().equals(whole.collect())
    assert spilled.collect().schema == whole.collect().schema
    is_wait = pl.col("action") == "wait"
    for plan in (
        lambda rows: rows.filter(is_wait).select("price", "engine_votes"),
        lambda rows: rows.select("realized_pnl"),
        lambda rows: rows.select("realized_pnl", "symbol").filter(pl.col("symbol") != ""),
        lambda rows: rows.head(9),
        lambda rows: rows.head(9).filter(is_wait),
        lambda rows: rows.filter(is_wait).head(9),
        lambda rows: rows.slice(3, 11),
        lambda rows: rows.select(pl.len()),
    ):
        assert plan(spilled).collect().equals(plan(whole).collect())
        assert plan(spilled).collect().equals(plan(whole.collect().lazy()).collect())


def test_a_row_knows_what_came_of_it(found, monkeypatch):
    block, t, c, names, _ = found
    monkeypatch.setattr(kept, "BATCH", 3)
    made = kept.Kept(*names, 300_000)
    for i in range(0, 12, 3):
        made.add(block, t[i : i + 3], c[i : i + 3])
    opened = pl.DataFrame({"row": [1, 7], "realized_pnl": [1.5, -2.5]}, schema=NOTHING.schema)
    pnl = made.scan(opened).collect()["realized_pnl"].to_list()
    assert pnl == [None, 1.5, *[None] * 5, -2.5, *[None] * 4]


def test_entries_are_numbered_as_they_are_kept(found, monkeypatch):
    block, t, c, names, rows = found
    monkeypatch.setattr(kept, "BATCH", 10)
    made = kept.Kept(*names, 300_000)
    for i in range(0, len(t), 10):
        made.add(block, t[i : i + 10], c[i : i + 10])
    entries = made.entries()
    own = rows.with_row_index("row").filter(
        (pl.col("reason") == "ENTRY"), pl.col("action") != "wait"
    )
    assert entries.height > 0
    assert entries.equals(own.select("row", "symbol", "timestamp"))
