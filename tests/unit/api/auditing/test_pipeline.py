"""A pipeline that trains on what came later is caught; one that does not passes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.unit.api.auditing.planted import market

from quorate.api.auditing import pipeline
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Sheet
from quorate.api.effective import read_settings

CUTS = [900, 1200]


def moves(panel):
    close = panel.bars.close
    return np.nan_to_num(np.diff(np.log(close), axis=0, prepend=np.nan))


def honest(panel, row):
    """The mean and deviation of the rows up to the one it is trained at."""
    r = moves(panel)[: row + 1]
    return (r - r.mean(axis=0)) / r.std(axis=0)


def scaler_of_all(panel, row):
    r = moves(panel)
    return ((r - r.min(axis=0)) / (r.max(axis=0) - r.min(axis=0)))[: row + 1]


def mean_of_all(panel, row):
    r = moves(panel)
    return (r - r.mean())[: row + 1]


def encodes_the_target(panel, row):
    """The mean of what followed each hour of the day, over all days."""
    r = moves(panel)
    hour = (panel.k0 + np.arange(panel.n_bars)) // 12 % 24
    follows = np.roll(r, -1, axis=0)
    mean = np.stack([follows[hour == h].mean(axis=0) for h in range(24)])
    return mean[hour[: row + 1]]


def picks_the_best(panel, row):
    """Which coin it holds was chosen by the whole history."""
    best = int(np.nansum(moves(panel), axis=0).argmax())
    return np.eye(panel.n_coins)[np.full(row + 1, best)]


def trains_on_the_next(panel, row):
    """The label of the last rows reaches behind the row it is trained at."""
    r = moves(panel)
    return np.sign(np.roll(r, -1, axis=0))[: row + 1]


def audited(fit):
    sheet = Sheet("pipeline")
    pipeline.audit(market(), fit, CUTS, 3, sheet, lambda: None)
    return sheet.part()


@pytest.mark.parametrize(
    "fit", [scaler_of_all, mean_of_all, encodes_the_target, picks_the_best, trains_on_the_next]
)
def test_one_that_knows_the_future_is_caught(fit):
    part = audited(fit)
    tests = {finding.test for finding in part.findings}
    assert tests in ({Test.CUT, Test.NOISE}, {Test.NOISE}, {Test.CUT})
    assert part.findings[0].what == "pipeline"
    assert part.findings[0].at


def test_one_that_reads_what_was_known_passes():
    part = audited(honest)
    assert part.findings == ()
    assert part.n_times == len(CUTS)
    assert set(part.tests) == {Test.AGAIN, Test.CUT, Test.NOISE}


def test_one_that_trains_by_chance_is_caught():
    seeds = itertools.count()

    def by_chance(panel, row):
        return np.random.default_rng(next(seeds)).normal(size=(row + 1, panel.n_coins))

    assert {finding.test for finding in audited(by_chance).findings} == {Test.AGAIN}


def test_the_audits_own_passes_and_trains():
    fit = pipeline.trained(read_settings())
    made = fit(market(), 1200)
    assert all(
        np.nanmax(np.abs(made[name])) > 0.0 for name in ("coefficients", "calibration", "votes")
    )
    assert audited(fit).findings == ()


def test_a_named_tuple_is_told_by_its_fields():
    def two(panel, row):
        return {"mean": moves(panel).mean(axis=0), "votes": moves(panel)[: row + 1]}

    assert {finding.what for finding in audited(two).findings} == {"pipeline mean"}
