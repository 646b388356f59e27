"""A place in a bucket is a path like any other, and is written as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import quorate
from quorate.errors import ConfigError
from quorate.lake.address import ObjectPath, in_bucket, is_object, located
from quorate.lake.spec import PanelSpec, Source, check, from_plain, plain

WHERE = "s3://bucket/lake/vendor=a/kind=ohlcv/interval=5m"


def test_a_place_is_put_together_and_taken_apart():
    root = located("s3://bucket/lake/")
    path = root / "symbol=A" / "month=2024-01" / "part.parquet"
    assert str(path) == "s3://bucket/lake/symbol=A/month=2024-01/part.parquet"
    assert (path.name, path.parent.name) == ("part.parquet", "month=2024-01")
    assert path.parents[2] == root
    assert type(path.parent) is type(path.with_name("other")) is ObjectPath
    assert in_bucket(path) == ("bucket", "lake/symbol=A/month=2024-01/part.parquet")
    assert in_bucket(located("s3://bucket")) == ("bucket", "")


def test_a_path_that_lost_a_stroke_is_found_again():
    for given in ("s3://bucket/lake", Path("s3://bucket/lake"), located("s3://bucket/lake")):
        assert str(located(given)) == "s3://bucket/lake"
        assert is_object(Path(given))


@pytest.mark.parametrize("given", ["lake", "/data/s3:/x", "./s3", "", "."])
def test_a_folder_stays_one(given):
    assert located(given) == Path(given)
    assert not is_object(located(given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("s3://", "s3:// is no place in a bucket"),
        ("s3://bucket/../other", r"s3://bucket/\.\./other is no place"),
        ("gs://bucket/lake", "gs://bucket/lake is of a storage that is not known"),
        ("https://bucket.example/lake", "is of a storage that is not known"),
    ],
)
def test_what_is_no_place_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        located(given)


@pytest.mark.parametrize("path", [Path(WHERE), located(WHERE)])
def test_a_panel_says_where_it_was_read_and_finds_it_again(path):
    spec = PanelSpec((Source(path, "okx_swap", "perp", funding=path),))
    told = plain(spec)["sources"][0]
    assert told["path"] == told["funding"] == WHERE
    assert str(from_plain(plain(spec)).sources[0].path) == WHERE


def test_two_venues_are_not_read_from_one_place():
    with pytest.raises(ConfigError, match="are both read from"):
        check(
            PanelSpec(
                tuple(Source(Path(WHERE), venue, "perp") for venue in ("okx_swap", "bybit_linear"))
            )
        )


@pytest.mark.parametrize("given", ["s3://bucket/runs", Path("s3://bucket/runs")])
def test_runs_and_panels_are_not_kept_in_a_bucket(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = quorate.demo(days=2)
    for ask in (
        lambda: quorate.keep(panel, given),
        lambda: quorate.run(panel, out=given),
        lambda: quorate.reconcile_data(["a", "b"], kind="spot", to=given),
    ):
        with pytest.raises(ConfigError, match="in a bucket, and only a lake"):
            ask()
    assert list(tmp_path.iterdir()) == []
