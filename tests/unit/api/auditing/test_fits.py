"""Fits do not know the order of their samples, and refuse labels from later."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from quorate.api.auditing import fits
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Sheet
from quorate.api.effective import read_settings
from quorate.lake.synthetic import synthetic
from quorate.research.sample import sample


@functools.cache
def market():
    return synthetic(n_coins=3, days=26, planted_edge=4.0)


def audited():
    sheet = Sheet("fits")
    fits.audit(market(), read_settings(), 2, sheet, lambda: None)
    return sheet.part()


def test_those_of_the_project_pass():
    part = audited()
    assert part.findings == ()
    assert part.tests[Test.GUARD] == 3
    assert part.tests[Test.ROWS] > 20


def test_a_fit_that_knows_which_row_came_first_is_caught(monkeypatch):
    true = fits.linear.fit

    def stops_early(x, went_up, names, weight=None, **more):
        """Trains on the first four fifths of the rows, as they come."""
        n = len(x) * 4 // 5
        return true(
            x[:n],
            went_up[:n],
            names,
            weight[:n],
            **{k: v[:n] if k == "ended_k" else v for k, v in more.items()},
        )

    monkeypatch.setattr(fits.linear, "fit", stops_early)
    found = audited().findings
    assert (found[0].what, found[0].test) == ("linear fit", Test.ROWS)


def test_a_calibration_that_adds_up_in_its_order_is_caught(monkeypatch):
    true = fits.calibrate.fit

    def running(votes, **more):
        made = true(votes, **more)
        total = float(np.cumsum(votes.strength * 1.0000001)[-1])
        return made if not hasattr(made, "kind") else _with(made, total)

    monkeypatch.setattr(fits.calibrate, "fit", running)
    assert all(each.what.startswith("calibration") for each in audited().findings)
    assert audited().findings


def _with(made, total):
    return replace(made, coefficients=np.array([total, 0.0, 0.0]))


def test_a_fit_that_takes_late_labels_is_caught(monkeypatch):
    def careless(*given, **_late):
        return sample(*given)

    monkeypatch.setattr(fits, "sample", careless)
    (found,) = audited().findings
    assert (found.what, found.test) == ("calibration", Test.GUARD)


@pytest.mark.parametrize("days", [1])
def test_too_few_samples_say_so(days):
    sheet = Sheet("fits")
    fits.audit(synthetic(n_coins=2, days=days), read_settings(), 2, sheet, lambda: None)
    assert sheet.part().n_values == 0
    assert "fewer than" in sheet.part().not_covered[0]
