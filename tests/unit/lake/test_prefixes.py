"""A symbol in a bucket: the same rows as on disk, one manifest that counts, nothing half there."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.lake.builders import START_MS, bars, put

import quorate
from quorate.errors import DataError, StorageError
from quorate.lake import cached, disk, inventory, layout, manifest, months, objects, prefixes

KEY = layout.Key("binance_spot", "ohlcv", "1h")
LATER = START_MS * 2
MONTH = 28 * 24


def hours(n=MONTH + 10, **given):
    return bars(n, minutes=60, **given)


@pytest.fixture
def place(bucket):
    """Return a symbol of two months."""
    layout.write(hours(), bucket.root, KEY, "A")
    return layout.folder(bucket.root, KEY) / "symbol=A"


def named(bucket):
    """Return every object's name without what leads to the symbols."""
    return [key.rpartition("interval=1h/")[2] for key in bucket.kept()]


def test_rows_digests_and_manifests_are_those_of_a_disk(bucket, tmp_path):
    for root in (bucket.root, tmp_path):
        layout.write(hours(), root, KEY, "A")
        layout.write(put(hours(5), 2, close=100.21), root, KEY, "A", known_at=LATER)
        layout.write(hours(30, price=7.0), root, KEY, "B")
    there, here = (layout.folder(root, KEY) for root in (bucket.root, tmp_path))
    for symbol in "AB":
        assert manifest.load(there / f"symbol={symbol}") == manifest.load(here / f"symbol={symbol}")
    for as_of in (None, LATER - 1):
        found = [layout.read(root, KEY, as_of=as_of) for root in (bucket.root, tmp_path)]
        assert_frame_equal(*found)
    paths = [layout.files(where) for where in (there, here)]
    assert [str(path.relative_to(here)) for each in paths[1].values() for path in each] == [
        str(path).removeprefix(f"{there}/") for each in paths[0].values() for path in each
    ]
    assert_frame_equal(inventory.symbols(bucket.root), inventory.symbols(tmp_path))


def test_a_month_is_named_by_its_hash_and_the_old_one_goes(bucket, place):
    def expected():
        return [
            "symbol=A/manifest.json",
            *(
                f"symbol=A/month={month}/part-{each.sha256[:16]}.parquet"
                for month, each in manifest.load(place).items()
            ),
        ]

    before = named(bucket)
    assert before == expected()
    layout.write(put(hours(3), 1, close=100.11), bucket.root, KEY, "A", known_at=LATER)
    assert named(bucket) == expected()
    assert len(set(before) & set(named(bucket))) == 2


@pytest.mark.usefixtures("place")
def test_what_is_known_is_not_put_again(bucket):
    bucket.asked.clear()
    assert layout.write(hours(), bucket.root, KEY, "A") == ()
    assert {method for method, _ in bucket.asked} == {"GET"}


@pytest.mark.usefixtures("place")
def test_a_month_is_fetched_once_and_again_if_it_is_lost_here(bucket):
    def n_fetched():
        bucket.asked.clear()
        assert layout.read(bucket.root, KEY).height == MONTH + 10
        return sum("part-" in key for _, key in bucket.asked)

    assert [n_fetched(), n_fetched()] == [2, 0]
    for path in (cached.home() / "lake").glob("*/*"):
        path.unlink()
    assert n_fetched() == 2


@pytest.mark.parametrize("as_of", [None, "2023-05-01"])
def test_a_panel_is_that_of_a_disk_and_fetches_each_month_once(bucket, tmp_path, as_of):
    for root in (bucket.root, tmp_path):
        layout.write(hours(120 * 24), root, KEY, "A")

    def loaded(root):
        where = layout.folder(root, KEY)
        return quorate.load(where, venue="binance_spot", kind="spot", as_of=as_of)

    bucket.asked.clear()
    panel, other = loaded(bucket.root), loaded(tmp_path)
    assert panel.source.digest == other.source.digest
    assert panel.bars.close.tobytes() == other.bars.close.tobytes()
    mine, theirs = (each.certificate.venues[0][0] for each in (panel, other))
    assert mine._replace(folder="") == theirs._replace(folder="")
    keys = Counter(key.rpartition("/")[2][:5] for _, key in bucket.asked)
    assert (keys["part-"], keys["manif"]) == (4, 3)


