"""What is told of a span is exact at its ends: two spans side by side tell what the whole does."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, store, without

from quorate.lake import PanelSpec, Source, load

BAR_MS, DAY = 300_000, 288


def at(row):
    return datetime.fromtimestamp((START_MS + row * BAR_MS) / 1e3, UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = bars(3 * DAY)
    holed = without(without(without(rows, 500, 5), 280, 14), 100, 3)
    doubled = pl.concat([holed[:50], holed[40:]])
    frozen = rows.with_columns(
        pl.when(pl.int_range(pl.len()) >= 200).then(0.0).otherwise("volume").alias("volume"),
        *(
            pl.when(pl.int_range(pl.len()) >= 200).then(125.0).otherwise(name).alias(name)
            for name in ("open", "high", "low", "close")
        ),
    )
    thin = rows.with_columns(  # every third bar is untraded, and three runs of five
        pl.when(pl.int_range(pl.len()) % 3 * (pl.int_range(pl.len()) % 20 > 4) == 0)
        .then(0.0)
        .otherwise("volume")
        .alias("volume")
    )
    where = tmp_path_factory.mktemp("bars")
    return store(where, HOLED=doubled, FROZEN=frozen, THIN=thin, WHOLE=rows)


def told(folder, **span):
    source = Source(folder, "binance_spot", "spot")
    panel = load(PanelSpec((source,), drop_last=False, **span))
    ((_, found),) = panel.certificate.venues
    counts = {
        (row["symbol"], name): row[name]
        for row in found.coins.iter_rows(named=True)
        for name in ("n_rows", "n_traded", "n_filled", "n_missing", "n_frozen")
    }
    rules = found.findings.group_by("symbol", "rule").agg(pl.col("n").sum()).rows()
    return counts | {(symbol, rule): n for symbol, rule, n in rules}


@pytest.mark.parametrize("row", [45, 102, 285, 288, 291, 293, 294, 502, 600])
def test_two_spans_side_by_side_tell_what_the_whole_does(folder, row):
    whole = told(folder)
    first, second = told(folder, end=at(row)), told(folder, start=at(row))
    keys = {*whole, *first, *second}
    added = {key: first.get(key, 0) + second.get(key, 0) for key in keys}
    assert added == {key: whole.get(key, 0) for key in keys}
    assert whole["HOLED", "n_rows"] == 3 * DAY - 22 + 10
    assert (whole["HOLED", "n_filled"], whole["HOLED", "n_missing"]) == (3 + 11 + 5, 3)
    thin = [i for i in range(3 * DAY) if i % 3 == 0 or i % 20 <= 4]
    assert whole["THIN", "VOLUME_ZERO"] == len(thin)
    assert first["THIN", "VOLUME_ZERO"] == sum(i < row for i in thin)
    assert whole["FROZEN", "FROZEN_END"] == whole["FROZEN", "n_frozen"] == 3 * DAY - 200


def test_a_hole_over_the_start_counts_with_what_lies_behind_it(folder):
    source = Source(folder, "binance_spot", "spot")
    spec = PanelSpec((source,), start=at(DAY), symbols=("HOLED",), drop_last=False)
    ((_, found),) = load(spec).certificate.venues
    hole = found.findings.filter(pl.col("rule") == "GAP_BREAK").row(0, named=True)
    assert (hole["at"], hole["n"], hole["value"]) == (at(DAY), 6, 70.0)
    assert found.days.row(0)[2:] == (DAY - 6 - 5, 3 + 5, 3)
    assert found.coins["n_rows"].to_list() == [2 * DAY - 6 - 5]
