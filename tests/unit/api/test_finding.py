"""A run is found by its folder, its id, or a part of it that is unique."""

from __future__ import annotations

import pytest

from quorate.api.finding import find, ids
from quorate.errors import DataError
from quorate.store import open_store


@pytest.fixture
def out(tmp_path):
    for end in ("101-000000-aaaa1111", "101-000000-bbbb2222", "202-000000-cccc3333"):
        name = f"20260{end}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "20260303-000000-dddd4444").mkdir()  # never finished
    return tmp_path


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ("20260202", "cccc3333"),
        ("bbbb2222", "bbbb2222"),
        ("20260101-000000-a", "aaaa1111"),
        ("b22", "bbbb2222"),
    ],
)
def test_a_part_that_is_unique_is_enough(out, given, ends):
    assert find(given, out).name.endswith(ends)


def test_a_folder_is_taken_as_it_is(out):
    folder = out / "20260202-000000-cccc3333"
    assert find(folder) == folder
    assert find(str(folder)) == folder


def test_several_are_named(out):
    with pytest.raises(DataError, match="2 runs") as found:
        find("20260101", out)
    assert found.value.hint.endswith("20260101-000000-aaaa1111, 20260101-000000-bbbb2222")


def test_one_that_never_finished_is_not_found(out):
    assert len(ids(out)) == 3
    with pytest.raises(DataError, match="there is no run '20260303'") as found:
        find("20260303", out)
    assert "20260202-000000-cccc3333" in found.value.hint


def test_settings_of_a_sweep_have_no_folder(out):
    with open_store(out / "quorate.sqlite") as store:
        swept = [
            store.runs.begin({"consensus": {"k": k}}, data_hash="", code_hash="", kind="sweep")
            for k in (0.5, 1.0)
        ]
    with pytest.raises(DataError, match="is a setting of a sweep, which leaves no run") as found:
        find(swept[1], out)
    assert found.value.hint.endswith("--set consensus.k=1.0")
    with pytest.raises(DataError, match="2 settings of a sweep have"):
        find(swept[0][:8], out)
