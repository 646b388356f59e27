"""The signed index of a registry, as one file: who reads it has all of it, as it was written.

In: an ``Index``. Out: bytes in the container of model files (``container``), so that damage, a
missing signature, another key and changed content are told apart and named; and back. The file is
replaced in one step: whatever dies, the old index stands or the new one does.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ModelFileError, RegistryError
from quorate.lake import disk
from quorate.research import container, keys
from quorate.research.versions import How, Index, Move, Stage, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from quorate.research.keys import Signer

FILE: Final = "registry.index"
_KIND: Final = "registry"
_LAYOUT: Final = 1


def write(folder: Path, index: Index, by: Signer | None = None) -> None:
    """Write the index of a registry in one step.

    Parameters
    ----------
    folder : Path
        Of the registry; who calls holds its lock.
    index : Index
        What.
    by : Signer, optional
        Who signs; the local key, made on first use, where not given.

    Raises
    ------
    ConfigError
        There is no key, or no library to sign with.
    DataError
        The disk refuses; the index that was there stands.
    ValueError
        A recipe or a metric is no plain value.

    Notes
    -----
    Units: none.  Causal: no clock is read.  Missing: a metric that is not known is None.
    """
    header = {
        "kind": _KIND,
        "layout": _LAYOUT,
        # a recipe has as many versions as nights
        "recipes": {each.recipe_hash: dict(each.recipe) for each in index.versions},
        "versions": [_version_told(each) for each in index.versions],
        "history": [_move_told(each) for each in index.history],
    }
    held, _ = container.pack(header, {}, {}, keys.signer() if by is None else by)
    disk.replace(folder / FILE, held)


def read(folder: Path, trusted: Iterable[bytes] | None = None) -> Index:
    """Read the index of a registry, or refuse it.

    Parameters
    ----------
    folder : Path
        Of the registry.
    trusted : iterable of bytes, optional
        Public keys whose signature is taken; the local one where not given.

    Raises
    ------
    RegistryError
        There is none, or it is damaged, cut short, unsigned, of another key, changed, or of
        another version of Quorate; what it is is said.
    ConfigError
        There is no library to check the signature with, or the local key is not safe.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.

    Examples
    --------
    >>> from pathlib import Path
    >>> read(Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.RegistryError: no-such-folder holds no registry: it has no file registry.index
      next: `quorate models publish` makes one; models.registry says where it is
    """
    path = folder / FILE
    try:
        held = disk.found(path)
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror}", hint="check the folder's permissions"
        ) from error
    if held is None:
        raise RegistryError(
            f"{folder} holds no registry: it has no file {FILE}",
            hint="`quorate models publish` makes one; models.registry says where it is",
        )
    what = f"the index {path}"
    known = keys.trusted() if trusted is None else tuple(trusted)
    try:
        told = container.unpack(held, what, known).header
    except ModelFileError as error:
        raise RegistryError(error.message, hint=_mend(folder)) from error
    if told.get("kind") != _KIND:
        raise RegistryError(
            f"{what} is signed, but it is a {told.get('kind')}, put in its place",
            hint=_mend(folder),
        )
    if told.get("layout") != _LAYOUT:
        raise RegistryError(
            f"{what} has layout {told.get('layout')}, this version of Quorate reads {_LAYOUT}",
            hint="use the version of Quorate that wrote it",
        )
    try:
        index = Index(
            tuple(_version(each, told["recipes"]) for each in told["versions"]),
            tuple(_move(each) for each in told["history"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(
            f"{what} is signed, but not as this version of Quorate writes it: {error}",
            hint="use the version of Quorate that wrote it",
        ) from error
    return index


def _mend(folder: Path) -> str:
    return (
        f"restore {FILE} from a backup (the folders of the versions in {folder} are signed by "
        "themselves and stay), or move the folder away and publish into a new one"
    )


def _version_told(each: Version) -> dict[str, Any]:
    return {
        "number": each.number,
        "digest": each.digest,
        "certificate": each.certificate,
        "until": each.until,
        "recipe": each.recipe_hash,
        "engines": list(each.engines),
        "parent": each.parent,
        "metrics": dict(each.metrics),
        "audit": each.audit,
        "record": each.record,
        "published_at": each.published_at,
        "stage": str(each.stage),
    }


def _version(told: Mapping[str, Any], recipes: Mapping[str, Any]) -> Version:
    return Version(
        **{
            **told,
            "recipe": recipes[told["recipe"]],
            "until": datetime.fromisoformat(told["until"]),
            "published_at": datetime.fromisoformat(told["published_at"]),
            "engines": tuple(told["engines"]),
            "stage": Stage(told["stage"]),
        }
    )


def _move_told(each: Move) -> dict[str, Any]:
    return {
        "at": each.at,
        "version": each.version,
        "before": None if each.before is None else str(each.before),
        "after": str(each.after),
        "how": str(each.how),
        "why": each.why,
        "evidence": [dict(one) for one in each.evidence],
    }


def _move(told: Mapping[str, Any]) -> Move:
    return Move(
        **{
            **told,
            "at": datetime.fromisoformat(told["at"]),
            "before": None if told["before"] is None else Stage(told["before"]),
            "after": Stage(told["after"]),
            "how": How(told["how"]),
            "evidence": tuple(told["evidence"]),
        }
    )
