"""A panel can be made again from what its run wrote down, and no other passes for it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, again, synthetic
from quorate.lake.spec import from_plain, plain


def through_json(made):
    return json.loads(json.dumps(made))


@pytest.mark.parametrize(
    "chosen",
    [
        {"n_coins": 5, "days": 4, "seed": 3, "planted_edge": 1.5},
        {"n_coins": 1, "days": 1, "bar_minutes": 60, "kind": "spot"},
    ],
)
def test_a_synthetic_market_is_made_again(chosen):
    panel = synthetic(**chosen)
    found = again(through_json(panel.source.made), panel.source.digest)
    assert found.source == panel.source
    assert found.bars.close.tobytes() == panel.bars.close.tobytes()


def test_another_market_is_refused():
    panel = synthetic(n_coins=2, days=1)
    with pytest.raises(DataError, match="the data have changed"):
        again({**panel.source.made, "seed": 8}, panel.source.digest)


@pytest.mark.parametrize("made", [None, {}, {"call": "magic"}])
def test_a_panel_made_by_hand_cannot_be(made):
    with pytest.raises(DataError, match="does not say where"):
        again(made, "")


@pytest.mark.parametrize("made", [{"call": "synthetic", "coins": 3}, {"call": "load"}])
def test_nonsense_is_refused_with_a_way_out(made):
    with pytest.raises(DataError, match="cannot be read") as found:
        again(made, "")
    assert "recorded" in found.value.hint


def test_every_field_of_a_spec_survives_json():
    here = Path().absolute()
    spec = PanelSpec(
        (
            Source(here / "a", "binance_usdm", "perp", here / "f", here / "m"),
            Source(here / "b", "okx_swap", "perp"),
        ),
        start=datetime(2024, 1, 1, tzinfo=UTC),
        end="2024-02-01",
        symbols=("BTCUSDT", "ETHUSDT"),
        bar_minutes=5,
        assume_funding=0.0001,
        drop_last=False,
        tick={"BTCUSDT": 0.1},
        lot={"BTCUSDT": 0.001},
    )
    found = from_plain(through_json(plain(spec)))
    assert found.start == "2024-01-01T00:00:00+00:00"
    assert dataclasses.replace(found, start=spec.start) == spec
    assert set(plain(spec)) == {"call", *(each.name for each in dataclasses.fields(PanelSpec))}
