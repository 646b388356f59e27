"""What a file holds after an instant changes nothing that was decided or filled before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.lake.builders import stamps, store

import quorate
from quorate.core.types import Bar

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.api import Result

DAYS = 30
CUT = 29 * 288
NAMES = ("BTCUSDT", "ETHUSDT")
LIVELY = {
    # every probability a little surer and every cost a little smaller, so that it trades early
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.stop_sigmas": "0.7",
    "risk.base_multiplier": "1",
}


def tape(c: int) -> tuple[np.ndarray, pl.DataFrame]:
    """Return the row numbers and the file of one made-up coin."""
    made = quorate.synthetic(n_coins=2, days=DAYS, planted_edge=4.0)
    row = np.flatnonzero(made.bars.status[:, c] == Bar.TRADED)
    opened = (made.k0 + row - 1) * made.bar_minutes * 60_000
    columns = {name: getattr(made.bars, name)[row, c] for name in made.bars._fields[:6]}
    frame = pl.DataFrame({"ts": stamps(opened), **columns})
    return row, frame.rename({"taker_buy": "taker_buy_volume"})


def plain(_row: np.ndarray, frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def late_taker(row: np.ndarray, frame: pl.DataFrame) -> pl.DataFrame:
    """The vendor begins to give the takers' share only at the cut."""
    known = pl.Series(row >= CUT)
    return frame.with_columns(taker_buy_volume=pl.when(known).then("taker_buy_volume"))


def finer_prices(row: np.ndarray, frame: pl.DataFrame) -> pl.DataFrame:
    """The venue makes its tick a hundred times finer at the cut."""
    shift = pl.Series(np.where(row >= CUT, 1.0 + 1.23e-5, 1.0))
    prices = ("open", "high", "low", "close")
    return frame.with_columns((pl.col(name) * shift).round(6) for name in prices)


def traded(folder: Path, end: str | None) -> Result:
    panel = quorate.load(folder, venue="binance_usdm", kind="perp", assume_funding=1e-4, end=end)
    return quorate.run(panel, quorate.read_settings(overrides=LIVELY))


def before(table: pl.DataFrame, at: Any) -> pl.DataFrame:
    """Return what was known before an instant; how a trade ended is known later."""
    stamp = "ts" if "ts" in table.columns else "timestamp"
    return table.filter(pl.col(stamp) < at).drop("realized_pnl", strict=False)


@pytest.mark.parametrize("change", [plain, late_taker, finer_prices])
def test_what_a_file_holds_later_changes_nothing_before_it(change: Any, tmp_path: Path) -> None:
    files = {name: change(*tape(c)) for c, name in enumerate(NAMES)}
    folder = store(tmp_path, **files)
    whole, part = traded(folder, None), traded(folder, "2024-01-30")
    at = pl.lit("2024-01-30").str.to_datetime(time_unit="us", time_zone="UTC")
    assert whole.equity.height > part.equity.height > CUT
    for name in ("fills", "decisions"):
        early = before(getattr(whole, name), at)
        assert early.height > 20, name
        assert_frame_equal(early, before(getattr(part, name), at), check_exact=True)
