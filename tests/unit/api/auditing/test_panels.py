"""A panel that was put together with what came later is caught, by the column that was."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.api.auditing.planted import market
from tests.unit.lake.builders import START_MS, settlements, stamps, store

import quorate
from quorate.api.auditing import future, panels
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Sheet
from quorate.lake import PanelSpec, Source, load, universe
from quorate.lake.asof import latest

HOUR, DAY = 12, 288
CUTS = [700, 845, 1009, 1400]


def with_bars(panel, **columns):
    made = {name: np.ascontiguousarray(array) for name, array in columns.items()}
    return replace(panel, bars=panel.bars._replace(**made))


def groups(panel, n):
    """Return which group of n bars of the clock each row is in."""
    return (panel.k0 - 1 + np.arange(panel.n_bars)) // n


def hour_by_its_open(panel):
    """Each bar has the volume of its whole hour: a resample labelled by its open."""
    group, volume = groups(panel, HOUR), np.nan_to_num(panel.bars.volume)
    sums = np.stack([volume[group == g].sum(axis=0) for g in np.unique(group)])
    return with_bars(panel, volume=sums[group - group[0]])


def close_of_the_same_day(panel):
    """Each bar has the day's last close, joined at midnight of its own day."""
    group, close = groups(panel, DAY), panel.bars.close
    last = np.stack([close[np.flatnonzero(group == g)[-1]] for g in np.unique(group)])
    return with_bars(panel, basis_bps=(last[group - group[0]] / close - 1.0) * 1e4)


