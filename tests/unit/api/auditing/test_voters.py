"""Every planted engine is caught, by the test that fits it; honest ones pass."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.api.auditing import planted

from quorate.api.auditing.finding import Test
from quorate.api.auditing.pipeline import built
from quorate.api.auditing.sheet import Sheet
from quorate.api.auditing.voters import NAMES, Voters
from quorate.api.configure import configure
from quorate.api.effective import read_settings
from quorate.core import features
from quorate.core.engines.catalogue import builtin
from quorate.lake import blocks


@pytest.fixture(scope="module")
def cubes():
    """Return the features of a market, block by block."""
    panel = planted.market()
    params = configure(read_settings(), panel.bar_minutes, 0).features
    state = features.init(panel.n_coins, params)
    return [
        (block.t, features.build(block.bars, block.k0, state, params).values)
        for block in blocks(panel, 256)
    ]


def heard(cubes, *engines, seed=0):
    sheet = Sheet("engines")
    voters = Voters(engines, sheet, planted.market(), seed)
    for first, values in cubes[1:]:
        voters.hear(first, values)
    return voters.close(), sheet.part()


def found_by(part):
    return {finding.test for finding in part.findings}


@pytest.mark.parametrize("function", planted.LOOKING, ids=lambda each: each.__name__)
def test_whoever_looks_at_other_rows_is_caught(function, cubes):
    clean, part = heard(cubes, planted.engine(planted.honest), planted.engine(function))
    assert [engine.name for engine in clean] == ["honest"]
    assert found_by(part) & {Test.CUT, Test.NOISE}
    for finding in part.findings:
        assert finding.what == function.__name__
        assert finding.next


def test_a_finding_says_which_coin_which_bar_and_both_values(cubes):
    _, part = heard(cubes, planted.engine(planted.next_row))
    (found,) = (each for each in part.findings if each.test is Test.NOISE)
    assert found.coin in planted.market().symbols
    assert found.at.startswith("2024-01-0")
    assert {float(found.then), float(found.later)} <= {-0.6, 0.0, 0.6}
    assert found.then != found.later
    assert found.n >= 1
    assert "reads the future" in found.says


@pytest.mark.parametrize(
    ("function", "test", "names"),
    [
        (planted.remembers, Test.STATE, "global _SEEN changed"),
        (planted.fits_once, Test.STATE, "global _FITTED changed"),
        (planted.draws, Test.AGAIN, ""),
        (planted.draws, Test.STATE, "global _DRAWS changed"),
        (planted.draws_globally, Test.CLOCK, "numpy.random"),
        (planted.throws_dice, Test.CLOCK, "random.random"),
        (planted.reads_clock, Test.CLOCK, "time.time"),
        (planted.reads_date, Test.CLOCK, "datetime.now"),
        (planted.writes, Test.INPUTS, ""),
        (planted.neighbour, Test.COINS, ""),
    ],
)
def test_whoever_is_not_a_function_of_its_row_is_caught(function, test, names, cubes):
    planted._SEEN.clear()
    planted._FITTED.clear()
    clean, part = heard(cubes, planted.engine(function))
    assert clean == ()
    (found,) = (each for each in part.findings if each.test is test)
    assert found.what == function.__name__
    assert names in found.later


def test_what_the_history_never_shows_is_tried_on_rows_that_were_made_up(cubes):
    assert max(np.nanmax(values[:, NAMES.index("spread_bps")]) for _, values in cubes) < 55.0
    clean, part = heard(cubes, planted.engine(planted.next_row_of_the_rarest))
    assert clean == ()
    (found,) = part.findings
    assert found.test is Test.ROWS
    assert found.later.startswith("on rows that were made up: shuffled into")


def test_hidden_state_is_told_as_that_and_not_as_all_that_follows_from_it(cubes):
    planted._SEEN.clear()
    _, part = heard(cubes, planted.engine(planted.remembers))
    assert found_by(part) == {Test.STATE}


def test_an_engine_that_raises_cannot_be_audited_and_says_why(cubes):
    def broken(rows):
        return rows["no_such_feature"]

    clean, part = heard(cubes, planted.engine(broken))
    assert clean == ()
    assert found_by(part) == {Test.REFUSED}
    assert "no_such_feature" in part.findings[0].later


def test_the_built_in_engines_pass(cubes):
    clean, part = heard(cubes, *builtin())
    assert clean == builtin()
    assert part.findings == ()
    assert part.tests[Test.CUT] > 10_000


def test_features_are_those_of_a_run(cubes):
    some = built(planted.market(), read_settings())
    assert np.array_equal(some[:256, 0], cubes[0][1][:, NAMES.index("ret_24h")], equal_nan=True)
