"""Of marks of longer bars the basis is carried: known when it counts, and equity does not jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, store

import quorate
from quorate.lake import PanelSpec, Source, keep, layout, load, strands
from quorate.lake.layout import Key

HOUR, DAY = 3_600_000, 288
BAR_MS = 300_000
KEY = Key("okx_swap", "mark", "1h")


def walk(seed: int, n: int = 2 * DAY) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 1e-3, n)))


def rows(close: np.ndarray, step_ms: int = BAR_MS) -> pl.DataFrame:
    """Return bars of which each price is the close."""
    at = START_MS + np.arange(close.size) * step_ms
    return pl.DataFrame(
        {
            "ts": pl.Series(at).cast(pl.Datetime("ms", "UTC")),
            **dict.fromkeys(("open", "high", "low", "close"), close),
            "volume": np.full(close.size, 1e6),
        }
    )


def hourly(close: np.ndarray, basis: np.ndarray | float) -> pl.DataFrame:
    """Return hourly marks, each so many times the close of its time."""
    return rows(close[11::12] * basis, HOUR).drop("volume")


def spec(place, bars: pl.DataFrame, mark) -> PanelSpec:
    source = Source(store(place / "bars", A=bars), "okx_swap", "perp", mark=mark)
    return PanelSpec((source,), assume_funding=0.0, drop_last=False)


def marks(panel) -> np.ndarray:
    return panel.market.mark[:][:, 0, 0]


def slowly(close: np.ndarray, said: list[tuple[int, int, float]], traded: np.ndarray) -> np.ndarray:
    """Return each bar's mark, looked for among ``(row, known row, mark)``."""
    made = close.copy()
    for t in range(close.size):
        known = [one for one in said if max(one[0], one[1]) <= t and traded[one[0]]]
        if known:
            row, _, mark = max(known, key=lambda one: (one[0], one[1]))
            if t - row <= 12:
                made[t] = close[t] * mark / close[row]
    return made


def test_equity_does_not_jump_by_the_basis_at_the_hour(tmp_path):
    close = walk(1)
    place = store(tmp_path / "mark", A=hourly(close, 1.03))
    panel = load(spec(tmp_path, rows(close), place))
    weights = np.full((panel.n_bars, 1), 0.5)
    weights[:24] = 0.0  # both hold nothing before the first mark
    done = quorate.simulate(panel, weights)
    moved = np.abs(np.diff(np.log(done.equity[30:].astype(float))))
    calm = 0.55 * np.abs(np.diff(np.log(panel.market.close[30:, 0, 0])))
    assert (moved <= calm + 1e-6).all()
    assert (marks(panel)[:11] == close[:11]).all()
    np.testing.assert_allclose(marks(panel)[11:] / close[11:], 1.03, rtol=1e-12)


def test_what_is_carried_is_told(tmp_path):
    close = walk(2)
    place = store(tmp_path / "mark", A=hourly(close, 1.01)[:40])
    panel = load(spec(tmp_path, rows(close), place))
    # from the first mark at bar 11 until an hour after the last at 40 hours
    assert panel.notes[-1] == (
        "Marks on okx_swap are of bars of 60 minutes: 481 bars of 1 coins are valued at their "
        "close times the last known mark over its own close, 60 minutes old at most; the others "
        "at their close."
    )
    assert (marks(panel)[40 * 12 + 12 :] == close[40 * 12 + 12 :]).all()


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_a_search_finds_however_late_marks_were_known(tmp_path, seed):
    rng, close = np.random.default_rng(seed), walk(seed)
    there = np.sort(rng.choice(48, 44, replace=False))
    frame = hourly(close, np.exp(rng.normal(0.0, 0.01, 48)))[there]
    late = rng.choice([0, 0, 0, 1, 5, 30], there.size)
    known = pl.Series("known_at", START_MS + (there + 1) * HOUR + late * BAR_MS)
    first = frame.with_columns(known.cast(pl.Datetime("ms", "UTC")))
    layout.store(first, tmp_path / "lake", KEY, "A")
    worth = frame["close"].to_numpy()
    said = [
        (12 * int(h) + 11, 12 * int(h) + 11 + int(wait), m)
        for h, wait, m in zip(there, late, worth, strict=True)
    ]
    for nth in (3, 17, 30):  # corrections, a quarter of an hour after the close
        row = frame[nth].with_columns(pl.col("open", "high", "low", "close") * 1.02)
        told = START_MS + (int(there[nth]) + 1) * HOUR + max(3, int(late[nth]) + 1) * BAR_MS
        layout.store(row, tmp_path / "lake", KEY, "A", known_at=told)
        mark = (12 * int(there[nth]) + 11, (told - START_MS) // BAR_MS - 1, float(row["close"][0]))
        said.append(mark)
    is_there = rng.random(close.size) > 0.1
    is_there[0] = True
    bars = rows(close).filter(pl.Series(is_there))
    panel = load(spec(tmp_path, bars, layout.folder(tmp_path / "lake", KEY)))
    own = panel.market.close[:, 0, 0]
    n = own.size
    wanted = slowly(own, [one for one in said if one[0] < n], panel.market.status[:, 0, 0] == 1)
    np.testing.assert_allclose(marks(panel), wanted, rtol=1e-12)
    assert (wanted != own).sum() > n / 2


@pytest.mark.parametrize("how", [load, keep])
def test_a_panel_made_then_is_the_later_one_cut_there(tmp_path, how):
    close = walk(7)
    frame = hourly(close, np.exp(np.random.default_rng(7).normal(0.0, 0.01, 48)))

    def made_of(end: int) -> np.ndarray:
        place = tmp_path / f"{end}"
        mark = store(place / "mark", A=frame[: end // 12])
        given = spec(place, rows(close[:end]), mark)
        return marks(how(given) if how is load else how(given, place / "kept"))

    whole = made_of(2 * DAY)
    for end in (24, 25, 35, 36, 37, 300):
        np.testing.assert_array_equal(made_of(end), whole[:end])


def test_a_panel_in_parts_or_from_a_start_has_the_same_marks(tmp_path, monkeypatch):
    close = walk(8)
    given = spec(tmp_path, rows(close), store(tmp_path / "mark", A=hourly(close, 0.98)))
    whole = load(given)
    start = "2023-02-01T02:25"
    np.testing.assert_array_equal(marks(load(replace(given, start=start))), marks(whole)[29:])
    monkeypatch.setattr(strands, "BLOCK_CELLS", 7)
    monkeypatch.setattr(strands, "STRETCH_ROWS", 7)
    kept = keep(given, tmp_path / "kept")
    np.testing.assert_array_equal(marks(kept), marks(whole))
    assert kept.notes == whole.notes
