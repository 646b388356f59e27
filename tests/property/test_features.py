"""What must hold for any bars: causality, blocks, scale."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.features.synthetic import ROW, arrays, bars, part, run

from quorate.core import features
from quorate.core.types import Bar


@st.composite
def dirty(draw):
    """Draw hourly bars with gaps, carried bars, zero volumes and unknown numbers."""
    seed = draw(st.integers(0, 2**16))
    market = bars(90, 4, seed=seed)
    rng = np.random.default_rng(seed)
    shape = market.close.shape
    market.status[rng.random(shape) < draw(st.sampled_from([0.0, 0.01, 0.2]))] = int(Bar.ABSENT)
    market.status[rng.random(shape) < 0.02] = int(Bar.IMPUTED)
    market.volume[rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))] = 0.0
    market.taker_buy[rng.random(shape) < 0.05] = np.nan
    market.funding_rate[rng.random(shape) < 0.05] = np.nan
    market.close[rng.random(shape) < 0.01] = np.nan
    return market


@settings(max_examples=40, deadline=None)
@given(dirty(), st.integers(1, 89), st.integers(0, 10**7))
def test_any_split_gives_the_same_bytes(market, cut, k0):
    params = features.params(60, 0)
    whole, split = features.init(4, params), features.init(4, params)
    expected = features.build(market, k0, whole, params).values
    first = features.build(part(market, slice(0, cut)), k0, split, params).values
    second = features.build(part(market, slice(cut, None)), k0 + cut, split, params).values
    assert np.concatenate([first, second]).tobytes() == expected.tobytes()
    for one, other in zip(arrays(whole), arrays(split), strict=True):
        assert one.tobytes() == other.tobytes()


@settings(max_examples=40, deadline=None)
@given(dirty(), st.integers(1, 89))
def test_the_past_does_not_know_the_future(market, cut):
    expected = run(market, minutes=60)[:cut]
    assert run(part(market, slice(0, cut)), minutes=60).tobytes() == expected.tobytes()


@settings(max_examples=40, deadline=None)
@given(dirty())
def test_nothing_is_infinite_and_absent_coins_have_nothing(market):
    values = run(market, minutes=60)
    assert not np.isinf(values).any()
    absent = (market.status == int(Bar.ABSENT)) | np.isnan(market.close)
    assert np.isnan(np.moveaxis(values, 1, 2)[absent]).all()


@settings(max_examples=25, deadline=None)
@given(dirty(), st.sampled_from([2.0**-12, 0.5, 2.0**10]))
def test_the_unit_of_the_price_does_not_matter(market, scale):
    """Features are returns and ratios; Amihud's ratio is per quote volume, so it scales."""
    scaled = market._replace(**{name: getattr(market, name) * scale for name in market._fields[:4]})
    one, other = run(market, minutes=60), run(scaled, minutes=60)
    other[:, ROW["amihud_24h"]] *= scale
    np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-8)
