"""Months that were fetched once: whole or fetched again, bounded, and no loss if they are lost."""

from __future__ import annotations

import hashlib
import os

import pytest

from quorate.errors import ConfigError
from quorate.lake import cached

MB = 1_000_000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("QUORATE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cached, "_added", {})
    return tmp_path / "quorate" / "lake"


def kept(content):
    """Keep bytes; return their hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    cached.keep(sha256, content)
    return sha256


def test_what_was_kept_is_found_by_its_hash(folder):
    sha256 = kept(b"rows")
    assert cached.found(sha256) == b"rows"
    assert [path.name for path in folder.glob("*/*")] == [f"{sha256}.parquet"]
    assert cached.found("0" * 64) is None


@pytest.mark.parametrize("harm", [b"", b"rowz", b"rows and more"])
def test_a_damaged_file_is_no_file(folder, harm):
    sha256 = kept(b"rows")
    (path,) = folder.glob("*/*")
    path.write_bytes(harm)
    assert cached.found(sha256) is None
    assert not path.exists()


def test_what_was_not_read_for_longest_goes(folder, monkeypatch):
    monkeypatch.setenv("QUORATE_LAKE_CACHE_MB", "3")
    names = [kept(bytes([n]) * MB) for n in range(3)]
    for age, name in enumerate(names):
        os.utime(cached._path(name), (100 + age, 100 + age))
    cached.found(names[0])  # read now: the second is the oldest
    names.append(kept(b"x" * MB))
    assert [cached.found(name) is not None for name in names] == [True, False, True, True]
    assert sum(path.stat().st_size for path in folder.glob("*/*")) == 3 * MB


def test_0_keeps_nothing(folder, monkeypatch):
    monkeypatch.setenv("QUORATE_LAKE_CACHE_MB", "0")
    assert cached.found(kept(b"rows")) is None
    assert not folder.exists()


@pytest.mark.parametrize("said", ["-1", "ten", "1.5"])
def test_a_bound_that_is_no_number_is_refused(monkeypatch, said):
    monkeypatch.setenv("QUORATE_LAKE_CACHE_MB", said)
    with pytest.raises(ConfigError, match="QUORATE_LAKE_CACHE_MB is"):
        kept(b"rows")


def test_a_disk_that_refuses_is_no_error(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where a folder must be")
    assert cached.found(kept(b"rows")) is None


def test_the_folder_is_the_users_cache_if_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("QUORATE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cached.home() == tmp_path / "xdg" / "quorate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached.home() == tmp_path / ".cache" / "quorate"
