"""The size, factor by factor: the last is the target of every decision, and no factor is idle."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import folding
from quorate.api.moment import remember
from quorate.api.steps import steps
from quorate.core.account import Column, Gauge

CENT = 0.005
LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.stop_sigmas": "0.7",
    "risk.base_multiplier": "1",
}
TIGHT = {
    # every cap so low that it binds at some time
    "risk.committed_frac": "0.4",
    "risk.net_cap_frac": "0.3",
    "risk.beta_cap_frac": "0.3",
    "risk.losses_in_a_row": "1",
}


def numbered(block, column, change):
    """Return a block with one number of the decision changed."""
    number = block.decisions.number.copy()
    number[:, column] = change(number[:, column])
    return replace(block, decisions=block.decisions._replace(number=number))


def less_room(block, fold):
    gauge = block.decisions.gauge.copy()
    gauge[:, Gauge.GROSS_USD] += 20_000.0
    return replace(block, decisions=block.decisions._replace(gauge=gauge)), fold


def less_risk(block, fold):
    chain = fold.made.params.chain
    limits = chain.risk.limits._replace(daily_loss_stop_frac=1e-4)
    params = fold.made.params._replace(
        chain=chain._replace(risk=chain.risk._replace(limits=limits))
    )
    return block, replace(fold, made=replace(fold.made, params=params))


BINDING = {
    "Kelly",
    "coin cap",
    "participation",
    "optimiser",
    "net cap",
    "beta cap",
    "room under G",
    "open risk",
    "breakers",
    "not entered",
    "closed in full",
}
MUTATED = {
    "weight": lambda block, fold: (numbered(block, Column.WEIGHT, lambda w: 0.9 * w), fold),
    "breakers": lambda block, fold: (numbered(block, Column.MULTIPLIER, lambda m: 0.5 * m), fold),
    "room under G": less_room,
    "open risk": less_risk,
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return each kept decision with its steps, and with those of every mutated factor."""
    panel = quorate.synthetic(n_coins=8, days=18, planted_edge=4.0)
    settings = quorate.read_settings(overrides=LIVELY | TIGHT)
    result = quorate.run(panel, settings, out=tmp_path_factory.mktemp("tight"))
    rows = quorate.decisions(result.folder)
    first = datetime.fromisoformat(result.facts["data"]["start"])
    at = (rows["timestamp"] - first).dt.total_minutes() // panel.bar_minutes
    by_row = rows.with_columns(t=at).partition_by("t", as_dict=True)
    fold = folding.begin(panel, settings, quorate.engines())
    before, found = remember(fold), []
    for t, block in folding.advance(panel, fold, alone=set(at)):
        for row in by_row.get((t,), pl.DataFrame()).iter_rows(named=True):
            place = (0, panel.symbols.index(row["symbol"]))
            mutated = {}
            for name, change in MUTATED.items():
                other, by = change(block, fold)
                mutated[name] = steps(other, place, by, before)[-1].usd
            found.append((row, steps(block, place, fold, before), mutated))
        before = remember(fold)
    return found


def test_the_last_step_is_the_target_of_every_kept_decision(told):
    entries = [row for row, _, _ in told if row["reason"] == "ENTRY"]
    assert len(entries) > 10
    for row, found, _ in told:
        assert abs(found[-1].usd - row["target_usd"]) < CENT, (row["symbol"], row["timestamp"])


@pytest.mark.parametrize("name", MUTATED)
def test_a_mutated_factor_misses_the_target(told, name):
    missed = [row for row, _, last in told if abs(last[name] - row["target_usd"]) > CENT]
    assert missed


def test_what_is_recorded_between_is_met_on_the_way(told):
    for row, found, _ in told:
        by_name = {step.name: step for step in found}
        if "risk cap" in by_name:
            assert abs(by_name["risk cap"].usd) == pytest.approx(row["sized_usd"])


def test_what_made_it_smaller_is_marked_and_nothing_else(told):
    for _, found, _ in told:
        for before, after in itertools.pairwise(found):
            assert after.is_cut == (abs(after.usd) < abs(before.usd) * (1.0 - 1e-12))


def test_the_factors_that_bind_in_a_lively_run_are_all_met(told):
    bound = Counter(step.name for _, found, _ in told for step in found if step.is_cut)
    assert not BINDING - set(bound), bound


def test_a_short_is_sized_below_zero(told):
    shorts = [found for row, found, _ in told if row["reason"] == "ENTRY" and row["side"] < 0]
    assert shorts
    assert all(step.usd <= 0.0 for found in shorts for step in found)


def test_a_bar_without_a_stop_distance_asks_for_nothing(traded):
    found = quorate.explain(traded[0].folder, "SYN-BTC", "2024-01-01T00:05")
    first, *_, last = found.size.steps
    assert (first.name, first.usd, last.usd) == ("base size", 0.0, 0.0)
    assert np.isfinite([step.usd for step in found.size.steps]).all()
