"""Files of shorter bars become the longer ones that were asked for, or an error says why not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, stamps, store, without

import quorate
from quorate.cli import run
from quorate.core.types import Bar
from quorate.errors import SchemaError
from quorate.lake import PanelSpec, Source, again, certificate, layout, load
from quorate.lake.load import keep
from quorate.lake.panel import blocks
from quorate.lake.resampling import ended

HOUR_MS = 3_600_000
HOUR = 12  # parts


def spot(path, *more, **choices):
    source = Source(path, "binance_spot", "spot")
    return load(PanelSpec((source, *more), **{"bar_minutes": 60, **choices}))


def test_an_hour_is_made_of_its_twelve_bars(tmp_path):
    rows = bars(n=3 * HOUR + 1).with_columns(taker_buy_volume=pl.lit(4.0))
    panel = spot(store(tmp_path, A=rows))
    assert (panel.bar_minutes, panel.n_bars) == (60, 3)
    assert panel.close_ms(0) == START_MS + HOUR_MS
    row = {name: getattr(panel.bars, name)[1, 0] for name in ("open", "high", "low", "close")}
    parts = rows[HOUR : 2 * HOUR]
    assert row == {
        "open": parts["open"][0],
        "high": parts["high"].max(),
        "low": parts["low"].min(),
        "close": parts["close"][-1],
    }
    assert panel.bars.volume[:, 0].tolist() == [120.0] * 3
    assert panel.bars.taker_buy[:, 0].tolist() == [48.0] * 3
    assert (panel.bars.status == Bar.TRADED).all()


def test_a_volume_of_takers_that_one_part_lacks_is_not_known(tmp_path):
    taker = pl.when(pl.int_range(37) == 15).then(None).otherwise(4.0)
    rows = bars(n=3 * HOUR + 1).with_columns(taker_buy_volume=taker)
    panel = spot(store(tmp_path, A=rows))
    assert np.isnan(panel.bars.taker_buy[:, 0]).tolist() == [False, True, False]


def test_an_hour_that_lacks_a_part_is_of_what_there_is_and_is_not_traded(tmp_path):
    panel = spot(store(tmp_path, A=without(bars(n=4 * HOUR + 1), HOUR + 9, 3), B=bars(n=49)))
    assert panel.bars.status[:, 0].tolist() == [Bar.TRADED, Bar.IMPUTED, Bar.TRADED, Bar.TRADED]
    assert panel.bars.close[1, 0] == bars()["close"][HOUR + 8]  # the last price that was printed
    assert panel.bars.volume[1, 0] == 90.0
    found = panel.certificate.venues[0][1].findings
    rows = found.filter(pl.col("rule") == "BAR_PARTIAL").rows()
    assert [(row[1], row[3:]) for row in rows] == [("A", (1, 9.0, 12.0))]
    assert panel.notes[0] == (
        "On binance_spot: bars of 60 minutes made of 5-minute ones; not traded on, for some of "
        "these are missing: 1 (A 1)."
    )


def test_a_gap_of_an_hour_cuts_the_series_wherever_it_lies(tmp_path):
    # from 01:20 to 02:25: from the twelfth missing bar on, 02:15, no price is carried
    panel = spot(store(tmp_path, A=without(bars(n=6 * HOUR + 1), HOUR + 4, 13), B=bars(n=73)))
    status = panel.bars.status[:, 0].tolist()
    assert status == [Bar.TRADED, Bar.IMPUTED, Bar.ABSENT, Bar.TRADED, Bar.TRADED, Bar.TRADED]
    assert np.isnan(panel.bars.close[2, 0])
    assert np.isnan(panel.bars.volume[2, 0])
    shorter = spot(
        store(tmp_path / "short", A=without(bars(n=6 * HOUR + 1), HOUR + 4, 11), B=bars(n=73))
    )
    assert shorter.bars.status[1:4, 0].tolist() == [Bar.IMPUTED, Bar.IMPUTED, Bar.TRADED]
    days = panel.certificate.venues[0][1].days.filter(pl.col("symbol") == "A")
    assert days.select("n_traded", "n_filled", "n_missing").rows() == [(4, 1, 1)]


def test_an_hour_without_any_part_is_missing(tmp_path):
    panel = spot(store(tmp_path, A=without(bars(n=4 * HOUR + 1), HOUR, HOUR), B=bars(n=49)))
    assert panel.bars.status[:, 0].tolist() == [Bar.TRADED, Bar.ABSENT, Bar.TRADED, Bar.TRADED]


def test_the_hour_that_has_not_ended_is_left_out_by_the_clock_of_all_coins(tmp_path):
    where = store(tmp_path, A=bars(n=3 * HOUR + 7), B=bars(n=2 * HOUR + 5))
    panel = spot(where, drop_last=False)
    assert panel.n_bars == 3
    assert panel.bars.status[:, 1].tolist() == [Bar.TRADED, Bar.TRADED, Bar.IMPUTED]
    alone = spot(where, drop_last=False, symbols=("B",))  # nothing says that B fell silent
    assert alone.n_bars == 2


def test_hours_of_minutes_are_those_of_five_minutes(tmp_path):
    minutes = bars(n=4 * 60, minutes=1)
    five = (
        minutes.group_by_dynamic("ts", every="5m")
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .sort("ts")
    )
    one, two = store(tmp_path / "1m", A=minutes), store(tmp_path / "5m", A=five)
    left, right = (spot(where, drop_last=False).bars for where in (one, two))
    for name, array in zip(left._fields, left, strict=True):
        np.testing.assert_array_equal(array, getattr(right, name), name)


def test_files_of_several_lengths_become_one(tmp_path):
    where = store(tmp_path, A=bars(n=8 * HOUR), B=bars(n=100, minutes=15), C=bars(60, minutes=60))
    panel = spot(where)
    assert panel.n_coins == 3
    assert panel.certificate.venues[0][0].made_of == (5, 15)
    assert "bars of 60 minutes made of 5-minute, 15-minute ones" in panel.notes[0]


@pytest.mark.parametrize(
    ("minutes", "asked", "said"),
    [
        (60, 5, "has bars of 60 minutes, but 5 is the one asked for"),
        (20, 30, "has bars of 20 minutes, but 30 is the one asked for"),
    ],
)
def test_bars_that_cannot_be_made_are_refused(tmp_path, minutes, asked, said):
    with pytest.raises(SchemaError, match=said) as caught:
        spot(store(tmp_path, A=bars(minutes=minutes)), bar_minutes=asked)
    assert "--bar-minutes" in caught.value.hint


def test_a_coin_of_one_bar_has_the_length_of_the_others(tmp_path):
    where = store(tmp_path, A=bars(n=2 * HOUR), B=bars(n=HOUR + 1)[HOUR:])
    panel = spot(where, drop_last=False)
    assert panel.bars.status[:, 1].tolist() == [Bar.ABSENT, Bar.IMPUTED]


def test_a_coin_of_few_bars_with_gaps_between_has_the_length_of_the_others(tmp_path):
    where = store(tmp_path, A=bars(n=2 * HOUR), B=bars(n=3, minutes=10))
    panel = spot(where, drop_last=False)
    assert panel.bars.status[:, 1].tolist() == [Bar.IMPUTED, Bar.ABSENT]
    assert panel.certificate.venues[0][0].made_of == (5,)


def test_rows_out_of_order_and_twice_are_put_right_before_bars_are_made(tmp_path):
    rows = bars(n=4 * HOUR)
    wild = pl.concat([rows, rows[10:30]]).sample(fraction=1.0, shuffle=True, seed=3)
    one, two = (
        spot(store(tmp_path / name, A=each), drop_last=False).bars
        for name, each in (("tidy", rows), ("wild", wild))
    )
    for name, array in zip(one._fields, one, strict=True):
        np.testing.assert_array_equal(array, getattr(two, name), name)


def test_of_two_rows_of_one_minute_the_later_one_is_in_the_hour(tmp_path):
    rows = bars(n=2 * HOUR)
    both = pl.concat([rows[:9], put(rows, 8, high=150.0)[8:]])
    where = store(tmp_path, A=both)
    panel = spot(where, drop_last=False, accept_failed=True)
    assert panel.bars.high[0, 0] == 150.0
    assert "ROW_CONFLICT" in set(panel.certificate.venues[0][1].findings["rule"])


@pytest.mark.parametrize("seed", range(4))
def test_as_of_any_moment_hours_are_made_of_what_was_known(tmp_path, seed):
    rng = np.random.default_rng(seed)
    key = layout.Key("binance_spot", "ohlcv", "5m")
    rows = bars(n=6 * HOUR)
    close_ms = START_MS + 300_000 * (np.arange(rows.height) + 1)
    # a fifth comes late, a tenth is corrected, by up to eight hours
    late_ms = np.where(rng.random(rows.height) < 0.2, rng.integers(0, 8 * HOUR_MS, rows.height), 0)
    first = rows.with_columns(known_at=stamps(close_ms + late_ms))
    corrected = rng.random(rows.height) < 0.1
    fixed = rows.with_columns(
        high=pl.col("high") + 5.0,
        known_at=stamps(close_ms + late_ms + rng.integers(1, 8 * HOUR_MS, rows.height)),
    ).filter(pl.Series(corrected))
    layout.write(first, tmp_path, key, "A")
    layout.write(fixed, tmp_path, key, "A")
    lake = layout.folder(tmp_path, key)
    told = pl.concat([first, fixed]).sort("ts", "known_at")
    for hours in (2, 3.5, 6, 7, 9, 12, 20):
        moment = START_MS + round(hours * HOUR_MS)
        known = told.filter(pl.col("known_at").dt.epoch("ms") <= moment)
        known = known.unique("ts", keep="last", maintain_order=True).drop("known_at")
        plain = store(tmp_path / f"at-{hours}", A=known)
        when = datetime.fromtimestamp(moment / 1e3, UTC)
        source = (Source(lake, "binance_spot", "spot"),)
        now = load(PanelSpec(source, bar_minutes=60, as_of=when)).bars
        then = spot(plain, drop_last=False).bars
        for name, array in zip(now._fields, now, strict=True):
            np.testing.assert_array_equal(array, getattr(then, name), f"{name} at {hours}")


def test_a_panel_of_made_bars_is_made_again_and_has_its_own_digest(tmp_path):
    where = store(tmp_path, A=bars(n=100))
    panel = spot(where)
    assert panel.source.digest != spot(where, bar_minutes=None).source.digest
    made = again(panel.source.made, panel.source.digest)
    np.testing.assert_array_equal(made.bars.close, panel.bars.close)


def test_a_second_venue_of_shorter_bars_is_aligned(tmp_path):
    other = Source(store(tmp_path / "two", A=bars(n=600, minutes=1)), "kraken_spot", "spot")
    panel = spot(store(tmp_path / "one", A=bars(n=9, minutes=60)), other)
    np.testing.assert_array_equal(
        panel.market.close[:, 1, 0], bars(n=600, minutes=1)["close"][59:480:60]
    )
    told = [origin.made_of for origin, _ in panel.certificate.venues]
    assert told == [(), (1,)]


@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_a_second_vendor_disputes_parts_where_its_bars_are_no_longer(tmp_path, minutes):
    calm = bars(n=10 * 288)
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, calm.height)))
    prices = [pl.Series(name, close) for name in ("open", "high", "low", "close")]
    calm = calm.with_columns(prices)
    spike = put(calm, 2700, high=150.0, close=150.0, volume=1.0)
    if minutes == 1:
        second = calm.select(pl.all().repeat_by(5).explode())
        second = second.with_columns(
            pl.from_epoch(START_MS + 60_000 * pl.int_range(second.height), time_unit="ms")
            .dt.replace_time_zone("UTC")
            .alias("ts")
        )
    else:
        second = calm.gather_every(minutes // 5)
    other = Source(store(tmp_path / "two", A=second), "kraken_spot", "spot")
    panel = spot(store(tmp_path / "one", A=spike), other)
    rules = set(panel.certificate.venues[0][1].findings["rule"])
    assert ("SPIKE_DISPUTED" in rules) == (minutes <= 5)
    assert (panel.bars.high.max() == 150.0) == (minutes > 5)


def test_the_mark_that_closes_with_the_hour_counts(tmp_path):
    marks = without(bars(n=49, price=200.0), HOUR + 11, 1).drop("volume")
    source = Source(
        store(tmp_path / "bars", A=bars(n=49, price=201.0)),
        "okx_swap",
        "perp",
        store(tmp_path / "funding", A=settlements([START_MS], [1e-4])),
        store(tmp_path / "mark", A=marks),
    )
    panel = load(PanelSpec((source,), bar_minutes=60))
    close = bars(n=49, price=200.0)["close"]
    mark = panel.market.mark[:, 0, 0]
    assert mark[[0, 2, 3]].tolist() == close[[11, 35, 47]].to_list()
    assert mark[1] == panel.bars.close[1, 0]  # not known: the bar's own close


def test_a_correction_of_a_minute_corrects_its_hour_from_when_it_was_known(tmp_path):
    key = layout.Key("binance_spot", "ohlcv", "5m")
    rows = bars(n=3 * HOUR)
    layout.write(rows, tmp_path, key, "A")
    late = put(rows, 17, high=150.0)[17:18]
    layout.write(late, tmp_path, key, "A", known_at=datetime(2023, 2, 5, tzinfo=UTC))
    source = (Source(layout.folder(tmp_path, key), "binance_spot", "spot"),)

    def highs(as_of):
        return load(PanelSpec(source, bar_minutes=60, as_of=as_of)).bars.high[:, 0].tolist()

    before = [rows["high"][i * HOUR : (i + 1) * HOUR].max() for i in range(3)]
    assert highs("2023-02-04T23:59:59.999") == before
    assert highs("2023-02-05") == highs(None) == [before[0], 150.0, before[2]]


def test_an_hour_is_known_when_the_last_of_its_bars_is(tmp_path):
    key = layout.Key("binance_spot", "ohlcv", "5m")
    rows = bars(n=3 * HOUR)
    layout.write(without(rows, 15, 1), tmp_path, key, "A")
    layout.write(rows[15:16], tmp_path, key, "A", known_at=datetime(2023, 2, 5, tzinfo=UTC))
    source = (Source(layout.folder(tmp_path, key), "binance_spot", "spot"),)

    def status(as_of):
        return load(PanelSpec(source, bar_minutes=60, as_of=as_of)).bars.status[:, 0].tolist()

    assert status("2023-02-04") == [Bar.TRADED, Bar.IMPUTED, Bar.TRADED]
    assert status("2023-02-05") == [Bar.TRADED] * 3
    assert status("2023-02-01T01:59") == [Bar.TRADED]  # the second hour has not ended
    assert status("2023-02-01T02:00") == [Bar.TRADED, Bar.IMPUTED]


def test_the_check_says_what_bars_were_made_of(tmp_path, capsys):
    where = store(tmp_path / "set", A=without(bars(n=5 * HOUR + 3), 30, 2), B=bars(n=5 * HOUR + 3))
    found = quorate.check_data(where, bar_minutes=60)
    assert (found.bar_minutes, found.made_of) == (60, (5,))
    assert found.coins.select("n_traded", "n_filled", "n_missing").rows() == [(4, 1, 0), (5, 0, 0)]
    assert run(["data", "check", str(where), "--bar-minutes", "60"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Bars of 60 minutes made of 5-minute ones; not traded on")
    assert "BAR_PARTIAL" in said
    page = tmp_path / "data.html"
    command = ["data", "check", str(where), "--bar-minutes", "60", "--json", "--html", str(page)]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["made_of"] == [5]
    assert "rows of 5 minutes, made bars of 60" in page.read_text()


def test_the_check_of_two_vendors_compares_whole_bars(tmp_path):
    calm = bars(n=20 * HOUR + 1)
    one = store(tmp_path / "one", A=without(calm, 30, 6))  # its third hour ends on an old price
    two = store(tmp_path / "two", A=calm)
    line = quorate.check_data(one, other=two, bar_minutes=60).pairs.row(0, named=True)
    assert (line["n_bars"], line["max_bps"]) == (19, 0.0)


def test_the_certificate_keeps_what_bars_were_made_of(tmp_path):
    panel = spot(store(tmp_path / "set", A=bars(n=100)))
    certificate.write(panel.certificate, tmp_path / "kept")
    assert certificate.read(tmp_path / "kept").venues[0][0].made_of == (5,)


def test_a_second_coin_whose_first_bar_has_not_ended_is_not_there_yet(tmp_path):
    # three days without a bar, then ten times the price: another coin under the name
    late = bars(n=5, start_ms=START_MS + 80 * HOUR_MS, price=1000.0)
    rows = pl.concat([bars(n=2 * HOUR), late])
    beside = bars(n=80 * HOUR + 5)
    panel = spot(store(tmp_path, A=rows, B=beside), drop_last=False)
    assert (panel.symbols, panel.n_bars) == (("A", "B"), 80)
    rows = pl.concat([bars(n=2 * HOUR), bars(n=14, start_ms=START_MS + 80 * HOUR_MS, price=1e3)])
    beside = bars(n=80 * HOUR + 14)
    panel = spot(store(tmp_path, A=rows, B=beside), drop_last=False)
    assert (panel.symbols, panel.n_bars) == (("A", "A.2", "B"), 81)


def test_what_is_kept_on_disk_is_what_is_loaded(tmp_path):
    gaps = without(without(bars(n=30 * HOUR + 5), 50, 3), 100, 14)
    where = store(tmp_path / "bars", A=gaps, B=bars(n=30 * HOUR + 5))
    spec = PanelSpec((Source(where, "binance_spot", "spot"),), bar_minutes=60)
    loaded, kept = load(spec), keep(spec, tmp_path / "kept")
    for mine, theirs in zip(blocks(kept, 7), blocks(loaded, 7), strict=True):
        for part in ("bars", "market"):
            for name, array in getattr(mine, part)._asdict().items():
                np.testing.assert_array_equal(array, getattr(getattr(theirs, part), name), name)
    assert kept.notes == loaded.notes
    assert kept.certificate.venues[0][0] == loaded.certificate.venues[0][0]


def test_nothing_is_ended_of_nothing():
    assert ended([], 60) == []
