"""What a run reads off a panel before its first bar."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

import quorate
from quorate.api import folding
from quorate.api.configure import configure
from quorate.backtest import run as passes
from quorate.core.account import Setup
from quorate.core.engines.base import engine
from quorate.core.types import Regime
from quorate.errors import DataError, EngineError


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=1)


@pytest.mark.parametrize(
    ("symbols", "column"),
    [
        (("BTCSTUSDT", "BTCUSDT", "ETHUSDT"), 1),
        (("BTCDOMUSDT", "ETHUSDT", "XBTUSD"), 2),
        (("ETHUSDT", "SOLUSDT", "XRPUSDT"), -1),
        (("SYN-BTC", "SYN-01", "SYN-02"), 0),
    ],
)
def test_bitcoin_is_found_by_its_base_asset(panel, symbols, column):
    assert folding.bitcoin(dataclasses.replace(panel, symbols=symbols)) == column


def test_an_engine_without_its_data_holds_no_weight(panel):
    """Silence for want of data is not an opinion: such an engine is not eligible."""
    bare = dataclasses.replace(panel, lacks=frozenset(("taker_buy", "basis")))
    assert folding.missing(panel, 0) == frozenset()
    missing = folding.missing(bare, -1)
    assert {"taker_imbalance_1h", "basis_bps", "beta_btc"} <= missing
    engines = quorate.engines()
    params = configure(quorate.read_settings(), 5, -1)
    setup = Setup(panel.venues, np.full(3, -1, np.int64), np.ones(3, np.int8))
    made = passes.machine(engines, params, setup, missing)
    healthy = dict(zip([engine.name for engine in engines], made.healthy, strict=True))
    assert healthy["taker_imbalance"] == healthy["basis_carry"] == healthy["bitcoin_lead"] == 0
    assert healthy["momentum_day"] == 1


def test_what_is_missing_is_no_matter_of_values(panel):
    unknown = np.full(panel.bars.close.shape, np.nan)
    zeros = np.zeros(panel.bars.close.shape)
    late = panel.bars._replace(taker_buy=unknown, basis_bps=unknown, funding_rate=zeros)
    assert folding.missing(dataclasses.replace(panel, bars=late), 0) == frozenset()
    spot = quorate.synthetic(n_coins=1, days=1, kind="spot")
    assert folding.missing(spot, 0) == {"basis_bps", "funding_bps_8h", "funding_mean_7d_bps"}


def test_an_engine_that_peeks_is_refused(panel):
    @engine(name="peeks", family="trend", approved=[Regime.TREND], reads=["ret_1h"])
    def peeks(rows):
        ahead = np.roll(rows["ret_1h"], -1, axis=0)
        return np.sign(np.nan_to_num(ahead)).astype(np.int8), np.full(rows.shape, 0.6)

    with pytest.raises(EngineError, match="peeks looks at other rows"):
        folding.begin(panel, quorate.read_settings(), (peeks,))


def test_blocks_come_in_order_and_cover_the_panel(panel):
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
    found = [(t, len(done.decisions.equity)) for t, done in folding.advance(panel, fold)]
    assert sum(n for _, n in found) == panel.n_bars
    assert [t for t, _ in found] == sorted(t for t, _ in found)


def test_an_empty_panel_is_refused(panel):
    none = panel.bars._replace(close=panel.bars.close[:0])
    with pytest.raises(DataError, match="0 bars of 3 coins"):
        folding.begin(
            dataclasses.replace(panel, bars=none), quorate.read_settings(), quorate.engines()
        )


def test_a_fold_can_end_within_a_block():
    panel = quorate.synthetic(n_coins=2, days=1)
    whole = folding.begin(panel, quorate.read_settings(), quorate.engines())
    equity = [int(x) for _, done in folding.advance(panel, whole) for x in done.decisions.equity]
    part = folding.begin(panel, quorate.read_settings(), quorate.engines())
    first = [int(x) for _, done in folding.advance(panel, part, 100) for x in done.decisions.equity]
    assert first == equity[:100]
    assert whole.memory.chain.account.breakers.day[0] > part.memory.chain.account.breakers.day[0]


def test_a_bar_can_come_alone_and_nothing_else_changes():
    panel = quorate.synthetic(n_coins=2, days=2)
    whole = folding.begin(panel, quorate.read_settings(), quorate.engines())
    equity = [int(x) for _, done in folding.advance(panel, whole) for x in done.decisions.equity]
    cut = folding.begin(panel, quorate.read_settings(), quorate.engines())
    blocks = [
        (t, [int(x) for x in done.decisions.equity])
        for t, done in folding.advance(panel, cut, alone={0, 300, 301})
    ]
    assert [(t, len(found)) for t, found in blocks] == [
        (0, 1),
        (1, 299),
        (300, 1),
        (301, 1),
        (302, panel.n_bars - 302),
    ]
    assert [x for _, found in blocks for x in found] == equity


def raw(tree):
    """Return every byte of a nested record of arrays."""
    return tree.tobytes() if isinstance(tree, np.ndarray) else b"".join(raw(each) for each in tree)


def test_two_threads_give_the_bytes_of_one():
    panel = quorate.synthetic(n_coins=5, days=20, planted_edge=4.0)
    settings = quorate.read_settings(overrides={"consensus.edge_slope": "6", "consensus.k": "0.5"})
    rows, memories = [], []
    for threads in (1, 2):
        fold = folding.begin(panel, settings, quorate.engines())
        found = b""
        for _, done in folding.advance(panel, fold, threads=threads):
            arrays = (done.features, done.votes.side, *done.consensus, *done.decisions)
            found += b"".join(array.tobytes() for array in arrays)
        rows.append(found)
        memories.append(raw(fold.memory))
    assert rows[0] == rows[1]
    assert memories[0] == memories[1]


def test_what_fails_while_looking_ahead_is_raised_where_it_is_used(panel):
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
    bars = panel.bars._replace(close=panel.bars.close.astype(np.float32))
    with pytest.raises((TypeError, ValueError)):
        list(folding.advance(dataclasses.replace(panel, bars=bars), fold))


def test_a_fold_that_is_left_early_leaves_no_thread_behind(panel):
    before = threading.active_count()
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
    steps = folding.advance(panel, fold, alone=range(0, panel.n_bars, 50))
    next(steps)
    steps.close()
    assert threading.active_count() == before


def test_only_engines_of_ones_own_are_shown_scattered_rows() -> None:
    panel = quorate.synthetic(n_coins=2, days=1)
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
    assert fold.made.foreign == frozenset()
