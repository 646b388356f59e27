"""Pull an archive on loopback into a lake: what is new, what changed, what is not there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from tests.unit.venues.archive_site import Fault, bars, site, zipped
from tests.unit.venues.test_http import QUICK

from quorate.errors import DataError, RateLimitError, VenueError, VenueUnavailableError
from quorate.lake import asking, layout, taken
from quorate.lake.archive import Wanted, pull
from quorate.lake.locking import writing
from quorate.venues.archive.names import VENDORS, series

KEY = layout.Key("binance_spot", "ohlcv", "1h")
TODAY = date(2023, 3, 4)


class Puller:
    """Pulls into one lake."""

    def __init__(self, archive, root):
        self.archive, self.root, self.told = archive, root, []

    def __call__(
        self,
        start="2023-01-01",
        end="2023-03-04",
        *symbols,
        market="spot",
        kind="ohlcv",
        today=TODAY,
        limits=QUICK,
    ):
        wanted = Wanted(
            series(market, kind, "1h"),
            date.fromisoformat(start),
            date.fromisoformat(end),
            symbols or None,
            self.archive.url,
            self.archive.url,
        )
        self.told = []
        self.archive.log.clear()
        return pull(
            self.root,
            wanted,
            today=today,
            at="2023-03-04T12:00:00+00:00",
            limits=limits,
            told=self.told.append,
        )

    def rows(self, symbol="BTCUSDT", key=KEY):
        return layout.read(self.root, key, [symbol])


@pytest.fixture
def archive():
    with site() as served:
        yield served


@pytest.fixture
def puller(archive, tmp_path):
    return Puller(archive, tmp_path)


def spot(archive, *periods, **how):
    return [archive.bars(period, interval="1h", **how) for period in periods]


def counted(found, symbol="BTCUSDT"):
    row = next(row for row in found.symbols.to_dicts() if row["symbol"] == symbol)
    return row["n_taken"], row["n_known"], row["n_rows"]


@pytest.mark.parametrize("has_list", [True, False])
def test_months_that_are_over_come_whole_and_the_running_one_by_days(archive, puller, has_list):
    archive.has_list = has_list
    keys = spot(archive, "2023-01", "2023-02", "2023-03-01", "2023-03-02", "2023-03-03")
    found = puller("2023-01-01", "2023-03-04", "BTCUSDT")
    assert sorted(archive.asked()) == sorted(keys)
    assert counted(found) == (5, 0, (31 + 28 + 3) * 24)
    rows = puller.rows()
    assert rows["ts"].dt.epoch("ms").diff().drop_nulls().unique().to_list() == [3_600_000]
    assert rows["ts"][-1] == datetime(2023, 3, 3, 23, tzinfo=UTC)
    assert found.missing.is_empty()
    found.raise_if_failed()


@pytest.mark.parametrize("has_list", [True, False])
def test_a_second_run_fetches_nothing(archive, puller, has_list):
    archive.has_list = has_list
    spot(archive, "2023-01", "2023-02", "2023-03-01", "2023-03-02", "2023-03-03")
    puller("2023-01-01", "2023-03-04", "BTCUSDT")
    before = {path: path.stat().st_mtime_ns for path in puller.root.rglob("*.parquet")}
    found = puller("2023-01-01", "2023-03-04", "BTCUSDT")
    assert archive.asked() == []
    assert len(archive.asked(".CHECKSUM")) == (0 if has_list else 5)
    assert counted(found) == (0, 5, 0)
    assert {path: path.stat().st_mtime_ns for path in puller.root.rglob("*.parquet")} == before


def test_a_later_run_fetches_only_the_days_since(archive, puller):
    spot(archive, "2023-01", "2023-02", "2023-03-01", "2023-03-02", "2023-03-03")
    puller("2023-01-01", "2023-03-03", "BTCUSDT", today=date(2023, 3, 3))
    found = puller("2023-01-01", "2023-03-04", "BTCUSDT")
    assert [key[-14:-4] for key in archive.asked()] == ["2023-03-03"]
    assert counted(found) == (1, 4, 24)


@pytest.mark.parametrize("has_list", [True, False])
def test_days_stand_in_for_a_month_that_is_not_out_yet(archive, puller, has_list):
    archive.has_list = has_list
    spot(archive, "2023-01", *(f"2023-02-{day:02d}" for day in range(1, 29) if day not in {3, 4}))
    found = puller("2023-01-01", "2023-03-01", "BTCUSDT")
    assert counted(found) == (27, 0, (31 + 26) * 24)
    assert found.missing.rows() == [("BTCUSDT", date(2023, 2, 3), date(2023, 2, 4))]
    found.raise_if_failed()
    # then the month comes out, and takes the place of its days
    spot(archive, "2023-02")
    again = puller("2023-01-01", "2023-03-01", "BTCUSDT")
    assert [key[-11:-4] for key in archive.asked()] == ["2023-02"]
    assert again.missing.is_empty()
    assert puller.rows().height == (31 + 28) * 24
    assert again.corrections.is_empty()


def test_a_list_that_names_what_is_gone_leads_to_the_days(archive, puller):
    month, *_ = spot(archive, "2023-01", "2023-01-01", "2023-01-02")
    archive.faults[f"{month}.CHECKSUM"] = [Fault(status=404)]
    found = puller("2023-01-01", "2023-01-04", "BTCUSDT")
    assert counted(found) == (2, 0, 48)
    assert found.missing.rows() == [("BTCUSDT", date(2023, 1, 3), date(2023, 1, 3))]


def test_a_correction_is_fetched_written_and_told(archive, puller):
    key = spot(archive, "2023-01")[0]
    puller("2023-01-01", "2023-02-01", "BTCUSDT")
    was = archive.files[f"{key}.CHECKSUM"].decode()[:64]
    lines = bars("2023-01", "1h").splitlines()
    fields = lines[5].split(",")
    fields[4] = "999.5"
    changed = [*lines[:5], ",".join(fields), *lines[6:-2]]  # one other, two gone
    archive.put(key, zipped(key, "\n".join(changed) + "\n"))
    found = puller("2023-01-01", "2023-02-01", "BTCUSDT")
    now = archive.files[f"{key}.CHECKSUM"].decode()[:64]
    row = ("BTCUSDT", "BTCUSDT-1h-2023-01.zip", was, now, 1, 0, 2)
    assert found.corrections.rows() == [row]
    assert puller.rows()["close"][5] == 999.5
    assert puller.rows().height == 31 * 24
    again = puller("2023-01-01", "2023-02-01", "BTCUSDT")
    assert again.corrections.is_empty()
    assert archive.asked() == []
    lines = (puller.root / ".pull/archive/binance_spot/ohlcv/1h/BTCUSDT.jsonl").read_text()
    assert [json.loads(line)["sha256"] for line in lines.splitlines()] == [was, now]


def test_a_file_packed_anew_with_the_same_rows_is_told_as_such(archive, puller):
    key = spot(archive, "2023-01")[0]
    puller("2023-01-01", "2023-02-01", "BTCUSDT")
    archive.put(key, zipped(key, bars("2023-01", "1h", header=True)))
    found = puller("2023-01-01", "2023-02-01", "BTCUSDT")
    assert found.corrections.select("n_changed", "n_added", "n_gone").rows() == [(0, 0, 0)]


def test_a_month_that_differs_from_its_days_is_told(archive, puller):
    spot(archive, "2023-02-01", price=50.0)
    puller("2023-02-01", "2023-02-02", "BTCUSDT")
    spot(archive, "2023-02")
    found = puller("2023-02-01", "2023-02-02", "BTCUSDT")
    (row,) = found.corrections.to_dicts()
    assert (row["was_sha256"], row["n_changed"], row["n_added"]) == ("", 24, 27 * 24)


def test_a_month_deleted_from_the_lake_is_fetched_again(archive, puller):
    spot(archive, "2023-01", "2023-02")
    puller("2023-01-01", "2023-03-01", "BTCUSDT")
    next(puller.root.rglob("month=2023-01")).rename(puller.root / "elsewhere")
    for manifest in puller.root.rglob("manifest.json"):
        manifest.unlink()
    assert counted(puller("2023-01-01", "2023-03-01", "BTCUSDT")) == (1, 1, 31 * 24)


def test_without_names_all_pairs_in_dollars_come_the_dead_ones_too(archive, puller):
    spot(archive, "2023-01", "2023-02")
    spot(archive, "2023-01", symbol="FTTUSDT")
    spot(archive, "2023-02-27", symbol="NEWUSDT")
    spot(archive, "2023-01", symbol="ETHBTC")
    archive.page = 2
    found = puller("2023-01-01", "2023-03-01")
    assert found.symbols["symbol"].to_list() == ["BTCUSDT", "FTTUSDT", "NEWUSDT"]
    assert found.missing.rows()[0] == ("FTTUSDT", date(2023, 2, 1), date(2023, 2, 28))
    found.raise_if_failed()


def test_without_names_and_without_a_list_names_are_asked_for(archive, puller):
    archive.has_list = False
    with pytest.raises(VenueError, match="does not list the symbols") as info:
        puller("2023-01-01", "2023-02-01")
    assert "--symbols" in info.value.hint


def test_a_misspelt_symbol_is_a_failure_that_says_so(archive, puller):
    spot(archive, "2023-01")
    found = puller("2023-01-01", "2023-02-01", "BTCUSDT", "BTCUSDC")
    assert counted(found)[0] == 1
    with pytest.raises(DataError, match=r"nothing is published under .*BTCUSDC/1h/") as info:
        found.raise_if_failed()
    assert "spelling" in info.value.hint


@pytest.mark.parametrize("market", ["um", "cm"])
@pytest.mark.parametrize("kind", ["mark", "index"])
def test_marks_and_indices_of_perpetuals(archive, puller, market, kind):
    symbol = "BTCUSDT" if market == "um" else "BTCUSD_PERP"
    filed = "BTCUSD" if (market, kind) == ("cm", "index") else symbol
    spot(archive, "2023-01", symbol=filed, market=market, kind=kind, header=True)
    found = puller("2023-01-01", "2023-02-01", symbol, market=market, kind=kind)
    assert counted(found, symbol) == (1, 0, 744)
    rows = puller.rows(symbol, layout.Key(VENDORS[market], kind, "1h"))
    assert rows.columns[:5] == ["ts", "open", "high", "low", "close"]


def test_funding_has_months_alone_and_the_running_one_is_told(archive, puller):
    archive.funding("2023-01")
    archive.funding("2023-02")
    found = puller("2023-01-01", "2023-03-04", "BTCUSDT", market="um", kind="funding")
    assert counted(found) == (2, 0, 59 * 3)
    assert found.missing.rows() == [("BTCUSDT", date(2023, 3, 1), date(2023, 3, 3))]
    rows = puller.rows(key=layout.Key("binance_usdm", "funding", "event"))
    assert rows["ts"][0] == datetime(2023, 1, 1, 0, 0, 0, 9000, tzinfo=UTC)
    assert rows["funding_rate"].max() < 0.001


def test_an_end_beyond_today_is_told(archive, puller):
    spot(archive, "2023-03-03")
    found = puller("2023-03-03", "2024-01-01", "BTCUSDT")
    assert found.notes == ("from 2023-03-04 on nothing can be published yet",)


def test_a_bad_file_does_not_keep_the_others_from_coming(archive, puller):
    _, wrong, cut, odd = (
        spot(archive, "2023-01", symbol=symbol)[0]
        for symbol in ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
    )
    archive.put(wrong, archive.files[wrong], checksum="1" * 64)
    archive.put(cut, archive.files[cut][:900])
    archive.put(odd, zipped(odd, "1,2,3\n"))
    found = puller("2023-01-01", "2023-02-01", "AUSDT", "BUSDT", "CUSDT", "DUSDT")
    said = dict(found.failures.select("symbol", "why").rows())
    assert sorted(said) == ["BUSDT", "CUSDT", "DUSDT"]
    assert "its checksum file says 1111" in said["BUSDT"]
    assert "cannot be unpacked" in said["CUSDT"]
    assert "are not 12 columns" in said["DUSDT"]
    assert puller.rows("AUSDT").height == 744
    assert list(layout.files(layout.folder(puller.root, KEY))) == ["AUSDT"]
    assert list((puller.root / ".pull/cache").rglob("*.zip*")) == []
    with pytest.raises(DataError, match="not taken: BUSDT"):
        found.raise_if_failed()
    # the vendor mends its files; the next run takes them and them alone
    for key in (wrong, cut, odd):
        archive.put(key, zipped(key, bars("2023-01", "1h")))
    again = puller("2023-01-01", "2023-02-01", "AUSDT", "BUSDT", "CUSDT", "DUSDT")
    assert sorted(archive.asked()) == sorted([wrong, cut, odd])
    again.raise_if_failed()


def test_one_bad_day_does_not_keep_the_other_days_from_coming(archive, puller):
    keys = spot(archive, "2023-03-01", "2023-03-02", "2023-03-03")
    archive.put(keys[1], b"no zip")
    found = puller("2023-03-01", "2023-03-04", "BTCUSDT")
    assert counted(found) == (2, 0, 48)
    assert found.failures["file"].to_list() == ["BTCUSDT-1h-2023-03-02.zip"]


def test_what_a_kill_left_in_the_cache_goes_with_the_next_run(archive, puller):
    """It came between the record of a file and the end of its zip file."""
    spot(archive, "2023-01")
    puller("2023-01-01", "2023-02-01", "BTCUSDT")
    cache = taken.cache(puller.root, KEY)
    for name in (
        "BTCUSDT-1h-2023-01.zip",
        "BTCUSDT-1h-2023-01-05.zip.part",
        "ETHUSDT-1h-2023-01.zip",
    ):
        (cache / name).write_bytes(b"x")
    puller("2023-01-01", "2023-02-01", "BTCUSDT")
    assert [path.name for path in cache.iterdir()] == ["ETHUSDT-1h-2023-01.zip"]


def test_two_pulls_of_one_symbol_do_not_meet(archive, puller):
    """The second would take the first one's half files for its own, and note rows twice."""
    spot(archive, "2023-01")
    spot(archive, "2023-01", symbol="ETHUSDT")
    with asking.alone(taken.lock(puller.root, KEY, "BTCUSDT"), "BTCUSDT"):
        found = puller("2023-01-01", "2023-02-01", "BTCUSDT", "ETHUSDT")
        assert found.failures.select("symbol", "why").rows() == [
            ("BTCUSDT", "BTCUSDT is being pulled by another process")
        ]
        assert [key for key in archive.asked() if "BTC" in key] == []
    assert counted(found, "ETHUSDT") == (1, 0, 744)
    again = puller("2023-01-01", "2023-02-01", "BTCUSDT", "ETHUSDT")
    again.raise_if_failed()
    assert counted(again) == (1, 0, 744)


