"""The border of the cost model."""

from math import nan

import pytest

from quorate.core.costs import Impact, Latency, Params, params


def test_defaults_are_the_spec() -> None:
    default = params()
    assert default == Params()
    assert default.impact_bps_at_one == 5.0
    assert default.latency_bps_per_ms * 10.0 == pytest.approx(0.1)
    assert default.safety_margin_bps == 3.0
    assert (default.impact, default.latency) == (Impact.SPEC, Latency.LINEAR)


def test_types_stay_the_ones_the_kernels_were_compiled_for() -> None:
    given = params(safety_margin_bps=4, impact="volatility", latency=Latency.DIFFUSIVE)
    assert [type(x) for x in given] == [type(x) for x in Params()]


@pytest.mark.parametrize(
    "wrong",
    [
        {"safety_margin_bps": -1.0},
        {"max_participation": 20.0},
        {"impact_y": nan},
        {"impact": "quadratic"},
        {"latency": 7},
        {"margin": 3.0},
    ],
)
def test_a_mistake_says_what_to_use(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match=r"use one of|outside"):
        params(**wrong)
