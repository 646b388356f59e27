"""A slower series beside a panel: what a search among all that was known by then finds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.errors import ConfigError, DataError
from quorate.lake import layout, panel
from quorate.lake.layout import Key

HOUR, BAR = 3_600_000, 300_000


@pytest.fixture(scope="module")
def market():
    return quorate.synthetic(n_coins=2, days=2)


def at(values) -> pl.Series:
    return pl.Series(np.asarray(values, np.int64)).cast(pl.Datetime("ms", "UTC"))


def filled(lake, key: Key, symbol: str, said: list[tuple[int, int, float]]):
    """Store ``(time, known at, value)`` and return the folder."""
    column = layout.kind_of(key.kind).fields
    for when, known, value in said:  # one at a time: of one row there may be several versions
        row = pl.DataFrame({"ts": at([when]), "known_at": at([known])})
        values = {name: pl.lit(value) for name, f in column.items() if not f.is_optional}
        layout.store(row.with_columns(**values), lake, key, symbol)
    return layout.folder(lake, key)


def searched(stamps, said, longest_ms: float) -> np.ndarray:
    found = np.full(len(stamps), np.nan)
    for i, t in enumerate(stamps):
        known = [each for each in said if each[0] <= t and each[1] <= t]
        if known and t - max(known)[0] <= longest_ms:
            found[i] = max(known)[2]
    return found


@pytest.mark.parametrize(
    ("kind", "interval", "length"), [("open_interest", "1h", 0), ("index", "1h", HOUR)]
)
def test_it_is_what_a_search_finds(market, tmp_path, kind, interval, length):
    rng = np.random.default_rng(4)
    first = market.close_ms(0) - BAR
    hours = np.sort(rng.choice(np.arange(-3, 48), 25, replace=False))
    said = [
        (first + int(h) * HOUR, first + int(h) * HOUR + length + int(late) * BAR, float(i))
        for i, (h, late) in enumerate(zip(hours, rng.choice([0, 0, 1, 7, 40], 25), strict=True))
    ]
    said += [(when, known + 9 * BAR, value + 0.5) for when, known, value in said[::6]]
    where = filled(tmp_path, Key("okx", kind, interval), market.symbols[1], said)
    stamps = [market.close_ms(t) for t in range(market.n_bars)]
    by_close = [(when + length, known, value) for when, known, value in said]
    for longest in (1.5, 30.0):
        found = quorate.join_asof(market, where, longest_hours=longest)
        wanted = searched(stamps, by_close, longest * HOUR)
        np.testing.assert_array_equal(found[:, 1], wanted)
        assert np.isnan(found[:, 0]).all()
        assert np.isfinite(wanted).sum() > 100
    # what a panel that ends earlier is given does not depend on what came later
    early = quorate.join_asof(panel.part(market, 0, 300), where, longest_hours=30)
    np.testing.assert_array_equal(early, found[:300])
    until = said[10][1]
    found = quorate.join_asof(market, where, longest_hours=30, as_of="1970-01-01")
    assert np.isnan(found).all()
    seen = [each for each in by_close if each[1] <= until]
    when = np.datetime64(until, "ms").item()
    found = quorate.join_asof(market, where, longest_hours=30, as_of=when)
    np.testing.assert_array_equal(found[:, 1], searched(stamps, seen, 30 * HOUR))


def test_a_settlement_stamped_late_counts_at_its_hour(market, tmp_path):
    when = market.close_ms(95)
    said = [(when + 9, when + 9, 2e-4)]
    where = filled(tmp_path, Key("binance", "funding", "event"), market.symbols[0], said)
    found = quorate.join_asof(market, where)
    assert np.isnan(found[94, 0])
    assert (found[95 : 95 + 288, 0] == 2e-4).all()


def test_what_cannot_be_joined_is_refused(market, tmp_path):
    first = market.close_ms(0)
    where = filled(
        tmp_path, Key("okx", "open_interest", "1h"), market.symbols[0], [(first, first, 1.0)]
    )
    with pytest.raises(ConfigError, match="has no numbers close"):
        quorate.join_asof(market, where, "close")
    with pytest.raises(ConfigError, match="longest_hours is 0"):
        quorate.join_asof(market, where, longest_hours=0)
    for other in (tmp_path, where.parent, where / f"symbol={market.symbols[0]}"):
        with pytest.raises(DataError, match="no series of a lake"):
            quorate.join_asof(market, other)
