"""The last bar of a file may have been forming only where the folder ends with it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, settlements, store

import quorate
from quorate.api.auditing import panels
from quorate.core.types import Bar
from quorate.lake import NEVER, PanelSpec, Source, forming, keep, layout, load
from quorate.lake.governance import Params, rows
from quorate.lake.governance.findings import Rule

BAR_MS = 300_000
DAY = 288
DAY_MS = 86_400_000
N = 4 * DAY
PRICES = ("open", "high", "low", "close")


def unfinished(found):
    told = found.findings.filter(pl.col("rule") == Rule.ROW_UNFINISHED.value)
    return sorted(told["symbol"])


def test_since_a_bar_and_a_day_before_the_last_row_of_the_folder(tmp_path):
    where = store(tmp_path, LONG=bars(N), SHORT=bars(5))
    assert forming.since(layout.files(where)) == START_MS + (N - 1) * BAR_MS - BAR_MS - DAY_MS
    (where / "BROKEN.parquet").write_bytes(b"PAR1 no more")
    store(where, NOTS=bars(5).rename({"ts": "at"}), NONE=bars(0), LATE=bars(2 * N))
    assert forming.since(layout.files(where)) == START_MS + (2 * N - 1) * BAR_MS - BAR_MS - DAY_MS
    only = {"BROKEN": (where / "BROKEN.parquet",)}
    assert forming.since(only) == forming.ALWAYS


def test_integer_times_are_read_too(tmp_path):
    frame = bars(9).with_columns(pl.col("ts").dt.epoch("ms"))
    assert (
        forming.since(layout.files(store(tmp_path, A=frame))) == frame["ts"][-1] - BAR_MS - DAY_MS
    )


@pytest.mark.parametrize(("minutes", "hours"), [(1, 0), (60, 1), (1440, 24)])
def test_the_reach_is_a_day_after_the_close_of_a_bar(tmp_path, minutes, hours):
    """Whatever holes the files have; of rows alone it is taken for a day."""
    hole = bars(40, minutes)
    where = store(
        tmp_path / "bars", A=hole, HOLES=pl.concat([hole[:20], hole[35:36]]), ONE=hole[:1]
    )
    bar_ms = minutes * 60_000
    assert bar_ms // 3_600_000 == hours
    assert forming.since(layout.files(where)) == START_MS + 39 * bar_ms - bar_ms - DAY_MS
    alone = store(tmp_path / "alone", ONE=hole[:1])
    assert forming.since(layout.files(alone)) == START_MS - 2 * DAY_MS


def test_an_hour_that_closed_a_day_before_is_imported_and_a_later_one_is_not(tmp_path):
    hours = bars(60, 60)
    where = store(tmp_path / "bars", AGO=hours[:35], LATELY=hours[:36], NOW=hours)
    done = quorate.import_data(where, tmp_path / "lake", vendor="demo_spot", kind="ohlcv")
    assert dict(done.coins.select("symbol", "n_rows").iter_rows()) == {
        "AGO": 35,
        "LATELY": 35,
        "NOW": 59,
    }
    panel = load(PanelSpec((Source(where, "binance_spot", "spot"),)))
    status = dict(zip(panel.symbols, panel.bars.status[34:36].T.tolist(), strict=True))
    assert status["AGO"][0] == status["LATELY"][0] == Bar.TRADED
    assert status["LATELY"][1] != Bar.TRADED
    # files that go on for longer have it
    store(where, NOW=bars(61, 60))
    later = load(PanelSpec((Source(where, "binance_spot", "spot"),)))
    assert later.bars.status[35, later.symbols.index("LATELY")] == Bar.TRADED


def test_a_last_bar_is_left_out_after_a_time():
    at = START_MS + 23 * BAR_MS
    for since, n in ((at - 1, 23), (at, 24), (forming.ALWAYS, 23)):
        series, found = rows.tidy(bars(24), "A", 5, Params(), drop_last=True, forming_ms=since)
        assert series.open_ms.size == n
        assert len(found) == 24 - n


def test_a_coin_that_ended_long_ago_keeps_its_last_bar(tmp_path):
    ends = {"AGO": N - 2 * DAY, "DAY": N - DAY - 1, "LATELY": N - DAY, "HOURS": N - 40, "NOW": N}
    where = store(tmp_path / "bars", **{name: bars(n) for name, n in ends.items()})
    source = (Source(where, "binance_spot", "spot"),)
    panel = load(PanelSpec(source))
    last = {name: (n - 1, panel.symbols.index(name)) for name, n in ends.items() if n < N}
    status = {name: panel.bars.status[at] for name, at in last.items()}
    assert status == {
        "AGO": Bar.TRADED,
        "DAY": Bar.TRADED,
        "LATELY": Bar.IMPUTED,
        "HOURS": Bar.IMPUTED,
    }
    assert panel.bars.close[last["AGO"]] == bars(N)["close"][ends["AGO"] - 1]
    ago = panel.symbols.index("AGO")
    assert panel.delisted_k[ago] == panel.k0 + ends["AGO"] - 1
    assert panel.delisted_k[panel.symbols.index("NOW")] == NEVER
    kept = keep(PanelSpec(source), tmp_path / "kept")
    np.testing.assert_array_equal(kept.bars.status[:], panel.bars.status)
    # whichever coins are asked for, the folder says when its files were stored
    alone = load(PanelSpec(source, symbols=("AGO",)))
    assert alone.n_bars == ends["AGO"]
    assert unfinished(quorate.check_data(where)) == ["HOURS", "LATELY", "NOW"]
    assert unfinished(quorate.check_data(where, symbols=["AGO"])) == []
    other = store(tmp_path / "other", AGO=bars(ends["AGO"]))
    assert quorate.check_data(where, other=other).pairs["n_bars"].to_list() == [ends["AGO"] - 1]
    found = quorate.reconcile_data([where, other], kind="spot", symbols=["AGO"])
    assert found.coins["n_bars"].to_list() == [ends["AGO"], ends["AGO"] - 1]


def test_the_last_mark_of_a_coin_that_ended_long_ago_is_read(tmp_path):
    n = N - 2 * DAY - 10
    where = store(tmp_path / "bars", AGO=bars(n), NOW=bars(N))
    above = pl.col(PRICES) * 1.01
    mark = store(
        tmp_path / "mark",
        **{
            k: bars(m).select("ts", *PRICES).with_columns(above)
            for k, m in (("AGO", n), ("NOW", N))
        },
    )
    paid = settlements([START_MS + k * 28_800_000 for k in range(13)], [1e-4] * 13)
    funding = store(tmp_path / "funding", AGO=paid, NOW=paid)
    source = Source(where, "binance_usdm", "perp", funding=funding, mark=mark)
    panel = load(PanelSpec((source,)))
    ratio = panel.market.mark[:, 0] / panel.market.close[:, 0]
    np.testing.assert_allclose(ratio[n - 1, 0], 1.01)
    np.testing.assert_allclose(ratio[: N - 1, 1], 1.01)


def test_an_audit_makes_the_panel_anew_with_the_same_last_bars(tmp_path):
    n = N - 2 * DAY - 10
    where = store(tmp_path, AGO=bars(n), NOW=bars(N))
    panel = quorate.load(where, venue="binance_spot", kind="spot")
    again = panels.from_files(panel)(panel.close_ms(panel.n_bars - 1))
    assert again.symbols == panel.symbols
    np.testing.assert_array_equal(again.bars.status, panel.bars.status)
    np.testing.assert_array_equal(again.delisted_k, panel.delisted_k)
