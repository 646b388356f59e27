"""A desk in dry run over a lake that grows: a backtest's decisions, over restarts, late bars."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import desks, folding, replaying
from quorate.api.desk_plan import FILE, Plan, kept
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Bar
from quorate.errors import ConfigError, DataError, StoreError
from quorate.hands import Verb, Word
from quorate.lake import PanelSpec, Source, load
from quorate.live.cycle.decider import replay
from quorate.live.cycle.inputs import content_hash, digest_of, unpack
from quorate.store.cycles import Cycle, Cycles
from quorate.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path

STEP = timedelta(minutes=5)
LEARN = timedelta(days=8)
COINS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
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
def tape():
    """Return the files of a made-up market, whole."""
    made = quorate.synthetic(n_coins=3, days=16, planted_edge=4.0)
    frames = []
    for c in range(3):
        row = np.flatnonzero(made.bars.status[:, c] == Bar.TRADED)
        opened = pl.Series((made.k0 + row - 1) * 300_000).cast(pl.Datetime("ms", "UTC"))
        columns = {name: getattr(made.bars, name)[row, c] for name in made.bars._fields[:6]}
        made_up = pl.DataFrame({"ts": opened, **columns})
        frames.append(made_up.rename({"taker_buy": "taker_buy_volume"}))
    return frames


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(desks, "LEARN", LEARN)


class Scene:
    """A lake that holds what has closed, and a plan over it."""

    def __init__(self, folder: Path, tape, offset: int = 0) -> None:
        self.folder, self.tape = folder, tape
        self.bars = folder / "bars"
        self.bars.mkdir()
        self.begin = tape[0]["ts"][0].replace(tzinfo=UTC) + LEARN + timedelta(hours=offset)
        spec = PanelSpec(
            (Source(self.bars, "binance_usdm", "perp"),),
            symbols=COINS,
            drop_last=False,
            assume_funding=1e-4,
        )
        settings = quorate.read_settings(overrides=LIVELY)
        self.plan = Plan("main", spec, settings, builtin())

    def grow(self, now: datetime, late: str = "") -> None:
        """Write every bar that has closed; a late coin's last one has not come yet."""
        for name, frame in zip(COINS, self.tape, strict=True):
            known = frame.filter(pl.col("ts") <= pl.lit(now - STEP))
            known = known[:-1] if name == late else known
            known.write_parquet(self.bars / f"{name}.parquet")

    def open(self, store, now: datetime):
        return desks.open_desk(self.plan, store, self.folder / "desk", now)


def same_backtest(scene: Scene, store, now: datetime) -> str:
    """Return the memory of a backtest over the same lake: it learned, then it decided."""
    spec = replace(scene.plan.spec, start=scene.begin - LEARN, end=now)
    panel = load(spec)
    n = int(LEARN / STEP)
    fold = folding.begin(panel, scene.plan.settings, scene.plan.engines, first=n - 1)
    for _ in folding.advance(panel, fold, n, may_enter=False):
        pass
    said = [Word.of(row.said) for row in store.words("main").read()]
    panel = quorate.by_hand(panel, said)
    for t, piece in folding.pieces(panel, panel.n_bars, (n,)):
        if t >= n:
            folding.passes.advance(fold.made, fold.memory, piece)
    return digest_of(fold.memory)