def funding_before_it_is_known(panel):
    """The rate of the next settlement."""
    rate = np.array(panel.bars.funding_rate)
    rate[: -DAY // 3] = rate[DAY // 3 :]
    return with_bars(panel, funding_rate=rate)


def spread_filled_back(panel):
    spread = np.array(panel.bars.spread_bps)
    spread[1::2] = np.nan
    for t in range(len(spread) - 2, -1, -1):
        spread[t] = np.where(np.isnan(spread[t]), spread[t + 1], spread[t])
    return with_bars(panel, spread_bps=spread)


def volume_of_the_largest(panel):
    volume = panel.bars.volume
    return with_bars(panel, volume=volume / np.nanmax(volume, axis=0))


def spikes_out_by_both_sides(panel):
    """A centred filter of outliers."""
    close = np.array(panel.bars.close)
    close[1:-1] = np.median([close[:-2], close[1:-1], close[2:]], axis=0)
    return with_bars(panel, close=close)


def only_who_is_left(panel):
    """Members are those that still trade at the end: survivorship."""
    left = panel.bars.status[-1] != 0
    return replace(panel, member=np.ascontiguousarray(panel.member * left).astype(np.int8))


LEAKS = {
    hour_by_its_open: "bars.volume",
    close_of_the_same_day: "bars.basis_bps",
    funding_before_it_is_known: "bars.funding_rate",
    spread_filled_back: "bars.spread_bps",
    volume_of_the_largest: "bars.volume",
    spikes_out_by_both_sides: "bars.close",
    only_who_is_left: "member",
}


def then(leak):
    """Return what makes the panel, leak and all, of what was known."""
    whole = market()

    def made_at(known_ms):
        n_bars = known_ms // (whole.bar_minutes * 60_000) - whole.k0 + 1
        return leak(future.cut_panel(whole, n_bars))

    return made_at


def audited(panel, made_at, cuts=CUTS):
    sheet = Sheet("panel")
    panels.audit(panel, made_at, cuts, sheet, lambda: None)
    return sheet.part()


@pytest.mark.parametrize("leak", LEAKS, ids=lambda each: each.__name__)
def test_a_column_that_knows_later_rows_is_named(leak):
    part = audited(leak(market()), then(leak))
    assert {finding.what for finding in part.findings} == {LEAKS[leak]}
    (found,) = part.findings
    assert found.test is Test.CUT
    assert found.coin in market().symbols
    assert found.at.startswith("2024-01-")
    assert found.then != found.later


def gone_at_its_last_bar(panel):
    """Return the panel with coins that end known to be gone before they have been silent."""
    last = np.where(panel.bars.status[-1] == 0, panel.delisted_k - panel.k0, panel.n_bars)
    member = panel.member * (np.arange(panel.n_bars)[:, None] <= last)
    return replace(panel, member=member.astype(np.int8))


def test_a_coin_that_is_no_member_before_its_end_is_known_is_named():
    whole = market()
    row = int(whole.delisted_k[-1] - whole.k0)
    part = audited(gone_at_its_last_bar(whole), then(gone_at_its_last_bar), [row + 100])
    (found,) = part.findings
    assert (found.what, found.coin) == ("member", whole.symbols[-1])


@pytest.mark.parametrize("late", [0, 1])
def test_a_coin_that_is_gone_before_that_is_known_is_named(late):
    whole = market()
    row = int(whole.delisted_k[-1] - whole.k0)

    def told(panel):
        return replace(panel, delisted_k=whole.delisted_k)

    end = row + 24 * whole.bars_per_hour + late  # silent for a day on the row after
    part = audited(whole, then(told), [end])
    assert {found.what for found in part.findings} == (set() if late else {"delisted_k"})


def test_honest_panels_pass():
    part = audited(market(), then(lambda panel: panel))
    assert part.findings == ()
    assert part.n_times == len(CUTS)
    assert part.n_values > 50_000


def without_the_dead(panel):
    """Return the panel of the coins that trade on its last bar."""
    kept = np.flatnonzero(panel.bars.status[-1] != 0)
    venues = {
        name: array if array.ndim == 1 else np.ascontiguousarray(array[:, kept])
        for name, array in panel.venues._asdict().items()
    }
    return replace(
        panel,
        symbols=tuple(panel.symbols[c] for c in kept),
        bars=type(panel.bars)(*(np.ascontiguousarray(each[:, kept]) for each in panel.bars)),
        market=type(panel.market)(
            *(np.ascontiguousarray(each[:, :, kept]) for each in panel.market)
        ),
        venues=type(panel.venues)(**venues),
        member=np.ascontiguousarray(panel.member[:, kept]),
        delisted_k=panel.delisted_k[kept],
    )


def test_a_universe_of_survivors_is_caught_and_the_dead_are_named():
    part = audited(without_the_dead(market()), then(without_the_dead))
    (found,) = (finding for finding in part.findings if finding.test is Test.SURVIVORS)
    assert found.coin == "SYN-03"
    assert (found.then, found.later) == ("there", "left out")


def test_a_coin_that_had_bars_before_it_was_known_is_caught():
    part = audited(market(), then(without_the_dead), [1400])
    (found,) = (finding for finding in part.findings if finding.what == "coins")
    assert (found.coin, found.then, found.later) == ("SYN-03", "not there", "there")


def walk(seed, n, price=100.0):
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    opened = np.append(close[0], close[:-1])
    return pl.DataFrame(
        {
            "ts": stamps(START_MS + np.arange(n) * 300_000),
            "open": opened,
            "high": np.maximum(opened, close) * 1.0005,
            "low": np.minimum(opened, close) * 0.9995,
            "close": close,
            "volume": rng.uniform(5.0, 15.0, n),
        }
    )


@pytest.fixture
def folders(tmp_path):
    """Return folders of bars and of funding every four hours, with a hole and an end."""
    n = 3 * DAY
    one, two = walk(1, n), walk(2, n)
    one = pl.concat([one[:300], one[330:]])
    bars = store(tmp_path / "bars", AAAUSDT=one, BBBUSDT=two[:500])
    at_ms = START_MS + np.arange(1, 18) * 4 * 3_600_000
    settled = settlements(at_ms, np.linspace(1e-4, 3e-4, 17))
    return bars, store(tmp_path / "funding", AAAUSDT=settled, BBBUSDT=settled)


def loaded(folders):
    source = Source(folders[0], "binance_usdm", "perp", funding=folders[1])
    return load(PanelSpec((source,), accept_failed=True))


def test_a_loaded_panel_is_made_again_from_its_files_as_far_as_they_went(folders):
    panel = loaded(folders)
    assert panels.why_not(panel) == ""
    made_at = panels.from_files(panel)
    assert made_at(panel.close_ms(399)).n_bars == 400
    part = audited(panel, made_at, [150, 289, 305, 335, 400, 505, 520, 800])
    assert part.findings == ()
    assert part.n_times == 8


def test_a_leak_in_the_loading_itself_would_be_caught(folders, monkeypatch):
    def early(at_ms, known_ms, stamps_ms, longest_ms):
        return latest(at_ms, known_ms, stamps_ms + 4 * 3_600_000, longest_ms)

    monkeypatch.setattr("quorate.lake.funding.asof.latest", early)
    panel = loaded(folders)
    part = audited(panel, panels.from_files(panel), [150, 400])
    assert {finding.what for finding in part.findings} == {"bars.funding_rate"}


def test_what_cannot_be_made_again_says_why():
    assert "synthetic" in panels.why_not(market())
    assert "by hand" in panels.why_not(
        replace(market(), source=market().source._replace(made=None))
    )
    found = quorate.audit(quorate.synthetic(n_coins=2, days=2), n_cuts=4)
    panel = next(part for part in found.parts if part.name == "panel")
    assert panel.n_values == 0
    assert "how it was made" in panel.not_covered[0]


RULES = {"min_age_days": 1, "turnover_days": 1, "min_turnover": 280_000.0}


def in_universe(tmp_path, *loud):
    """Load coins that turn over enough on some days, for members of the universe."""
    frames = {}
    for c, days in enumerate(loud):
        frame = walk(c, 7 * DAY)
        day = np.arange(frame.height) // DAY
        volume = np.where(np.isin(day, days), 2.0, 0.5) * frame["volume"].to_numpy()
        frames[f"{'ABC'[c] * 3}USDT"] = frame.with_columns(pl.Series("volume", volume))
    source = Source(store(tmp_path / "bars", **frames), "binance_spot", "spot")
    return load(PanelSpec((source,), universe=RULES, accept_failed=True))


UNIVERSE_CUTS = [650, 865, 1000, 1153, 1300, 1441, 1700]


def test_a_universe_of_the_days_before_passes(tmp_path):
    panel = in_universe(tmp_path, (1, 3, 4), (1, 2, 4, 5))
    assert 0 < panel.member.mean() < 1
    assert audited(panel, panels.from_files(panel), UNIVERSE_CUTS).findings == ()


def test_a_universe_of_the_day_itself_is_caught(tmp_path, monkeypatch):
    true = universe.days_of

    def same_day(name, series, spreads):
        return true(name, series, spreads).with_columns(pl.col("day").dt.offset_by("-1d"))

    monkeypatch.setattr(universe, "days_of", same_day)
    panel = in_universe(tmp_path, (1, 3, 4), (1, 2, 4, 5))
    part = audited(panel, panels.from_files(panel), UNIVERSE_CUTS)
    assert "member" in {finding.what for finding in part.findings}


def test_a_coin_that_gets_in_later_is_not_seen_before(tmp_path):
    panel = in_universe(tmp_path, (1, 2, 3, 4), (5,))
    assert audited(panel, panels.from_files(panel), [1000]).findings == ()


def test_a_coin_that_is_ranked_since_it_gets_in_later_is_caught(tmp_path, monkeypatch):
    loading = importlib.import_module("quorate.lake.load")
    monkeypatch.setattr(loading, "hidden", lambda laid, _: laid)
    panel = in_universe(tmp_path, (1, 2, 3, 4), (5,))
    part = audited(panel, panels.from_files(panel), [1000])
    (found,) = part.findings
    assert (found.what, found.coin, found.test) == ("coins", "BBBUSDT", Test.SURVIVORS)
    assert (found.then, found.later) == ("not there", "there")
