"""A folder's content is replaced whole; who reads the old one is left in peace."""

from __future__ import annotations

import gc

import pytest

from quorate.errors import DataError
from quorate.lake.generations import Held, fresh, is_ours

FILE = "about.json"


def write(where, text):
    with fresh(where, FILE) as (folder, swap):
        (folder / "bars.x.npy").write_text(text)
        swap(folder.name.encode())
    return folder


def versions(where):
    return {path.name for path in where.iterdir() if path.is_dir()}


def test_the_description_names_the_version_that_holds(tmp_path):
    one = write(tmp_path / "deep" / "er", "one")
    other = write(tmp_path / "deep" / "er", "other")
    assert one != other
    assert (one.parent / FILE).read_text() == other.name
    assert versions(one.parent) == {other.name}


def test_what_is_not_swapped_in_leaves_nothing(tmp_path):
    one = write(tmp_path, "one")
    with pytest.raises(TypeError), fresh(tmp_path, FILE) as (folder, _):
        (folder / "bars.x.npy").write_text(folder)
    with fresh(tmp_path, FILE):
        pass
    assert (tmp_path / FILE).read_text() == one.name
    assert versions(tmp_path) == {one.name}


def test_a_folder_that_was_made_for_nothing_goes_too(tmp_path):
    with pytest.raises(TypeError), fresh(tmp_path / "deep" / "er", FILE):
        raise TypeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(TypeError), fresh(tmp_path / "mine", FILE):
        raise TypeError
    with fresh(tmp_path / "deep", FILE) as (folder, _):
        (folder.parent / "theirs").write_text("put there meanwhile")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "mine"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["theirs"]


def test_an_open_version_stays_until_it_is_closed_and_the_next_is_written(tmp_path):
    one = write(tmp_path, "one")
    held = Held(one)
    other = write(tmp_path, "other")
    assert versions(tmp_path) == {one.name, other.name}
    assert (one / "bars.x.npy").read_text() == "one"
    del held
    gc.collect()
    last = write(tmp_path, "last")
    assert versions(tmp_path) == {last.name}
    with pytest.raises(FileNotFoundError):
        Held(other)


def test_one_writes_at_a_time(tmp_path):
    with fresh(tmp_path, FILE) as (folder, swap):
        with pytest.raises(DataError, match="another process is keeping a panel in"):
            write(tmp_path, "other")
        swap(b"one")
    assert versions(tmp_path) == {folder.name}
    assert write(tmp_path, "other").is_dir()


def test_what_a_writer_leaves_is_known_from_what_others_do(tmp_path):
    folder = write(tmp_path, "one")
    (tmp_path / f".{FILE}.abc").write_text("half a description")
    heads = ("bars.",)
    assert all(is_ours(path, FILE, heads) for path in tmp_path.iterdir())
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "version-mine").mkdir()
    assert not is_ours(tmp_path / "notes.txt", FILE, heads)
    assert not is_ours(tmp_path / "version-mine", FILE, heads)
    (folder / "notes.npy").write_text("mine")
    assert not is_ours(folder, FILE, heads)


def test_what_is_not_ours_is_not_removed(tmp_path):
    write(tmp_path, "one")
    for name in ("weights.npy", ".hidden", "version-mine"):
        (tmp_path / name).write_text("mine")
    (tmp_path / f".{FILE}.abc").write_text("left by a kill")
    last = write(tmp_path, "last")
    assert {path.name for path in tmp_path.iterdir()} == {
        FILE, last.name, "weights.npy", ".hidden", "version-mine"
    }  # fmt: skip