@pytest.mark.usefixtures("place")
def test_only_the_symbols_asked_for_are_looked_at(bucket):
    layout.write(hours(5), bucket.root, KEY, "B")
    bucket.asked.clear()
    assert layout.read(bucket.root, KEY, ["A"]).height == MONTH + 10
    assert not [key for _, key in bucket.asked if "symbol=B" in key]
    with pytest.raises(DataError, match="no files for C") as caught:
        layout.read(bucket.root, KEY, ["A", "C"])
    assert "A, B" in caught.value.hint


def test_a_second_writer_in_between_is_merged_with(bucket, place, monkeypatch):
    was, turns = objects.swap, iter([1, 2])

    def swap(path, content, tag):
        n = next(turns, None)
        if n is not None:  # twice somebody is faster
            with monkeypatch.context() as other:
                other.setattr(objects, "swap", was)
                row = put(hours(9), n, close=50.0 + n)[n : n + 1]
                layout.write(row, bucket.root, KEY, "A", known_at=LATER + n)
        return was(path, content, tag)

    monkeypatch.setattr(objects, "swap", swap)
    layout.write(put(hours(9), 5, close=55.0)[5:6], bucket.root, KEY, "A", known_at=LATER)
    read = layout.read(bucket.root, KEY)
    assert [read["close"][n] for n in (1, 2, 5)] == [51.0, 52.0, 55.0]
    assert manifest.load(place)["2023-02"].rows == MONTH + 3


def test_a_writer_that_is_never_the_first_gives_up(bucket, place, monkeypatch):
    before = manifest.load(place)
    monkeypatch.setattr(objects, "swap", lambda *_: False)
    with pytest.raises(DataError, match="is being written by others, 5 times faster"):
        layout.write(put(hours(9), 5, close=55.0), bucket.root, KEY, "A", known_at=LATER)
    assert manifest.load(place) == before


def test_a_writer_whose_month_went_away_begins_anew(bucket, place, monkeypatch):
    was, turns = prefixes.Prefix.content, iter([1])

    def content(draft, month):
        if next(turns, None):
            row = put(hours(9), 1, close=51.0)[1:2]
            layout.write(row, bucket.root, KEY, "A", known_at=LATER + 1)
        return was(draft, month)

    monkeypatch.setattr(prefixes.Prefix, "content", content)
    layout.write(put(hours(9), 5, close=55.0)[5:6], bucket.root, KEY, "A", known_at=LATER)
    assert manifest.load(place)["2023-02"].rows == MONTH + 2


def test_a_reader_finds_what_took_the_place_of_what_it_was_going_to_read(
    bucket, place, monkeypatch
):
    was, turns = manifest.load, iter([1, 2])

    def load(where, name=manifest.NAME):
        found = was(where, name)
        if next(turns, None) == 1:
            layout.write(put(hours(9), 1, close=51.0), bucket.root, KEY, "A", known_at=LATER)
        return found

    paths = layout.files(place.parent)["A"]
    monkeypatch.setattr(manifest, "load", load)
    assert months.rows(paths).height == MONTH + 10 + 1


def test_files_that_were_listed_before_a_write_are_listed_again(bucket, place, monkeypatch):
    was, turns = objects.names, iter([1])

    def names(where):
        found = was(where)
        if next(turns, None):
            layout.write(put(hours(9), 1, close=51.0), bucket.root, KEY, "A", known_at=LATER)
        return found

    monkeypatch.setattr(objects, "names", names)
    assert len(layout.files(place.parent)["A"]) == 2


@pytest.mark.parametrize("harm", ["cut short", "other rows"])
def test_a_damaged_object_is_named_wherever_it_is_read(bucket, place, harm):
    (path, _) = [path for path in objects.names(place) if "part-" in path.name]
    content = objects.found(path).content
    other = pl.read_parquet(content).with_columns(close=pl.lit(1.0))
    objects.replace(path, content[:200] if harm == "cut short" else disk.parquet(other))
    for reading in (
        lambda: layout.read(bucket.root, KEY),
        lambda: layout.write(hours(1, price=9.0), bucket.root, KEY, "A", known_at=LATER),
        lambda: layout.verify(place),
    ):
        with pytest.raises(DataError, match=r"part-\w{16}\.parquet is damaged"):
            reading()


