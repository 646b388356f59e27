"""A lake on disk and one in a bucket do the same: one list of checks for both."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store
from tests.unit.lake.test_archive import KEY as HOURLY
from tests.unit.lake.test_archive import Puller, counted, spot
from tests.unit.venues.archive_site import site
from tests.unit.venues.building import markets

import quorate
from quorate.cli import run
from quorate.errors import DataError
from quorate.exchange.serving import served
from quorate.lake import layout, manifest, taken
from quorate.lake.layout import Key

KEY = Key("binance_spot", "ohlcv", "5m")
LATER = datetime(2024, 1, 1, tzinfo=UTC)
START = datetime.fromtimestamp(START_MS / 1e3, UTC)


@pytest.fixture(params=["disk", "bucket"])
def root(request, tmp_path):
    """Return an empty lake's place."""
    if request.param == "disk":
        return tmp_path / "lake"
    return request.getfixturevalue("bucket").root


@pytest.fixture
def lake(root, tmp_path):
    """Return a lake of two coins and their funding, brought in from files."""
    folder = store(tmp_path / "plain", A=bars(9_000), B=bars(9_000, price=50.0))
    paid = store(
        tmp_path / "paid",
        **dict.fromkeys(
            "AB", settlements([START_MS + n * 28_800_000 for n in range(95)], [1e-4] * 95)
        ),
    )
    said = {"lake": str(root), "vendor": "okx_swap", "corrected_at": LATER}
    quorate.import_data(folder, kind="ohlcv", **said).raise_if_failed()
    quorate.import_data(paid, kind="funding", **said).raise_if_failed()
    return root


def test_the_commands_import_list_and_verify(root, tmp_path, capsys):
    folder = store(tmp_path / "plain", A=bars(600), B=bars(300, price=50.0))
    words = ["data", "import", str(folder), "--lake", str(root), "--vendor", "binance_spot"]
    assert run(words) == 0
    said = capsys.readouterr().out
    assert "899 rows added to 2 of 2 symbols" in said
    assert said.splitlines()[-1] == str(layout.folder(root, KEY))
    store(folder, A=put(bars(610), 7, close=100.75))
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_added"], len(told["corrections"])) == (11, 1)
    assert run(["data", "ls", str(root), "--symbols", "--verify", "--json"]) == 0
    told = capsys.readouterr()
    assert "every file is as it was written" in told.err
    found = [(row["symbol"], row["rows"], row["corrections"]) for row in json.loads(told.out)]
    assert found == [("A", 609, 1), ("B", 300, 0)]


def test_history_and_as_of(root):
    layout.write(bars(20), root, KEY, "A")
    layout.write(put(bars(20), 7, close=100.75)[7:8], root, KEY, "A", known_at=LATER)
    assert layout.history(root, KEY)["close"].len() == 21
    read = [
        layout.read(root, KEY, as_of=when)["close"][7]
        for when in (None, LATER, START_MS + 86_400_000)
    ]
    assert read == [100.75, 100.75, pytest.approx(100.7)]
    assert layout.read(root, KEY, start=START + timedelta(minutes=90)).height == 2