def test_a_symbol_that_an_import_is_writing_fails_alone(archive, puller):
    spot(archive, "2023-01")
    spot(archive, "2023-01", symbol="ETHUSDT")
    with writing(layout.folder(puller.root, KEY) / "symbol=BTCUSDT"):
        found = puller("2023-01-01", "2023-02-01", "BTCUSDT", "ETHUSDT")
    assert "is being written by another" in found.failures["why"].item()
    assert counted(found, "ETHUSDT") == (1, 0, 744)


def test_times_that_stand_twice_are_counted(archive, puller):
    key = spot(archive, "2023-01")[0]
    text = bars("2023-01", "1h")
    archive.put(key, zipped(key, text + text.splitlines()[-1] + "\n"))
    found = puller("2023-01-01", "2023-02-01", "BTCUSDT")
    assert found.symbols["n_doubled"].to_list() == [1]
    assert puller.rows().height == 744


def test_one_file_given_up_is_a_failure_and_a_dead_archive_ends_the_pull(archive, puller):
    keys = spot(archive, "2023-01", "2023-02")
    archive.faults[keys[0]] = [Fault(status=500)] * 6
    found = puller("2023-01-01", "2023-03-01", "BTCUSDT")
    assert counted(found)[0] == 1
    assert "answered 500" in found.failures["why"][0]
    for key in spot(archive, *(f"2022-{month:02d}" for month in range(1, 11))):
        archive.faults[key] = [Fault(status=503)] * 100
    with pytest.raises(VenueUnavailableError, match="answered 503"):
        puller("2022-01-01", "2022-11-01", "BTCUSDT")
    assert len(set(archive.asked())) <= 2 + QUICK.n_jobs


