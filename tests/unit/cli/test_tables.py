"""Lists in a terminal: ids and numbers are whole at every width, or their column is not there."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import polars as pl
import pytest
from rich.console import Console

from quorate.api.listing import Row
from quorate.cli.tables import decision_rows, run_rows, wide_console

ID = "20261126-221706-4deb01d1"
RUN = Row(
    run_id=ID,
    kind="backtest",
    status="finished",
    begun="2026-11-26T22:17:06+00:00",
    start="2023-07-03T23:35:00+00:00",
    end="2023-08-17T11:10:00+00:00",
    venue="binance_usdm",
    n_coins=18,
    is_synthetic=False,
    net_return=-0.130004,
    sharpe=1.25,
    psr=0.912,
    min_track_record_days=812.4,
    n_days=46,
    n_trades=1_043,
    settings="aaaa1111",
    message="",
    folder=None,
)
FAILED = RUN.__class__(
    **{**vars(RUN), "status": "failed", "net_return": None, "sharpe": None, "psr": None}
)
DECISIONS = pl.DataFrame(
    {
        "id": ["c6359daaac123456", "b95bdf7d1d123456"],
        "timestamp": [datetime(2023, 8, 17, 1, 10, tzinfo=UTC)] * 2,
        "symbol": ["1000SHIBUSDT", "DOTUSDT"],
        "action": ["sell", "wait"],
        "reason": ["OPEN_RISK_NEGATIVE", "ENTRY"],
        "consensus_score": [-0.0543, 0.1608],
        "expected_edge_bps": [48.3, 58.9],
        "costs_bps": [15.9, 11.7],
        "size_usd": [14_762.29, 113_835.26],
        "realized_pnl": [-454.07, None],
    }
)


def printed(table, width):
    """Return the lines of a table in a terminal of a width."""
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(table(width), crop=False)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 119, 120, 200])
def test_runs_fit_and_nothing_of_them_is_cut(width):
    lines = printed(lambda columns: run_rows([RUN, FAILED], columns), width)
    assert max(map(len, lines)) <= width
    assert len(lines) == 3
    assert lines[1].split()[0] == ID
    for whole in ("−13.00%", "1.25", "91.2%", "1,043"):
        assert whole in lines[1].split()
    assert "…" not in "".join(lines)


def test_a_narrow_list_drops_what_matters_least():
    wide, narrow = (printed(lambda w: run_rows([RUN], w), width) for width in (200, 80))
    for name in ("kind", "status", "begun", "needs"):
        assert name in wide[0]
        assert name not in narrow[0]
    assert "812 of 46 days" in wide[1]
    assert "2023-07-03 to 2023-08-17" in wide[1]
    assert "23-07-03/23-08-17" in narrow[1]


def test_a_run_that_failed_says_so_at_every_width():
    for width in (60, 80, 200):
        assert "failed" in printed(lambda columns: run_rows([RUN, FAILED], columns), width)[2]


def test_prices_that_were_made_up_are_told_where_the_kind_has_no_room():
    made_up = RUN.__class__(**{**vars(RUN), "is_synthetic": True})
    assert "backtest, synthetic" in printed(lambda w: run_rows([made_up], w), 200)[1]
    assert "synthetic prices: 1 of 2" in printed(lambda w: run_rows([made_up, RUN], w), 80)[-1]


def test_in_a_very_narrow_terminal_ids_and_results_are_still_whole():
    lines = printed(lambda columns: run_rows([RUN], columns), 20)
    assert lines[1].split() == [ID, "−13.00%"]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_decisions_fit_and_no_digit_is_cut(width):
    lines = printed(lambda columns: decision_rows(DECISIONS, columns), width)
    assert max(map(len, lines)) <= width
    for whole in ("c6359daaac", "1000SHIBUSDT", "open risk negative", "14,762.29"):
        assert whole in lines[1]
    assert "113,835.26" in lines[2]
    assert "…" not in "".join(lines)


def test_a_wide_terminal_shows_every_column_of_a_decision():
    lines = printed(lambda columns: decision_rows(DECISIONS, columns), 160)
    for whole in ("2023-08-17 01:10", "−0.0543", "48.3", "15.9", "−454.07"):
        assert whole in lines[1]


def test_nothing_is_folded_where_the_output_goes_to_a_file(capsys):
    console = wide_console()
    console.print(run_rows([RUN] * 2, console.width), crop=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert {"kind", "status", "needs", "trades"} <= set(lines[0].split())
    console.print("word " * 100)
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(("n_trades", "said"), [(29, "too few"), (30, "1.25")])
def test_no_ratio_of_too_few_trades_is_listed(n_trades, said):
    few = RUN.__class__(**{**vars(RUN), "n_trades": n_trades})
    line = next(x for x in printed(lambda width: run_rows([few], width), 200) if ID in x)
    assert said in line
    assert ("91.2%" in line) == (n_trades == 30)
    assert few.as_dict()["is_scarce"] == (n_trades < 30)
