"""Folds as the page shows them."""

from __future__ import annotations

from types import SimpleNamespace

from quorate.report import walk

FOLD = {
    "fold": 1,
    "learned_from": "2024-01-01T00:00:00+00:00",
    "learned_to": "2024-04-30T00:00:00+00:00",
    "test_from": "2024-05-04",
    "test_days": 30.0,
    "labels": 9_000,
    "own_labels": 2_250.4,
    "calibrations": 12,
    "remarks": "edge map: no scores",
}
PLAN = {"train_days": 120, "purge_days": 4, "test_days": 30, "expanding": False, "models": ()}


def run(came):
    """Return as much of a run as the table reads."""
    groups = {"2024-05-04": came}
    return SimpleNamespace(
        about={"walk": {"plan": PLAN, "folds": [FOLD]}},
        metrics={"stability": {"fold": {"groups": groups}}},
    )


def test_a_fold_is_a_row():
    came = {"total_return": -0.0123, "max_drawdown": -0.05, "n_trades": 40, "sharpe": -1.5}
    (table,) = walk.tables(run(came | {"psr": 0.2, "min_track_record_days": None}))
    assert len(table.rows[0].cells) == len(table.columns)
    cells = {c.name: cell for c, cell in zip(table.columns, table.rows[0].cells, strict=True)}
    assert (cells["tested from"].text, cells["learned from"].text) == ("2024-05-04", "2024-01-01")
    assert (cells["net return"].text, cells["net return"].css) == ("−1.23%", "down")
    assert cells["labels"].text == "2,250"
    assert '<rect class="down"' in cells["net return, drawn"].bar
    assert "Fold 1: edge map: no scores." in table.note
    assert "120 days, 4 days left out, 30 days traded; trained engines: none" in table.note


def test_a_fold_without_a_trade_has_no_ratios():
    came = {"total_return": 0.0, "max_drawdown": 0.0, "n_trades": 0, "sharpe": None, "psr": None}
    (table,) = walk.tables(run(came))
    texts = [cell.text for cell in table.rows[0].cells]
    assert "too few: 0 trades" in texts
    assert "<rect" not in table.rows[0].cells[3].bar


def test_another_run_has_none():
    assert walk.tables(SimpleNamespace(about={}, metrics={})) == []
