"""Bars that are recorded and decided one by one: the backtest's bytes, over any restart."""

from __future__ import annotations

import random
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quorate.api import folding
from quorate.api.effective import read_settings
from quorate.backtest import run
from quorate.backtest.axes import Axes, leaves, rebuilt
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Bars, Controls, Market
from quorate.errors import DataError
from quorate.lake import synthetic
from quorate.live.cycle.decider import Decider, replay
from quorate.live.cycle.inputs import InForce, Inputs, content_hash, digest_of, pack, unpack
from quorate.live.cycle.kept import KEPT, restore, save, snapshots
from quorate.store.cycles import Cycle
from quorate.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path

WARM, N_BARS = 22 * 288, 200
"""It learns for three weeks; then something is traded, and every bar is recorded."""

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


@pytest.fixture(scope="module")
def panel():
    return synthetic(n_coins=4, days=24, planted_edge=4.0)


@pytest.fixture(scope="module")
def begun(panel):
    """Return what gives the decision that has learned, again and again."""
    engines = builtin()
    force = InForce(
        Axes(panel.symbols, tuple(each.name for each in engines), panel.venue_names), "p1"
    )
    fold = folding.begin(panel, read_settings(overrides=LIVELY), engines)
    for _ in folding.advance(panel, fold, WARM):
        pass

    def begin() -> Decider:
        copied = {path: array.copy() for path, array in leaves(fold.memory)}
        return Decider(fold.made, rebuilt(fold.memory, copied), force, panel.k0 + WARM - 1)

    return begin


@pytest.fixture(scope="module")
def pieces(panel):
    """Return every bar by itself."""
    last = WARM + N_BARS
    found = folding.pieces(panel, last, range(WARM, last))
    return [piece for t, piece in found if t >= WARM]


@pytest.fixture(scope="module")
def bars(panel, begun, pieces):
    """Return every bar by itself, packed."""
    force = begun().force
    return [pack(Inputs(panel.close_ms(WARM + t), force, piece)) for t, piece in enumerate(pieces)]


@pytest.fixture(scope="module")
def whole(panel, begun):
    """Return the backtest: these bars in blocks, as long as it likes."""
    fresh = begun()
    cut = folding.pieces(panel, WARM + N_BARS, (WARM,))
    blocks = [run.advance(fresh.made, fresh.memory, piece) for t, piece in cut if t >= WARM]
    return blocks, digest_of(fresh.memory)


def test_bar_by_bar_is_the_backtest_byte_by_byte(begun, bars, whole):
    blocks, memory = whole
    fresh = begun()
    singles = [fresh.decide(unpack(packed)).block for packed in bars]
    assert len(singles) == N_BARS
    for name in singles[0].decisions._fields:
        found = np.concatenate([getattr(each.decisions, name) for each in singles])
        wanted = np.concatenate([getattr(each.decisions, name) for each in blocks])
        assert found.tobytes() == wanted.tobytes(), name
    n_fills = sum(each.fills.n.item() for each in singles)
    assert n_fills == sum(each.fills.n.item() for each in blocks) > 0
    assert digest_of(fresh.memory) == memory


def test_a_bar_comes_back_as_it_was_kept(panel, bars, pieces):
    for t, (piece, packed) in enumerate(zip(pieces, bars, strict=True), WARM):
        found = unpack(packed)
        assert (found.close_ms, found.piece.k0) == (panel.close_ms(t), panel.k0 + t)
        for kind in ("bars", "market", "controls"):
            assert digest_of(getattr(found.piece, kind)) == digest_of(getattr(piece, kind))
        assert all(array.flags.writeable for _, array in leaves(found.piece.market))
        assert content_hash(packed) == content_hash(pack(found))


def test_what_is_the_same_is_kept_once(bars):
    inside = zlib.decompress(bars[100])
    one_of_each = sum(len(kind._fields) for kind in (Bars, Market, Controls))
    assert inside.count(b'"bars.close"') == 1
    assert len(inside) < 8 * 4 * one_of_each + 3_000, "the market's arrays are the bars' own"


