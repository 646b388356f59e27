"""The nearest miss is the refused entry that lacked least, and only where nothing was traded."""

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import render
from quorate.report.nearest import nearest
from quorate.report.reading import read

AT = datetime(2024, 3, 4, 5, 10, tzinfo=UTC)


def kept(folder, rows):
    names = ("timestamp", "symbol", "reason", "expected_edge_bps", "costs_bps", "sized_usd")
    sized = [row if len(row) == len(names) else (*row, 100.0) for row in rows]
    pl.DataFrame(sized, schema=names, orient="row").write_parquet(folder / "decisions.parquet")
    return folder


def test_the_one_that_lacked_least_is_told_on_the_page(tmp_path):
    rows = [
        (AT, "BTC", "EDGE_BELOW_COST", 1.0, 9.0),
        (AT, "ETH", "EDGE_BELOW_COST", 11.9, 14.2),
        (AT, "SOL", "EDGE_BELOW_COST", float("nan"), 1.0),
        (AT, "XRP", "SHORT_NOT_ALLOWED", 50.0, 1.0),
    ]
    folder = kept(build(tmp_path, n_trades=0, n_bars=50), rows)
    run = read(folder)
    run.about["settings"]["costs"] = {"safety_margin_bps": 3.0}
    said = nearest(run)
    assert "ETH on 2024-03-04 05:10 UTC" in said
    assert "an edge of 11.9 bps against a cost of 14.2 plus the margin of 3.0." in said
    text = render(folder).read_text(encoding="utf-8")
    assert "that were written down: ETH" in text
    assert 'id="break"' not in text
    assert 'href="#break"' not in text


def test_one_that_would_have_had_a_size_comes_first(tmp_path):
    small = (AT, "ETH", "EDGE_BELOW_COST", 2.0, 14.0, 50.0)
    folder = kept(
        build(tmp_path, n_trades=0, n_bars=50),
        [(AT, "BTC", "EDGE_BELOW_COST", 8.0, 9.0, 0.0), small],
    )
    assert "written down: ETH" in nearest(read(folder))
    assert "No edge" not in nearest(read(folder))
    kept(folder, [(AT, "BTC", "EDGE_BELOW_COST", 8.0, 9.0, 0.0)])
    assert nearest(read(folder)).endswith("paper trades gave it no size.")


@pytest.mark.parametrize("rows", [None, [(AT, "XRP", "COOLDOWN", 50.0, 1.0)]])
def test_where_no_entry_was_refused_for_its_costs_nothing_is_said(tmp_path, rows):
    folder = build(tmp_path, n_trades=0, n_bars=50)
    if rows:
        kept(folder, rows)
    assert nearest(read(folder)) == ""


def test_a_run_that_traded_reads_no_decisions(tmp_path):
    folder = kept(build(tmp_path, n_trades=5), [(AT, "ETH", "EDGE_BELOW_COST", 1.0, 2.0)])
    assert nearest(read(folder)) == ""


def test_an_older_table_is_left_alone(tmp_path):
    folder = build(tmp_path, n_trades=0, n_bars=50)
    pl.DataFrame({"symbol": ["ETH"]}).write_parquet(folder / "decisions.parquet")
    assert nearest(read(folder)) == ""
