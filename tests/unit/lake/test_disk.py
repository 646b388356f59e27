"""What a full disk lacks is said: how much, and where."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from quorate.errors import DataError
from quorate.lake import disk

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def nearly_full(monkeypatch):
    """Leave three mebibytes on every disk."""
    usage = disk.shutil.disk_usage
    monkeypatch.setattr(
        disk.shutil, "disk_usage", lambda where: usage(where)._replace(free=3 * 2**20)
    )


@pytest.mark.usefixtures("nearly_full")
@pytest.mark.parametrize(
    ("n_bytes", "needed"),
    [(12, "12 bytes"), (2_048, "2.0 KiB"), (5 * 2**20, "5.0 MiB"), (7 * 2**40, "7,168.0 GiB")],
)
def test_how_much_and_where(tmp_path, n_bytes, needed):
    said = disk.lacking(FULL, tmp_path / "not" / "there", n_bytes)
    assert said == f"; it needs {needed} in {tmp_path}, where 3.0 MiB are free"


def test_a_quota_is_a_full_disk_and_another_error_is_not(tmp_path):
    quota = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    assert "it needs 1 bytes in" in disk.lacking(quota, tmp_path, 1)
    assert disk.lacking(PermissionError(errno.EACCES, "no"), tmp_path, 1) == ""


def test_without_an_amount_only_what_is_free_is_said(tmp_path):
    said = disk.lacking(FULL, tmp_path, None)
    assert said.startswith(f"; in {tmp_path} ")
    assert said.endswith(" are free")


def test_a_disk_that_says_nothing_is_no_second_error(tmp_path, monkeypatch):
    def silent(_):
        raise OSError

    monkeypatch.setattr(disk.shutil, "disk_usage", silent)
    assert disk.lacking(FULL, tmp_path, 12) == f"; it needs 12 bytes in {tmp_path}"


def test_files_that_are_staged_come_all_or_not_at_all(tmp_path, monkeypatch):
    where = tmp_path / "new" / "place"

    def full(*_):
        raise FULL

    def fill():
        with disk.staged(where) as place:
            disk.replace(place / "a", b"1")
            monkeypatch.setattr(os, "fsync", full)
            disk.replace(place / "b", b"2")

    with pytest.raises(DataError, match=r"it needs 1 bytes in"):
        fill()
    assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    where.mkdir(parents=True)
    (where / "older").write_bytes(b"0")

    def stumble():
        with disk.staged(where) as place:
            disk.replace(place / "a", b"1")
            raise KeyError

    with pytest.raises(KeyError):
        stumble()
    assert [each.name for each in where.iterdir()] == ["older"]
    with disk.staged(where) as place:
        disk.replace(place / "a", b"1")
        disk.replace(place / "older", b"2")
    assert sorted((each.name, each.read_bytes()) for each in where.iterdir()) == [
        ("a", b"1"),
        ("older", b"2"),
    ]
    file = Path(tmp_path / "file")
    file.write_bytes(b"")
    with pytest.raises(DataError, match="was not written"), disk.staged(file / "in"):
        pass
