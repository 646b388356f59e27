"""Several vendors' files become one series, and every bar says whose it is."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.unit.lake.builders import bars, put, store, without

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError
from quorate.lake import disk

N = 600


@pytest.fixture
def folders(tmp_path):
    good = bars(N)
    one = put(put(good, 50, close=101.0, low=100.0), 400, close=150.0, high=151.0)
    two = without(good, 200, 20)
    three = put(good, 400, close=120.0, low=110.0)
    return (
        store(tmp_path / "one", AAAUSDT=one),
        store(tmp_path / "two", AAA=two),
        store(tmp_path / "three", **{"AAA-USDT": three, "BBB": good}),
    )


def test_each_bar_is_from_the_first_that_another_confirms(folders, tmp_path):
    found = quorate.reconcile_data(folders, kind="spot", to=tmp_path / "merged", quorum=1)
    assert found.vendors == ("one", "two", "three")
    assert found.coins.rows() == [
        ("AAAUSDT", "one", N - 1, N - 3, 0, 0),
        ("AAAUSDT", "two", N - 21, 1, 0, 0),
        ("AAAUSDT", "three", N - 1, 0, 0, 0),
        ("BBB", "three", N - 1, N - 1, N - 1, 0),  # a coin that a later vendor alone has
    ]
    assert pl.read_parquet(tmp_path / "merged" / "BBB.parquet")["vendor"].unique().item() == "three"
    merged = pl.read_parquet(tmp_path / "merged" / "AAAUSDT.parquet")
    assert merged.filter(pl.col("vendor") != "one").select("close", "vendor").rows() == [
        (bars(N)["close"][50], "two")
    ]
    assert merged["n_agree"].to_list()[:3] == [3, 3, 3]
    assert merged.height == N - 2  # of row 400 no two agree, of the last one nothing is finished
    assert found.disputed["at"].to_list() == [bars(N)["ts"][400]]
    panel = quorate.load(tmp_path / "merged", venue="binance_spot", kind="spot")
    assert panel.n_bars == N - 2


def test_vendors_have_names_of_their_own(tmp_path):
    """Of a lake's folders the vendor, of folders called alike the one above too."""
    lake = [
        store(tmp_path / f"vendor={name}" / "kind=ohlcv" / "interval=5m", AAAUSDT=bars(N))
        for name in ("one_spot", "two_spot")
    ]
    assert quorate.reconcile_data(lake, kind="spot").vendors == ("one_spot", "two_spot")
    alike = [store(tmp_path / name / "5m", AAAUSDT=bars(N)) for name in ("one", "two")]
    assert quorate.reconcile_data(alike, kind="spot").vendors == ("one/5m", "two/5m")


def test_a_vendor_does_not_confirm_itself(folders):
    with pytest.raises(ConfigError, match="given twice: it would confirm itself"):
        quorate.reconcile_data([folders[0], folders[0]], kind="spot")
    with pytest.raises(ConfigError, match="the vendor's name a is given twice"):
        quorate.reconcile_data(folders[:2], kind="spot", names=["a", "a"])


def test_a_venue_of_another_kind_is_refused(folders):
    with pytest.raises(ConfigError, match="okx_swap is a perp venue, and spot bars are reconciled"):
        quorate.reconcile_data(folders[:2], kind="spot", names=["binance_spot", "okx_swap"])


def test_a_symbol_that_no_vendor_has_is_named(folders):
    with pytest.raises(DataError, match="no vendor has NOPE"):
        quorate.reconcile_data(folders, kind="spot", symbols=["NOPE"])


def test_the_command_tells_and_writes(folders, tmp_path, capsys):
    words = ["data", "reconcile", *map(str, folders), "--kind", "spot", "--quorum", "1"]
    assert run([*words, "--to", str(tmp_path / "merged")]) == 0
    said = capsys.readouterr().out
    assert "1 bars are left out, for no two vendors agree" in said
    assert (tmp_path / "merged" / "AAAUSDT.parquet").is_file()
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] is None


def priced(frame, worth):
    return frame.with_columns(pl.col("open", "high", "low", "close") * worth)


