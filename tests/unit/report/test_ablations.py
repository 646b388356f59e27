"""An ablation says what stands, all counted, and says so where nothing does."""

from __future__ import annotations

import math

import polars as pl

from quorate.report.ablations import OPEN, Ablated, as_dict, evidence, opening, text

ROW = {
    "variant": "risk.kelly=cap",
    "kind": "option",
    "in_force": "multiply",
    "is_charged": False,
    "sharpe": 1.0,
    "difference": 0.4,
    "low": -0.1,
    "high": 0.9,
    "p_value": 0.04,
    "p_holm": 0.4,
    "is_discovered": False,
    "mean_bps": 0.1,
    "windows_better": 4,
    "net_return": 0.1,
    "n_trades": 90,
    "why": "",
    "verdict": "no evidence",
}
IDLE = ROW | {"variant": "routing.ranking=cost", "p_value": math.nan, "p_holm": math.nan}
IDLE |= {"verdict": "not compared", "why": "it changes nothing here"}
BASE = {"sharpe": 0.6, "net_return": 0.05, "n_trades": 100}


def told(*rows, n=1):
    return Ablated(pl.DataFrame(list(rows)), BASE, n, 300, 10)


def test_without_a_difference_that_stands_there_is_no_evidence():
    said = evidence(told(ROW, IDLE))
    assert said[0] == "No evidence that anything should be other than it is."
    assert "1 more changed nothing here" in said[1]
    assert "p-value of 4.00% by itself, and of 40.00% with all counted" in said[2]
    assert opening(told(ROW, IDLE)).startswith("EVIDENCE")


def test_that_hardly_anything_was_traded_is_said_first():
    few = told(ROW)._replace(base=BASE | {"n_trades": 12, "refused": "NO_QUORUM refused 70%"})
    said = evidence(few)
    assert said[0].startswith("Hardly anything was traded: 12 closed trades as it is, at least 30")
    assert said[0].endswith("evidence: NO_QUORUM refused 70%.")
    assert said[1].endswith(OPEN)
    assert said[2:] == evidence(told(ROW))


def test_what_stands_is_named_with_how_many_stand_all_at_once():
    better = ROW | {"verdict": "better", "is_discovered": True, "p_value": 0.001, "p_holm": 0.02}
    worse = ROW | {"variant": "without x", "verdict": "worse", "p_holm": 0.06, "p_value": 0.003}
    said = evidence(told(better, worse, n=2))
    assert "risk.kelly=cap is better; without x is worse" in said[0]
    assert said[1].startswith("1 of these stands")


def test_other_costs_and_idle_variants_are_named_apart():
    said = text(told(ROW | {"is_charged": True, "variant": "costs.impact=volatility"}, IDLE))
    assert "costs.impact=volatility: other costs" in said
    assert "routing.ranking=cost: no day differs" in said


def test_nothing_that_differs_is_said_too():
    assert evidence(told(IDLE, n=0))[2] == "Nothing differed."


def test_machines_get_none_for_what_is_not_known():
    tree = as_dict(told(ROW, IDLE))
    assert tree["variants"][1]["p_value"] is None
    assert tree["base"] == BASE