def test_an_object_that_is_gone_is_named(place):
    paths = layout.files(place.parent)["A"]
    objects.drop([path for path in objects.names(place) if "month=2023-02" in str(path)])
    for reading in (
        lambda: layout.files(place.parent),
        lambda: months.rows(paths),
        lambda: layout.verify(place),
    ):
        with pytest.raises(DataError, match=r"month=2023-02/part\.parquet is gone"):
            reading()
    with pytest.raises(DataError, match=r"month=2024-09/part\.parquet is in no manifest"):
        months.rows([place / "month=2024-09" / "part.parquet"])


def test_a_manifest_that_was_deleted_is_made_from_the_months(bucket, place):
    before = manifest.load(place)
    for heal in (
        lambda: layout.verify(place),
        lambda: layout.write(hours(), bucket.root, KEY, "A"),
    ):
        objects.drop([place / manifest.NAME])
        assert layout.files(place.parent.parent / "interval=1h", ["A"]) == {}
        done = heal()
        assert done in {(), (f"{place}/manifest.json made whole",)}
        assert manifest.load(place) == before
    assert len(named(bucket)) == 3


def test_months_of_two_broken_first_writes_are_both_kept(bucket, place):
    before = manifest.load(place)
    found = months.rows(layout.files(place.parent)["A"][:1])
    objects.drop(path for path in objects.names(place) if "month=2023-03" not in str(path))
    for part in (found[:300], found[200:]):
        held = disk.parquet(part)
        name = f"part-{disk.digest(held)[:16]}.parquet"
        objects.replace(place / "month=2023-02" / name, held)
    layout.write(hours(3), bucket.root, KEY, "A")
    assert manifest.load(place) == before


def test_what_nothing_names_is_deleted_once_it_is_old(bucket, place, monkeypatch):
    stray = place / "month=2023-02" / "part-0123456789abcdef.parquet"
    mine = [place / "month=2023-02" / "notes.txt", place / "part-0123456789abcdef.parquet"]
    for path in (stray, *mine):
        objects.replace(path, b"x")
    assert layout.verify(place) == ()
    monkeypatch.setattr(prefixes, "GRACE", timedelta(seconds=-60))
    assert layout.verify(place) == (f"{stray} deleted: no manifest names it",)
    assert layout.verify(place) == ()
    assert set(mine) < set(objects.names(place))
    assert layout.read(bucket.root, KEY).height == MONTH + 10


def test_a_server_that_ignores_conditions_is_not_written_to(bucket, monkeypatch):
    import obstore

    was = obstore.put

    def put(*given, **more):
        return was(*given, **{**more, "mode": "overwrite"})

    monkeypatch.setattr(obstore, "put", put)
    with pytest.raises(StorageError, match="although their condition does not hold"):
        layout.write(hours(5), bucket.root, KEY, "A")
    assert bucket.kept() == []


def test_a_copied_folder_is_a_lake(bucket, tmp_path):
    layout.write(hours(), tmp_path, KEY, "A")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            objects.replace(bucket.root / path.relative_to(tmp_path), path.read_bytes())
    assert_frame_equal(layout.read(bucket.root, KEY), layout.read(tmp_path, KEY))
    place = layout.folder(bucket.root, KEY) / "symbol=A"
    assert layout.verify(place) == ()
    layout.write(put(hours(3), 1, close=100.11), bucket.root, KEY, "A", known_at=LATER)
    sha256 = manifest.load(place)["2023-02"].sha256
    assert named(bucket) == [
        "symbol=A/lock",
        "symbol=A/manifest.json",
        f"symbol=A/month=2023-02/part-{sha256[:16]}.parquet",
        "symbol=A/month=2023-03/part.parquet",
    ]


def test_a_place_without_a_lake_is_said(bucket):
    with pytest.raises(DataError, match="s3://bucket/lake is no lake"):
        inventory.places(bucket.root)
    where = layout.folder(bucket.root, KEY)
    with pytest.raises(DataError, match=f"nothing is stored under {where}"):
        layout.files(where)
    objects.replace(where / "A.parquet", b"rows")
    with pytest.raises(DataError, match="only a lake is read from a bucket"):
        layout.files(where)


def test_a_manifest_that_cannot_be_read_is_named(bucket, place):
    objects.replace(place / manifest.NAME, json.dumps({"form": 9}).encode())
    for reading in (
        lambda: layout.read(bucket.root, KEY),
        lambda: layout.write(hours(1), bucket.root, KEY, "A"),
    ):
        with pytest.raises(DataError, match=r"symbol=A/manifest\.json is of form 9"):
            reading()
