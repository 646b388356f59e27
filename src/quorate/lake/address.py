"""Where a lake is: a folder on disk, or a prefix of a bucket (``s3://bucket/lake``).

In: what a user writes. Out: a path. One of a bucket is put together and taken apart as any other
(``/``, ``name``, ``parent``, ``parts``), so that what names a place need not know which it is; what
reads and writes asks ``is_object``.
"""

from __future__ import annotations

from pathlib import Path, PosixPath
from typing import Final

from quorate.errors import ConfigError

_HEAD: Final = "s3:"
_OTHERS: Final = ("gs:", "gcs:", "az:", "azure:", "abfs:", "abfss:", "adl:", "http:", "https:")


class ObjectPath(PosixPath):
    """A path in object storage: ``s3://bucket/key``, where a path of a disk would say ``s3:/``.

    Examples
    --------
    >>> print(ObjectPath("s3://bucket/lake") / "kind=ohlcv")
    s3://bucket/lake/kind=ohlcv
    """

    __slots__ = ()

    def __str__(self) -> str:  # type: ignore[explicit-override]  # 3.11 has no override
        return f"{_HEAD}//{'/'.join(self.parts[1:])}"

    def absolute(self) -> ObjectPath:  # type: ignore[explicit-override]
        """Return itself: no folder is the one a bucket is in."""
        return self

    def resolve(self, strict: bool = False) -> ObjectPath:  # type: ignore[explicit-override]  # noqa: ARG002, FBT001, FBT002
        """Return itself: object storage knows no links."""
        return self


def located(given: str | Path) -> Path:
    """Return the path that a user means, one of object storage where it begins with ``s3://``.

    Parameters
    ----------
    given : str or Path
        As it was written; a path that has lost a stroke, ``s3:/bucket/lake``, too.

    Raises
    ------
    ConfigError
        It names no bucket, goes upwards in one, or is of another kind of storage.

    Notes
    -----
    Units: none.  Causal: nothing is looked at.  Missing: none.  Spec 13.

    Examples
    --------
    >>> located("lake").as_posix(), str(located("s3://bucket/lake/"))
    ('lake', 's3://bucket/lake')
    >>> located("gs://bucket/lake")
    Traceback (most recent call last):
    quorate.errors.ConfigError: gs://bucket/lake is of a storage that is not known
      next: name a folder, or a prefix of an S3 bucket: s3://bucket/lake
    """
    path = Path(given)
    head, *rest = path.parts or ("",)
    if head in _OTHERS:
        raise ConfigError(
            f"{head}//{'/'.join(rest)} is of a storage that is not known",
            hint="name a folder, or a prefix of an S3 bucket: s3://bucket/lake",
        )
    if head != _HEAD:
        return path
    if not rest or ".." in rest:
        raise ConfigError(
            f"{_HEAD}//{'/'.join(rest)} is no place in a bucket", hint="write s3://bucket/lake"
        )
    return ObjectPath(*path.parts)


def is_object(path: Path) -> bool:
    """Return whether a path is of object storage.

    Examples
    --------
    >>> is_object(Path("s3://bucket/lake")), is_object(Path("lake"))
    (True, False)
    """
    return path.parts[:1] == (_HEAD,)


def on_disk(given: str | Path) -> Path:
    """Return a folder of this machine, or refuse a place in a bucket: only the lake may be there.

    Examples
    --------
    >>> on_disk("runs").as_posix()
    'runs'
    >>> on_disk("s3://bucket/runs")
    Traceback (most recent call last):
    quorate.errors.ConfigError: s3://bucket/runs is in a bucket, and only a lake is kept there
      next: name a folder of this machine
    """
    path = located(given)
    if is_object(path):
        raise ConfigError(
            f"{path} is in a bucket, and only a lake is kept there",
            hint="name a folder of this machine",
        )
    return path


def in_bucket(path: Path) -> tuple[str, str]:
    """Return the bucket and the key of a path of object storage.

    Examples
    --------
    >>> in_bucket(located("s3://bucket/lake/manifest.json"))
    ('bucket', 'lake/manifest.json')
    """
    return path.parts[1], "/".join(path.parts[2:])