def test_whatever_is_spoilt_is_refused(bars):
    draw = random.Random(3)  # noqa: S311
    good = bars[50]
    inside = zlib.decompress(good)
    for _ in range(300):
        spoilt = bytearray(inside)
        spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
        packed = zlib.compress(bytes(spoilt))
        assert content_hash(packed) != content_hash(good)
        try:
            unpack(packed)
        except DataError:
            continue
    for cut in (good[:-1], good + b"x", b"", zlib.compress(inside[:-1]), zlib.compress(b"QIN1")):
        with pytest.raises(DataError, match="these are no inputs of a bar"):
            unpack(cut)


def test_more_than_a_bar_is_not_packed(panel, begun):
    _, piece = next(iter(folding.pieces(panel, 10, ())))
    with pytest.raises(ValueError, match="of one bar are packed, not of 10"):
        pack(Inputs(0, begun().force, piece))


def test_only_the_next_bar_of_what_is_in_force_is_decided_on(begun, bars):
    fresh = begun()
    with pytest.raises(DataError, match="does not follow bar"):
        fresh.decide(unpack(bars[1]))
    other = unpack(bars[0])
    for force in (
        other.force._replace(params="p2"),
        other.force._replace(fits="f"),
        other.force._replace(axes=other.force.axes._replace(venues=("elsewhere",))),
    ):
        with pytest.raises(DataError, match="decide it again with what was in force then"):
            fresh.decide(other._replace(force=force))
    fresh.decide(other)
    assert fresh.last_k == other.piece.k0


def test_a_desk_that_dies_anywhere_stands_where_it_stood(tmp_path: Path, begun, bars, whole):
    """It is killed again and again; snapshots are old, damaged or of bars nobody recorded."""
    draw = random.Random(11)  # noqa: S311
    with open_store(tmp_path / "store.db") as store:
        kept = store.cycles("main")

        def recorded(k: int):
            for row in kept.after(k):
                yield unpack(row.inputs), row.decided_hash

        desk, n_lives = begun(), 1
        save(desk, tmp_path)
        while len(done := list(kept.after(0))) < N_BARS:
            for packed in bars[len(done) : len(done) + draw.randrange(1, 60)]:
                found = desk.decide(unpack(packed))
                if draw.random() < 0.02:
                    break  # it died before the commit: the bar was never acted on
                kept.append(Cycle(found.k, 0, packed, content_hash(packed), found.digest))
                if draw.random() < 0.05:
                    save(desk, tmp_path)
            else:
                save(desk, tmp_path)
            newest = snapshots(tmp_path)
            assert len(newest) <= KEPT
            if len(newest) > 1 and draw.random() < 0.4:
                newest[0][1].write_bytes(newest[0][1].read_bytes()[:1_000])
            again = begun()
            back = restore(tmp_path, again.made, again.memory, again.force, recorded, kept.last())
            desk, n_lives = back.decider, n_lives + 1
            assert desk.last_k == (kept.last() or desk.last_k)
        assert n_lives > 5
        assert digest_of(desk.memory) == whole[1]
        assert kept.verify(content_hash)
        fresh = begun()
        assert replay(fresh, recorded(0)) == (N_BARS, None)


def test_a_replay_names_the_first_bar_that_comes_out_otherwise(begun, bars):
    desk = begun()
    rows = [(unpack(packed), desk.decide(unpack(packed)).digest) for packed in bars[:120]]
    assert replay(begun(), rows).is_same
    rows[90][0].piece.market.close[0, 0, 0] *= 1.5
    found = replay(begun(), rows)
    assert not found.is_same
    assert found.first_k == rows[90][0].piece.k0


def test_a_snapshot_of_other_decisions_is_no_beginning(tmp_path: Path, begun, bars):
    desk = begun()
    with pytest.raises(DataError, match="there is none"):
        restore(tmp_path, desk.made, desk.memory, desk.force, lambda _: (), None)
    save(desk, tmp_path)
    inputs = unpack(bars[0])
    with pytest.raises(DataError, match="another decision than the desk kept"):
        restore(
            tmp_path,
            desk.made,
            begun().memory,
            desk.force,
            lambda _: [(inputs, "other")],
            inputs.piece.k0,
        )
    desk.decide(inputs)
    save(desk, tmp_path)
    back = restore(
        tmp_path, desk.made, begun().memory, desk.force, lambda _: (), inputs.piece.k0 - 1
    )
    assert back.decider.last_k == inputs.piece.k0 - 1
    assert "never recorded" in back.passed_over[0]