def test_dollars_beside_a_stablecoin_are_converted_or_refused(tmp_path):
    good, worth = bars(N), 0.99
    one = store(tmp_path / "one", AAAUSDT=good)
    two = store(tmp_path / "two", AAAUSD=priced(good, worth))
    quoted = good.with_columns(**dict.fromkeys(("open", "high", "low", "close"), pl.lit(worth)))
    rate = store(tmp_path / "rate", USDTUSD=quoted) / "USDTUSD.parquet"
    with pytest.raises(ConfigError, match="AAAUSDT of one and AAAUSD of two are in other money"):
        quorate.reconcile_data([one, two], kind="spot", to=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    found = quorate.reconcile_data([one, two], kind="spot", quote_usd=rate, to=tmp_path / "merged")
    assert found.disputed.is_empty()
    merged = pl.read_parquet(tmp_path / "merged" / "AAAUSDT.parquet")
    assert set(merged["n_agree"][1:]) == {2}  # of the first bar the worth is not known yet
    with pytest.raises(ConfigError, match="in other money"):
        quorate.reconcile_data([two, one], kind="spot", quote_usd=rate)  # it is in USD itself


def test_what_cannot_be_reconciled_is_said(folders, tmp_path):
    with pytest.raises(ConfigError, match="1 folders"):
        quorate.reconcile_data(folders[:1], kind="spot")
    with pytest.raises(ConfigError, match="kind 'basis'"):
        quorate.reconcile_data(folders, kind="basis")
    for quorum in (0, 4):
        with pytest.raises(ConfigError, match=f"quorum is {quorum}, and there are 3 vendors"):
            quorate.reconcile_data(folders, kind="spot", quorum=quorum)
    with pytest.raises(DataError, match="is not a folder"):
        quorate.reconcile_data([folders[0], tmp_path / "nowhere"], kind="spot")


def test_a_span_cuts_what_was_merged_and_changes_none_of_it(folders, tmp_path):
    whole = quorate.reconcile_data(folders, kind="spot", to=tmp_path / "whole")
    span = {"start": "2023-02-01T03:00", "end": "2023-02-02"}
    part = quorate.reconcile_data(folders, kind="spot", to=tmp_path / "part", **span)
    every, some = (
        pl.read_parquet(tmp_path / name / "AAAUSDT.parquet") for name in ("whole", "part")
    )
    low, high = bars(N)["ts"][36], bars(N)["ts"][288]
    assert some.equals(every.filter(pl.col("ts").is_between(low, high, closed="left")))
    assert part.coins.rows()[:3] == [
        ("AAAUSDT", "one", 252, 251, 0, 0),
        ("AAAUSDT", "two", 232, 1, 0, 0),
        ("AAAUSDT", "three", 252, 0, 0, 0),
    ]
    assert (whole.disputed.height, part.disputed.height) == (1, 0)
    later = quorate.reconcile_data(folders, kind="spot", start="2023-02-02")
    assert later.disputed.height == 1
    with pytest.raises(ConfigError, match="the span ends at 2023-01-01"):
        quorate.reconcile_data(folders, kind="spot", start="2023-02-01", end="2023-01-01")


def test_the_command_takes_a_span(folders, capsys):
    words = ["data", "reconcile", *map(str, folders), "--kind", "spot", "--json"]
    words += ["--symbols", "AAA", "--start", "2023-02-02", "--end", "2023-02-03"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out)["coins"][0]["n_bars"] == 288


@pytest.fixture
def strangers(tmp_path):
    """Two vendors who never agree on AAA, and on every bar of BBB."""
    good = bars(N)
    return (
        store(tmp_path / "one", AAAUSDT=good, BBBUSDT=good),
        store(tmp_path / "two", AAAUSDT=priced(good, 1.02), BBBUSDT=good),
    )


def test_vendors_that_never_agree_are_refused_and_nothing_is_written(strangers, tmp_path, capsys):
    where = tmp_path / "new" / "merged"
    with pytest.raises(DataError) as refusal:
        quorate.reconcile_data(strangers, kind="spot", symbols=["AAA"], to=where)
    assert (
        "AAAUSDT: one and two are 198.0 bps apart, the median of 599 common bars; 100.0 bps are"
        in (refusal.value.message)
    )
    assert "quorate data check" in refusal.value.hint
    assert not (tmp_path / "new").exists()
    words = ["data", "reconcile", *map(str, strangers), "--kind", "spot", "--symbols", "AAA"]
    assert run([*words, "--to", str(where)]) == 3
    assert not (tmp_path / "new").exists()
    assert run(words) == 3  # of a merge that is only looked at too, once it was shown
    said = capsys.readouterr()
    assert "599 bars are left out" in said.out
    assert "1 of 1 coins have no bar that can be merged: AAAUSDT: one and two" in said.err


def test_of_several_coins_the_others_are_merged(strangers, tmp_path, capsys):
    where = store(tmp_path / "merged", AAAUSDT=bars(3))
    older = (where / "AAAUSDT.parquet").read_bytes()
    found = quorate.reconcile_data(strangers, kind="spot", to=where)
    assert [name for name, _ in found.refused] == ["AAAUSDT"]
    assert (where / "AAAUSDT.parquet").read_bytes() == older
    assert pl.read_parquet(where / "BBBUSDT.parquet").height == N - 1
    words = ["data", "reconcile", *map(str, strangers), "--kind", "spot", "--to", str(where)]
    assert run([*words, "--json"]) == 3
    said = capsys.readouterr()
    (told,) = json.loads(said.out)["refused"]
    assert (told["symbol"], told["why"][:11]) == ("AAAUSDT", "one and two")
    assert "it was not written" in said.err


def test_a_span_without_a_bar_is_refused(folders, tmp_path):
    with pytest.raises(DataError, match="AAAUSDT: no vendor has a bar of it from 2024-01-01 "):
        quorate.reconcile_data(folders, kind="spot", start="2024-01-01", to=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_bars_that_a_vendor_alone_has_do_not_make_a_series_of_strangers(tmp_path):
    """Each has days of its own, and where both have bars they show two coins."""
    good = bars(N)
    one = store(tmp_path / "one", AAAUSDT=good[:400])
    two = store(tmp_path / "two", AAAUSDT=priced(good, 2.0)[200:])
    with pytest.raises(DataError, match="the median of 199 common bars"):
        quorate.reconcile_data([one, two], kind="spot", to=tmp_path / "merged")
    found = quorate.reconcile_data([one, two], kind="spot")
    assert (found.coins["n_taken"].to_list(), found.disputed.height) == ([0, 0], 199)


def test_vendors_without_a_common_bar_confirm_nothing(tmp_path, capsys):
    """One has the first days of a coin, the other later ones: no price is held against another."""
    good = bars(N)
    one = store(tmp_path / "one", AAAUSDT=good[:200])
    two = store(tmp_path / "two", AAAUSDT=good[300:])
    where = tmp_path / "merged"
    words = ["data", "reconcile", str(one), str(two), "--kind", "spot"]
    assert run([*words, "--to", str(where)]) == 3
    assert not where.exists()
    said = capsys.readouterr()
    assert "AAAUSDT: no two vendors have a bar in common: one from 2023-02-01" in said.err
    assert run(words) == 3
    said = capsys.readouterr()
    assert "confirmed by two" not in said.out
    assert "nothing is confirmed" in said.out


def test_a_coin_of_one_vendor_alone_is_not_confirmed(tmp_path, capsys):
    one, two = (store(tmp_path / name, **{name: bars(N)}) for name in ("AAAUSDT", "BBBUSDT"))
    words = ["data", "reconcile", str(one), str(two), "--kind", "spot"]
    assert run(words) == 3
    said = capsys.readouterr()
    assert "AAAUSDT: AAAUSDT alone has it: of its 599 bars none is confirmed by 2" in said.err
    assert run([*words, "--quorum", "1"]) == 0
    assert "nothing is confirmed" in capsys.readouterr().out


def test_bars_that_one_vendor_alone_has_are_counted_by_day_and_left_out(tmp_path, capsys):
    good = bars(N)
    one = store(tmp_path / "one", AAAUSDT=without(good, 200, 20))
    two = store(tmp_path / "two", AAAUSDT=without(good, 280, 20))
    found = quorate.reconcile_data([one, two], kind="spot", to=tmp_path / "merged")
    assert found.coins.rows() == [
        ("AAAUSDT", "one", N - 21, N - 41, 0, 20),
        ("AAAUSDT", "two", N - 21, 0, 0, 20),
    ]
    day = good["ts"].dt.date()
    assert found.short.rows() == [
        ("AAAUSDT", "one", day[280], 8),
        ("AAAUSDT", "two", day[200], 20),
        ("AAAUSDT", "one", day[288], 12),
    ]
    merged = pl.read_parquet(tmp_path / "merged" / "AAAUSDT.parquet")
    assert merged.height == N - 41
    assert set(merged["n_agree"]) == {2}
    part = quorate.reconcile_data([one, two], kind="spot", start="2023-02-02")
    assert part.short.rows() == [("AAAUSDT", "one", day[288], 12)]
    words = ["data", "reconcile", str(one), str(two), "--kind", "spot"]
    assert run(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "40 bars are left out, for too few vendors have them: of 1 coins" in said
    assert run([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["short"]) == 3


def test_a_coin_without_a_believed_bar_is_named(tmp_path):
    broken = bars(N).with_columns(low=pl.lit(1e9))
    one = store(tmp_path / "one", AAAUSDT=broken, BBBUSDT=bars(N))
    two = store(tmp_path / "two", AAAUSDT=bars(N), BBBUSDT=bars(N))
    found = quorate.reconcile_data([one, two], kind="spot")
    assert found.refused == (("AAAUSDT", "no bar of the first vendor that has it can be believed"),)


def test_a_disk_that_fills_up_leaves_what_was_there(folders, tmp_path, monkeypatch):
    where = store(tmp_path / "merged", AAAUSDT=bars(3))
    write = disk.replace

    def replace(path, held):
        if path.name == "BBB.parquet":
            raise DataError("no space", hint="free some")
        write(path, held)

    monkeypatch.setattr(disk, "replace", replace)
    with pytest.raises(DataError, match="no space"):
        quorate.reconcile_data(folders, kind="spot", to=where, quorum=1)
    assert [each.name for each in where.iterdir()] == ["AAAUSDT.parquet"]
    assert pl.read_parquet(where / "AAAUSDT.parquet").height == 3


@pytest.fixture
def renamed(tmp_path):
    """Return two vendors of a coin that was renamed at 100 to 1, of one of whom but the new name.

    The first has OLD for 300 bars and NEW from there on; the second only NEW, whole; and a coin
    that the first does not have at all under an older name, and a third vendor under both.
    """
    good = bars(N)
    old = priced(good, 0.01).with_columns(pl.col("volume") * 100.0)
    table = tmp_path / "assets.csv"
    table.write_text(
        "symbol,asset,units\nOLDUSDT,coin,0.01\nNEWUSDT,coin,1\nLASTUSDT,other,1\n"
        "LATEUSDT,other,1\n"
    )
    return table, (
        store(tmp_path / "one", OLDUSDT=old[:300], NEWUSDT=good[300:]),
        store(tmp_path / "two", NEWUSDT=good, LASTUSDT=good[:300], LATEUSDT=good[300:]),
        store(tmp_path / "three", LATEUSDT=good),
    )


def test_symbols_of_one_asset_are_one_coin_by_a_table(renamed, tmp_path):
    table, folders = renamed
    apart = quorate.reconcile_data(folders, kind="spot")
    assert apart.coins["symbol"].unique(maintain_order=True).to_list() == [
        "NEWUSDT",
        "OLDUSDT",
        "LASTUSDT",
        "LATEUSDT",
    ]
    found = quorate.reconcile_data(folders, kind="spot", assets=table, to=tmp_path / "merged")
    assert found.coins.rows() == [
        ("OLDUSDT", "one", N - 1, N - 1, 0, 0),
        ("OLDUSDT", "two", N - 1, 0, 0, 0),
        ("LASTUSDT", "two", N - 1, N - 1, 0, 0),
        ("LASTUSDT", "three", N - 1, 0, 0, 0),
    ]
    merged = pl.read_parquet(tmp_path / "merged" / "OLDUSDT.parquet")
    assert set(merged["n_agree"]) == {2}
    assert merged["close"].to_numpy() == pytest.approx(0.01 * bars(N)["close"].to_numpy()[:-1])
    who, said = found.renames[0]
    assert (who, said[:57]) == ("one", "OLDUSDT goes on as NEWUSDT from 2023-02-02 01:00:00Z (pri")
    assert [who for who, _ in found.renames] == ["one", "two", "two", "three"]
    assert found.renames[2][1] == "OLDUSDT is NEWUSDT here (prices x 1/100): one asset, coin."


@pytest.mark.parametrize("asked", ["OLDUSDT", "OLD", "NEWUSDT", "NEW"])
def test_a_renamed_coin_answers_to_each_of_its_names(renamed, asked):
    table, folders = renamed
    found = quorate.reconcile_data(folders, kind="spot", assets=table, symbols=[asked])
    assert set(found.coins["symbol"]) == {"OLDUSDT"}


def test_the_command_takes_a_table_of_assets(renamed, capsys):
    table, folders = renamed
    words = ["data", "reconcile", *map(str, folders), "--kind", "spot", "--assets", str(table)]
    assert run(words) == 0
    assert "one: OLDUSDT goes on as NEWUSDT" in capsys.readouterr().out
    assert run([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["renames"]) == 4
    assert run([*words[:-1], str(folders[0] / "nothing.csv")]) == 3
