"""The real folders brought into a lake: nothing lost, and read as the folders themselves are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.report.plain import plain

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

SETS = [
    ("ohlcv/binance_spot/5m", "binance_spot", "ohlcv", "5m", 2_999_263, 25),
    ("ohlcv/binance_usdm/1h", "binance_usdm", "ohlcv", "1h", 403_156, 10),
    ("mark/bybit_linear/1h", "bybit_linear", "mark", "1h", 16_632, 7),
    ("funding/binance_usdm", "binance_usdm", "funding", "event", 38_237, 0),
    (
        "ohlcv/binance_spot/1d/all.parquet",
        "binance_spot",
        "ohlcv",
        "1d",
        278_369,
        337,
    ),  # 34 ended long ago
]


@pytest.fixture(scope="module")
def lake(data, tmp_path_factory):
    """Return the lake and what each import said."""
    root = tmp_path_factory.mktemp("lake")
    done = {
        where: quorate.import_data(data / where, root, vendor=vendor, kind=kind)
        for where, vendor, kind, *_ in SETS
    }
    return root, done


def test_every_row_but_the_last_bars_is_in(lake):
    _, done = lake
    for where, _, _, interval, n_rows, n_last in SETS:
        found = done[where]
        assert found.interval == interval
        assert (found.n_added, found.n_unfinished) == (n_rows - n_last, n_last)
        assert found.failed.is_empty()
        assert found.corrections.is_empty()


@pytest.mark.parametrize("each", SETS, ids=lambda each: each[0])
def test_importing_again_adds_nothing(lake, data, each):
    where, vendor, kind, *_ = each
    again = quorate.import_data(data / where, lake[0], vendor=vendor, kind=kind)
    assert (again.n_added, again.corrections.height) == (0, 0)


def test_the_list_knows_the_holes_that_are_known(lake):
    found = quorate.stock(lake[0])
    spot = found.filter(pl.col("interval") == "5m")
    assert spot.select("symbols", "rows", "missing", "corrections").rows() == [
        (25, 2_999_238, 44_796, 0)
    ]
    assert quorate.verify(lake[0]) == []


def test_check_says_of_the_lake_what_it_says_of_the_folder(lake, data):
    where = "ohlcv/binance_spot/5m"
    folder, ours = (quorate.check_data(each) for each in (data / where, lake[1][where].folder))
    assert ours.coins.drop("n_rows").equals(folder.coins.drop("n_rows"))
    kept = folder.findings.filter(pl.col("rule") != "ROW_UNFINISHED")
    assert plain(ours.findings.to_dicts()) == plain(kept.to_dicts())
    assert ours.days.equals(folder.days)


def test_a_run_on_the_lake_is_the_run_on_the_folder(lake, data):
    said = {"venue": "binance_spot", "kind": "spot", "symbols": ["BTC", "SOL", "PERL"]}
    span = {"start": "2022-11-01", "end": "2022-12-15"}
    where = "ohlcv/binance_spot/5m"
    one, other = (
        quorate.run(quorate.load(each, **said, **span))
        for each in (data / where, lake[1][where].folder)
    )
    assert one.metrics == other.metrics
    assert one.equity.equals(other.equity)
    assert one.fills.equals(other.fills)


def test_panels_with_funding_are_the_same_to_the_end(lake, data):
    said = {
        "venue": "binance_usdm",
        "kind": "perp",
        "symbols": ["BTC", "ETH"],
        "start": "2020-01-01",
    }
    bars, funding = "ohlcv/binance_usdm/1h", "funding/binance_usdm"
    folder = quorate.load(data / bars, funding=data / funding, **said)
    ours = quorate.load(lake[1][bars].folder, funding=lake[1][funding].folder, **said)
    assert (ours.n_bars, ours.k0) == (folder.n_bars, folder.k0)
    for part in ("bars", "market"):
        for mine, theirs in zip(getattr(ours, part), getattr(folder, part), strict=True):
            assert mine.tobytes() == theirs.tobytes()
    assert (ours.delisted_k == folder.delisted_k).all()


def test_the_panel_as_of_a_day_is_the_later_one_cut_there(lake):
    """Bars are known at their close, so as of a moment they end there, whatever came after."""
    said = {"venue": "binance_spot", "kind": "spot", "symbols": ["BTC", "ETH"]}
    where = lake[1]["ohlcv/binance_spot/5m"].folder
    span = {"start": "2022-08-01"}
    known = quorate.load(where, **said, **span, as_of="2022-10-01")
    later = quorate.load(where, **said, **span, end="2022-10-01")
    assert known.n_bars == later.n_bars == 61 * 288
    for mine, theirs in zip(known.bars, later.bars, strict=True):
        np.testing.assert_array_equal(mine, theirs)
