"""Files become the lake: added once, corrected beside, refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store

import quorate
from quorate.api import importing
from quorate.cli import run
from quorate.core.types import Bar
from quorate.errors import ConfigError, DataError, SchemaError
from quorate.lake import PanelSpec, Source, assets, layout, load

KEY = layout.Key("binance_spot", "ohlcv", "5m")
LATER = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    return store(tmp_path / "plain", A=bars(600), B=bars(300, price=50.0))


def bring(folder, tmp_path, **choices):
    said = {"vendor": "binance_spot", "kind": "ohlcv", "corrected_at": LATER, **choices}
    return quorate.import_data(folder, tmp_path / "lake", **said)


def held(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_folder_becomes_a_lake_without_its_last_bars(folder, tmp_path):
    done = bring(folder, tmp_path)
    assert (done.interval, done.n_added, done.n_unfinished) == ("5m", 899, 1)
    assert done.folder == str(layout.folder(tmp_path / "lake", KEY))
    read = layout.read(tmp_path / "lake", KEY)
    assert read.filter(symbol="A").drop("symbol").equals(bars(600)[:-1])
    assert read.filter(symbol="B").height == 300  # closed a day before the last bar of A
    done.raise_if_failed()


def test_the_same_again_adds_nothing_and_changes_no_byte(folder, tmp_path):
    bring(folder, tmp_path)
    before = held(tmp_path / "lake")
    done = bring(folder, tmp_path)
    assert (done.n_added, done.corrections.height) == (0, 0)
    assert held(tmp_path / "lake") == before


def test_a_longer_file_adds_what_is_new_and_a_changed_row_is_a_correction(folder, tmp_path):
    bring(folder, tmp_path)
    store(folder, A=put(bars(610), 7, close=100.75))
    done = bring(folder, tmp_path)
    assert done.coins.select("symbol", "n_added", "n_corrected").rows() == [
        ("A", 11, 1),
        ("B", 0, 0),
    ]
    assert done.corrections.rows() == [
        ("A", datetime(2023, 2, 1, 0, 35, tzinfo=UTC), "close", "100.7", "100.75", LATER)
    ]
    lake = tmp_path / "lake"
    assert layout.read(lake, KEY, ["A"])["close"][7] == 100.75
    before = layout.read(lake, KEY, ["A"], as_of=LATER - timedelta(seconds=1))
    assert before["close"][7] == pytest.approx(100.7)


def test_the_last_bar_is_kept_when_it_is_said_to_be_finished(folder, tmp_path):
    done = bring(folder, tmp_path, keep_last=True)
    assert (done.n_added, done.n_unfinished) == (900, 0)


def test_the_last_bar_is_the_latest_whatever_the_order_of_rows(tmp_path):
    where = store(tmp_path / "plain", A=bars(10).reverse())
    bring(where, tmp_path)
    assert layout.read(tmp_path / "lake", KEY).drop("symbol").equals(bars(9))


def test_rows_are_known_at_their_close_or_when_it_is_said(folder, tmp_path):
    bring(folder, tmp_path)
    told = layout.history(tmp_path / "lake", KEY)
    assert (told["known_at"] - told["ts"]).unique().to_list() == [timedelta(minutes=5)]
    quorate.import_data(
        folder, tmp_path / "other", vendor="binance_spot", kind="ohlcv", known_at="2024-01-01"
    )
    told = layout.history(tmp_path / "other", KEY)
    assert told["known_at"].unique().to_list() == [LATER]
    quorate.import_data(
        folder, tmp_path / "early", vendor="binance_spot", kind="ohlcv", known_at="2020-01-01"
    )  # before the bars closed
    told = layout.history(tmp_path / "early", KEY)
    assert (told["known_at"] - told["ts"]).unique().to_list() == [timedelta(minutes=5)]


def test_one_file_of_many_symbols_is_taken_apart(tmp_path):
    path = tmp_path / "all.parquet"
    rows = pl.concat([bars(20).with_columns(symbol=pl.lit(name), n=pl.lit(1)) for name in "BA"])
    rows.sample(fraction=1.0, shuffle=True, seed=2).write_parquet(path)
    done = bring(path, tmp_path)
    assert done.coins["symbol"].to_list() == ["A", "B"]
    assert (done.n_added, done.n_unfinished, done.left_out) == (38, 2, ("n",))
    assert bring(path, tmp_path).n_added == 0


def test_a_name_of_another_alphabet_goes_in_as_a_pull_would_spell_it(tmp_path):
    """An exchange lists such coins; left out, a universe would have only the others."""
    (tmp_path / "one").mkdir()
    bars(12).write_parquet(tmp_path / "one" / "\u5e01USDT.parquet")
    both = pl.concat(
        [bars(12).with_columns(symbol=pl.lit(name)) for name in ("BTCUSDT", "\u5b89USDT")]
    )
    both.write_parquet(tmp_path / "many.parquet")
    for where in ("one", "many.parquet"):
        bring(tmp_path / where, tmp_path)
    found = {path.name for path in tmp_path.rglob("symbol=*")}
    assert found == {"symbol=U5E01.USDT", "symbol=U5B89.USDT", "symbol=BTCUSDT"}


def test_csv_files_with_other_names(tmp_path):
    where = tmp_path / "csv"
    where.mkdir()
    rows = bars(10).with_columns(pl.col("ts").dt.epoch("s").alias("Open time")).drop("ts")
    rows.rename({"volume": "amount"}).write_csv(where / "A.csv")
    with pytest.raises(SchemaError, match=r"to be ts, volume; .*--map ts='Open time' volume=NAME"):
        bring(where, tmp_path)
    done = bring(where, tmp_path, names={"ts": "Open time", "volume": "amount"})
    assert done.n_added == 9
    assert layout.read(tmp_path / "lake", KEY).drop("symbol").equals(bars(9))


def test_what_has_no_interval_is_an_event_and_keeps_its_last(tmp_path):
    where = store(tmp_path / "paid", A=settlements([START_MS, START_MS + 5], [1e-4, 2e-4]))
    done = bring(where, tmp_path, kind="funding")
    assert (done.interval, done.n_added, done.n_unfinished) == ("event", 2, 0)


def test_a_broken_file_is_named_and_the_others_go_in(folder, tmp_path):
    (folder / "C.parquet").write_bytes(b"PAR1")
    store(folder, D=bars(20, minutes=60), E=bars(20).drop("volume"))
    store(folder, **{"F F": bars(20)})
    clash = pl.concat([bars(20), put(bars(20), 3, close=100.35)])
    store(folder, G=clash)
    done = bring(folder, tmp_path)
    assert done.n_added == 899
    said = dict(done.failed.select("symbol", "error").rows())
    assert list(said) == ["C", "D", "E", "F F", "G"]
    assert "C.parquet cannot be read" in said["C"]
    assert "has bars of 1h, not 5m" in said["D"]
    assert "no column is known to be volume; it has ts, open" in said["E"]
    assert "cannot be a folder" in said["F F"]
    assert "two different rows of 2023-02-01 00:15:00Z" in said["G"]
    with pytest.raises(DataError, match=r"5 of 7 were not stored: .* and 2 more"):
        done.raise_if_failed()
    assert [each["symbol"] for each in done.as_dict()["failed"]] == list(said)
    assert all(each["error"] for each in done.as_dict()["failed"])


def test_rows_of_one_symbol_in_two_files_are_put_together(tmp_path):
    where = store(tmp_path / "plain", A=bars(10))
    rows = pl.concat([bars(20)[5:].with_columns(symbol=pl.lit(name)) for name in "AB"])
    rows.write_parquet(where / "more.parquet")
    done = bring(where, tmp_path)
    assert done.coins.select("symbol", "file", "n_added").rows() == [
        ("A", "A.parquet, more.parquet", 19),
        ("B", "more.parquet", 14),
    ]


def test_facts_need_a_symbol_in_every_row_and_a_time(tmp_path):
    where = tmp_path / "facts"
    where.mkdir()
    facts = pl.DataFrame({"symbol": ["A", "B"], "tick": [0.1, 0.1], "lot": [1, 1]})
    facts.write_parquet(where / "facts.parquet")
    facts.with_columns(symbol=pl.Series(["A", None])).write_parquet(where / "half.parquet")
    facts.drop("symbol").write_parquet(where / "none.parquet")
    done = bring(where, tmp_path, kind="instruments", known_at="2024-01-01")
    assert done.n_added == 2
    assert done.failed["file"].to_list() == ["half.parquet", "none.parquet"]
    assert all("a row has no symbol" in error for error in done.failed["error"])


def test_facts_may_say_which_asset_a_symbol_is(tmp_path):
    """An id that stays when the name changes, and how many of the asset one coin is."""
    where = tmp_path / "facts"
    where.mkdir()
    facts = {"symbol": ["LEND", "AAVE"], "tick": [0.1, 0.1], "lot": [1, 1]}
    told = pl.DataFrame(facts | {"asset": ["aave", "aave"], "units": ["0.01", None]})
    told.write_parquet(where / "facts.parquet")
    bring(where, tmp_path, kind="instruments", known_at="2024-01-01")
    kept = layout.read(tmp_path / "lake", layout.Key("binance_spot", "instruments", "event"))
    names = ("symbol", "asset", "units")
    assert kept.select(names).rows() == [("AAVE", "aave", None), ("LEND", "aave", "0.01")]
    kept.write_parquet(tmp_path / "assets.parquet")
    assert assets.read(tmp_path / "assets.parquet")["LEND"].units == Fraction(1, 100)


@pytest.mark.parametrize("name", ["1m", "2h", "3d", "1w"])
def test_the_interval_is_found_from_the_bars(tmp_path, name):
    from quorate.lake.kinds import interval_ms

    where = store(tmp_path / "plain", A=bars(10, minutes=interval_ms(name) // 60_000))
    assert bring(where, tmp_path).interval == name


def test_what_cannot_be_meant_is_refused_before_anything_is_written(folder, tmp_path):
    with pytest.raises(DataError, match="neither a folder nor a file"):
        bring(tmp_path / "nowhere", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file to import"):
        bring(tmp_path / "empty", tmp_path)
    with pytest.raises(SchemaError, match="kind 'candles'"):
        bring(folder, tmp_path, kind="candles")
    with pytest.raises(ConfigError, match="interval 'five'"):
        bring(folder, tmp_path, interval="five")
    with pytest.raises(ConfigError, match="bars of 1M are not all of one length"):
        bring(folder, tmp_path, interval="1M")
    with pytest.raises(ConfigError, match="cannot be a folder"):
        bring(folder, tmp_path, vendor="a/b")
    assert not (tmp_path / "lake").exists()
    bring(folder, tmp_path)
    with pytest.raises(DataError, match="is a lake already"):
        bring(tmp_path / "lake", tmp_path)


def test_progress_ends_at_what_was_stored(folder, tmp_path):
    said = []
    bring(folder, tmp_path, progress=lambda done, of: said.append((done, of)))
    assert said[-1] == (898, 898)


def test_check_and_backtest_read_the_lake_as_they_read_the_folder(folder, tmp_path):
    done = bring(folder, tmp_path)
    plain, lake = quorate.check_data(folder), quorate.check_data(done.folder)
    names = ["symbol", "first", "last", "n_traded", "n_filled", "n_missing", "failed"]
    assert lake.coins.select(names).equals(plain.coins.select(names))
    loaded = [
        quorate.load(each, venue="binance_spot", kind="spot") for each in (folder, done.folder)
    ]
    for one, other in zip(loaded[0].bars, loaded[1].bars, strict=True):
        assert one.tobytes() == other.tobytes()
    days = quorate.universe(done.folder, "2023-02-02")
    assert days.equals(quorate.universe(folder, "2023-02-02"))


def test_the_command_says_what_was_added_and_then_that_nothing_is_new(folder, tmp_path, capsys):
    words = ["data", "import", str(folder), "--lake", str(tmp_path / "lake")]
    words += ["--vendor", "binance_spot"]
    assert run(words) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "899 rows added to 2 of 2 symbols of binance_spot ohlcv 5m"
    assert said[1].startswith("1 last bars left out")
    assert run(words) == 0
    assert capsys.readouterr().out.startswith("nothing new: 2 symbols")
    store(folder, A=put(bars(600), 7, close=100.75))
    assert run(words) == 0
    said = capsys.readouterr().out
    assert "1 values corrected" in said
    assert "100.75" in said


def test_the_command_maps_names_and_prints_json(tmp_path, capsys):
    where = store(tmp_path / "odd", A=bars(10).rename({"ts": "when"}))
    words = ["data", "import", str(where), "--lake", str(tmp_path / "lake"), "--json"]
    words += ["--vendor", "binance_spot", "--map", "ts=when"]
    assert run(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_added"], told["interval"]) == (9, "5m")
    assert run([*words[:-1], "ts"]) == 2


def test_rows_that_stand_twice_are_kept_once_and_told(tmp_path, capsys):
    rows = bars(20)
    where = store(tmp_path / "plain", A=pl.concat([rows[:10], rows[7:]]), B=bars(20))
    words = ["data", "import", str(where), "--lake", str(tmp_path / "lake")]
    assert run([*words, "--vendor", "binance_spot"]) == 0
    assert "3 rows stood twice, and were kept once" in capsys.readouterr().out
    assert run([*words, "--vendor", "binance_spot", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_doubled"], told["n_added"]) == (3, 0)
    assert layout.read(tmp_path / "lake", KEY).height == 38
    once = store(tmp_path / "once", A=rows[::-1])
    assert bring(once, tmp_path).n_doubled == 0


def test_a_last_bar_that_stands_twice_is_left_out_or_kept_once(tmp_path):
    """Neither copy is stored where it may have been forming; one is where the coin has ended."""
    ended, forming, one = bars(20), bars(4 * 288), bars(1)
    where = store(
        tmp_path / "twice",
        ENDED=pl.concat([ended, ended[-1:]]),
        FORMING=pl.concat([forming, forming[-1:]]),
        ONE=pl.concat([one, one]),
    )
    done = bring(where, tmp_path)
    lines = done.coins.select("symbol", "n_rows", "n_added", "first", "last").rows()
    assert lines == [
        ("ENDED", 21, 20, ended["ts"][0], ended["ts"][-1]),
        ("FORMING", 4 * 288 - 1, 4 * 288 - 1, forming["ts"][0], forming["ts"][-2]),
        ("ONE", 2, 1, one["ts"][0], one["ts"][0]),
    ]
    assert (done.n_doubled, done.n_unfinished) == (2, 1)


@pytest.mark.parametrize("kind", ["ohlcv", "funding"])
def test_a_file_with_another_time_column_says_which_it_has_and_how_to_map_it(
    tmp_path, capsys, kind
):
    rows = bars(20) if kind == "ohlcv" else settlements([START_MS], [1e-4])
    where = tmp_path / "odd"
    where.mkdir()
    rows.rename({"ts": "Trade date"}).write_csv(where / "A.csv")
    words = ["data", "import", str(where), "--lake", str(tmp_path / "lake"), "--vendor", "okx_swap"]
    assert run([*words, "--kind", kind]) == 3
    said = capsys.readouterr()
    assert "no column is known to be ts; it has Trade date, " in said.err
    assert "--map ts='Trade date'" in said.err
    assert "--interval" not in said.err
    assert "in the lake already" not in said.out
    assert run([*words, "--kind", kind, "--map", "ts=Trade date"]) == 0


def test_the_command_ends_with_3_when_a_file_did_not_go_in(folder, tmp_path, capsys):
    (folder / "C.parquet").write_bytes(b"")
    words = ["data", "import", str(folder), "--lake", str(tmp_path / "lake")]
    assert run([*words, "--vendor", "binance_spot"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("899 rows added")
    assert "C.parquet cannot be read" in said.err


def test_files_in_a_bucket_are_not_imported(tmp_path):
    with pytest.raises(DataError, match="an import reads files of this machine"):
        bring("s3://bucket/plain", tmp_path)


def test_a_coin_that_ended_long_ago_keeps_its_last_bar(tmp_path):
    """The lake and the plain folder load alike; a second import adds nothing."""
    long = 4 * 288
    where = store(tmp_path / "set", AGO=bars(long - 2 * 288), LATELY=bars(long - 9), NOW=bars(long))
    done = quorate.import_data(where, tmp_path / "lake", vendor="binance_spot", kind="ohlcv")
    lines = done.coins.select("symbol", "n_rows", "n_added", "last").rows()
    ago = bars(long)["ts"][long - 2 * 288 - 1]
    assert lines[0] == ("AGO", long - 2 * 288, long - 2 * 288, ago)
    assert [row[1] for row in lines] == [long - 2 * 288, long - 10, long - 1]
    assert done.n_unfinished == 2
    again = quorate.import_data(where, tmp_path / "lake", vendor="binance_spot", kind="ohlcv")
    assert (again.n_added, again.n_unfinished) == (0, 2)
    given = {"venue": "binance_spot", "kind": "spot"}
    plain, lake = quorate.load(where, **given), quorate.load(done.folder, **given)
    for name in ("close", "status", "volume"):
        one, two = getattr(plain.bars, name), getattr(lake.bars, name)
        np.testing.assert_array_equal(one, two)
    held = {"AGO.csv": where / "AGO.parquet", "NOW.csv": where / "NOW.parquet"}
    (tmp_path / "csv").mkdir()
    for name, path in held.items():
        pl.read_parquet(path).rename({"ts": "Time"}).write_csv(tmp_path / "csv" / name)
    done = quorate.import_data(tmp_path / "csv", tmp_path / "l", vendor="v_spot", kind="ohlcv")
    assert (done.n_added, done.n_unfinished) == (long - 2 * 288 + long - 1, 1)


def as_of(done, when):
    source = Source(Path(done.folder), "binance_spot", "spot")
    return load(PanelSpec((source,), as_of=when, drop_last=False))


def test_a_panel_as_of_a_time_is_the_same_after_a_later_import(tmp_path):
    """The last bar of a coin that ended within a day comes with the next, and is so dated."""
    n = 2 * 288
    where = store(tmp_path / "set", LONG=bars(n), ENDED=bars(n - 100), HELD=bars(n - 7))
    done = bring(where, tmp_path)
    assert (done.n_unfinished, done.n_late, done.n_backdated) == (3, 0, 0)
    reached = bars(n)["ts"][-1]  # the close of the last bar that is there
    moments = [reached - timedelta(minutes=m) for m in (0, 5, 30, 35, 40, 480, 495, 500, 505)]
    before = [as_of(done, at) for at in moments]
    store(where, LONG=bars(n + 400), ENDED=bars(n - 99), HELD=bars(n + 50))
    done = bring(where, tmp_path)
    assert (done.n_late, done.n_backdated) == (2 + 7, 0)
    assert done.as_dict()["n_late"] == 9
    for at, then in zip(moments, before, strict=True):
        now = as_of(done, at)
        assert now.source.digest == then.source.digest
        assert now.symbols == then.symbols
        for name in then.market._fields:
            ours, theirs = getattr(now.market, name), getattr(then.market, name)
            np.testing.assert_array_equal(ours, theirs, f"{name} as of {at}")
    # from the import on they are there
    assert as_of(done, LATER).market.status[n - 101, 0, 0] == Bar.TRADED


def test_the_command_says_what_it_dated_to_itself_and_what_it_dated_back(tmp_path, capsys):
    lake = ["--lake", str(tmp_path / "lake"), "--vendor", "v_spot"]
    holed = pl.concat([bars(60)[:20], bars(60)[30:]])
    for name, symbols in (("a", {"A": holed}), ("b", {"A": bars(60), "NEW": bars(50)})):
        assert run(["data", "import", str(store(tmp_path / name, **symbols)), *lake]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "10 bars had been lacking in what the lake had: known from this import on" in said
    assert "49 rows are taken to have been known before the last that the lake had" in said


def test_the_last_bar_of_a_new_coin_is_history_as_its_others_are(tmp_path):
    n = 4 * 288
    bring(store(tmp_path / "one", A=bars(n)), tmp_path)
    done = bring(store(tmp_path / "two", A=bars(n), ENDED=bars(n - 2 * 288)), tmp_path)
    assert (done.n_added, done.n_late, done.n_backdated) == (n - 2 * 288, 0, n - 2 * 288)


def test_an_as_of_behind_what_the_lake_has_is_told(tmp_path):
    done = bring(store(tmp_path / "set", A=bars(60)), tmp_path)
    end = bars(60)["ts"][-1]  # the close of the last bar that is there
    assert not [each for each in as_of(done, end).notes if "As of" in each]
    assert not [each for each in as_of(done, end + timedelta(minutes=4)).notes if "As of" in each]
    (said,) = (each for each in as_of(done, end + timedelta(minutes=5)).notes if "As of" in each)
    assert said == (
        "As of 2023-02-01 05:00:00Z, and the lake had no bars of binance_spot from 2023-02-01 "
        "04:50:00Z on: rows of that time that are imported later will be seen as of then too."
    )


def test_bars_may_be_said_to_have_been_known_all_the_same(tmp_path):
    whole = bars(60)
    holed = store(tmp_path / "set", A=pl.concat([whole[:20], whole[30:]]))
    bring(holed, tmp_path)
    done = bring(store(holed, A=whole), tmp_path, known_at="1970-01-01")
    assert (done.n_added, done.n_late, done.n_backdated) == (10, 0, 10)


def stored(root):
    """Return every row as it is stored, with when it was known."""
    files = sorted(root.rglob("part.parquet"))
    return {path.relative_to(root): pl.read_parquet(path) for path in files}


@pytest.mark.parametrize("n_tries", [1, 2])
def test_an_import_that_was_broken_off_dates_the_rest_as_one_that_was_not(
    tmp_path, monkeypatch, n_tries
):
    """A kill leaves one symbol whole and another short: the lake had gone no further for that."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    first = store(tmp_path / "first", A=bars(600), B=bars(500, price=50.0))
    more = store(
        tmp_path / "more", A=bars(1_900), B=bars(1_900, price=50.0), C=bars(1_900, price=9.0)
    )
    for place in (whole, killed):
        bring(first, place)
    assert bring(more, whole).n_late == 100  # of B, beside which A had gone further
    real = importing._put

    def broken(rows, key, symbol, given):
        if symbol == "A":
            return real(rows, key, symbol, given)
        real(rows.head(700 + 100 * n_tries), key, symbol, given)
        raise KeyboardInterrupt

    for _ in range(n_tries):
        monkeypatch.setattr(importing, "_put", broken)
        with pytest.raises(KeyboardInterrupt):
            bring(more, killed)
        monkeypatch.setattr(importing, "_put", real)
    bring(more, killed)
    found, clean = stored(killed), stored(whole)
    assert found.keys() == clean.keys()
    for path, rows in clean.items():
        assert found[path].equals(rows), path
    assert not list(killed.rglob("unfinished-*"))
    again = bring(more, killed)
    assert (again.n_added, again.n_late) == (0, 0)


