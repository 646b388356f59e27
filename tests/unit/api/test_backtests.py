"""What a run refuses before its first bar."""

from __future__ import annotations

import pytest

import quorate


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=1)


def test_two_engines_of_one_name_are_refused(panel):
    engine = quorate.engines()[0]
    with pytest.raises(ValueError, match="different names"):
        quorate.run(panel, engines=(engine, engine))
