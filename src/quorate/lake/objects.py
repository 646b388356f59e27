"""Bytes of one object in an S3 bucket: read, put in one step, put only if nobody else did.

In: a path of object storage (``address``), and bytes. Out: the old object or the new one; a PUT is
whole or is not there. Where the bucket is and by what key it opens is told by the environment, as
for every tool that speaks S3: ``AWS_ENDPOINT_URL``, ``AWS_REGION``, ``AWS_ACCESS_KEY_ID`` ...
Only here is ``obstore`` imported, and only once a bucket is named. It asks again by itself, a
while, where a server says 503, cuts the connection or is not there.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from quorate.errors import ConfigError, DataError, StorageError, StorageUnavailableError
from quorate.lake.address import ObjectPath, in_bucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from obstore.store import S3Store


class Patience(NamedTuple):
    """How long a request may take, and how often it is made again."""

    timeout: timedelta = timedelta(seconds=30)
    connecting: timedelta = timedelta(seconds=5)
    n_retries: int = 5
    longest: timedelta = timedelta(seconds=60)


class Version(NamedTuple):
    """An object's bytes, and the server's mark of this version of it."""

    content: bytes
    tag: str


class Listed(NamedTuple):
    """What a list says of an object."""

    size: int
    modified: datetime


PATIENCE = Patience()
_PROBE: Final = ".conditional"
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_WHY: Final = (  # what the client's account of an error has in it, and what that means
    ("kind: Timeout", "it gave no answer in time"),
    ("ConnectionRefused", "it refused the connection"),
    ("dns error", "its name is not known"),
    ("IncompleteMessage", "it cut the connection"),
    ("ConnectionReset", "it cut the connection"),
    ("kind: Body", "it cut the connection"),
    ("kind: Connect", "it cannot be reached"),
)
_ROLES: Final = "http://169.254.169.254"
_ROLE_S: Final = 1.0
_METADATA: Final = ("/latest/api/token", "/latest/meta-data/")


def found(path: Path) -> Version | None:
    """Return an object, None where there is none.

    Raises
    ------
    StorageError
        The server does not answer, or refuses.
    """
    with _asking(path) as (store, key):
        import obstore

        try:
            got = obstore.get(store, key)
            return Version(bytes(got.bytes()), str(got.meta["e_tag"]))
        except FileNotFoundError as error:
            _check_bucket(path, error)
            return None


def replace(path: Path, content: bytes) -> None:
    """Put an object, whatever was there.

    Raises
    ------
    StorageError
        The server does not answer, or refuses: the object is then as it was, or the new one.
    """
    with _asking(path) as (store, key):
        import obstore

        obstore.put(store, key, content, use_multipart=False)


def swap(path: Path, content: bytes, tag: str | None) -> bool:
    """Put an object if it is still the version that was read; return whether it was.

    Parameters
    ----------
    path : Path
        Of the object.
    content : bytes
        What is to stand there.
    tag : str or None
        ``Version.tag`` of what was read; None if nothing was there.

    Raises
    ------
    StorageError
        The server does not answer, or refuses: nobody knows then which of the two stands there.

    Notes
    -----
    A server whose answer was lost is asked again, and says then that somebody was faster: it was
    this writer, if what stands there is what was to.
    """
    with _asking(path) as (store, key):
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            obstore.put(
                store,
                key,
                content,
                mode="create" if tag is None else {"e_tag": tag},
                use_multipart=False,
            )
        except (AlreadyExistsError, PreconditionError) as error:
            _check_bucket(path, error)
        else:
            return True
    held = found(path)
    return held is not None and held.content == content


def check_conditions(root: Path) -> None:
    """Refuse a server that puts an object although somebody else was faster.

    Two writers would both believe that their manifest is the one that counts. A server is tried
    once a process.

    Raises
    ------
    StorageError
        The server does not keep to conditions, does not answer, or refuses.
    """
    _check_once(root, _environment())


@lru_cache(maxsize=64)
def _check_once(root: Path, environment: tuple[tuple[str, str], ...]) -> None:  # noqa: ARG001
    path = root / _PROBE
    with _asking(path) as (store, key):
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        def is_put(mode: str | None) -> bool:
            try:
                obstore.put(store, key, b"", mode="create" if mode is None else {"e_tag": mode})
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

        if (is_put(None) and is_put(None)) or is_put('"0"'):
            raise StorageError(
                f"{_server()} puts objects although their condition does not hold",
                hint="a lake needs a server that keeps to If-Match and If-None-Match, as AWS S3 "
                "does since 2024: look for a newer version of this one",
            )


def names(where: Path) -> dict[Path, Listed]:
    """Return every object under a path, in order, with its size and when it was put."""
    with _asking(where) as (store, key):
        import obstore

        bucket = in_bucket(where)[0]
        return {
            ObjectPath("s3:", bucket, each["path"]): Listed(each["size"], each["last_modified"])
            for each in sorted(
                (each for page in obstore.list(store, prefix=key or None) for each in page),
                key=lambda each: each["path"],
            )
        }


def folders(where: Path) -> list[Path]:
    """Return what lies directly under a path and has objects under it, in order."""
    with _asking(where) as (store, key):
        import obstore

        listed = obstore.list_with_delimiter(store, prefix=key or None)
        bucket = in_bucket(where)[0]
        return [ObjectPath("s3:", bucket, each) for each in sorted(listed["common_prefixes"])]


def drop(paths: Iterable[Path]) -> None:
    """Delete objects of one bucket; one that is gone already is no error."""
    chosen = list(paths)
    if not chosen:
        return
    with _asking(chosen[0]) as (store, _):
        import obstore

        obstore.delete(store, [in_bucket(path)[1] for path in chosen])


def gone(path: Path) -> DataError:
    """Return the error for an object that must be there and is not."""
    return DataError(f"{path} is not there", hint="check the bucket and the path")


@contextmanager
def _asking(path: Path) -> Iterator[tuple[S3Store, str]]:
    """Give the client and the key of a path; say what went wrong in words."""
    bucket, key = in_bucket(path)
    try:
        from obstore.exceptions import BaseError
    except ImportError as error:
        raise ConfigError(
            f"{path} needs the package obstore, which is not installed",
            hint='install it: pip install "quorate[s3]"',
        ) from error
    try:
        yield _store(bucket, PATIENCE, _environment()), key
    except (BaseError, FileNotFoundError) as error:
        _check_bucket(path, error)
        raise _meant(path, error) from error


def _environment() -> tuple[tuple[str, str], ...]:
    """Return what the client reads of the environment: another one needs another client."""
    return tuple(sorted(each for each in os.environ.items() if each[0].startswith("AWS_")))


@lru_cache(maxsize=8)
def _store(bucket: str, patience: Patience, environment: tuple[tuple[str, str], ...]) -> S3Store:
    """Return the client of a bucket: its connections are kept and shared by all threads."""
    from obstore.store import S3Store

    told = dict(environment)
    endpoint = _endpoint(told)
    if not _has_key(told) and not _has_role(told):
        raise _no_key(bucket)
    return S3Store(
        bucket,
        config=None if endpoint is None else {"endpoint": endpoint},
        client_options={
            "timeout": patience.timeout,
            "connect_timeout": patience.connecting,
            "allow_http": (endpoint or "").startswith("http://"),
        },
        retry_config={
            "max_retries": patience.n_retries,
            "retry_timeout": patience.longest,
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
    )


def _endpoint(told: dict[str, str]) -> str | None:
    return next((told[name] for name in _ENDPOINTS if told.get(name)), None)


def _has_key(told: dict[str, str]) -> bool:
    """Return whether the environment says by what key a bucket opens, or that it needs none."""
    return any(
        told.get(name)
        for name in (
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_SKIP_SIGNATURE",
        )
    )


def _has_role(told: dict[str, str]) -> bool:
    """Return whether this is a machine of a cloud, whose own role may open a bucket.

    The client would ask for it many times, and wait each time.
    """
    if told.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    where = urlsplit(told.get("AWS_METADATA_ENDPOINT") or _ROLES)
    try:
        socket.create_connection((where.hostname or "", where.port or 80), _ROLE_S).close()
    except OSError:
        return False
    return True


def _server() -> str:
    """Return the server's name for a message."""
    endpoint = _endpoint(dict(os.environ))
    return "AWS S3" if endpoint is None else urlsplit(endpoint).netloc or endpoint


