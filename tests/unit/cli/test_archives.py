"""``quorate data pull archive``, against an archive on loopback."""

from __future__ import annotations

import json

import pytest
from tests.unit.lake.test_archive import spot
from tests.unit.venues.archive_site import site, zipped

from quorate.cli import run


@pytest.fixture
def archive():
    with site() as served:
        spot(served, "2023-01", "2023-02-01", "2023-02-02", "2023-02-04")
        yield served


@pytest.fixture
def pull(archive, tmp_path):
    def pull(*more, symbols=("BTCUSDT",), **other):
        given = {"lake": tmp_path / "lake", "url": archive.url, "market": "spot", "interval": "1h"}
        given |= {"start": "2023-01-01", "end": "2023-02-05", **other}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return run(["data", "pull", "archive", *options, "--symbols", *symbols, *more])

    return pull


def test_it_says_what_came_and_what_is_not_there(pull, capsys):
    assert pull() == 0
    out, err = capsys.readouterr()
    assert err == ""  # no bar where no terminal is
    lines = [line.split() for line in out.splitlines()]
    assert ["BTCUSDT", "4", "816", "0.0"] in lines
    assert ["BTCUSDT", "2023-02-03", "2023-02-03"] in lines
    assert out.rstrip().endswith("vendor=binance_spot/kind=ohlcv/interval=1h")
    assert pull() == 0
    assert ["BTCUSDT", "4"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_json_has_everything(pull, capsys):
    assert pull("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["symbols"][0]["n_taken"] == 4
    assert found["missing"] == [{"symbol": "BTCUSDT", "first": "2023-02-03", "last": "2023-02-03"}]
    assert found["failures"] == found["corrections"] == found["notes"] == []


def test_a_file_that_cannot_be_taken_is_exit_code_3(archive, pull, capsys):
    key = spot(archive, "2023-02-03")[0]
    archive.put(key, zipped(key, "1,2\n"))
    assert pull() == 3
    out, err = capsys.readouterr()
    assert "Not taken" in out
    assert err.startswith("error: not taken: BTCUSDT-1h-2023-02-03.zip: BTCUSDT-1h-2023-02-03.csv")
    assert "next: " in err


def test_a_correction_is_told(archive, pull, capsys):
    pull()
    spot(archive, "2023-02-01", price=50.0)
    assert pull() == 0
    said = capsys.readouterr().out
    assert "Changed since it was stored" in said
    assert "by the vendor" in said


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"interval": "1w"}, "interval '1w' is not in the archive"),
        ({"kind": "funding"}, "spot has no funding"),
        ({"end": "2023-01-01"}, "has no day"),
        ({"start": "January"}, "'January' is not a day"),
        ({"url": "ftp://x"}, "is no address"),
    ],
)
def test_what_cannot_be_meant_is_exit_code_2(pull, capsys, other, said):
    assert pull(**other) == 2
    assert said in capsys.readouterr().err


def test_a_symbol_is_given_once_and_as_it_is_spelt(pull, capsys):
    assert pull(symbols=("BTCUSDT", "BTCUSDT")) == 2
    pair = ("BTCUSD_PERP", "BTCUSD_230331")  # of coin margins the index is the pair's
    assert pull(market="cm", kind="index", symbols=pair) == 2
    assert "two have the same files" in capsys.readouterr().err
    assert pull(symbols=("btc/usdt",)) == 2
    assert "next: write BTCUSDT" in capsys.readouterr().err
