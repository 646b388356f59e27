"""Every feature at once: warm-up, causality, blocks, coins, gaps."""

import numpy as np
import pytest
from tests.unit.core.features.synthetic import ROW, arrays, bars, copy, part, run

from quorate.core import features
from quorate.core.features.table import FEATURES, N_FEATURES
from quorate.core.types import Bar, Features

CROSS = [row for row, feature in enumerate(FEATURES) if feature.family == "crosssection"]
OWN = [row for row, feature in enumerate(FEATURES) if feature.family != "crosssection"]
LONG = ("volume_ratio_hour", "volume_ratio_24h", "funding_mean_7d_bps", "beta_btc")


@pytest.fixture(scope="module")
def clean():
    return bars(2300, 5)


@pytest.fixture(scope="module")
def known(clean):
    return run(clean)


@pytest.mark.parametrize("minutes", [5, 60])
def test_a_value_is_unknown_before_its_warmup_and_known_from_it_on(minutes, clean):
    values = run(part(clean, slice(0, 400)) if minutes == 60 else clean, minutes=minutes)
    for row, feature in enumerate(FEATURES):
        first = feature.warmup(60 // minutes) - 1
        assert np.isnan(values[:first, row]).all(), feature.name
        assert np.isfinite(values[first:, row]).all(), feature.name


def test_bounds(known):
    def of(name):
        column = known[:, ROW[name]]
        return column[np.isfinite(column)]

    for name in ("efficiency_24h", "channel_pos_24h", "jump_24h", "breadth_24h"):
        assert of(name).min() >= 0.0
        assert of(name).max() <= 1.0
    for name in ("wick_ratio", "signed_flow_4h", "taker_imbalance_1h", "di_diff", "rank_volume"):
        assert np.abs(of(name)).max() <= 1.0
    for name in ("adx", "rsi_14"):
        assert of(name).min() >= 0.0
        assert of(name).max() <= 100.0


def test_no_feature_reads_the_future(clean, known):
    """Changing everything after bar t leaves every value up to t byte-identical."""
    for t in (288, 1437, 2100):
        changed = copy(clean)
        for array in changed[:4]:
            array[t + 1 :] *= 1.5
        for array in changed[4:6]:
            array[t + 1 :] += 3.0
        changed.funding_rate[t + 1 :] = 0.01
        changed.basis_bps[t + 1 :] = -7.0
        changed.spread_bps[t + 1 :] = 9.0
        changed.status[t + 1 :: 7] = int(Bar.ABSENT)
        values = run(changed)
        assert values[: t + 1].tobytes() == known[: t + 1].tobytes()
        # and every feature did notice the change
        for row, feature in enumerate(FEATURES):
            assert values[t + 1 :, row].tobytes() != known[t + 1 :, row].tobytes(), feature.name


@pytest.mark.parametrize("size", [1, 7, 288, 1000])
def test_blocks_change_no_byte(size):
    given = bars(1500, 4, seed=3)
    given.status[700:705, 1] = int(Bar.ABSENT)
    params = features.params(5, 0)
    whole, split = features.init(4, params), features.init(4, params)
    expected = features.build(given, 17, whole, params).values
    pieces = []
    for t in range(0, 1500, size):
        rows = part(given, slice(t, t + size))
        pieces.append(features.build(rows, 17 + t, split, params).values)
    assert np.concatenate(pieces).tobytes() == expected.tobytes()
    for one, other in zip(arrays(whole), arrays(split), strict=True):
        assert one.tobytes() == other.tobytes()


def test_step_is_scan(clean):
    params = features.params(5, 0)
    one, many = features.init(5, params), features.init(5, params)
    block = part(clean, slice(0, 40))
    expected = features.build(block, 5, many, params).values
    values = np.empty((40, N_FEATURES, 5))
    for t in range(40):
        features.step(block, t, 5 + t, one, params, values)
    assert values.tobytes() == expected.tobytes()


def test_a_coin_is_the_same_alone(clean, known):
    for c in range(3):
        alone = run(part(clean, coins=slice(c, c + 1)), btc=-1)
        assert alone[:, OWN, 0].tobytes() == np.ascontiguousarray(known[:, OWN, c]).tobytes()


def test_coins_meet_only_in_the_cross_section(clean, known):
    order = np.array([0, 3, 1, 4, 2])
    shuffled = run(part(clean, coins=order))
    assert shuffled[:, OWN].tobytes() == np.ascontiguousarray(known[:, OWN][:, :, order]).tobytes()
    np.testing.assert_allclose(shuffled[:, CROSS], known[:, CROSS][:, :, order], rtol=1e-9)


def test_inputs_are_left_as_they_were(clean):
    before = copy(clean)
    run(clean)
    for given, kept in zip(clean, before, strict=True):
        assert given.tobytes() == kept.tobytes()


class TestGaps:
    def test_an_absent_bar_has_no_features(self):
        given = bars(800, 4)
        given.status[600:610, 2] = int(Bar.ABSENT)
        assert np.isnan(run(given)[600:610, :, 2]).all()

    def test_what_is_unknown_makes_a_bar_absent(self):
        for name, value in (("close", np.nan), ("low", 0.0), ("high", 1.0), ("volume", np.nan)):
            given = bars(50, 3)
            getattr(given, name)[20, 1] = value
            values = run(given)
            assert np.isnan(values[20, :, 1]).all(), name
            assert np.isnan(values[21, ROW["ret_bar"], 1]), name
            assert np.isfinite(values[22, ROW["ret_bar"], 1]), name

    def test_the_coin_starts_again_and_only_it(self):
        """After a gap that ends on the hour, its own features are those of a new coin."""
        given, clean = bars(3200, 4), bars(3200, 4)
        given.status[900:960, 2] = int(Bar.ABSENT)
        values, untouched = run(given), run(clean)
        fresh = run(part(given, slice(960, None)), k0=961)
        for row, feature in enumerate(FEATURES):
            name = feature.name
            if row in OWN:
                others = np.ascontiguousarray(values[:, row, [0, 1, 3]])
                expected = np.ascontiguousarray(untouched[:, row, [0, 1, 3]])
                assert others.tobytes() == expected.tobytes(), name
                if name not in LONG:
                    np.testing.assert_array_equal(values[960:, row, 2], fresh[:, row, 2], name)

    def test_long_records_survive_with_an_entry_missing(self):
        given = bars(2400, 4)
        given.status[2000:2002, 2] = int(Bar.ABSENT)
        values = run(given)
        assert np.isfinite(values[2002, ROW["funding_mean_7d_bps"], 2])
        assert np.isfinite(values[2002, ROW["beta_btc"], 2])
        assert np.isfinite(values[2014, ROW["volume_ratio_hour"], 2])

    def test_an_hour_cut_by_the_start_is_skipped(self):
        """From the middle of an hour, hourly values come with the first full hours."""
        values = run(bars(400, 3), k0=6)
        atr = values[:, ROW["atr_frac"], 0]
        # bars 6..12 are cut, then 15 hours of 12 bars
        assert np.isnan(atr[:186]).all()
        assert np.isfinite(atr[186])

    def test_imputed_bars_are_updated_on(self):
        given = bars(700, 3)
        for array in given[:4]:
            array[500:506, 1] = given.close[499, 1]
        given.volume[500:506, 1] = 0.0
        given.taker_buy[500:506, 1] = np.nan
        given.status[500:506, 1] = int(Bar.IMPUTED)
        values = run(given)
        assert (values[500:506, ROW["ret_bar"], 1] == 0.0).all()
        assert np.isfinite(values[505, ROW["vol_24h"], 1])
        assert np.isfinite(values[505, ROW["taker_imbalance_1h"], 1])


def test_a_dead_market_has_finite_values():
    """No trade and no move for days: nothing is infinite, ratios are 0."""
    given = bars(700, 3)
    for array in given[:4]:
        array[:] = 50.0
    given.volume[:] = 0.0
    values = run(given)
    assert not np.isinf(values).any()
    assert (values[-1, ROW["ret_z_24h"]] == 0.0).all()
    assert (values[-1, ROW["vwap_24h_gap"]] == 0.0).all()
    assert np.isnan(values[-1, ROW["spread_bps"]]).all()


def test_without_btc_only_its_features_are_unknown():
    values = run(bars(1000, 4), btc=-1)
    for name in ("beta_btc", "resid_24h", "btc_ret_1h", "lead_gap_1h"):
        assert np.isnan(values[:, ROW[name]]).all()
    assert np.isfinite(values[-1, ROW["rank_ret_24h"]]).all()


def test_the_state_of_400_coins_is_small():
    state = features.init(400, features.params(5, 0))
    assert sum(array.nbytes for array in arrays(state)) <= 25e6


class TestGate:
    def test_returns_features(self):
        params = features.params(5)
        found = features.build(bars(3, 2), 1, features.init(2, params), params)
        assert isinstance(found, Features)
        assert found.values.shape == (3, N_FEATURES, 2)

    def test_refuses_what_a_kernel_cannot_read(self):
        params = features.params(5)
        state, good = features.init(2, params), bars(6, 2)
        bad = {
            "close": good._replace(volume=good.volume.astype(np.float32)),
            "open": good._replace(open=np.asfortranarray(good.open)),
            "status": good._replace(status=good.status.astype(np.int64)),
            "low": good._replace(low=good.low[:3]),
        }
        for given in bad.values():
            with pytest.raises(ValueError, match="must be C-contiguous"):
                features.build(given, 1, state, params)
        frozen = good._replace(high=good.high.copy())
        frozen.high.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            features.build(frozen, 1, state, params)

    def test_refuses_another_shape_or_bar_length(self):
        params = features.params(5)
        state = features.init(2, params)
        with pytest.raises(ValueError, match="the state wants"):
            features.build(bars(6, 3), 1, state, params)
        with pytest.raises(ValueError, match="another bar length"):
            features.build(bars(6, 2), 1, state, features.params(15))
        with pytest.raises(ValueError, match="column of BTC"):
            features.build(bars(6, 2), 1, state, features.params(5, 2))

    @pytest.mark.parametrize(("minutes", "btc"), [(7, 0), (0, 0), (120, 0), (5, -2)])
    def test_refuses_parameters(self, minutes, btc):
        with pytest.raises(ValueError, match=r"divide|column"):
            features.params(minutes, btc)

    def test_refuses_no_coins(self):
        with pytest.raises(ValueError, match="0 coins"):
            features.init(0, features.params(5))