def _no_key(bucket: str) -> StorageError:
    return StorageError(
        f"nothing says by what key the bucket {bucket} opens",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_ENDPOINT_URL and AWS_REGION "
        "say where it is",
    )


def _check_bucket(path: Path, error: Exception) -> None:
    """Raise if it is the whole bucket that is not there."""
    if "NoSuchBucket" in str(error):
        raise StorageError(
            f"there is no bucket {in_bucket(path)[0]} at {_server()}",
            hint="check its name, AWS_ENDPOINT_URL and AWS_REGION, or make it: a bucket is never "
            "made here",
        ) from error


def _meant(path: Path, error: Exception) -> StorageError:
    """Return what an error of the client means."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    text = str(error)
    if any(each in text for each in _METADATA):
        return _no_key(in_bucket(path)[0])
    status = re.search(r"non-2xx status code: (\d+[^:]*)", text)
    code = re.search(r"<Code>(\w+)</Code>", text)
    said = f"it answered {status[1]}" if status else text.splitlines()[0].rpartition(" - ")[2]
    said += f" ({code[1]})" if code else ""
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        return StorageError(
            f"{_server()} does not allow {path}: {said}",
            hint="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that the key may list, "
            "get, put and delete in this bucket",
        )
    if "incorrectly configured region" in text:
        return StorageError(
            f"the bucket {in_bucket(path)[0]} is of another region",
            hint="set AWS_REGION to the bucket's",
        )
    said = next((words for mark, words in _WHY if mark in text), said)
    return StorageUnavailableError(
        f"{_server()} did not do what {path} needs: {said}",
        hint="check AWS_ENDPOINT_URL and the network, then do it again: nothing is half done",
    )
