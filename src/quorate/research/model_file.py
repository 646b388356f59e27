"""Model files: what was fitted, with all that it depends on, hashed and signed.

In: a ``Model``, arrays and what they were made of. Out: a file whose bytes follow from content and
key alone; and back, or a ``ModelFileError`` that says what does not fit. A model that was fitted to
other features says numbers that look like votes: so the table of features is inside, feature by
feature, and a table that changed refuses the file and names what changed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.core.features.table import FEATURES
from quorate.errors import ModelFileError
from quorate.lake import disk
from quorate.research import container, keys, libraries
from quorate.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from quorate.core.features.table import Feature
    from quorate.research.keys import Signer

SUFFIX = ".model"
_KIND = re.compile(r"[a-z][a-z0-9_]{1,39}")
_HEX = re.compile(r"[0-9a-f]{16,128}")
_SHOWN = 5
_FIELDS = {
    "kind", "certificate", "reads", "features", "code", "libraries", "runs_on", "settings"
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A fit and what it was made of.

    Parameters
    ----------
    kind : str
        What it is (``linear``, ``trees``, ``calibrations``, ``edge_map``), lower case.
    arrays : Mapping of str to array
        Its numbers.
    blobs : Mapping of str to bytes
        Parts in a library's safe format (JSON or UBJ of boosted trees).
    certificate : str
        Digest of the rows it was fitted on, in hex.
    reads : tuple of str
        The features it reads, each in the table.
    settings : Mapping
        What the fit was asked for: plain values.
    runs_on : tuple of str
        Libraries that evaluate it, whose version must be the same when it is loaded. Empty for
        what our own kernels evaluate.
    libraries : Mapping of str to str
        Versions it was fitted with; those installed where not given.

    Notes
    -----
    Units: those of the fit.  Causal: its data ended before it.  Missing: NaN stays NaN.
    """

    kind: str
    certificate: str
    arrays: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    runs_on: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"kind {self.kind!r} must match {_KIND.pattern}")
        if not _HEX.fullmatch(self.certificate):
            raise ValueError(
                f"certificate is {self.certificate!r}; give the digest of the rows it was fitted "
                "on, in hex, so that the model says what it was fitted on"
            )
        found = dict(self.libraries) or libraries.versions(
            (*libraries.FITTED_BY, *(n for n in self.runs_on if n not in libraries.FITTED_BY))
        )
        if missing := [name for name in self.runs_on if name not in found]:
            raise ValueError(f"runs_on names {missing[0]!r}, whose version is not in libraries")
        object.__setattr__(self, "libraries", MappingProxyType(found))


class Loaded(NamedTuple):
    """A model, its digest, and in words what is other than when it was fitted but no refusal."""

    model: Model
    digest: str
    remarks: tuple[str, ...]


def write(
    path: Path, model: Model, by: Signer | None = None, table: Sequence[Feature] = FEATURES
) -> str:
    """Write a model file in one step and return its digest in hex.

    Parameters
    ----------
    path : Path
        Where; what stands there is replaced, whole or not at all.
    model, by, table
        As ``packed``.

    Raises
    ------
    ValueError, ConfigError
        As ``packed``.
    DataError
        The disk refuses; what stood there stands.

    Notes
    -----
    Units, Causal, Missing: as ``packed``.
    """
    held, digest = packed(model, by, table)
    disk.replace(path, held)
    return digest


def packed(
    model: Model, by: Signer | None = None, table: Sequence[Feature] = FEATURES
) -> tuple[bytes, str]:
    """Return the bytes of a model file and its digest in hex.

    Parameters
    ----------
    model : Model
        What.
    by : Signer, optional
        Who signs; the local key, made on first use, where not given.
    table : sequence of Feature
        The features it was fitted on.

    Returns
    -------
    held, digest : bytes, str
        The digest is the SHA-256 of the content: the same for the same model, whoever signs.

    Raises
    ------
    ValueError
        It reads a feature that is not in the table, or holds what no file can.
    ConfigError
        There is no key, or no library to sign with.

    Notes
    -----
    Units: none.  Causal: no clock is read: the same model gives the same bytes.  Missing: none.
    """
    names = [feature.name for feature in table]
    if unknown := [name for name in model.reads if name not in names]:
        raise ValueError(f"the model reads {unknown[0]!r}, which is no feature of the table")
    header = {
        "kind": model.kind,
        "certificate": model.certificate,
        "reads": list(model.reads),
        "features": _told(table),
        "code": {"version": VERSION, "hash": code_hash()},
        "libraries": dict(model.libraries),
        "runs_on": list(model.runs_on),
        "settings": dict(model.settings),
    }
    return container.pack(header, model.arrays, model.blobs, by or keys.signer())


