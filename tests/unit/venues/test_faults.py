"""Every exception of ccxt has an error of ours."""

from __future__ import annotations

import pytest
from ccxt.base import errors

from quorate.errors import (
    CredentialsError,
    NotOfferedError,
    RateLimitError,
    VenueError,
    VenueUnavailableError,
)
from quorate.venues.faults import OURS, ours


def tree(branch=errors.error_hierarchy):
    """Return the names of ccxt's tree, root first."""
    return [name for top, below in branch.items() for name in (top, *tree(below))]


def test_the_table_names_each_class_of_ccxt_once_and_nothing_else():
    named = [name for names in OURS.values() for name in names]
    assert sorted(named) == sorted(tree())


def test_the_tree_that_ccxt_draws_is_all_it_raises():
    raised = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert raised == set(tree())


@pytest.mark.parametrize("name", tree())
def test_each_class_becomes_one_of_ours_that_says_what_was_asked(name):
    found = ours(getattr(errors, name)("it said no"), "binance: fetch_ohlcv(BTC/USDT)")
    assert isinstance(found, VenueError)
    assert found.message == f"binance: fetch_ohlcv(BTC/USDT): {name}: it said no"
    assert found.hint
    kind = next(kind for kind, names in OURS.items() if name in names)
    assert type(found) is kind


@pytest.mark.parametrize(
    ("name", "kind", "is_retryable"),
    [
        ("DDoSProtection", RateLimitError, True),
        ("RequestTimeout", VenueUnavailableError, True),
        ("OnMaintenance", VenueUnavailableError, True),
        ("BadSymbol", NotOfferedError, False),
        ("NotSupported", NotOfferedError, False),
        ("PermissionDenied", CredentialsError, False),
        # Below NetworkError in ccxt's tree, and yet no second try would help.
        ("InvalidNonce", CredentialsError, False),
        ("CancelPending", VenueError, False),
        ("ExchangeError", VenueError, False),
    ],
)
def test_what_may_be_tried_again(name, kind, is_retryable):
    found = ours(getattr(errors, name)("no"), "x")
    assert type(found) is kind
    assert found.retryable is is_retryable


def test_a_class_that_ccxt_makes_later_is_judged_by_its_parent():
    later = type("FloodProtection", (errors.DDoSProtection,), {})
    assert type(ours(later("slow down"), "x")) is RateLimitError


def test_a_connection_cut_within_a_reply_is_no_refusal():
    import aiohttp

    error = errors.ExchangeError("binance GET http://...")
    error.__cause__ = aiohttp.ClientPayloadError("Response payload is not completed")
    assert type(ours(error, "x")) is VenueUnavailableError
