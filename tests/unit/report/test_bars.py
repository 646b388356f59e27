"""Bars say where their scale begins and ends."""

import re

import pytest

from quorate.report import bars


def named(picture):
    return dict(re.findall(r"left:([\d.]+)%;[^>]*>([^<]+)<", picture))


def test_an_interval_names_its_ends_and_zero():
    found = named(bars.interval(-2.0, 1.0, 4.0))
    assert set(found.values()) == {"−2.00", "4.00", "0"}
    places = {text: float(place) for place, text in found.items()}
    assert places["−2.00"] < places["0"] < places["4.00"]


def test_zero_gives_way_to_an_end_that_is_near_it():
    assert set(named(bars.interval(-0.1, 1.0, 4.0)).values()) == {"−0.10", "4.00"}


def test_a_short_interval_has_one_name():
    assert "3.00 to 3.10" in named(bars.interval(3.0, 3.05, 3.1)).values()


def test_a_share_has_a_mark_at_what_it_must_reach():
    picture = bars.share(0.5, ("0%", "95%"), 0.95)
    assert 'd="M950.0 0V20"' in picture
    assert named(picture) == {"0.0": "0%", "95.0": "95%"}


@pytest.mark.parametrize(("value", "wide"), [(-1.0, "0.0"), (0.25, "250.0"), (7.0, "1000.0")])
def test_a_share_stays_on_its_scale(value, wide):
    assert f'class="base" x="0" y="3" width="{wide}"' in bars.share(value, ("0", "1"))


def test_an_unknown_share_is_an_empty_bar():
    assert "<rect" not in bars.share(float("nan"), ("0", "1"))