def test_a_check_of_bars(lake, capsys):
    where = str(layout.folder(lake, Key("okx_swap", "ohlcv", "5m")))
    assert run(["data", "check", where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == where
    assert [row["n_rows"] for row in told["coins"]] == [8_999, 8_999]


def test_a_panel_and_where_it_says_it_was_read(lake):
    bars_of, paid = (
        layout.folder(lake, Key("okx_swap", *each))
        for each in (("ohlcv", "5m"), ("funding", "event"))
    )
    panel = quorate.load(str(bars_of), venue="okx_swap", kind="perp", funding=str(paid))
    assert panel.symbols == ("A", "B")
    told = panel.source.made["sources"][0]
    assert (told["path"], told["funding"]) == (str(bars_of), str(paid))
    assert panel.certificate.venues[0][0].folder == str(bars_of)
    again = quorate.load(
        bars_of, venue="okx_swap", kind="perp", funding=paid, as_of=LATER - timedelta(days=1)
    )
    assert again.bars.close.tobytes() == panel.bars.close.tobytes()


def test_a_venue_is_pulled_on_from_where_the_lake_ends(root, capsys):
    words = ["data", "pull", "venue", "binance", "--symbols", "BTC/USDT", "ETH/USDT"]
    words += ["--start", "2023-11-14", "--json", "--lake", str(root)]
    with served(markets(2_500, coins=("BTC", "ETH"))) as server:
        for n_new in (2 * 2_499, 0):
            assert run([*words, "--url", server.url]) == 0
            assert json.loads(capsys.readouterr().out)["n_new"] == n_new
        listed = [*words[:4], "--kind", "instruments", "--lake", str(root), "--json"]
        for is_new in (True, False):
            assert run([*listed, "--url", server.url]) == 0
            told = json.loads(capsys.readouterr().out)
            assert told
            assert all(row["is_new"] == is_new for row in told)
    assert layout.read(root, KEY).height == 2 * 2_499
    assert quorate.verify(str(root)) == []


def test_an_archive_is_pulled_and_only_what_is_new_is_taken_again(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with site() as archive:
        spot(archive, "2022-11", "2022-12", "2023-01")
        puller = Puller(archive, root)
        for taken_and_known in ((2, 0), (1, 2), (0, 3)):
            end = "2023-01-01" if taken_and_known[0] == 2 else "2023-02-01"
            found = puller("2022-11-01", end, "BTCUSDT")
            found.raise_if_failed()
            assert counted(found)[:2] == taken_and_known
    assert found.folder == str(layout.folder(root, HOURLY))
    assert layout.read(root, HOURLY).height == (30 + 31 + 31) * 24
    assert len(taken.read(root, HOURLY, "BTCUSDT")) == 3
    assert [path for path in taken.cache(root, HOURLY).rglob("*") if path.is_file()] == []
    assert {path.name for path in tmp_path.iterdir()} <= {"lake"}


def test_a_symbol_that_lost_its_manifest_is_made_whole(lake):
    place = layout.folder(lake, Key("okx_swap", "ohlcv", "5m")) / "symbol=A"
    before = manifest.load(place)
    for path in _of(place):
        if path.name == manifest.NAME:
            _delete(path)
    assert quorate.verify(lake) == [f"{place / manifest.NAME} made whole"]
    assert manifest.load(place) == before


def test_a_month_that_is_gone_is_named(lake):
    where = layout.folder(lake, Key("okx_swap", "ohlcv", "5m"))
    for path in _of(where / "symbol=A" / "month=2023-02"):
        _delete(path)
    for reading in (
        lambda: quorate.verify(lake),
        lambda: quorate.check_data(str(where)),
        lambda: quorate.load(str(where), venue="okx_swap", kind="perp", assume_funding=1e-4),
    ):
        with pytest.raises(DataError, match=r"month=2023-02/part\.parquet is gone"):
            reading()


def test_nothing_is_left_on_this_machine_but_the_cache(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layout.write(bars(20), root, KEY, "A")
    assert layout.read(root, KEY).height == 20
    assert {path.name for path in tmp_path.iterdir()} <= {"lake"}


def test_what_is_no_lake_is_told(root):
    with pytest.raises(DataError, match="is no lake"):
        quorate.stock(root)
    with pytest.raises(DataError, match="so no bars can be read from it"):
        quorate.check_data(root)


def test_columns_of_months_may_differ(root):
    layout.write(bars(10), root, KEY, "A")
    more = bars(10, start_ms=START_MS + 40 * 86_400_000).with_columns(taker_buy_volume=pl.lit(3.0))
    layout.write(more, root, KEY, "A")
    assert layout.read(root, KEY)["taker_buy_volume"].null_count() == 10


def _of(where):
    """Return the files below a place."""
    from quorate.lake import objects
    from quorate.lake.address import is_object

    return list(objects.names(where) if is_object(where) else where.rglob("*.*"))


def _delete(path):
    from quorate.lake import objects
    from quorate.lake.address import is_object

    objects.drop([path]) if is_object(path) else path.unlink()
