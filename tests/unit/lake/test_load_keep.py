"""A panel that is made on disk, a coin at a time, is the one that is made in memory."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import polars as pl
import pytest
from tests.unit.lake import flawed
from tests.unit.lake.builders import START_MS, put, store, without

from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, blocks, columns, keep, layout, load, shelf, strands

LAID = ("bars", "market", "member", "venues", "quote_usd", "delisted_k")


def raw(panel):
    """Return every byte of a panel's arrays, with their forms, by name."""
    named = {f"bars.{name}": each for name, each in panel.bars._asdict().items()}
    named |= {f"market.{name}": each for name, each in panel.market._asdict().items()}
    named |= {f"venues.{name}": each for name, each in panel.venues._asdict().items()}
    named |= {name: getattr(panel, name) for name in ("member", "quote_usd", "delisted_k")}
    return {name: (each.shape, str(each.dtype), each[:].tobytes()) for name, each in named.items()}


def told(panel):
    """Return what is said of a panel, tables as rows."""
    found = {
        field.name: getattr(panel, field.name)
        for field in dataclasses.fields(panel)
        if field.name not in {*LAID, "certificate"}
    }
    tables = [
        (origin, [table.write_json() for table in quality])
        for origin, quality in panel.certificate.venues
    ]
    tables += [(each[:2], each.findings.write_json()) for each in panel.certificate.valued]
    rest = panel.certificate._replace(venues=(), valued=())
    return found | {"tables": tables, "certificate": rest}


@pytest.mark.parametrize("name", flawed.MARKETS)
def test_it_is_that_of_memory_to_the_byte(tmp_path, name):
    spec = flawed.MARKETS[name](tmp_path)
    loaded, kept = load(spec), keep(spec, tmp_path / "kept")
    assert raw(loaded) == raw(kept)
    assert told(loaded) == told(kept)
    assert raw(columns.read(tmp_path / "kept")) == raw(loaded)


@pytest.mark.parametrize("name", flawed.MARKETS)
def test_the_flaws_are_there(tmp_path, name):
    """The comparison above would say little of bars without a gap, a mark or a member."""
    panel = load(flawed.MARKETS[name](tmp_path))
    assert set(np.unique(panel.bars.status)) == {0, 1, 2}
    assert {"cut": 3, "perps": 4}.get(name, 10) <= panel.n_coins + len(panel.certificate.excluded)
    if name == "perps":
        assert set(panel.funding) == {"known", "mixed", "assumed"}
        assert np.isnan(panel.quote_usd).any()
        assert np.isfinite(panel.bars.basis_bps).any()
        assert (panel.market.mark[:, 0] != panel.market.close[:, 0]).any()
    if name == "universe":
        assert set(np.unique(panel.member)) == {0, 1}
        assert any("never in the universe" in why for why in panel.certificate.excluded.values())
    if name == "two spots":
        assert any("Quarantined" in note for note in panel.notes)
        assert "TWICEUSDT.2" in panel.symbols


@pytest.mark.parametrize("rows", [300, 700])
@pytest.mark.parametrize("name", flawed.MARKETS)
def test_however_short_the_stretches_are(tmp_path, monkeypatch, name, rows):
    spec = flawed.MARKETS[name](tmp_path)
    loaded = load(spec)
    monkeypatch.setattr(shelf, "STRETCH_ROWS", rows)
    monkeypatch.setattr(strands, "STRETCH_ROWS", rows)
    monkeypatch.setattr(strands, "BLOCK_CELLS", 2_000)
    kept = keep(spec, tmp_path / "kept")
    assert raw(loaded) == raw(kept)
    assert told(loaded) == told(kept)


def hourly(frame):
    """Return the hours of five-minute bars, with a price that the minutes do not show."""
    hours = (
        frame.sort("ts")
        .group_by_dynamic("ts", every="1h")
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
    )
    return put(hours, 130, close=190.0, high=200.0, volume=1.0)


def longer(root):
    """Return hours beside five minutes in dollars, of which some are missing."""
    names = ("PLAINUSDT", "GAPSUSDT", "UNITUSDT")
    hours = {name: hourly(flawed.market()[name]) for name in names}
    minutes = {f"{name[:-1]}": without(flawed.market()[name], 500, 30) for name in names}
    sources = (
        Source(store(root / "hours", **hours), "binance_spot", "spot"),
        Source(store(root / "minutes", **minutes), "kraken_spot", "spot"),
    )
    worth = flawed.scaled(flawed.noisy(20, 2_000), 0.01).drop("volume", "taker_buy_volume")
    usd = store(root / "usd", USDT=worth)
    return PanelSpec(sources, bar_minutes=60, quote_usd=usd / "USDT.parquet", accept_failed=True)


@pytest.mark.parametrize("rows", [30, 300])
def test_however_short_where_bars_are_made_of_shorter_ones(tmp_path, monkeypatch, rows):
    specs = [longer(tmp_path), dataclasses.replace(flawed.two_spots(tmp_path), bar_minutes=60)]
    loaded = [load(spec) for spec in specs]
    (_, found), _ = loaded[0].certificate.venues
    assert "SPIKE_DISPUTED" in found.findings["rule"]
    assert found.pairs.height == 3
    monkeypatch.setattr(shelf, "STRETCH_ROWS", rows)
    monkeypatch.setattr(strands, "STRETCH_ROWS", rows)
    monkeypatch.setattr(strands, "BLOCK_CELLS", 100)
    for nth, (spec, one) in enumerate(zip(specs, loaded, strict=True)):
        kept = keep(spec, tmp_path / f"kept {nth}")
        assert raw(one) == raw(kept)
        assert told(one) == told(kept)


