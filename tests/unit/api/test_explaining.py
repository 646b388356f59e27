"""Explain: the fold again gives what was recorded, to the last digit, and says so."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.core.engines.base import from_function
from quorate.core.types import Regime
from quorate.errors import DataError, EngineError


@pytest.fixture(scope="module")
def entry(traded):
    """Return the last entry of the run whose trade was closed, as it was kept."""
    entries = quorate.decisions(traded[0].folder, reason="ENTRY")
    return entries.drop_nulls("realized_pnl").row(-1, named=True)


@pytest.fixture(scope="module")
def found(traded, entry):
    return quorate.explain(traded[0].folder, entry["id"][:12])


def test_what_was_recorded_is_computed_again_to_the_last_digit(found, entry):
    assert found.source == "recomputed"
    assert "identical" in found.verdict
    assert all(check.is_same for check in found.checks)
    assert len(found.checks) > 26 + len(found.votes)
    assert found.score.value == entry["consensus_score"]
    assert found.features_hash == entry["features_hash"]
    assert (found.decision_id, found.outcome.reason) == (entry["id"], "ENTRY")


def test_contributions_add_up_to_the_score(found):
    assert sum(vote.contribution for vote in found.votes) == pytest.approx(found.score.value)
    assert found.score.n_abstained + len(found.votes) == len(quorate.engines())
    for vote in found.votes:
        expected = vote.weight * (2.0 * vote.prob - 1.0) * vote.side
        assert vote.contribution == pytest.approx(expected)


def test_costs_add_up_and_leave_at_least_the_margin(found):
    costs = found.costs
    parts = (
        costs.half_spread_bps,
        costs.impact_bps,
        costs.fee_bps,
        costs.latency_bps,
        costs.funding_bps,
    )
    assert sum(parts) == pytest.approx(costs.total_bps)
    assert found.score.edge_bps - costs.total_bps >= costs.margin_bps


def test_sizes_fall_from_step_to_step(found):
    size = found.size
    assert size.sized_usd >= size.capped_usd  # breakers weigh after the caps
    assert size.capped_usd >= size.weight * size.budget_usd
    assert size.steps[-1].usd == size.target_usd
    assert abs(size.target_usd) <= size.weight * size.budget_usd * (1 + 1e-12)
    assert found.route.size_usd > 0.0
    assert sum(abs(lots) for _, lots in found.route.lots) > 0


def test_the_outcome_is_that_of_the_trade(found, entry, traded):
    assert found.outcome.n_fills > 0
    assert found.outcome.realized_pnl_usd == pytest.approx(entry["realized_pnl"])
    trades = traded[0].trades.filter(
        (pl.col("symbol") == found.symbol) & (pl.col("opened_at") == found.outcome.trade.opened_at)
    )
    assert trades["net_pnl"][0] * 1e-8 == pytest.approx(found.outcome.trade.net_usd)
    assert found.outcome.trade.gross_usd - found.outcome.trade.costs_usd == pytest.approx(
        found.outcome.trade.net_usd
    )


def test_a_trade_that_is_still_open_has_no_result(traded):
    result = traded[0]
    entries = quorate.decisions(result.folder, reason="ENTRY")
    last = result.trades.group_by("symbol").agg(pl.col("closed_at").max())
    open_still = entries.join(last, on="symbol").filter(pl.col("timestamp") > pl.col("closed_at"))
    found = quorate.explain(result.folder, open_still["id"][-1])
    assert (found.outcome.trade, found.outcome.realized_pnl_usd) == (None, None)
    assert found.outcome.n_fills > 0
    assert "still open" in str(found)


def test_features_are_those_that_the_hash_names(found):
    known = {each.name: each for each in found.features}
    assert known["vol_24h"].value > 0.0
    assert known["vol_24h"].unit == "frac"
    assert any(each.readers for each in found.features)


def test_any_bar_of_any_coin_can_be_explained(traded):
    result, out = traded
    bar = result.equity["ts"][700]
    found = quorate.explain(result.run_id, "syn-btc", bar + timedelta(minutes=3), out=out)
    assert (found.at, found.outcome.action) == (bar, "wait")
    assert "not kept" in found.verdict
    assert [check.what for check in found.checks] == ["equity", "target by its steps"]
    assert found.outcome.sentence.endswith(".")


def test_what_was_recorded_is_shown_without_folding_again(traded, entry, monkeypatch):
    def never(*_args):
        raise AssertionError("the run was folded again")

    monkeypatch.setattr("quorate.api.folding.begin", never)
    found = quorate.explain(traded[0].folder, entry["id"], recorded=True)
    assert (found.source, found.features, found.checks) == ("recorded", (), ())
    assert found.score.value == entry["consensus_score"]
    assert "only what was recorded" in found.verdict


def copied(result, tmp_path, change):
    """Return a copy of a run folder whose facts were changed."""
    folder = tmp_path / result.run_id
    folder.mkdir()
    for path in result.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    facts = json.loads((folder / "run.json").read_text())
    change(facts)
    (folder / "run.json").write_text(json.dumps(facts))
    return folder


def test_data_that_are_gone_leave_the_record(traded, entry, tmp_path):
    folder = copied(traded[0], tmp_path, lambda facts: facts["data"].pop("made"))
    found = quorate.explain(folder, entry["id"])
    assert found.source == "recorded"
    assert "does not say where its data came from" in found.verdict
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    assert quorate.explain(folder, entry["id"], panel=panel).source == "recomputed"
    with pytest.raises(DataError, match="where its data came from"):
        quorate.explain(folder, "SYN-BTC", "2024-01-02")


def test_data_that_changed_are_refused(traded, entry, tmp_path):
    folder = copied(traded[0], tmp_path, lambda facts: facts["data"].update(digest="0" * 32))
    assert "the data have changed" in quorate.explain(folder, entry["id"]).verdict
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    assert "not the run's" in quorate.explain(folder, entry["id"], panel=panel).verdict


def test_what_differs_is_named(traded, entry, tmp_path):
    folder = copied(traded[0], tmp_path, lambda f: f["settings"]["risk"].update(stop_sigmas=0.8))
    found = quorate.explain(folder, entry["id"])
    assert "DIFFERS" in found.verdict
    assert "stop" in {check.what for check in found.checks if not check.is_same}


def test_in_the_log_pool_evidence_is_pooled(tmp_path):
    """S = tanh(a x / 2), where x is the weighted sum of log odds."""
    overrides = {"pool": "log", "pool_power": "1.5", "quorum": "0", "prior_mass": "20"}
    settings = quorate.read_settings(
        overrides={f"consensus.{name}": text for name, text in overrides.items()}
    )
    result = quorate.run(quorate.synthetic(3, 12, planted_edge=4.0), settings, out=tmp_path)
    found = quorate.explain(result.folder, quorate.decisions(result.folder)["id"][-1])
    total = sum(vote.contribution for vote in found.votes)
    assert total != 0.0
    assert np.tanh(0.75 * total) == pytest.approx(found.score.value)
    assert "log odds" in str(found)


def test_engines_that_are_not_here_are_named(tmp_path):
    def vote(rows):
        move = rows["ret_1h"]
        return np.sign(np.nan_to_num(move)).astype(np.int8), np.full(move.shape, 0.6)

    mine = from_function(vote, name="mine", family="own", approved=frozenset(Regime))
    panel = quorate.synthetic(n_coins=2, days=2)
    result = quorate.run(panel, engines=(mine,), out=tmp_path)
    with pytest.raises(EngineError, match="mine"):
        quorate.explain(result.folder, "SYN-BTC", "2024-01-02")
    found = quorate.explain(result.folder, "SYN-BTC", "2024-01-02T12:00", engines=(mine,))
    assert [vote.engine for vote in found.votes] == ["mine"]


@pytest.mark.parametrize(
    ("what", "at", "says"),
    [
        ("zzzz", None, "quorate decisions"),
        ("SYN-BTC", None, "nearest decisions"),
        ("", None, "say more"),
        ("SYN-BTX", "2024-01-05", "SYN-BTC"),
        ("SYN-BTC", "2030-01-01", "nearest decisions"),
        ("SYN-BTC", "2023-01-01", "its bars close from"),
        ("SYN-BTC", "noon", "2023-01-31T12:00"),
    ],
)
def test_a_wrong_question_names_the_nearest_decisions(traded, what, at, says):
    with pytest.raises(DataError) as found:
        quorate.explain(traded[0].folder, what, at)
    assert says in found.value.hint


def test_a_bar_that_was_not_kept_has_no_record(traded):
    at = datetime(2024, 1, 2, tzinfo=UTC)
    with pytest.raises(DataError, match="nothing was recorded") as found:
        quorate.explain(traded[0].folder, "SYN-BTC", at, recorded=True)
    assert "nearest decisions" in found.value.hint


def test_json_has_no_nan_and_every_part(found, traded):
    tree = found.as_dict()
    text = json.dumps(tree, allow_nan=False)
    assert json.loads(text)["outcome"]["reason"] == "ENTRY"
    assert set(tree) == {each.name for each in dataclasses.fields(quorate.Explanation)}
    early = quorate.explain(traded[0].folder, "SYN-01", "2024-01-01T00:05").as_dict()
    assert json.dumps(early, allow_nan=False)
    assert early["score"]["sigma"] is None