def test_a_ban_ends_the_pull_and_what_came_before_stays(archive, puller):
    keys = spot(archive, "2023-01", "2023-02")
    archive.faults[f"{keys[1]}.CHECKSUM"] = [
        Fault(status=418, headers=(("Retry-After", "7200"),), before=None)
    ]
    with pytest.raises(RateLimitError, match="left alone for 7200 s"):
        puller("2023-01-01", "2023-03-01", "BTCUSDT", limits=QUICK._replace(n_jobs=1))
    assert puller.rows().height == 744
    puller("2023-01-01", "2023-03-01", "BTCUSDT")
    assert archive.asked() == [keys[1]]


def test_everything_a_bad_day_has_ends_well(archive, puller):
    for n, key in enumerate(spot(archive, *(f"2022-{month:02d}" for month in range(1, 13)))):
        archive.faults[key] = [
            [Fault(stall=5_000)],
            [Fault(cut=9_000), Fault(cut=100)],
            [Fault(status=429, headers=(("Retry-After", "0"),))] * 2,
            [Fault(status=500)] * 3,
            [Fault(cut=0)],
            [],
        ][n % 6]
    found = puller("2022-01-01", "2023-01-01", "BTCUSDT")
    found.raise_if_failed()
    assert counted(found) == (12, 0, 365 * 24)
    assert puller.rows().height == 365 * 24