def read(
    path: Path,
    *,
    kind: str | None = None,
    digest: str | None = None,
    certificate: str | None = None,
    trusted: Iterable[bytes] | None = None,
    table: Sequence[Feature] = FEATURES,
) -> Loaded:
    """Read a model file, or refuse it.

    Parameters
    ----------
    path : Path
        The file.
    kind, digest, certificate : str, optional
        What it must be: the kind, the hash it is booked under, the data it was fitted on. A
        file put in another's place is signed as well; its digest tells them apart.
    trusted : iterable of bytes, optional
        Public keys whose signature is taken; the local one where not given.
    table : sequence of Feature
        The features that it will be given.

    Returns
    -------
    Loaded
        Arrays are read-only.

    Raises
    ------
    ModelFileError
        It cannot be read, is damaged, cut short, unsigned, signed by another key, another model
        than asked for, fitted on other features, or evaluated by another version of a library.
    ConfigError
        There is no library to check the signature with, or the local key is not safe.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.  Another version of Quorate's code, or of a
    library that only fitted it, is a remark: our kernels evaluate it, and tests hold those.
    """
    what = f"model file {path}"
    taken = keys.trusted() if trusted is None else tuple(trusted)
    found = container.unpack(_bytes(path, what), what, taken)
    if digest is not None and found.digest != digest:
        raise ModelFileError(
            f"{what} is the model {found.digest}, the one asked for is {digest}",
            hint="the file was put in another's place: restore the right one, or fit again",
        )
    told = found.header
    if told.keys() != _FIELDS:
        odd = ", ".join(sorted(told.keys() ^ _FIELDS))
        raise ModelFileError(
            f"{what} has another header than this version of Quorate reads: {odd}",
            hint="fit again with this version",
        )
    if not _HEX.fullmatch(str(told["certificate"])):
        raise ModelFileError(
            f"{what} does not say on which data it was fitted: its certificate is missing",
            hint="fit again: what is written bears the certificate of its data",
        )
    for name, wanted in (("kind", kind), ("certificate", certificate)):
        if wanted is not None and told[name] != wanted:
            raise ModelFileError(
                f"the {name} of {what} is {told[name]}, asked for is {wanted}",
                hint="name the file that was meant, or fit again on these data",
            )
    if differences := changed(told["features"], table):
        raise ModelFileError(
            f"{what} was fitted on another table of features: {'; '.join(differences)}",
            hint="fit again on the features of this version",
        )
    model = Model(
        kind=told["kind"],
        certificate=told["certificate"],
        arrays=MappingProxyType(found.arrays),
        blobs=MappingProxyType(found.blobs),
        reads=tuple(told["reads"]),
        settings=MappingProxyType(told["settings"]),
        runs_on=tuple(told["runs_on"]),
        libraries=told["libraries"],
    )
    return Loaded(model, found.digest, _remarks(what, model, told["code"]))


def changed(told: Sequence[tuple[str, str]], table: Sequence[Feature]) -> tuple[str, ...]:
    """Return in words how a table differs from the one a model was fitted on; empty if not.

    Parameters
    ----------
    told : sequence of tuple
        Name and digest of each feature then, in their order.
    table : sequence of Feature
        The table now.

    Examples
    --------
    >>> then = [("ret_1h", "0"), ("gone", "1")]
    >>> changed(then, FEATURES[1:2])
    ("'gone' is gone", "'ret_1h' is defined anew")
    """
    then, now = dict(told), dict(_told(table))
    moved = [name for name in then if name in now]
    order = [name for name in now if name in then]
    found = [
        *_named([name for name in then if name not in now], "gone"),
        *_named([name for name in now if name not in then], "new"),
        *_named([name for name in moved if then[name] != now[name]], "defined anew"),
        *_named([a for a, b in zip(moved, order, strict=True) if a != b], "in another place"),
    ]
    return tuple(found)


@cache
def code_hash() -> str:
    """Return a SHA-256 over the sources that features, kernels and fits are made of, in hex."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in ("core", "research"):
        for path in sorted((root / package).rglob("*.py")):
            source = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(source)}\n".encode())
            digest.update(source)
    return digest.hexdigest()


def features_hash(table: Sequence[Feature] = FEATURES) -> str:
    """Return a SHA-256 of a table of features, in hex.

    Examples
    --------
    >>> features_hash() == features_hash(FEATURES[1:])
    False
    """
    return hashlib.sha256(repr(_told(table)).encode()).hexdigest()


def _told(table: Sequence[Feature]) -> list[tuple[str, str]]:
    """Return name and digest of every feature, in the order of the table."""
    return [
        (each.name, hashlib.sha256(repr(tuple(each)).encode()).hexdigest()[:16]) for each in table
    ]


def _named(names: list[str], said: str) -> list[str]:
    """Return what is said of features, the first few by name."""
    if not names:
        return []
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{shown}{more} {'is' if len(names) == 1 else 'are'} {said}"]


def _bytes(path: Path, what: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > container.MOST_BYTES:
            raise ModelFileError(
                f"{what} has {size} bytes, at most {container.MOST_BYTES} are read",
                hint="name a file that fits wrote",
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{what} cannot be read: {error.strerror}", hint="check the name and the folder"
        ) from error


def _remarks(what: str, model: Model, code: Mapping[str, str]) -> tuple[str, ...]:
    """Refuse other versions of what evaluates the model; tell those of the rest."""
    now = libraries.versions(tuple(name for name in model.libraries if name != "quorate"))
    found = []
    for name, then in sorted(model.libraries.items()):
        if now[name] == then:
            continue
        if name in model.runs_on:
            raise ModelFileError(
                f"{what} is evaluated by {name} {then}, installed is {now[name]}",
                hint=f"pip install {name}=={then}, or fit again",
            )
        found.append(f"fitted with {name} {then}, here is {now[name]}")
    if code["hash"] != code_hash():
        found.append(f"fitted by other code, of version {code['version']}; here is {VERSION}")
    return tuple(found)
