"""The record of what was taken: a line a file, the last one counts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from quorate.errors import DataError
from quorate.lake import taken
from quorate.lake.layout import Key

KEY = Key("binance_spot", "ohlcv", "5m")
ONE = taken.Taken("data/a.zip", "a" * 64, 10, 3, ("x", "y"), "2023-01-01")


def test_nothing_taken_is_an_empty_record(tmp_path):
    assert taken.read(tmp_path, KEY, "BTCUSDT") == {}


def test_a_later_line_of_a_file_counts_and_the_earlier_stays(tmp_path):
    later = ONE._replace(sha256="b" * 64)
    taken.add(tmp_path, KEY, "BTCUSDT", [ONE])
    taken.add(tmp_path, KEY, "BTCUSDT", [later, ONE._replace(key="data/b.zip")])
    assert taken.read(tmp_path, KEY, "BTCUSDT")["data/a.zip"] == later
    assert taken.read(tmp_path, KEY, "ETHUSDT") == {}
    (path,) = tmp_path.rglob("*.jsonl")
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_line_cut_short_is_no_line_and_the_next_begins_its_own(tmp_path, cut):
    other = ONE._replace(key="data/b.zip")
    taken.add(tmp_path, KEY, "BTCUSDT", [ONE, other])
    (path,) = tmp_path.rglob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(taken.read(tmp_path, KEY, "BTCUSDT"))[:1] == ["data/a.zip"]
    taken.add(tmp_path, KEY, "BTCUSDT", [other])
    assert list(taken.read(tmp_path, KEY, "BTCUSDT")) == ["data/a.zip", "data/b.zip"]


def test_a_line_of_another_kind_is_refused_with_its_number(tmp_path):
    taken.add(tmp_path, KEY, "BTCUSDT", [ONE])
    (path,) = tmp_path.rglob("*.jsonl")
    path.write_text('{"key": 1}\n' + path.read_text())
    with pytest.raises(DataError, match=r"line 1: .* is no record"):
        taken.read(tmp_path, KEY, "BTCUSDT")


def test_a_refusing_disk_is_told(tmp_path):
    (tmp_path / ".pull").write_text("in the way")
    with pytest.raises(DataError, match="was not written"):
        taken.add(tmp_path, KEY, "BTCUSDT", [ONE])


def test_a_disk_that_takes_half_a_line_is_told(tmp_path):
    """Half a write is no error of the system's: only the other half is refused."""
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom quorate.lake import taken\n"
        "from quorate.lake.layout import Key\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "one = taken.Taken('data/a.zip', 'a' * 64, 10, 3, ('x', 'y'), '2023-01-01')\n"
        "taken.add(Path(sys.argv[1]), Key('binance_spot', 'ohlcv', '5m'), 'BTCUSDT', [one])"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "was not written: File too large" in done.stderr
    assert taken.read(tmp_path, KEY, "BTCUSDT") == {}
    taken.add(tmp_path, KEY, "BTCUSDT", [ONE])
    assert taken.read(tmp_path, KEY, "BTCUSDT") == {"data/a.zip": ONE}
