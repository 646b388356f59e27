"""White noise keeps what every coin is like, and nothing of what comes after what."""

from dataclasses import replace

import numpy as np
import pytest

from quorate.core.types import Bar
from quorate.lake import columns
from quorate.lake.panel import blocks
from quorate.lake.shuffled import shuffled
from quorate.lake.synthetic import synthetic


@pytest.fixture(scope="module")
def panel():
    return synthetic(n_coins=5, days=12, seed=3, planted_edge=4.0)


def moves(made, c, panel):
    """Return the log moves of a coin from close to close, over the bars that it has."""
    known = made.bars.status[:, c] == Bar.TRADED
    start = panel.bars.open[known, c][:1]
    return np.diff(np.log(np.concatenate((start, made.bars.close[known, c]))))


def test_every_coin_keeps_the_distribution_of_its_moves_but_not_their_mean(panel):
    share = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]
    for c in range(3):  # the others have a crash, or few bars
        was = moves(panel, c, panel) - np.mean(moves(panel, c, panel))
        now = np.concatenate([moves(shuffled(panel, k), c, panel) for k in range(6)])
        assert np.mean(now) == pytest.approx(0.0, abs=4 * np.std(was) / np.sqrt(len(now) / 3))
        apart = np.quantile(now, share) - np.quantile(was, share)
        assert np.abs(apart).max() < 0.25 * np.std(was)
        assert np.std(now) == pytest.approx(np.std(was), rel=0.15)


def test_every_bar_is_one_of_its_coin_in_form_and_in_money(panel):
    other = shuffled(panel, 1)
    assert (other.bars.status == panel.bars.status).all()
    for c in range(panel.n_coins):
        known = panel.bars.status[:, c] == Bar.TRADED
        was, now = (
            {
                tuple(row)
                for row in np.round(
                    np.column_stack(
                        (
                            p.bars.high[known, c] / p.bars.low[known, c],
                            p.bars.close[known, c] / p.bars.open[known, c],
                            np.log(p.bars.volume[known, c] * p.bars.close[known, c]),
                            p.bars.taker_buy[known, c] / p.bars.volume[known, c],
                            p.bars.spread_bps[known, c],
                        )
                    ),
                    7,
                ).tolist()
            }
            for p in (panel, other)
        )
        assert len(now - was) <= 0.02 * len(was)  # where the last digit rounds otherwise
        assert 0.5 < len(now) / len(was) < 0.75  # of n draws from n, 63% are different ones


def test_coins_move_together_as_they_did(panel):
    other = shuffled(panel, 1)
    both = (panel.bars.status[:, :3] == Bar.TRADED).all(axis=1)
    was, now = (np.log(p.bars.close / p.bars.open)[both][:, :3] for p in (panel, other))
    assert np.corrcoef(now.T) == pytest.approx(np.corrcoef(was.T), abs=0.05)


def test_what_lasts_longer_than_a_block_is_gone(panel):
    """The planted drift lasts four hours: hourly moves follow on each other no more."""

    def follow(made):
        hourly = np.log(made.bars.close[11::12, 0])
        step = np.diff(hourly[np.isfinite(hourly)])
        return float(np.corrcoef(step[1:], step[:-1])[0, 1])

    assert follow(panel) > 0.3
    assert abs(np.mean([follow(shuffled(panel, seed)) for seed in range(8)])) < 0.12


def test_busy_hours_stay_where_they_are(panel):
    """What is traded in money at an hour of the day was traded at that hour, of whatever day."""
    hour = (panel.k0 + np.arange(panel.n_bars) - 1) // 12 % 24
    known = panel.bars.status[:, 0] == Bar.TRADED
    made = [p.bars.volume[:, 0] * p.bars.close[:, 0] for p in (panel, shuffled(panel, 5))]
    was, now = (np.round(np.log1p(each), 6) for each in made)
    for h in range(24):
        rows = known & (hour == h)
        assert np.isin(now[rows], was[hour == h]).mean() > 0.85  # an outage took one hour of a day


def test_the_same_seed_gives_the_same_market_and_another_another(panel):
    one, same, other = (shuffled(panel, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.bars.close, same.bars.close, equal_nan=True)
    assert one.source.digest == same.source.digest != other.source.digest
    assert not np.array_equal(one.bars.close, other.bars.close, equal_nan=True)
    assert one.is_synthetic
    assert one.certificate is None
    assert one.source.made is None
    assert "nothing in it can be foreseen" in one.notes[-1]


def test_the_panel_itself_is_left_alone_and_may_lie_on_disk(panel, tmp_path):
    before = panel.bars.close.copy()
    expected = shuffled(panel, 1)
    assert np.array_equal(before, panel.bars.close, equal_nan=True)
    found = shuffled(columns.write(panel, tmp_path / "kept"), 1)
    assert np.array_equal(found.bars.close, expected.bars.close, equal_nan=True)
    assert next(blocks(found, 10)).bars.close.flags.c_contiguous


def test_a_second_venue_moves_with_the_first(panel):
    second = [np.repeat(array, 2, axis=1) for array in panel.market]
    market = panel.market._replace(**dict(zip(panel.market._fields, second, strict=True)))
    market.close[:, 1] *= 1.001
    market.status[100:140, 1, 0] = Bar.ABSENT
    for name in ("open", "high", "low", "close", "volume", "mark"):
        getattr(market, name)[100:140, 1, 0] = np.nan
    other = shuffled(replace(panel, market=market), 1)
    known = other.market.status == Bar.TRADED
    gap = other.market.close[:, 1, 0] / other.market.close[:, 0, 0]
    assert np.isnan(other.market.close[100:140, 1, 0]).all()
    assert np.isfinite(other.market.close[known]).all()
    assert np.nanmedian(gap) == pytest.approx(1.001)
    assert np.nanmin(gap) == pytest.approx(1.0)


@pytest.mark.parametrize("minutes", [0, 7, 50, 2880, 3])
def test_a_block_that_fits_no_day_or_no_bar_is_refused(panel, minutes):
    with pytest.raises(ValueError, match="must divide a day"):
        shuffled(panel, 1, minutes)


def test_one_day_in_blocks_of_a_day_moves_as_it_did_but_for_its_mean():
    tiny = synthetic(n_coins=1, days=1, bar_minutes=60)
    other = shuffled(tiny, 1, 1440)
    assert moves(other, 0, tiny) == pytest.approx(
        moves(tiny, 0, tiny) - np.mean(moves(tiny, 0, tiny)), abs=1e-12
    )