def test_an_import_that_goes_on_from_a_moved_folder_is_the_same_one(tmp_path, monkeypatch):
    """It is known by its files: a new import would date all of B to now, beside which A goes on."""
    bring(store(tmp_path / "first", A=bars(600), B=bars(500, price=50.0)), tmp_path)
    more = store(tmp_path / "more", A=bars(1_900), B=bars(1_900, price=50.0))
    real = importing._put

    def broken(rows, key, symbol, given):
        if symbol == "B":
            raise KeyboardInterrupt
        return real(rows, key, symbol, given)

    monkeypatch.setattr(importing, "_put", broken)
    with pytest.raises(KeyboardInterrupt):
        bring(more, tmp_path)
    monkeypatch.setattr(importing, "_put", real)
    moved = more.rename(tmp_path / "elsewhere")
    assert len(list(tmp_path.rglob("unfinished-*"))) == 2
    assert bring(moved, tmp_path).n_late == 100  # of B: without A's rows of the first attempt
    assert not list(tmp_path.rglob("unfinished-*"))


def test_a_panel_as_of_a_time_has_its_digest_when_later_months_have_come(tmp_path):
    month = 9_000  # a month of five minutes and some more
    made = bars(2 * month)
    bring(store(tmp_path / "first", A=made[:month]), tmp_path)
    when = made["ts"][month - 500]
    done = bring(store(tmp_path / "more", A=made), tmp_path)
    later = as_of(done, when)
    before = bring(store(tmp_path / "alone", A=made[:month]), tmp_path / "other")
    first = as_of(before, when)
    assert later.source.digest == first.source.digest


def test_rows_after_its_end_change_the_digest_of_a_panel_unless_it_is_as_of_a_time(tmp_path):
    """The same bars, another digest: without a time the files' bytes count, as is documented."""
    made = bars(900)

    def panels(name, n):
        done = bring(store(tmp_path / name, A=made[:n]), tmp_path / f"{name}_lake")
        spec = PanelSpec((Source(Path(done.folder), "binance_spot", "spot"),), end=made["ts"][300])
        return load(spec), load(replace(spec, as_of=made["ts"][400], drop_last=False))

    (plain, then), (grown, again) = panels("short", 600), panels("long", 900)
    assert np.array_equal(plain.bars.close, grown.bars.close)
    assert plain.source.digest != grown.source.digest
    assert then.source.digest == again.source.digest
