"""Every setting says what it means and what it may be."""

import math

import pytest

from quorate.api.configure import schema
from quorate.api.meanings import MEANINGS

FIELDS = {f"{s}.{n}": field for s, fields in schema().items() for n, field in fields.items()}


def test_every_setting_has_a_meaning_and_every_meaning_a_setting():
    assert set(FIELDS) == set(MEANINGS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_meaning_is_no_repetition_of_the_name(name):
    words = name.partition(".")[2].replace("_", " ")
    assert words != FIELDS[name].meaning.partition(";")[0]
    assert len(FIELDS[name].meaning.split()) > 2


@pytest.mark.parametrize("name", FIELDS)
def test_a_number_says_its_bounds(name):
    field = FIELDS[name]
    if field.kind in {int, float} and name != "regime.dwell_minutes":
        assert any(word in field.meaning for word in ("from", "above", "at least", "hours"))
    if isinstance(field.default, float):
        assert math.isfinite(field.default)
