"""The kept decisions, to choose from."""

from __future__ import annotations

import polars as pl
import pytest

import quorate
from quorate.api.outcomes import AT_ONCE
from quorate.errors import DataError
from quorate.store import open_store


def test_ids_are_those_of_the_event_log(traded):
    result, out = traded
    with open_store(out / "quorate.sqlite") as store:
        logged = {e.event_id for e in store.events.read(result.run_id, kind="decision")}
    found = quorate.decisions(result.run_id, out=out)
    assert found.height == result.decisions.height
    assert found["id"].n_unique() == found.height
    acted = found.filter(found["action"] != "wait")
    assert acted.height > 0
    assert set(acted["id"]) == logged


def test_they_are_chosen_by_coin_reason_and_action(traded):
    result, _ = traded
    entries = quorate.decisions(result.folder, reason="entry")
    assert set(entries["reason"]) == {"ENTRY"}
    own = quorate.decisions(result.folder, symbol=entries["symbol"][0].lower(), action="wait")
    assert set(own["symbol"]) == {entries["symbol"][0]}
    assert set(own["action"]) == {"wait"}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"symbol": "SYN-BTX"}, "SYN-BTC"),
        ({"reason": "ENTRIES"}, "ENTRY"),
        ({"action": "by"}, "buy"),
    ],
)
def test_a_wrong_choice_names_the_nearest(traded, chosen, says):
    with pytest.raises(DataError) as found:
        quorate.decisions(traded[0].folder, **chosen)
    assert says in found.value.hint


def test_a_run_without_decisions_has_an_empty_table(tmp_path):
    result = quorate.run(quorate.synthetic(n_coins=1, days=1), out=tmp_path)
    assert quorate.decisions(result.folder, reason="ENTRY").height == 0


def test_what_the_exchange_closed_is_listed_as_its_own(traded):
    folder = traded[0].folder
    plain = quorate.decisions(folder)
    both = quorate.decisions(folder, exchange=True)
    assert set(plain["by"]) == {"decision"}
    own = both.filter(both["by"] == "exchange")
    fills = traded[0].fills
    assert own.height == fills.filter(fills["reason"].is_in(AT_ONCE)).height > 0
    assert both.height == plain.height + own.height
    assert own["id"].null_count() == own.height
    assert both["timestamp"].is_sorted()
    first = fills.filter(fills["reason"].is_in(AT_ONCE)).row(0, named=True)
    row = own.row(0, named=True)
    assert (row["symbol"], row["timestamp"]) == (first["symbol"], first["ts"])
    assert row["action"] == ("buy" if first["coins"] > 0.0 else "sell")
    assert row["size_usd"] == pytest.approx(abs(first["coins"]) * first["price"])


def test_a_reason_of_the_exchange_finds_its_exits(traded):
    found = quorate.decisions(traded[0].folder, reason="exit stop")
    assert found.height > 0
    assert set(found["by"]) == {"exchange"}


def test_a_folder_of_an_older_version_says_so(traded, tmp_path):
    for path in traded[0].folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = traded[0].decisions.with_columns(pl.lit("{}").alias("engine_votes"))
    text.write_parquet(tmp_path / "decisions.parquet")
    with pytest.raises(DataError, match="written by an older version") as found:
        quorate.decisions(tmp_path)
    assert "run the backtest again" in found.value.hint