@pytest.mark.parametrize("cells", [1, 37, 5_000])
def test_however_long_a_block_is(tmp_path, monkeypatch, cells):
    spec = flawed.perps(tmp_path)
    spec = dataclasses.replace(spec, end="2023-02-03")
    loaded = raw(load(spec))
    monkeypatch.setattr(strands, "BLOCK_CELLS", cells)
    assert raw(keep(spec, tmp_path / "kept")) == loaded


def test_the_lake_as_of_a_moment_too(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "STRETCH_ROWS", 500)
    monkeypatch.setattr(strands, "STRETCH_ROWS", 500)
    key = layout.Key("binance_spot", "ohlcv", "5m")
    frames = {name: frame for name, frame in flawed.market().items() if name != "WRONGUSDT"}
    for name, frame in frames.items():
        layout.write(frame.unique("ts", keep="last"), tmp_path / "lake", key, name)
    moved = flawed.scaled(flawed.noisy(1), 1.01)
    late = START_MS + 30 * 86_400_000
    layout.write(moved, tmp_path / "lake", key, "PLAINUSDT", known_at=late)
    sources = (Source(layout.folder(tmp_path / "lake", key), "binance_spot", "spot"),)
    found = []
    for as_of in (None, "2023-02-20"):
        spec = PanelSpec(sources, as_of=as_of, accept_failed=True)
        loaded, kept = load(spec), keep(spec, tmp_path / "kept")
        assert raw(loaded) == raw(kept)
        assert told(loaded) == told(kept)
        found.append(loaded)
    assert found[0].source.digest != found[1].source.digest
    assert raw(found[0]) != raw(found[1])


def test_blocks_of_it_are_those_of_memory(tmp_path):
    spec = flawed.two_spots(tmp_path)
    loaded, kept = load(spec), keep(spec, tmp_path / "kept")
    for ours, theirs in zip(blocks(loaded, 100), blocks(kept, 100), strict=True):
        for one, other in zip(
            (*ours.bars, *ours.market, ours.member),
            (*theirs.bars, *theirs.market, theirs.member),
            strict=True,
        ):
            assert one.tobytes() == other.tobytes()


def test_what_is_refused_is_refused_and_leaves_the_panel_that_was_there(tmp_path):
    spec = flawed.spot(tmp_path)
    before = raw(keep(spec, tmp_path / "kept"))
    for wrong, said in (
        (dataclasses.replace(spec, accept_failed=False), "bars fail the rules of data"),
        (dataclasses.replace(spec, symbols=("SILENTUSDT",)), "no bar is left|never trades"),
        (dataclasses.replace(spec, quote_usd=tmp_path / "none.parquet"), "is not a file"),
    ):
        with pytest.raises(DataError, match=said):
            load(wrong)
        with pytest.raises(DataError, match=said):
            keep(wrong, tmp_path / "kept")
        assert raw(columns.read(tmp_path / "kept")) == before
        names = {path.name.partition("-")[0] for path in (tmp_path / "kept").iterdir()}
        assert names == {"panel.json", "version"}
        with pytest.raises(DataError, match=said):
            keep(wrong, tmp_path / "none" / "kept")
        assert not (tmp_path / "none").exists()


def test_nothing_of_the_way_stays(tmp_path):
    keep(flawed.cut(tmp_path), tmp_path / "kept")
    (version,) = (tmp_path / "kept").glob("version-*")
    assert all(path.suffix == ".npy" or path.name == "certificate" for path in version.iterdir())


def test_memory_does_not_grow_with_coins(tmp_path, monkeypatch):
    """Six times the coins take a little more for what is known of each, not for their bars."""
    monkeypatch.setattr(strands, "BLOCK_CELLS", 5_000)
    frame, peaks = flawed.noisy(1, 20 * flawed.DAY), []
    for n in (4, 24):
        frames = {f"C{i:02d}": frame for i in range(n)}
        source = Source(store(tmp_path / str(n), **frames), "binance_spot", "spot")
        tracemalloc.start()
        panel = keep(PanelSpec((source,)), tmp_path / f"kept {n}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert panel.n_coins == n
    one_coin = 106 * frame.height
    assert peaks[1] - peaks[0] < 2 * one_coin  # 20 coins more; in memory they would be 20 of these


def test_a_file_is_read_once(tmp_path, monkeypatch):
    """What is hashed is what was parsed, whatever is written there meanwhile."""
    spec = flawed.perps(tmp_path)
    digest = load(spec).source.digest
    from quorate.lake import disk

    was, seen = disk.content, []
    monkeypatch.setattr(disk, "content", lambda path: seen.append(path) or was(path))
    assert load(spec).source.digest == digest
    again = {path for path in seen if seen.count(path) > 1}
    # the first file is looked at before, for the length of a bar, and the second venue's twice
    assert again <= {spec.sources[0].path / "DEADUSDT.parquet"}
    path = spec.sources[0].path / "PLAINUSDT.parquet"
    pl.read_parquet(path).with_columns(pl.col("volume") + 1.0).write_parquet(path)
    assert load(spec).source.digest != digest
