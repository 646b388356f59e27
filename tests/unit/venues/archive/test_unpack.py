"""A zip file holds one CSV of its own name; whatever else it is, is refused by name."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from tests.unit.venues.archive_site import bars, zipped

from quorate.errors import DataError
from quorate.venues.archive.unpack import csv_of

NAME = "BTCUSDT-5m-2023-01-01"
TEXT = bars("2023-01-01")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.zip"


def packed(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return out.getvalue()


def test_the_csv_is_returned(path):
    path.write_bytes(zipped(f"{NAME}.zip", TEXT))
    assert csv_of(path, NAME) == TEXT.encode()


@pytest.mark.parametrize("kept", [0, 10, 0.5, -1, -30])
def test_a_truncated_file_is_refused(path, kept):
    whole = zipped(f"{NAME}.zip", TEXT)
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(DataError, match=f"{NAME}.zip cannot be unpacked") as info:
        csv_of(path, NAME)
    assert "fetch it again" in info.value.hint


@pytest.mark.parametrize("at", [60, 300, 900])
def test_a_flipped_byte_is_refused(path, at):
    whole = bytearray(zipped(f"{NAME}.zip", TEXT))
    whole[at] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(DataError, match=f"{NAME}.zip "):
        csv_of(path, NAME)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], "holds nothing (0 files)"),
        ([("other.csv", "x")], "holds other.csv (1 files)"),
        ([(f"{NAME}.csv", "x"), ("two.csv", "y")], f"holds {NAME}.csv, two.csv (2 files)"),
        ([(f"../{NAME}.csv", "x")], f"holds ../{NAME}.csv"),
    ],
)
def test_other_contents_are_refused(path, members, said):
    path.write_bytes(packed(members))
    with pytest.raises(DataError, match=re.escape(said)):
        csv_of(path, NAME)


def test_a_bomb_is_refused_after_the_bytes_that_are_allowed(path):
    path.write_bytes(packed([(f"{NAME}.csv", "0" * 5_000_000)]))
    with pytest.raises(DataError, match="unpacks to more than 1000000 bytes"):
        csv_of(path, NAME, max_bytes=1_000_000)


def test_a_bomb_that_claims_to_be_small_is_refused(path):
    whole = packed([(f"{NAME}.csv", "0" * 5_000_000)])
    size = (5_000_000).to_bytes(4, "little")
    assert whole.count(size) == 2
    path.write_bytes(whole.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match=f"{NAME}.zip "):
        csv_of(path, NAME, max_bytes=1_000_000)


def test_an_encrypted_file_is_refused(path):
    whole = bytearray(zipped(f"{NAME}.zip", TEXT))
    for at in (6, whole.index(b"PK\x01\x02") + 8):
        whole[at] |= 1
    path.write_bytes(whole)
    with pytest.raises(DataError, match="is encrypted"):
        csv_of(path, NAME)
