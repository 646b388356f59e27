"""Where a run and its store may be."""

from __future__ import annotations

import errno
import os

import pytest
from polars.exceptions import ComputeError

from quorate.api.folder import store_place, whole
from quorate.errors import ConfigError, DataError


def test_the_store_stands_beside_the_runs(tmp_path):
    out = tmp_path / "a" / "runs"
    assert store_place("", out) == out / "quorate.sqlite"
    assert out.is_dir()


def test_a_file_is_no_folder_of_runs(tmp_path):
    file = tmp_path / "runs"
    file.write_text("mine", encoding="utf-8")
    for out in (file, file / "below"):
        with pytest.raises(DataError, match=r"cannot be the folder of runs: .*\n  next: .*--out"):
            store_place("", out)
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("prefix", ["", "sqlite:///"])
def test_a_store_is_not_made_in_a_folder_that_does_not_exist(tmp_path, prefix):
    with pytest.raises(ConfigError, match=r"there is no folder .*typo\n  next: make that folder"):
        store_place(f"{prefix}{tmp_path}/typo/store.db", tmp_path)
    assert not (tmp_path / "typo").exists()
    assert store_place(f"{prefix}{tmp_path}/store.db", tmp_path) == f"{prefix}{tmp_path}/store.db"


def test_a_database_elsewhere_is_left_to_the_store(tmp_path):
    assert store_place("postgresql://host/name", tmp_path) == "postgresql://host/name"


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ComputeError("No space left")]
)
def test_a_full_disk_leaves_nothing_and_says_so(tmp_path, error):
    def fill():
        with whole(tmp_path / "run") as partial:
            (partial / "half.parquet").write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(
        DataError, match=r"(?s)No space left.*, after 4 bytes of it; in /.* are free.*--out"
    ):
        fill()
    assert list(tmp_path.iterdir()) == []
