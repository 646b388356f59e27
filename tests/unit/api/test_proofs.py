"""What a panel says of its data is evidence for a set that is fitted on it, and for no other."""

from __future__ import annotations

import hashlib

import pytest
from tests.unit.lake.builders import bars, put, store, without

import quorate
from quorate.api.learning import certificate_of
from quorate.api.proofs import checked_of


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


def test_data_are_named_in_hex():
    panel = quorate.synthetic(n_coins=1, days=1)
    named = certificate_of(panel)
    digest = panel.source.digest
    assert named in {digest, hashlib.sha256(digest.encode()).hexdigest()}
    assert len(bytes.fromhex(named)) >= 8