def test_progress_ends_at_all_there_was(archive, puller):
    keys = spot(archive, "2023-01", "2023-02", "2023-03-01", "2023-03-02")
    archive.faults[keys[0]] = [Fault(cut=9_000), Fault(whole=True)]
    puller("2023-01-01", "2023-03-04", "BTCUSDT")
    last, size = puller.told[-1], sum(len(archive.files[key]) for key in keys)
    assert last == (4, 4, size, size)
    archive.has_list = False
    puller("2023-01-01", "2023-03-04", "BTCUSDT")
    assert puller.told[-1][:2] == (4, 4)


def test_the_record_is_read_past_a_line_that_a_kill_cut_short(archive, puller):
    spot(archive, "2023-01", "2023-02")
    puller("2023-01-01", "2023-03-01", "BTCUSDT", limits=QUICK._replace(n_jobs=1))
    path = puller.root / ".pull/archive/binance_spot/ohlcv/1h/BTCUSDT.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert len(taken.read(puller.root, KEY, "BTCUSDT")) == 1
    assert counted(puller("2023-01-01", "2023-03-01", "BTCUSDT"))[:2] == (1, 1)
    assert len(path.read_text().splitlines()) == 2
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"line 1: .* is no record") as info:
        puller("2023-01-01", "2023-03-01", "BTCUSDT")
    assert "delete the file" in info.value.hint
