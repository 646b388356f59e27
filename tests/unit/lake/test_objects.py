"""Bytes of one object of a bucket: whole, put if nobody was faster, and errors in words."""

from __future__ import annotations

import builtins
import subprocess
import sys
from datetime import timedelta

import pytest
from tests.bucket import NAME

from quorate.errors import ConfigError, StorageError, StorageUnavailableError
from quorate.lake import objects
from quorate.lake.address import located
from quorate.lake.objects import Patience

HASTY = Patience(timedelta(seconds=0.5), timedelta(seconds=0.5), 2, timedelta(seconds=2))


@pytest.fixture
def path(bucket, monkeypatch):
    """Return a place for an object, of a client that soon gives up."""
    monkeypatch.setattr(objects, "PATIENCE", HASTY)
    return bucket.root / "month=2024-01" / "part.parquet"


def test_an_object_is_what_was_put(path):
    assert objects.found(path) is None
    objects.replace(path, b"one")
    objects.replace(path, b"two")
    assert objects.found(path).content == b"two"
    objects.drop([path, path.with_name("never-there")])
    objects.drop([])
    assert objects.found(path) is None


def test_a_swap_fails_if_somebody_was_faster(path):
    assert objects.swap(path, b"one", None)
    assert not objects.swap(path, b"mine", None)
    tag = objects.found(path).tag
    assert objects.swap(path, b"two", tag)
    assert not objects.swap(path, b"mine", tag)
    assert objects.found(path).content == b"two"
    objects.drop([path])
    assert not objects.swap(path, b"mine", tag)
    assert objects.found(path) is None


@pytest.mark.parametrize("tag", [None, "of what is there"])
def test_a_swap_whose_answer_was_lost_was_ours(bucket, path, tag):
    if tag is not None:
        objects.replace(path, b"one")
        tag = objects.found(path).tag
    faults = iter(["deaf"])
    bucket.fault = lambda method, _: next(faults, None) if method == "PUT" else None
    bucket.asked.clear()
    assert objects.swap(path, b"mine", tag)
    assert [method for method, _ in bucket.asked] == ["PUT", "PUT", "GET"]
    assert objects.found(path).content == b"mine"


@pytest.mark.parametrize("fault", [503, 500, "cut"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_passes_is_asked_again(bucket, path, fault, method):
    objects.replace(path, b"one")
    faults = iter([fault, fault])
    bucket.fault = lambda asked, _: next(faults, None) if asked == method else None
    if method == "PUT":
        objects.replace(path, b"two")
    assert objects.found(path).content == (b"two" if method == "PUT" else b"one")
    assert next(faults, None) is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (503, r"it answered 503 \S+( \S+)* \(SlowDown\)"),
        ("cut", "it cut the connection"),
        ("hang", "it gave no answer in time"),
    ],
)
def test_what_does_not_pass_is_said(bucket, path, fault, said):
    bucket.fault = lambda *_: fault
    for ask in (lambda: objects.found(path), lambda: objects.replace(path, b"")):
        with pytest.raises(StorageUnavailableError, match=said) as caught:
            ask()
        assert caught.value.retryable
        assert str(path) in caught.value.message
        assert "AWS_ENDPOINT_URL" in caught.value.hint


def test_a_server_that_is_not_there(path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailableError, match=r"127\.0\.0\.1:9 .* refused the connection"):
        objects.found(path)


def test_the_address_of_s3_alone_counts_first(path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailableError, match="refused the connection"):
        objects.found(path)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(bucket, path, status):
    bucket.fault = lambda *_: status
    with pytest.raises(StorageError, match="does not allow") as caught:
        objects.found(path)
    assert not caught.value.retryable
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint
    assert "a-secret" not in str(caught.value)


def test_another_region_is_said(bucket, path):
    bucket.fault = lambda *_: 301
    with pytest.raises(StorageError, match="the bucket bucket is of another region") as caught:
        objects.found(path)
    assert "AWS_REGION" in caught.value.hint


@pytest.mark.usefixtures("path")
def test_no_bucket_is_said_whatever_is_asked():
    gone = located("s3://elsewhere/lake")
    for ask in (
        lambda: objects.found(gone / "x"),
        lambda: objects.replace(gone / "x", b""),
        lambda: objects.swap(gone / "x", b"", None),
        lambda: objects.names(gone),
        lambda: objects.folders(gone),
    ):
        with pytest.raises(StorageError, match="there is no bucket elsewhere at 127"):
            ask()


def test_no_key_is_said(bucket, path, monkeypatch):
    bucket.fault = lambda _, key: 404 if key.startswith("latest/") else None
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # the machine's own key is asked for where a cloud has it: here nobody answers
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=f"by what key the bucket {NAME} opens") as caught:
        objects.found(path)
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    # a machine that has no role; one that is told not to be asked
    for name, value in (
        ("AWS_METADATA_ENDPOINT", bucket.url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        bucket.asked.clear()
        monkeypatch.setenv(name, value)
        with pytest.raises(StorageError, match=f"by what key the bucket {NAME} opens"):
            objects.found(path)
        assert bool(bucket.asked) == (value == bucket.url)


def test_a_package_that_is_not_installed_is_named(path, monkeypatch):
    was = builtins.__import__

    def lacking(name, *rest):
        if name.startswith("obstore"):
            raise ImportError(name)
        return was(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ConfigError, match="needs the package obstore") as caught:
        objects.found(path)
    assert 'pip install "quorate[s3]"' in caught.value.hint


def test_the_package_is_loaded_for_a_bucket_only():
    code = (
        "import sys, quorate; quorate.stock; from quorate.lake import layout; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "quorate.lake.objects" in done.stdout
    assert "obstore" not in done.stdout


@pytest.mark.usefixtures("path")
def test_names_and_folders_are_in_order(bucket):
    put = [bucket.root / f"kind={k}" / f"{n:03d}" for k in "ba" for n in (2, 1)]
    for each in put:
        objects.replace(each, b"xyz")
    assert list(objects.names(bucket.root)) == sorted(put)
    assert {each.size for each in objects.names(bucket.root).values()} == {3}
    assert [each.name for each in objects.folders(bucket.root)] == ["kind=a", "kind=b"]
    assert objects.names(bucket.root / "kind=") == {}


@pytest.mark.usefixtures("path")
def test_a_server_that_ignores_conditions_is_refused(bucket, monkeypatch):
    bucket.asked.clear()
    objects.check_conditions(bucket.root)
    objects.check_conditions(bucket.root)
    assert len(bucket.asked) == 3  # once a process
    objects._check_once.cache_clear()
    objects.check_conditions(bucket.root)
    assert len(bucket.asked) == 5  # what it tries with is there already
    objects._check_once.cache_clear()
    import obstore

    was = obstore.put
    for ignored in ("create", "e_tag"):

        def put(*given, ignored=ignored, mode=None, **more):
            keep = isinstance(mode, dict) != (ignored == "e_tag")
            return was(*given, **more, **({"mode": mode} if keep else {}))

        monkeypatch.setattr(obstore, "put", put)
        with pytest.raises(StorageError, match="although their condition does not hold"):
            objects.check_conditions(bucket.root)
