"""Which kills run with every test, and which with the slow ones: each is a process or two."""

from __future__ import annotations

import pytest


def apart(moments, at_once):
    """Return all moments as parameters: those not named run with ``make test-slow``."""
    assert set(at_once) <= set(moments)
    return [
        moment if moment in at_once else pytest.param(moment, marks=pytest.mark.slow)
        for moment in moments
    ]
