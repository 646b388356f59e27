"""Who is worth what in which regime, and who may vote there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quorate.core.types import N_REGIMES, Regime
from quorate.research.leaderboard import Judged, board, worth

DAYS, A_DAY = 90, 48


def made(seed, edges, *, days=DAYS, overlap=4, regimes=(0, 1)):
    """Return votes of engines that earn so many deviations a vote, by engine and regime.

    Labels overlap: neighbouring rows share most of what they earn, as hours of four-hour labels do.
    """
    draw = np.random.default_rng(seed)
    n = days * A_DAY
    noise = np.convolve(draw.normal(size=n + overlap - 1), np.ones(overlap), "valid")
    earned = noise / np.sqrt(overlap)
    regime = np.repeat(draw.choice(regimes, days * 4), A_DAY // 4).astype(np.int8)
    side = draw.choice([-1, 1], (n, len(edges))).astype(np.int8)
    for e, by_regime in enumerate(edges):
        edge = np.array([by_regime.get(r, 0.0) for r in range(N_REGIMES)])[regime]
        # what it says agrees with what comes, so much that a vote earns the edge on average
        agree = draw.random(n) < np.clip(0.5 + 0.63 * edge, 0.0, 1.0)
        side[:, e] = np.where(edge == 0.0, side[:, e], np.where(agree, 1, -1) * np.sign(earned))
    day = np.repeat(np.arange(days), A_DAY)
    return Judged(side, regime, earned, day, np.full(n, 1.0 / overlap))


def everyone(n):
    return np.ones((N_REGIMES, n), np.int8)


def cell(found, engine, regime):
    (row,) = found.table.filter(
        (pl.col("engine") == engine) & (pl.col("regime") == regime.name)
    ).to_dicts()
    return row


def test_what_earns_is_approved_and_what_does_not_is_withdrawn():
    judged = made(1, [{0: 0.2, 1: 0.2}, {0: 0.2, 1: -0.2}, {}])
    found = board(judged, ["both", "trend", "none"], everyone(3))
    good, bad = cell(found, "trend", Regime.TREND), cell(found, "trend", Regime.RANGE)
    assert good["mean"] == pytest.approx(0.2, abs=0.08)
    assert good["p_value"] < 0.01
    assert bad["p_value"] > 0.9
    assert found.approved[:2, 0].tolist() == [1, 1]
    assert found.approved[:2, 1].tolist() == [1, 0]
    assert bad["why"] == "withdrawn: false discovery rate above 0.3"
    assert good["why"] == "stays"


def test_an_engine_changes_in_one_regime_a_week():
    judged = made(2, [{}, {0: 0.3, 1: 0.3}])
    first = board(judged, ["flips", "knows"], everyone(2))
    assert first.approved[:2, 0].sum() == 1
    why = {cell(first, "flips", regime)["why"] for regime in (Regime.TREND, Regime.RANGE)}
    assert "to be withdrawn: another regime changed this week" in why
    second = board(judged, ["flips", "knows"], first.approved)
    assert second.approved[:2, 0].sum() == 0


def test_an_engine_earns_its_way_back():
    judged = made(3, [{0: 0.2}])
    found = board(judged, ["back"], np.zeros((N_REGIMES, 1), np.int8))
    assert found.approved[:, 0].tolist() == [1, 0, 0, 0, 0]
    assert cell(found, "back", Regime.TREND)["why"] == "approved: false discovery rate below 0.1"


def test_too_little_evidence_changes_nothing():
    judged = made(4, [{}], days=15)
    found = board(judged, ["young"], everyone(1))
    assert found.approved.all()
    row = cell(found, "young", Regime.TREND)
    assert (row["why"], row["p_value"], row["shrunk"]) == ("too little evidence", None, None)
    assert cell(found, "young", Regime.PANIC)["mean"] is None


def test_noise_is_seldom_approved():
    """Of 60 boards of ten engines that know nothing, few approve anyone (10% asked)."""
    nobody = np.zeros((N_REGIMES, 10), np.int8)
    names = [f"engine_{e}" for e in range(10)]
    hits = [board(made(100 + i, [{}] * 10), names, nobody).approved.any() for i in range(60)]
    assert np.mean(hits) <= 0.2  # 10% and two standard errors of 60 boards


def standing(seed, *, n_engines=8, weeks=52, window=120):
    """Return which share of cells stands approved after each week of noise, all at first."""
    whole = made(seed, [{}] * n_engines, days=window + 7 * weeks, regimes=(0, 1, 4))
    names = [str(e) for e in range(n_engines)]
    approved, shares = np.ones((N_REGIMES, n_engines), np.int8), []
    for week in range(weeks):
        seen = (whole.day >= 7 * week) & (whole.day < 7 * week + window)
        rows = {name: getattr(whole, name)[seen] for name in ("side", "regime", "earned")}
        rows |= {"day": whole.day[seen], "weight": whole.weight[seen]}
        approved = board(whole._replace(**rows), names, approved).approved
        shares.append(float(approved[[0, 1, 4]].mean()))
    return shares


@pytest.mark.slow  # boards of years
def test_over_a_year_of_noise_few_cells_stand():
    """Peeking every week does not pile up: what came by luck is withdrawn again."""
    shares = np.array([standing(seed) for seed in range(8)])
    assert shares[:, 0].mean() > 0.5  # what engines state goes one regime a week
    assert shares[:, 4:].mean() < 0.02
    assert shares[:, -1].mean() < 0.05


def test_errors_are_what_the_mean_varies_by():
    """Labels that overlap and days that follow: the error is that of means over many draws."""
    found = [board(made(200 + i, [{}]), ["one"], everyone(1)) for i in range(80)]
    cells = [cell(each, "one", Regime.TREND) for each in found]
    means, errors = (np.array([row[name] for row in cells]) for name in ("mean", "error"))
    assert np.mean(errors) == pytest.approx(np.std(means, ddof=1), rel=0.25)


def test_means_are_drawn_to_their_own():
    judged = made(5, [{0: 0.3, 1: 0.1}])
    found = board(judged, ["one"], everyone(1))
    trend, ranging = (cell(found, "one", regime) for regime in (Regime.TREND, Regime.RANGE))
    low, high = sorted((trend["mean"], ranging["mean"]))
    assert low < ranging["shrunk"] < trend["shrunk"] < high


def test_worths_add_up_to_what_all_make():
    judged = made(6, [{0: 0.3, 1: 0.3}, {}, {0: 0.2}] + [{}] * 12)
    names = [f"engine_{e}" for e in range(15)]
    found = worth(judged, names, everyone(15))
    majority = np.sign(judged.side.astype(int).sum(axis=1))
    whole = np.sum(majority * judged.earned * judged.weight) / judged.weight.sum()
    assert found["shapley"].sum() == pytest.approx(whole, abs=1e-12)
    assert found.sort("shapley")["engine"][-1] == "engine_0"
    assert worth(judged, names, everyone(15)).equals(found)


def test_an_engine_that_is_not_approved_is_worth_nothing():
    judged = made(7, [{0: 0.3, 1: 0.3}, {0: 0.3, 1: 0.3}])
    only = everyone(2)
    only[:, 1] = 0
    assert worth(judged, ["in", "out"], only).row(1)[1:] == (0.0, 0.0, 0.0)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="2 names and approvals"):
        board(made(8, [{}]), ["one", "two"], everyone(1))
