"""Fits are laid on the engines of a run whole, or refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.unit.research.fitted import voter

from quorate.core.consensus.edge_map import EdgeMap
from quorate.core.engines.base import approval
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Regime
from quorate.errors import EngineError
from quorate.research.fits import Fits

ENGINES = builtin()


def cells(**at):
    row = np.full(25, np.nan)
    for cell, prob in at.items():
        row[int(cell[1:])] = prob
    return row


def edges(*values):
    knots = np.linspace(0.0, 1.0, len(values))
    return EdgeMap(np.zeros(0), knots[None], np.array([values]), np.sqrt([1 / 6]))


def test_its_engines_vote_behind_those_of_the_run():
    mine = voter().engine()
    joined = Fits(engines=(mine,)).voters(ENGINES)
    assert joined == (*ENGINES, mine)
    # explained again, they are in the run's order already
    assert Fits(engines=(mine,)).voters(joined) == joined


def test_a_name_that_is_taken_is_refused():
    fits = Fits(engines=(voter("ema_cross").engine(),))
    with pytest.raises(EngineError, match=r"has an engine 'ema_cross', and so has the run"):
        fits.voters(ENGINES)
    twice = (voter().engine(), voter().engine())
    with pytest.raises(ValueError, match="names of their own"):
        Fits(engines=twice)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cells": {"gone": cells(_0=0.6)}}, "a calibration of the engine 'gone'"),
        ({"approved": {"gone": frozenset()}}, "approvals of the engine 'gone'"),
    ],
)
def test_an_engine_that_does_not_vote_is_refused(given, said):
    with pytest.raises(EngineError, match=said):
        Fits(**given).voters(ENGINES)


def test_the_table_has_a_row_an_engine_and_nan_where_there_is_no_fit():
    mine = voter().engine()
    fits = Fits(engines=(mine,), cells={"logit_hour": cells(_2=0.7), "ema_cross": cells(_0=0.6)})
    axis = fits.voters(ENGINES)
    table = fits.table(axis)
    assert table.shape == (len(axis), 25)
    assert table[-1, 2] == 0.7
    assert table[[engine.name for engine in axis].index("ema_cross"), 0] == 0.6
    assert np.isfinite(table).sum() == fits.n_cells == 2
    assert table.flags.carray  # as the kernel reads it
    assert table.flags.writeable


def test_without_cells_there_is_no_row_to_look_at():
    assert Fits().table(ENGINES).shape == (0, 25)


@pytest.mark.parametrize(
    "row", [np.full(24, 0.6), cells(_0=0.49), cells(_0=1.0), np.full((1, 25), 0.6)]
)
def test_a_row_that_is_none_is_refused(row):
    with pytest.raises(ValueError, match="give 25 probabilities"):
        Fits(cells={"ema_cross": row})


def test_approvals_replace_what_the_engine_says_and_no_regime_is_nowhere():
    names = [engine.name for engine in ENGINES]
    a, b = names.index("ema_cross"), names.index("vwap_reversion")
    fits = Fits(approved={"ema_cross": frozenset({Regime.PANIC}), "vwap_reversion": frozenset()})
    found, stated = fits.approval(ENGINES), approval(ENGINES)
    assert found[:, a].tolist() == [0, 0, 1, 0, 0]
    assert found[:, b].tolist() == [0] * 5
    others = np.delete(np.arange(len(ENGINES)), [a, b])
    assert (found[:, others] == stated[:, others]).all()
    both = Fits(approved={"ema_cross": frozenset({Regime.TREND, Regime.RANGE})})
    assert both.approval(ENGINES)[:, a].tolist() == [1, 1, 0, 0, 1]  # neutral follows, as ever


def test_what_is_given_cannot_be_changed_afterwards():
    row, map_ = cells(_0=0.6), edges(0.0, 0.8)
    fits = Fits(cells={"ema_cross": row}, edges=map_)
    row[0] = 0.9
    map_.values[0, 1] = 9.0
    assert fits.cells["ema_cross"][0] == 0.6
    assert fits.edges.values[0, 1] == 0.8
    for array in (fits.cells["ema_cross"], *fits.edges):
        assert not array.flags.writeable
    with pytest.raises(TypeError):
        fits.cells["adx_trend"] = row


def test_fits_made_by_hand_have_a_digest_of_all_they_say():
    base = {
        "engines": (voter().engine(),),
        "cells": {"ema_cross": cells(_0=0.6)},
        "edges": edges(0.0, 0.8),
        "approved": {"ema_cross": frozenset({Regime.PANIC})},
        "horizon_hours": 4.0,
        "until": "2024-01-05T00:00:00+00:00",
    }
    changes = (
        {},
        {"engines": ()},
        {"engines": (voter(least_edge=0.03).engine(),)},
        {"engines": (dataclasses.replace(voter().engine(), approved={Regime.PANIC}),)},
        {"cells": {"ema_cross": cells(_0=0.61)}},
        {"cells": {"adx_trend": cells(_0=0.6)}},
        {"edges": None},
        {"edges": edges(0.0, 0.9)},
        {"approved": {}},
        {"horizon_hours": 2.0},
        {"until": ""},
    )
    digests = [Fits(**(base | change)).digest for change in changes]
    assert len(set(digests)) == len(changes)
    assert Fits(**base).digest == digests[0]
    assert Fits(**base, digest="cd" * 32).digest == "cd" * 32


@dataclasses.dataclass(frozen=True)
class Walk:
    """A vote of another form than a rule's: arrays in a tuple."""

    reads: tuple[str, ...]
    forest: tuple[np.ndarray, ...]

    def __call__(self, rows):
        return rows.values[:, 0] * 0.0, rows.values[:, 0] * 0.0 + 0.5


def test_the_digest_covers_whatever_a_vote_is_made_of():
    mine = voter().engine()
    forests = ([1.0], [2.0]), ([1.0, 2.0],), ([1.0], [3.0])
    votes = [Walk(("adx",), tuple(np.array(a) for a in forest)) for forest in forests]
    votes.append(Walk(("ret_1h",), votes[0].forest))
    engines = [dataclasses.replace(mine, vote=vote) for vote in votes]
    assert len({Fits(engines=(engine,)).digest for engine in engines}) == 4
