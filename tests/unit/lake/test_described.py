"""What a folder says of its panel is checked, and so is every file against it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import quorate
from quorate.errors import DataError
from quorate.lake import columns, described


@pytest.fixture
def where(tmp_path):
    quorate.keep(quorate.synthetic(n_coins=2, days=1), tmp_path)
    return tmp_path


def about(where):
    return json.loads((where / "panel.json").read_bytes())


def array(where, name):
    return where / about(where)["version"] / f"{name}.npy"


def test_the_facts_come_back(where):
    found = described.read(where)
    assert found.symbols == ("SYN-BTC", "SYN-01")
    assert found.arrays["bars.close"] == ("<f8", (288, 2))
    assert found.arrays["market.mark"] == ("<f8", (288, 1, 2))
    assert found.same["market.close"] == "bars.close"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"panel"', "{}", "\x00"])
def test_a_file_that_is_no_description_is_refused(where, text):
    (where / "panel.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"panel\.json cannot be read as a stored panel") as caught:
        quorate.load(where)
    assert "keep the panel again" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"k0": "5"}, "k0: .* valid integer"),
        ({"k0": None}, "k0: .* valid integer"),
        ({"bar_minutes": 0}, "bar_minutes: .* greater than or equal to 1"),
        ({"bar_minutes": 5.5}, "bar_minutes"),
        ({"is_synthetic": 1}, "is_synthetic"),
        ({"symbols": "AB"}, "symbols"),
        ({"symbols": ["A", 7]}, "symbols.1"),
        ({"symbols": ["A"]}, "1 symbols, 2 kinds and 2 of funding"),
        ({"symbols": [], "kinds": [], "funding": []}, r"bars\.basis_bps is <f8 \(288, 2\)"),
        ({"kinds": ["spot", "other"]}, "kinds.1"),
        ({"venue_names": ["a", "b"]}, "columns are said to be the same"),
        ({"source": []}, "source"),
        ({"source": {"description": "x"}}, r"source\.digest: Field required"),
        ({"version": "../elsewhere"}, "version: .* match pattern"),
        ({"same": {"market.close": "bars.open"}}, "the same that are not"),
        ({"arrays": {}}, "is absent, it should be"),
        ({"more": 1}, "more: Extra inputs"),
    ],
)
def test_what_is_said_must_be_of_its_type_and_agree(where, changes, said):
    (where / "panel.json").write_text(json.dumps(about(where) | changes), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        quorate.load(where)


@pytest.mark.parametrize(
    ("name", "form", "said"),
    [
        ("bars.high", ["<f8", [287, 2]], r"bars\.high is <f8 \(287, 2\), it should be <f8 \(288"),
        ("member", ["<f8", [288, 2]], r"member is <f8 \(288, 2\), it should be \|i1 \(288, 2\)"),
        ("quote_usd", ["<f8", [288, 1]], "quote_usd is"),
        ("venues.lot", ["<f8", [2, 1]], r"venues\.lot is"),
        ("bars.high", ["<f8", [288, -2]], "greater than or equal to 0"),
        ("other", ["<f8", [1]], r"other is <f8 \(1,\), it should be absent"),
    ],
)
def test_what_is_said_of_an_array_must_fit_the_panel(where, name, form, said):
    changed = about(where)
    changed["arrays"][name] = form
    (where / "panel.json").write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        quorate.load(where)


FILES = ("bars.close", "market.mark", "member", "quote_usd", "delisted_k", "venues.lot")


def test_every_kind_of_file_is_tried(where):
    kinds = {name.partition(".")[0] for name in described.read(where).arrays}
    assert kinds == {name.partition(".")[0] for name in FILES}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00\x10\x00{'descr': <f8"])
def test_a_file_that_is_no_array_is_refused(where, name, content):
    array(where, name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}\.npy cannot be read"):
        quorate.load(where)


@pytest.mark.parametrize("name", FILES)
def test_an_array_of_another_length_type_or_shape_is_refused(where, name):
    whole = np.load(array(where, name))
    longer = np.concatenate((whole, whole[:1]))
    for other in (whole[:-1], longer, whole.astype(np.float32), whole[..., None], whole[:0]):
        np.save(array(where, name), other)  # its header agrees with its size
        with pytest.raises(DataError, match=rf"{name}\.npy .* it holds .*panel\.json says"):
            quorate.load(where)


def test_a_header_that_lies_is_refused(where):
    place = array(where, "bars.low")
    place.write_bytes(place.read_bytes().replace(b"'<f8'", b"'<i8'", 1))
    with pytest.raises(DataError, match=r"it holds int64 \(288, 2\), panel\.json says <f8"):
        columns.read(where)
    place.write_bytes(place.read_bytes().replace(b"(288, 2)", b"(289, 2)", 1))
    with pytest.raises(DataError, match="not what its header says"):
        columns.read(where)


def test_an_array_of_objects_is_refused_and_not_run(where):
    np.save(array(where, "delisted_k"), np.array([1, 2], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"delisted_k\.npy"):
        quorate.load(where)
