"""Accounts of many sizes are what runs of that size make."""

from __future__ import annotations

import pytest

import quorate
from quorate.errors import ConfigError

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}
ACCOUNTS = (1e4, 1e6, 1e8)


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=5, days=18, planted_edge=6.0)


@pytest.fixture(scope="module")
def found(panel):
    return quorate.sizes(panel, quorate.read_settings(overrides=LIVELY), accounts=ACCOUNTS)


@pytest.mark.parametrize("i", range(len(ACCOUNTS)))
def test_an_account_makes_what_a_run_of_its_size_makes(panel, found, i):
    sized = LIVELY | {"account.equity_usd": str(ACCOUNTS[i])}
    alone = quorate.run(panel, quorate.read_settings(overrides=sized))
    row = found.table.row(i, named=True)
    assert (row["net_return"], row["n_trades"]) == (alone.net_return, alone.trades.height)
    assert row["net_usd"] == pytest.approx(alone.net_return * ACCOUNTS[i])


def test_the_return_is_eaten_by_size_and_the_crossings_lie_between(found):
    made = found.table["net_return"].to_list()
    assert made[0] > 0.0
    assert made[0] > made[-1]
    assert ACCOUNTS[0] < found.half_return_usd
    assert found.half_return_usd <= found.break_even_usd


def test_an_account_out_of_bounds_is_refused(panel):
    with pytest.raises(ConfigError, match=r"account\.equity_usd"):
        quorate.sizes(panel, accounts=(0.0, 1e4))


@pytest.mark.parametrize("accounts", [(1e6, 1e4), (1e4, 1e4)])
def test_accounts_that_do_not_ascend_are_refused(panel, accounts):
    with pytest.raises(ConfigError, match="not ascending"):
        quorate.sizes(panel, accounts=accounts)


def test_nothing_is_booked(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quorate.sizes(panel, accounts=(1e4,))
    assert list(tmp_path.iterdir()) == []
