"""The dead zone, the strength and the compiled loop that the built-in engines share."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.core.engines.cells import vote

from quorate.core.engines import funding_carry, illiquid_reversal, momentum_day
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.rule import LEAST_CONVICTION, Rule, cast, is_ours, ramp
from quorate.core.kernel import signatures
from quorate.core.types import Regime


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0.0),
        (0.999, 0.0),
        (1.0, 0.2),
        (2.0, 0.6),
        (3.0, 1.0),
        (99.0, 1.0),
        (math.inf, 1.0),
        (math.nan, 0.0),
    ],
)
def test_ramp_has_a_dead_zone_a_slope_and_a_top(value, expected):
    assert ramp(value, 1.0, 3.0) == pytest.approx(expected, abs=1e-15)
    assert ramp(-value, 1.0, 3.0) == -ramp(value, 1.0, 3.0)


def test_ramp_without_dead_zone_still_abstains_at_zero():
    assert ramp(0.0, 0.0, 1.0) == 0.0
    assert ramp(-0.0, 0.0, 1.0) == 0.0
    assert ramp(1e-300, 0.0, 1.0) == pytest.approx(LEAST_CONVICTION)


def test_ramp_never_falls():
    values = [ramp(x, 0.5, 2.5) for x in np.linspace(-4.0, 4.0, 801)]
    assert all(a <= b for a, b in itertools.pairwise(values))
    assert min(values) == -1.0
    assert max(values) == 1.0


@pytest.mark.parametrize(
    ("conviction", "side", "strength"),
    [(1.0, 1, 0.75), (-1.0, -1, 0.75), (0.2, 1, 0.55), (0.0, 0, 0.5), (math.nan, 0, 0.5)],
)
def test_cast_writes_side_and_strength(conviction, side, strength):
    sides, strengths = np.full((2, 2), 9, np.int8), np.full((2, 2), 9.0)
    cast(sides, strengths, 1, 0, conviction)
    assert sides.tolist() == [[9, 9], [side, 9]]
    assert strengths[1, 0] == pytest.approx(strength)
    assert np.count_nonzero(strengths == 9.0) == 3


def test_parameters_of_a_variant_move_its_votes():
    row = {"ret_z_24h": 1.5, "efficiency_24h": 0.3}
    assert vote(momentum_day.build(), **row)[0] == 1
    assert vote(momentum_day.build(entry_z=2.0), **row) == (0, 0.5)
    assert vote(momentum_day.build(least_efficiency=0.5), **row) == (0, 0.5)
    assert vote(momentum_day.build(full_z=1.5), **row)[1] == 0.75
    assert momentum_day.build(full_z=1.5).parameters["full_z"] == 1.5


def test_variants_share_one_compiled_kernel():
    for entry_z in (0.1, 1.0):
        vote(momentum_day.build(entry_z=entry_z), ret_z_24h=2.0, efficiency_24h=0.5)
    assert signatures(momentum_day.tally) == 1


@pytest.mark.parametrize(
    ("build", "wrong"),
    [
        (momentum_day.build, {"entry_z": 2.5}),
        (momentum_day.build, {"entry_z": -0.1}),
        (momentum_day.build, {"least_efficiency": math.nan}),
        (funding_carry.build, {"full_bps": math.inf}),
        (illiquid_reversal.build, {"entry_amihud": 900.0}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(build, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        build(**wrong)


def test_a_loop_of_this_package_is_ours_whoever_set_its_parameters():
    (mine, *_) = builtin()
    assert is_ours(replace(mine, approved=[Regime.PANIC]))
    assert is_ours(replace(mine, vote=Rule(mine.vote.tally, mine.reads, np.zeros(3))))
    walk = type("Walk", (), {"__module__": "quorate.core.engines.trees", "__call__": print})
    assert is_ours(replace(mine, vote=walk()))


def test_other_code_is_not_ours():
    (mine, *_) = builtin()

    def peeking(values, *rest):
        rest[-2][:] = np.sign(values.sum())

    assert not is_ours(replace(mine, vote=Rule(peeking, mine.reads, np.zeros(3))))
    inherited = type("Mine", (Rule,), {"__module__": "mine"})
    assert not is_ours(replace(mine, vote=inherited(mine.vote.tally, mine.reads, np.zeros(3))))
    assert not is_ours(replace(mine, vote=lambda rows: mine.vote(rows.values)))