def test_a_desk_over_a_growing_lake_is_the_backtest_of_it(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    done = []
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        assert desk.cycle(scene.begin) == ()
        now = scene.begin
        for nth, n_bars in enumerate([1, 3, 1, 18, 2, 20, 1, 30, 5, 6]):
            now += n_bars * STEP
            scene.grow(now)
            done += desk.cycle(now + timedelta(seconds=7))
            assert desk.cycle(now + timedelta(seconds=9)) == ()
            if nth % 3 == 1:
                desk = scene.open(store, now)
            if nth == 8:
                word = Word(verb=Verb.PAUSE, by="ann", why="news", at_ms=done[-1].close_ms + 1)
                store.words("main").append(word.as_dict())
        assert [bar.k for bar in done] == list(range(done[0].k, done[0].k + 87))
        assert any(bar.n_sent for bar in done)
        assert all(bar.n_known == 3 for bar in done)
        assert digest_of(desk.memory) == same_backtest(scene, store, now)
        assert store.cycles("main").verify(content_hash)


def test_a_bar_that_is_late_is_decided_on_without_it_and_stays_so(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        first = scene.open(store, scene.begin)._decider
        known = []
        for nth in range(1, 6):
            now = scene.begin + nth * STEP
            scene.grow(now, late="ETHUSDT" if nth == 3 else "")
            known += [bar.n_known for bar in desk.cycle(now)]
        assert known == [3, 3, 2, 3, 3]
        now += 4 * STEP  # nothing comes any more: a venue that is down
        assert [bar.n_known for bar in desk.cycle(now)] == [0, 0, 0, 0]
        rows = [(unpack(row.inputs), row.decided_hash) for row in store.cycles("main").after(0)]
        assert len(rows) == 9
        assert rows[2][0].piece.bars.status.tolist() == [[Bar.TRADED, Bar.IMPUTED, Bar.TRADED]]
        assert replay(first, rows).is_same, "by what was known, not by what came"
        again = scene.open(store, now)
        assert digest_of(again.memory) == digest_of(desk.memory)


@pytest.mark.parametrize("is_written", [False, True])
def test_a_store_that_fails_costs_no_bar(tmp_path: Path, tape, monkeypatch, is_written) -> None:
    """The disk is full at a bar's commit, or the commit's answer is lost: the desk goes on."""
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        append = Cycles.append

        def fails(self, row):
            if is_written:
                append(self, row)
            raise StoreError("the disk is full")

        for nth in range(1, 5):
            now = scene.begin + nth * STEP
            scene.grow(now)
            if nth == 2:
                monkeypatch.setattr(Cycles, "append", fails)
                with pytest.raises(StoreError):
                    desk.cycle(now)
                monkeypatch.setattr(Cycles, "append", append)
            else:
                desk.cycle(now)
        assert len(list(store.cycles("main").after(0))) == 4
        assert digest_of(desk.memory) == same_backtest(scene, store, now)


def test_a_word_of_a_coin_that_is_not_there_stops_no_desk(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        for coin in ("BTCUSD", "BTCUSDT"):
            at_ms = int(scene.begin.timestamp() * 1e3)
            word = Word(verb=Verb.BLOCK, by="ann", why="news", at_ms=at_ms, coin=coin)
            store.words("main").append(word.as_dict())
        scene.grow(scene.begin + STEP)
        assert len(desk.cycle(scene.begin + STEP)) == 1
        (row,) = store.cycles("main").after(0)
        assert unpack(row.inputs).piece.controls.block.tolist() == [[1, 0, 0]]


def test_a_coin_that_is_gone_stops_no_other(tmp_path: Path, tape, monkeypatch) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        monkeypatch.setattr(desks, "WINDOW", timedelta(hours=2))
        stopped = scene.tape[2].filter(pl.col("ts") < pl.lit(scene.begin))
        scene.tape = [*scene.tape[:2], stopped]
        for hours in (1, 3, 4):
            now = scene.begin + timedelta(hours=hours)
            scene.grow(now)
            assert {bar.n_known for bar in desk.cycle(now)} == {2}
        last = unpack(list(store.cycles("main").after(0))[-1].inputs)
        assert last.piece.bars.status.tolist() == [[Bar.TRADED, Bar.TRADED, Bar.ABSENT]]


def test_a_coin_whose_rows_fail_a_rule_stops_no_other(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        whole = scene.tape[1]
        at = pl.col("ts") == pl.lit(scene.begin)
        broken = whole.with_columns(high=pl.when(at).then(pl.col("low") / 2).otherwise("high"))
        scene.tape = [scene.tape[0], broken, scene.tape[2]]
        bars = []
        for nth in (1, 2):
            now = scene.begin + nth * STEP
            scene.grow(now)
            bars += desk.cycle(now)
        assert [(bar.n_known, bar.barred) for bar in bars] == [(2, "ETHUSDT"), (3, "ETHUSDT")]
        rows = [unpack(row.inputs) for row in store.cycles("main").after(0)]
        assert [row.piece.controls.block.tolist() for row in rows] == [[[0, 1, 0]]] * 2


def test_a_desk_goes_on_with_what_it_began_with_only(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        scene.open(store, scene.begin)
        other = quorate.read_settings(overrides=LIVELY | {"consensus.k": "0.6"})
        began = scene.plan
        for plan, text in (
            (replace(began, settings=other), "began with consensus.k 0.5, and is given 0.6"),
            (replace(began, engines=builtin()[:-1]), "began with engines"),
            (replace(began, spec=replace(began.spec, symbols=COINS[:2])), "began with symbols"),
        ):
            scene.plan = plan
            with pytest.raises(ConfigError, match=text):
                scene.open(store, scene.begin)
        with pytest.raises(ConfigError, match="its coins by name"):
            replace(began, spec=replace(began.spec, symbols=None))
        scene.plan = began
        now = scene.begin + STEP
        scene.grow(now)
        scene.open(store, now).cycle(now)
        (tmp_path / "desk" / FILE).unlink()
        with pytest.raises(ConfigError, match="has nothing of it"):
            scene.open(store, now)


def test_a_day_is_decided_again_from_the_snapshot_before_it(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape, offset=22)
    folder, at = tmp_path / "desk", tmp_path / "store.db"
    with open_store(at) as store:
        scene.grow(scene.begin)
        desk = scene.open(store, scene.begin)
        for n_bars in (20, 44):
            now = scene.begin + n_bars * STEP
            scene.grow(now)
            desk.cycle(now)
        days = [scene.begin.date(), now.date()]
        proofs = [replaying.replay(day, store=at, folder=folder) for day in days]
        assert [(e.n_recorded, e.n_replayed, e.is_same) for e in proofs] == [
            (24, 24, True),
            (20, 20, True),
        ]
        last = list(store.cycles("main").after(0))[-1]
        scene.grow(now + STEP)
        desk.cycle(now + STEP)
        (true,) = store.cycles("main").after(last.k)
        with open_store(tmp_path / "forged.db") as other:
            for row in store.cycles("main").after(0, last.k):
                other.cycles("main").append(row)
            other.cycles("main").append(Cycle(*true[:-1], "other"))
            found = replaying.replay(days[1], store=tmp_path / "forged.db", folder=folder)
        assert (found.n_replayed, found.first_k, found.is_same) == (21, true.k, False)
        assert found.first_close == f"{now + STEP:%Y-%m-%dT%H:%M}Z"
        assert found.as_dict()["is_same"] is False
        with pytest.raises(DataError, match="decided on no bar of 2031-01-01"):
            replaying.replay("2031-01-01", store=at, folder=folder)


def test_a_folder_tells_the_whole_plan(tmp_path: Path, tape) -> None:
    scene = Scene(tmp_path, tape)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        scene.open(store, scene.begin)
    folder = tmp_path / "desk"
    older = json.loads((folder / FILE).read_text("utf-8"))
    older["settings"].pop("portfolio")  # a version that had no such section
    older["settings"]["consensus"]["gone"] = 1.0
    (folder / FILE).write_text(json.dumps(older), "utf-8")
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin + STEP)
        assert len(scene.open(store, scene.begin).cycle(scene.begin + STEP)) == 1
    told = kept(folder).plan
    assert (told.spec, told.params) == (scene.plan.spec, scene.plan.params)
    assert told.settings.values == scene.plan.settings.values
    with pytest.raises(DataError, match="holds no desk"):
        kept(tmp_path)
    (folder / FILE).write_text("{}", "utf-8")
    with pytest.raises(DataError, match="is damaged"):
        kept(folder)
