"""What a panel says of its data is evidence for a set that is fitted on it, and for no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, store, without

import quorate
from quorate.api.learning import certificate_of
from quorate.api.proofs import checked_of
from quorate.hands import Verb, Word
from quorate.lake.by_hand import by_hand
from quorate.lake.panel import part


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("bars")
    return store(
        where, AAAUSDT=without(bars(n=576), 100, 3), BBBUSDT=put(bars(n=576), 50, high=1.0)
    )


def load(folder, **given):
    return quorate.load(folder, venue="binance_spot", kind="spot", **given)


def test_data_that_pass_are_evidence_of_these_data(folder):
    panel = load(folder, symbols=["AAA"])
    found = checked_of(panel)
    assert (found.reasons, found.n_checked) == ((), 1)
    assert found.certificate == certificate_of(panel)
    assert (
        found.certificate != checked_of(load(folder, symbols=["AAA"], end="2023-02-02")).certificate
    )


def test_data_that_fail_and_were_loaded_all_the_same_are_none(folder):
    found = checked_of(load(folder, accept_failed=True))
    assert found.n_checked == 2
    assert found.reasons == ("the data fail: BBBUSDT (ROW_IMPOSSIBLE)",)


def test_a_market_that_was_made_up_was_not_checked():
    assert checked_of(quorate.synthetic(n_coins=1, days=1)).reasons == ("no data were checked",)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Return a folder of two days, and load the first of them of what is made of its file."""
    where = tmp_path_factory.mktemp("others")
    frame = bars(n=576)

    def of(name, rows=frame, **packed):
        (where / name).mkdir()
        rows.write_parquet(where / name / "AAAUSDT.parquet", **packed)
        return load(where / name, end="2023-02-02")

    return frame, of, of("plain")


def test_rows_have_one_digest_however_their_files_are_packed_and_whatever_follows(others):
    frame, of, one = others
    packed = of("packed", compression="gzip")
    longer = of("longer", pl.concat([frame, bars(n=288, start_ms=START_MS + 2 * 86_400_000)]))
    later = of("later", put(frame, 400, close=100.0, low=90.0))
    assert len({each.source.digest for each in (one, packed, longer, later)}) == 4
    assert {certificate_of(each) for each in (one, packed, longer, later)} == {certificate_of(one)}


@pytest.mark.parametrize("row", [0, 143, 287])
def test_one_value_inside_the_span_is_other_data(others, row):
    frame, of, one = others
    assert certificate_of(of(f"row{row}", put(frame, row, volume=10.5))) != certificate_of(one)


def test_a_day_less_or_a_word_more_or_another_kind_is_other_data(others, tmp_path):
    *_, one = others
    word = Word(verb=Verb.PAUSE, by="ops", why="drill", at_ms=one.close_ms(10))
    found = [
        one,
        by_hand(one, [word]),
        replace(one, kinds=("perp",)),
        replace(one, lacks=frozenset({"basis"})),
        part(one, 1, one.n_bars),
        part(one, 0, one.n_bars - 1),
    ]
    assert len({certificate_of(each) for each in found}) == len(found)
    assert certificate_of(quorate.keep(one, tmp_path / "kept")) == certificate_of(one)


@pytest.mark.slow
def test_the_same_rows_make_the_same_set_whatever_their_files_are(tmp_path):
    """A training over files that grew and were packed anew gives the same bytes."""
    plan = quorate.Plan(train_days=28, models=("linear",), leaderboard=False)
    steps = np.random.default_rng(0).normal(0.0, 0.002, (4, 40 * 288 + 1))
    digests = []
    for i, (n_days, change, packed) in enumerate(
        [(30, 0.0, "zstd"), (40, 0.0, "gzip"), (30, 1.0, "zstd")]
    ):
        made = {}
        # the last row of a file may not have ended: it is not read
        for c, symbol in enumerate(("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT")):
            close = 100.0 * np.exp(np.cumsum(steps[c, : n_days * 288 + 1]))
            opened = np.concatenate([[100.0], close[:-1]])
            frame = bars(n=n_days * 288 + 1).with_columns(
                open=opened,
                high=np.maximum(opened, close) * 1.001,
                low=np.minimum(opened, close) * 0.999,
                close=close,
                volume=10.0 + 1e3 * np.abs(steps[c, : len(close)]),
            )
            made[symbol] = put(frame, 5000, volume=10.0 + change)
        where = tmp_path / str(i)
        where.mkdir()
        for symbol, frame in made.items():
            frame.write_parquet(where / f"{symbol}.parquet", compression=packed)
        panel = load(where, end="2023-03-03")
        assert panel.n_bars == 30 * 288
        digests.append(quorate.train(panel, None, plan, to=where / "set").digest)
    assert digests[0] == digests[1] != digests[2]
