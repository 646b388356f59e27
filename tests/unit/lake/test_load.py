"""Folders become a panel, or an error that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

from quorate.core.types import Bar
from quorate.errors import ConfigError, DataError, SchemaError
from quorate.lake import NEVER, PanelSpec, Source, layout, load
from quorate.lake.panel import part
from quorate.lake.spec import from_plain, plain

DAY = 288


def spot(path, **choices):
    return load(PanelSpec((Source(path, "binance_spot", "spot"),), **choices))


def test_the_panel_is_what_the_files_say(tmp_path):
    panel = spot(store(tmp_path, B=bars(n=25, price=50.0), A=bars(n=25)))
    assert panel.symbols == ("A", "B")
    assert (panel.bar_minutes, panel.n_bars, panel.n_coins) == (5, 24, 2)  # the last was forming
    assert panel.close_ms(0) == START_MS + 300_000
    np.testing.assert_array_equal(panel.bars.close[:, 1], bars(n=24, price=50.0)["close"])
    assert (panel.bars.status == Bar.TRADED).all()
    assert (panel.member == 1).all()
    assert (panel.delisted_k == NEVER).all()
    assert panel.kinds == ("spot", "spot")
    assert panel.funding == ("none", "none")
    assert not panel.is_synthetic
    assert panel.source.description == (
        "binance_spot: 2 coins, bars of 5 min, 2023-02-01 00:00 to 2023-02-01 02:00 UTC"
    )


def test_arrays_are_ready_for_the_kernels(tmp_path):
    panel = spot(store(tmp_path, A=bars(), B=bars()))
    for arrays, rank in ((panel.bars, 2), (panel.market, 3)):
        for name, array in zip(arrays._fields, arrays, strict=True):
            assert array.ndim == rank, name
            assert array.flags.c_contiguous, name
            assert array.flags.writeable, name
            assert array.dtype == (np.int8 if name == "status" else np.float64), name
    for name, array in zip(panel.venues._fields, panel.venues, strict=True):
        assert array.flags.c_contiguous, name
        assert array.dtype == (np.int8 if name in ("listed", "is_perp") else np.float64), name


def test_spot_pays_no_funding_and_the_mark_is_the_close(tmp_path):
    panel = spot(store(tmp_path, A=bars()))
    assert (panel.market.funding == 0.0).all()
    assert (panel.bars.funding_rate == 0.0).all()
    assert (panel.venues.is_perp == 0).all()
    np.testing.assert_array_equal(panel.market.mark, panel.market.close)


def test_spreads_are_unknown_and_apart_from_the_bars(tmp_path):
    panel = spot(store(tmp_path, A=bars()))
    assert np.isnan(panel.market.spread_bps).all()
    assert not np.shares_memory(panel.market.spread_bps, panel.bars.spread_bps)


def test_start_and_end_cut_by_open_time(tmp_path):
    where = store(tmp_path, A=bars(n=24))
    panel = spot(where, start="2023-02-01T00:30", end="2023-02-01 01:00")
    assert panel.n_bars == 6
    assert panel.close_ms(0) == START_MS + 35 * 60_000


def test_a_prefix_of_the_span_gives_a_prefix_of_the_panel(tmp_path):
    where = store(tmp_path, A=without(bars(n=2 * DAY), 100, 5), B=bars(n=2 * DAY, price=3.0))
    whole, part = spot(where), spot(where, end="2023-02-02")
    assert part.n_bars == DAY
    for full, cut in zip(whole.bars, part.bars, strict=True):
        np.testing.assert_array_equal(full[:DAY], cut)


def test_a_span_without_bars_is_refused(tmp_path):
    with pytest.raises(DataError, match="no bar of"):
        spot(store(tmp_path, A=bars()), start="2024-01-01")
    with pytest.raises(DataError, match="'soon' is not a time"):
        spot(store(tmp_path, A=bars()), start="soon")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start": "2024-01-01"}, "opens from 2024-01-01"),
        ({"end": "2020-01-01"}, "opens before 2020-01-01"),
        ({"start": "2023-02-02", "end": "2023-02-01"}, "end 2023-02-01 is not after the start"),
    ],
)
def test_a_span_that_is_refused_names_the_one_of_the_files(tmp_path, asked, said):
    with pytest.raises(DataError, match=said) as caught:
        spot(store(tmp_path, A=bars(n=DAY)), **asked)
    assert "its files have 2023-02-01T00:00 to" in caught.value.hint


def test_symbols_choose_and_order(tmp_path):
    where = store(tmp_path, A=bars(), B=bars(), C=bars())
    assert spot(where, symbols=("C", "A")).symbols == ("C", "A")
    with pytest.raises(DataError, match="symbols D cannot be loaded"):
        spot(where, symbols=("A", "D"))
    with pytest.raises(DataError, match="none or one twice"):
        spot(where, symbols=("A", "A"))


def test_no_source_no_folder_no_file(tmp_path):
    with pytest.raises(DataError, match="no source"):
        load(PanelSpec(()))
    with pytest.raises(DataError, match="is not a folder"):
        spot(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no Parquet file"):
        spot(tmp_path)


def known_taker(n=24):
    return bars(n=n).with_columns(taker_buy_volume=pl.col("volume") * 0.5)


def test_what_a_panel_lacks_is_a_fact_of_the_form_of_its_files(tmp_path):
    bare = store(tmp_path / "bare", A=bars())
    null = pl.lit(None, pl.Float64)
    with_column = store(tmp_path / "column", A=bars().with_columns(taker_buy_volume=null), B=bars())
    assert spot(bare).lacks == {"taker_buy", "funding", "basis"}
    assert spot(with_column).lacks == {"funding", "basis"}  # unknown today, not absent
    perp = Source(store(tmp_path / "perp", A=known_taker()), "binance_usdm", "perp")
    beside = Source(bare, "binance_spot", "spot")
    assert load(PanelSpec((perp,), assume_funding=0.0)).lacks == {"basis"}
    assert load(PanelSpec((perp, beside), assume_funding=0.0)).lacks == frozenset()


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), 5.0, -0.0101])
def test_an_assumed_funding_is_a_small_number(tmp_path, rate):
    perp = Source(store(tmp_path, A=bars()), "binance_usdm", "perp")
    with pytest.raises(ConfigError, match=r"assume_funding is .*outside \[-0.01, 0.01\]\n  next:"):
        load(PanelSpec((perp,), assume_funding=rate))
    assert load(PanelSpec((perp,), assume_funding=-0.01)).funding == ("assumed",)


def test_an_unknown_venue_is_said_and_none_is_refused(tmp_path):
    where = store(tmp_path, A=bars())
    (note,) = load(PanelSpec((Source(where, "mtgox", "spot"),))).notes
    assert note.startswith("mtgox is not a known venue")
    assert "10 bps taker" in note
    assert "kraken_spot" in note
    assert spot(where).notes == ()
    with pytest.raises(ConfigError, match="has no name"):
        load(PanelSpec((Source(where, " ", "spot"),)))


def test_one_folder_is_not_two_venues(tmp_path):
    where = store(tmp_path / "a", A=bars())
    again = tmp_path / "a" / ".." / "a"
    sources = (Source(where, "binance_spot", "spot"), Source(again, "kraken_spot", "spot"))
    with pytest.raises(ConfigError, match="kraken_spot and binance_spot are both read from"):
        load(PanelSpec(sources))


def test_one_coin_and_one_bar(tmp_path):
    where = store(tmp_path, A=bars(n=1))
    with pytest.raises(DataError, match="no file has two bars"):
        spot(where)
    with pytest.raises(DataError, match="no bar is left"):
        spot(where, bar_minutes=5)
    panel = spot(where, bar_minutes=5, drop_last=False)
    assert (panel.n_bars, panel.n_coins) == (1, 1)


def test_files_of_two_intervals_are_refused(tmp_path):
    where = store(tmp_path, A=bars(), B=bars(minutes=15))
    with pytest.raises(SchemaError, match=r"B\.parquet has bars of 15 minutes, but 5 is that of"):
        spot(where)
    with pytest.raises(SchemaError, match="but 1 is the one asked for"):
        spot(where, bar_minutes=1)


@pytest.mark.parametrize("minutes", [240, 1440, 7])
def test_bars_must_divide_an_hour(tmp_path, minutes):
    with pytest.raises(DataError, match="divide an hour") as refusal:
        spot(store(tmp_path, A=bars(minutes=minutes)))
    names_it = f"quorate data universe {tmp_path} --at DAY --until DAY" in refusal.value.hint
    assert names_it == (minutes > 60)


def test_a_bad_row_stops_the_load(tmp_path):
    where = store(tmp_path, A=bars(), B=put(bars(), 4, close=-1.0))
    with pytest.raises(DataError, match=r"data: B on binance_spot \(ROW_IMPOSSIBLE\)"):
        spot(where)
    panel = spot(where, accept_failed=True)
    assert panel.bars.status[:, 1].tolist()[3:6] == [Bar.TRADED, Bar.IMPUTED, Bar.TRADED]
    assert panel.certificate.is_accepted
    (note,) = panel.notes
    assert note.endswith("loaded all the same: B on binance_spot (ROW_IMPOSSIBLE).")
    assert not spot(where, symbols=("A",), accept_failed=True).certificate.is_accepted


def test_a_failure_outside_of_the_span_does_not_matter(tmp_path):
    where = store(tmp_path, A=put(bars(n=2 * DAY), 4, close=-1.0))
    assert spot(where, start="2023-02-02").certificate.failed.is_empty()
    with pytest.raises(DataError, match="ROW_IMPOSSIBLE"):
        spot(where, end="2023-02-02")


def test_what_a_rule_can_mend_is_mended_and_told(tmp_path):
    plain = bars(n=DAY)
    flawed = pl.concat([plain[10:20], plain[:10], plain[20:], plain[50:51]])
    panel = spot(store(tmp_path, A=flawed), drop_last=False)
    np.testing.assert_array_equal(panel.bars.close[:, 0], plain["close"])
    ((origin, worth),) = panel.certificate.venues
    told = worth.findings.group_by("rule").agg(pl.col("n").sum()).sort("rule").rows()
    assert told == [("ROW_DOUBLED", 1), ("ROW_ORDER", 11)]
    assert (origin.n_files, origin.n_rows) == (1, DAY + 1)


def test_two_coins_of_one_symbol_are_two_columns_on_every_venue(tmp_path):
    old = bars(n=DAY, price=80.0)
    new = bars(n=DAY, price=900.0, start_ms=START_MS + 4 * DAY * 300_000)
    both = pl.concat([old, new])
    second = both.with_columns(pl.col("open", "high", "low", "close") * 1.001)
    panel = load(
        PanelSpec(
            (
                Source(store(tmp_path / "one", LUNAUSDT=both), "binance_spot", "spot"),
                Source(store(tmp_path / "two", LUNA=second), "kraken_spot", "spot"),
            ),
            drop_last=False,
        )
    )
    assert panel.symbols == ("LUNAUSDT", "LUNAUSDT.2")
    assert panel.delisted_k[0] == panel.k0 + DAY - 1
    first, last = panel.market.close[:DAY], panel.market.close[-DAY:]
    np.testing.assert_allclose(
        first[:, :, 0] / old["close"].to_numpy()[:, None], [[1, 1.001]] * DAY
    )
    np.testing.assert_allclose(last[:, :, 1] / new["close"].to_numpy()[:, None], [[1, 1.001]] * DAY)
    assert np.isnan(first[:, :, 1]).all()
    assert np.isnan(last[:, :, 0]).all()
    # a span with one of them has one column
    only = spot(tmp_path / "one", start="2023-02-03", symbols=("LUNAUSDT",), drop_last=False)
    assert only.symbols == ("LUNAUSDT.2",)


def spiky(n=2 * DAY, volume=1.0):
    """Return a calm market with one close half as high again, and the same without."""
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    calm = bars(n=n).with_columns(
        open=pl.Series(close),
        close=pl.Series(close),
        high=pl.Series(close * 1.6),
        low=pl.Series(close * 0.9),
        volume=pl.Series(rng.uniform(5.0, 15.0, n)),
    )
    return put(calm, n - 50, close=close[n - 50] * 1.5, volume=volume), calm


@pytest.mark.parametrize(
    ("kind", "volume", "kept"), [("spot", 1.0, False), ("spot", 900.0, True), ("perp", 1.0, True)]
)
def test_a_second_vendor_of_the_kind_disputes_what_hardly_traded(tmp_path, kind, volume, kept):
    bad, calm = spiky(volume=volume)
    venue = "kraken_spot" if kind == "spot" else "okx_swap"
    panel = load(
        PanelSpec(
            (
                Source(store(tmp_path / "one", A=bad), "binance_spot", "spot"),
                Source(store(tmp_path / "two", A=calm), venue, kind),
            ),
            assume_funding=0.0,
            drop_last=False,
        )
    )
    there = panel.bars.status[-50, 0] == Bar.TRADED
    assert there == kept
    (_, mine), _ = panel.certificate.venues
    assert ("SPIKE_DISPUTED" in set(mine.findings["rule"])) != kept
    assert mine.pairs.height == (1 if kind == "spot" else 0)


WORTH = 0.9


@pytest.mark.parametrize("rate", ["none", "known", "hourly"])
def test_dollars_beside_a_stablecoin_dispute_nothing_unless_their_worth_is_known(tmp_path, rate):
    bad, calm = spiky()
    dollars = calm.with_columns(pl.col("open", "high", "low", "close") * WORTH)
    other = store(tmp_path / "three", AUSDT=calm)
    choices = {}
    if rate != "none":
        minutes = 5 if rate == "known" else 60
        flat = dict.fromkeys(("open", "high", "low", "close"), pl.lit(WORTH))
        quoted = bars(n=1000, minutes=minutes, start_ms=START_MS - 9 * 3_600_000)
        folder = store(tmp_path / "rate", USDT=quoted.with_columns(**flat))
        choices["quote_usd"] = folder / "USDT.parquet"
    first = Source(store(tmp_path / "one", AUSDT=bad), "binance_spot", "spot")
    second = Source(store(tmp_path / "two", AUSD=dollars), "kraken_spot", "spot")
    third = Source(other, "third_spot", "spot")
    panel = load(PanelSpec((first, second), drop_last=False, **choices))
    mine = panel.certificate.venues[0][1]
    apart = [note for note in panel.notes if note.startswith("Not held against kraken_spot")]
    if rate == "none":
        assert set(mine.findings["rule"]) == {"RETURN_SUSPECT"}
        assert mine.pairs.is_empty()
        assert len(apart) == 1
        # another venue in the same money stands beside it instead
        both = load(PanelSpec((first, second, third), drop_last=False)).certificate.venues[0][1]
        assert "SPIKE_DISPUTED" in set(both.findings["rule"])
        assert both.pairs["other"].to_list() == ["AUSDT"]
    else:
        assert set(mine.findings["rule"]) == {"SPIKE_DISPUTED", "GAP_FILLED"}
        assert mine.pairs["median_bps"][0] == pytest.approx(0.0, abs=1e-6)
        assert apart == []
    # what is paid on the second venue is what it shows
    close = panel.market.close[:, 1, 0]
    np.testing.assert_array_equal(close, dollars["close"])


def silent(n=24):
    flat = bars(n=n)
    return flat.with_columns(
        volume=pl.lit(0.0), open=pl.lit(5.0), high=pl.lit(5.0), low=pl.lit(5.0), close=pl.lit(5.0)
    )


def test_a_coin_that_never_trades_is_left_out_with_a_note(tmp_path):
    where = store(tmp_path, A=bars(), B=silent())
    panel = spot(where)
    assert panel.symbols == ("A",)
    assert panel.notes == ("Left out, no trade in the span: B.",)
    with pytest.raises(DataError, match="B never trades"):
        spot(where, symbols=("A", "B"))
    with pytest.raises(DataError, match=r"no bar is left: .* are no trade"):
        spot(store(tmp_path / "only", B=silent()))


def test_a_coin_that_ends_is_delisted_with_a_note(tmp_path):
    panel = spot(store(tmp_path, A=bars(n=3 * DAY), B=bars(n=DAY)))
    assert panel.delisted_k.tolist() == [
        NEVER,
        panel.k0 + DAY - 1,
    ]  # long ago: its last bar had closed
    assert panel.member[:, 1].sum() == DAY + 11 + DAY - 1  # a price that is carried is one
    assert "treated as delisted: B." in panel.notes[0]


@pytest.mark.parametrize(("n", "gone"), [(2 * DAY + 10, False), (2 * DAY + 11, True)])
def test_a_coin_is_gone_once_it_has_been_silent_for_a_day(tmp_path, n, gone):
    panel = spot(store(tmp_path, A=bars(n=n), B=bars(n=DAY)), drop_last=False)
    assert (panel.delisted_k[1] != NEVER) == gone
    assert panel.member[-2:, 1].tolist() == [1, not gone]


def test_a_coin_that_comes_back_is_no_member_while_it_is_silent(tmp_path):
    rows = bars(n=4 * DAY)
    panel = spot(store(tmp_path, A=rows, B=pl.concat([rows[:DAY], rows[3 * DAY :]])))
    out = np.flatnonzero(panel.member[:, 1] == 0)
    assert out.tolist() == list(range(2 * DAY + 10, 3 * DAY))
    assert panel.delisted_k[1] == NEVER
    assert part(panel, 0, out[0]).delisted_k[1] == NEVER
    assert part(panel, 0, out[0] + 1).delisted_k[1] == panel.k0 + DAY - 1


def test_a_coin_that_lists_later_is_no_member_before(tmp_path):
    late = bars(n=10, start_ms=START_MS + 14 * 300_000)
    panel = spot(store(tmp_path, A=bars(n=24), B=late))
    assert panel.member[:, 1].tolist() == [0] * 14 + [1] * 9
    assert (panel.bars.status[:14, 1] == Bar.ABSENT).all()


def test_ticks_and_lots_are_inferred_or_given(tmp_path):
    rounded = bars().with_columns(pl.col("open", "high", "low", "close").round(1))
    where = store(tmp_path, A=rounded, B=rounded)
    panel = spot(where, tick={"B": 0.5}, lot={"A": 2.0})
    assert panel.venues.tick.tolist() == [[0.1, 0.5]]
    assert panel.venues.lot.tolist() == [[2.0, 0.01]]
    with pytest.raises(ValueError, match=r"tick of A is -1\.0, it must be positive"):
        spot(where, tick={"A": -1.0})


def test_the_lake_and_a_plain_folder_load_alike(tmp_path):
    key = layout.Key("binance_spot", "ohlcv", "5m")
    frame = bars(n=40 * DAY)
    layout.write(frame, tmp_path / "lake", key, "A")
    from_lake = spot(layout.folder(tmp_path / "lake", key))
    plain = spot(store(tmp_path / "plain", A=frame), drop_last=False)
    for one, other in zip(from_lake.bars, plain.bars, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_digest_tells_contents_apart(tmp_path):
    first = spot(store(tmp_path / "a", A=bars())).source.digest
    again = spot(store(tmp_path / "b", A=bars())).source.digest
    other = spot(store(tmp_path / "c", A=put(bars(), 3, volume=11.0))).source.digest
    shorter = spot(store(tmp_path / "d", A=bars()), end="2023-02-01T01:00").source.digest
    assert first == again
    assert len({first, other, shorter}) == 3


def test_a_second_venue_without_a_common_bar_is_noted(tmp_path):
    good = bars(600)
    first = Source(store(tmp_path / "one", AUSDT=good[:200]), "binance_spot", "spot")
    second = Source(store(tmp_path / "two", AUSDT=good[300:]), "kraken_spot", "spot")
    note = "No bar in common with a second venue: AUSDT."
    assert note in load(PanelSpec((first, second), drop_last=False)).notes
    assert note not in load(PanelSpec((first,), drop_last=False)).notes


def test_a_second_venue_is_matched_by_symbol_or_base_asset(tmp_path):
    one = store(tmp_path / "one", AUSDT=bars(), BUSDT=bars())
    two = store(tmp_path / "two", A=without(bars(price=101.0), 5, 15), CUSDT=bars())
    panel = load(
        PanelSpec((Source(one, "kraken_spot", "spot"), Source(two, "binance_spot", "spot")))
    )
    assert panel.venue_names == ("kraken_spot", "binance_spot")
    assert panel.venues.listed.tolist() == [[1, 1], [1, 0]]
    assert panel.venues.taker_bps.tolist() == [40.0, 10.0]
    assert panel.market.close.shape == (23, 2, 2)
    np.testing.assert_array_equal(panel.market.close[:, 0], panel.bars.close)
    assert panel.market.close[0, 1, 0] == 101.0
    assert (panel.market.status[:, 1, 1] == Bar.ABSENT).all()
    assert (panel.market.status[16:20, 1, 0] == Bar.ABSENT).all()
    assert (panel.market.status[5:16, 1, 0] == Bar.IMPUTED).all()
    np.testing.assert_array_equal(panel.venues.lot[0], panel.venues.lot[1])


def test_a_panel_as_of_a_moment_is_the_one_that_was_made_then(tmp_path):
    key = layout.Key("binance_spot", "ohlcv", "5m")
    layout.write(bars(n=40), tmp_path, key, "A")
    source = (Source(layout.folder(tmp_path, key), "binance_spot", "spot"),)
    before = load(PanelSpec(source))
    then = datetime(2023, 6, 1, tzinfo=UTC)
    spec = PanelSpec(source, as_of=then)
    first = load(spec)
    assert first.bars.close.tobytes() == before.bars.close.tobytes()
    late = put(bars(n=60), 7, close=100.75)
    layout.write(late, tmp_path, key, "A", known_at=then + timedelta(milliseconds=1))
    again = load(spec)
    assert again.bars.close.tobytes() == first.bars.close.tobytes()
    assert again.source.digest == first.source.digest
    assert load(from_plain(plain(spec))).source.digest == first.source.digest
    now = load(PanelSpec(source))
    assert now.n_bars == 60
    assert now.bars.close[7, 0] == 100.75
    assert load(PanelSpec(source, as_of="2023-06-02")).source.digest != first.source.digest


def test_rows_after_the_end_change_the_digest_and_no_bar(tmp_path):
    """They are read for what a coin's whole life tells, so they count as read."""
    key = layout.Key("binance_spot", "ohlcv", "5m")
    layout.write(bars(n=40), tmp_path, key, "A")
    source = (Source(layout.folder(tmp_path, key), "binance_spot", "spot"),)
    early, late = (
        load(PanelSpec(source, end="2023-02-01T02:00", as_of=f"2023-02-01T{known}"))
        for known in ("02:00", "03:00")
    )
    assert early.n_bars == late.n_bars == 24
    for ours, theirs in zip(early.bars, late.bars, strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert early.source.digest != late.source.digest


def test_bars_known_at_their_close_are_not_there_before_it(tmp_path):
    key = layout.Key("binance_spot", "ohlcv", "5m")
    layout.write(bars(n=40), tmp_path, key, "A")
    source = (Source(layout.folder(tmp_path, key), "binance_spot", "spot"),)
    assert load(PanelSpec(source, as_of="2023-02-01T01:00")).n_bars == 12
    assert load(PanelSpec(source, as_of="2023-02-01T01:04:59")).n_bars == 12
    with pytest.raises(DataError, match="no bar that trades was known as of 2023-01-31") as caught:
        load(PanelSpec(source, as_of="2023-01-31"))
    assert "later as_of" in caught.value.hint


def test_plain_folders_cannot_be_read_as_of_a_moment(tmp_path):
    where = store(tmp_path, A=bars(n=40))
    with pytest.raises(DataError, match="does not say when its rows became known"):
        load(PanelSpec((Source(where, "binance_spot", "spot"),), as_of="2023-06-01"))


def test_funding_and_marks_are_read_as_of_the_moment_too(tmp_path):
    key = layout.Key("okx_swap", "ohlcv", "5m")
    paid, marked = layout.Key("okx_swap", "funding", "event"), layout.Key("okx_swap", "mark", "5m")
    layout.write(bars(n=300), tmp_path, key, "A")
    at = [START_MS + hours * 3_600_000 for hours in (0, 8, 16, 24)]
    layout.write(settlements(at, [1e-4] * 4), tmp_path, paid, "A")
    layout.write(bars(n=300).drop("volume"), tmp_path, marked, "A")
    late = START_MS + 400 * 300_000
    layout.write(settlements(at, [1e-4, 9e-4, 1e-4, 1e-4]), tmp_path, paid, "A", known_at=late)
    moved = put(bars(n=300), 5, close=100.6).drop("volume")
    layout.write(moved, tmp_path, marked, "A", known_at=late)
    folders = [layout.folder(tmp_path, each) for each in (key, paid, marked)]
    source = (Source(folders[0], "okx_swap", "perp", folders[1], folders[2]),)
    then = datetime.fromtimestamp((late - 1) / 1e3, UTC)
    old, new = load(PanelSpec(source, as_of=then)), load(PanelSpec(source))
    assert (old.market.funding.max(), new.market.funding.max()) == (1e-4, 9e-4)
    assert old.market.mark[5, 0, 0] == pytest.approx(100.5)
    assert new.market.mark[5, 0, 0] == 100.6
    assert old.source.digest != new.source.digest


def perps(tmp_path, frame, **beside):
    mark = frame.select("ts", "open", "high", "low", "close")
    source = Source(
        store(tmp_path / "bars", L=frame),
        "binance_usdm",
        "perp",
        mark=store(tmp_path / "mark", L=beside.pop("mark", mark)),
    )
    return load(PanelSpec((source,), assume_funding=0.0, drop_last=False, **beside))


def in_new_unit(frame, row, factor):
    late = pl.int_range(pl.len()) >= row
    prices = [
        pl.when(late).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    ]
    return frame.with_columns(*prices)


def test_marks_are_counted_in_the_unit_of_the_bars(tmp_path):
    panel = perps(tmp_path, in_new_unit(bars(n=DAY), 100, 1e3))
    np.testing.assert_allclose(panel.market.mark, panel.market.close, rtol=1e-12)
    assert panel.bars.close.max() < 200.0


def test_marks_of_another_coin_of_the_name_stay_with_it(tmp_path):
    old, new = bars(n=DAY), bars(n=DAY, price=900.0, start_ms=START_MS + 4 * DAY * 300_000)
    panel = perps(tmp_path, pl.concat([old, new]))
    assert panel.symbols == ("L", "L.2")
    known = np.isfinite(panel.market.close)
    assert np.isnan(panel.market.mark[:, 0, 0][-DAY:]).all()
    np.testing.assert_array_equal(panel.market.mark[known], panel.market.close[known])


def test_marks_of_something_else_are_refused(tmp_path):
    frame = bars(n=DAY)
    wrong = frame.with_columns(pl.col("open", "high", "low", "close") * 1e3)
    with pytest.raises(DataError, match="marks of binance_usdm L are more than twice"):
        perps(tmp_path, frame, mark=wrong)


def beside(tmp_path, kind="spot"):
    venue = "kraken_spot" if kind == "spot" else "okx_swap"
    return (
        Source(tmp_path / "one", "binance_spot", "spot"),
        Source(tmp_path / "two", venue, kind),
    )


def both(tmp_path, one, two, kind="spot", **choices):
    store(tmp_path / "one", A=one)
    store(tmp_path / "two", A=two)
    return load(PanelSpec(beside(tmp_path, kind), drop_last=False, **choices))


def test_a_second_venue_is_in_the_unit_of_the_first(tmp_path):
    changed = in_new_unit(bars(n=DAY), 100, 1e3)
    panel = both(tmp_path, changed, changed[150:])  # the second begins in the new unit
    close = panel.market.close
    np.testing.assert_allclose(close[150:, 1], close[150:, 0], rtol=1e-12)
    assert panel.notes == ()


def test_a_coin_that_a_second_venue_does_not_confirm_opens_nothing_the_day_after(tmp_path):
    frame = bars(n=3 * DAY)
    inside = (pl.int_range(pl.len()) >= DAY) & (pl.int_range(pl.len()) < DAY + 20)
    prices = [
        pl.when(inside).then(pl.col(name) * 1.5).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    ]
    panel = both(tmp_path, frame, frame.with_columns(*prices))
    assert panel.member[: 2 * DAY].all()
    assert not panel.member[2 * DAY :].any()
    (note,) = panel.notes
    assert note.endswith("the day after a second venue disagreed: A (1 days).")
    # what the first day may open was said on the day before the start, all of it
    for start, n_closed in (("2023-02-03", DAY), ("2023-02-02T12:00", DAY), ("2023-02-02", DAY)):
        later = load(PanelSpec(beside(tmp_path), drop_last=False, start=start))
        np.testing.assert_array_equal(later.member, panel.member[-later.n_bars :])
        assert (later.member == 0).sum() == n_closed


def test_rows_that_fail_at_the_ends_of_what_was_asked_for_are_not_overlooked(tmp_path):
    frame = bars(n=2 * DAY)
    for n, rows in enumerate((slice(DAY, None), slice(0, DAY))):
        inside = pl.int_range(pl.len()).is_between(rows.start, (rows.stop or 2 * DAY) - 1)
        bad = frame.with_columns(pl.when(inside).then(-1.0).otherwise("close").alias("close"))
        where = store(tmp_path / f"{n}", A=bad)
        with pytest.raises(DataError, match="ROW_IMPOSSIBLE"):
            spot(where)


def test_two_coins_of_one_name_are_refused(tmp_path):
    new = bars(n=DAY, price=900.0, start_ms=START_MS + 4 * DAY * 300_000)
    reborn = pl.concat([bars(n=DAY), new])
    where = store(tmp_path, **{"X": reborn, "X.2": bars(n=DAY)})
    with pytest.raises(DataError, match=r"two coins would be called X\.2"):
        spot(where)


def test_the_digest_tells_apart_what_was_asked_for(tmp_path):
    where = store(tmp_path, A=bars(n=2 * DAY))
    loose = {"min_age_days": 0, "min_turnover": 0.0}
    digests = {
        spot(where, **choices).source.digest
        for choices in (
            {},
            {"rules": {"gap_minutes": 30.0}},
            {"universe": loose},
            {"universe": {**loose, "turnover_days": 5}},
            {"tick": {"A": 0.5}},
        )
    }
    assert len(digests) == 5
    other = load(PanelSpec((Source(where, "kraken_spot", "spot"),)))
    assert other.source.digest not in digests
