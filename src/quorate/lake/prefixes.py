"""One symbol's months in object storage: read by their hash, replaced by swapping the manifest.

In: the prefix ``symbol=S`` of a bucket. Out: what ``months`` and ``layout`` ask of a folder. A
month lies under a name that says its hash, ``month=2024-01/part-HASH.parquet``, is never put a
second time with other bytes, and counts once ``manifest.json`` names it. So a kill leaves at most
objects that nothing names, and a reader finds each month as a manifest names it.

Everywhere else a month's path is ``month=2024-01/part.parquet``, as on disk. An object of that
very name is read too: a folder that was copied into a bucket is a lake there.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from quorate.errors import DataError, StorageError
from quorate.lake import cached, disk, manifest, objects, versions
from quorate.lake.address import located
from quorate.lake.manifest import NAME, PART, MonthFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GRACE: Final = timedelta(days=1)
"""How old an object that no manifest names must be to be deleted: a writer may be about to."""
_THREADS: Final = 8
"""Requests made side by side: they wait for the network."""
_LOOKS: Final = 3
_OURS: Final = re.compile(r"part(-[0-9a-f]{16})?\.parquet")


class OvertakenError(DataError):
    """Another writer swapped the manifest since it was read; nothing is changed."""


class Prefix:
    """A symbol in object storage, as it was when it was opened for a write."""

    def __init__(self, place: Path) -> None:
        self.place = place = located(place)
        self.swept: tuple[Path, ...] = ()  # ``verify`` deletes what nothing names
        self.lay: dict[str, Path] = {}  # where each month lay
        held = objects.found(place / NAME)
        if held is not None:
            self._tag: str | None = held.tag
            self.known = manifest.parsed(place / NAME, held.content)
            return
        self._tag = None
        self.known = {}
        adopted = _adopted(place)
        if adopted:
            with suppress(OvertakenError):
                self.replace(adopted)
            held = objects.found(place / NAME)
            self._tag = None if held is None else held.tag
            self.known = {} if held is None else manifest.parsed(place / NAME, held.content)

    def content(self, month: str) -> bytes:
        """Return a month's bytes as they are there now, checked by their hash."""
        try:
            self.lay[month], held = _fetched(self.place, month, self.known[month])
        except StorageError:
            raise
        except DataError:
            now = objects.found(self.place / NAME)
            if now is None or now.tag == self._tag:
                raise
            raise _overtaken(self.place) from None
        return held

    def replace(self, changed: Mapping[str, tuple[bytes, MonthFile]]) -> None:
        """Put months beside the old ones, then swap the manifest, then delete the old ones.

        Raises
        ------
        OvertakenError
            Another writer swapped the manifest first: nothing is changed then.
        """
        objects.check_conditions(self.place.parents[3])
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._put, changed.items()))
        months = {**self.known, **{month: each for month, (_, each) in changed.items()}}
        if not objects.swap(self.place / NAME, manifest.written(months), self._tag):
            raise _overtaken(self.place)
        with suppress(StorageError):  # they are named by nothing any more: `verify` deletes them
            objects.drop(self.lay[month] for month in changed if month in self.lay)

    def _put(self, change: tuple[str, tuple[bytes, MonthFile]]) -> None:
        month, (held, each) = change
        objects.replace(name(self.place, month, each), held)


def _overtaken(place: Path) -> OvertakenError:
    return OvertakenError(
        f"{place} was written by another import or pull in between",
        hint="do it again: nothing was changed",
    )


def name(place: Path, month: str, each: MonthFile) -> Path:
    """Return where a month's bytes are put."""
    return place / f"month={month}" / f"part-{each.sha256[:16]}.parquet"


def contents(paths: Sequence[Path]) -> list[bytes]:
    """Return the bytes of some months of one symbol, each checked by its hash.

    Raises
    ------
    DataError
        An object is damaged, gone, or named by no manifest.
    """
    place = paths[0].parent.parent
    known = manifest.load(place) or {}

    def one(path: Path) -> bytes:
        month = manifest.month_of(path)
        if month not in known:
            raise manifest.unknown(path)
        try:
            return _kept(place, month, known[month])
        except StorageError:
            raise
        except DataError:
            # a writer went by in between: the second look agrees, unless the object is damaged
            again = (manifest.load(place) or {}).get(month)
            if again is None or again == known[month]:
                raise
            return _kept(place, month, again)

    if len(paths) == 1:
        return [one(paths[0])]
    with ThreadPoolExecutor(min(_THREADS, len(paths))) as pool:
        return list(pool.map(one, paths))


def files(where: Path, only: Sequence[str] | None = None) -> dict[str, tuple[Path, ...]]:
    """Return the months of each symbol under a key's prefix, as ``layout.files`` does."""
    where = located(where)
    heads = [where] if only is None else [where / f"symbol={each}" for each in only]
    with ThreadPoolExecutor(_THREADS) as pool:
        there = {path for listed in pool.map(objects.names, heads) for path in listed}
        if not there and only is None:
            raise DataError(
                f"nothing is stored under {where}, so no bars can be read from it",
                hint="check the path: it ends in vendor=V/kind=K/interval=I",
            )
        places = [path.parent for path in sorted(there) if path.name == NAME]
        places = [place for place in places if place.parent == where]
        if not places and only is None:
            raise DataError(
                f"{where} holds no symbol=S with a manifest, and only a lake is read from a bucket",
                hint="name vendor=V/kind=K/interval=I of a lake; import plain files first",
            )
        found = dict(
            zip(places, pool.map(lambda place: _months(place, there), places), strict=True)
        )
    return {
        place.name.removeprefix("symbol="): tuple(place / f"month={m}" / PART for m in months)
        for place, months in found.items()
        if months
    }


def _months(place: Path, there: set[Path]) -> list[str]:
    """Return the months that a manifest names, each of them among the objects that are there."""
    lost = ""
    for _ in range(_LOOKS):
        known = manifest.load(place) or {}
        gone = [m for m, each in known.items() if there.isdisjoint(_names(place, m, each))]
        if not gone:
            return sorted(known)
        lost = gone[0]
        there = set(objects.names(place))  # a writer went by since they were listed, or it is gone
    raise manifest.absent(place, lost)


def places(root: Path) -> list[Path]:
    """Return the prefix of every symbol of a lake."""
    found = [located(root)]
    for head in ("vendor=", "kind=", "interval=", "symbol="):
        below = [each for where in found for each in objects.folders(where)]
        found = [each for each in below if each.name.startswith(head)]
    return found


def verify(place: Path) -> tuple[str, ...]:
    """Hash every object of a symbol; make its manifest, if it has none, and delete what is left.

    What no manifest names is of a write that was broken off, and is deleted once it is older than
    ``GRACE``.
    """
    had = objects.found(place / NAME) is not None
    draft = Prefix(place)
    place = draft.place
    mended = [] if had or not draft.known else [f"{place / NAME} made whole"]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(draft.content, draft.known):
            pass
    before = datetime.now(UTC) - GRACE
    strays = [
        path
        for path, each in objects.names(place).items()
        if path not in draft.lay.values()
        and _OURS.fullmatch(path.name)
        and path.parent.name.startswith("month=")
        and each.modified <= before
    ]
    objects.drop(strays)
    return (*mended, *(f"{path} deleted: no manifest names it" for path in strays))


def _names(place: Path, month: str, each: MonthFile) -> tuple[Path, Path]:
    """Return where a month may lie: where it is put, and where a copied folder has it."""
    return name(place, month, each), place / f"month={month}" / PART


def _kept(place: Path, month: str, each: MonthFile) -> bytes:
    """Return a month's bytes from this machine, else from the bucket."""
    held = cached.found(each.sha256)
    if held is None:
        held = _fetched(place, month, each)[1]
        cached.keep(each.sha256, held)
    return held


def _fetched(place: Path, month: str, each: MonthFile) -> tuple[Path, bytes]:
    """Return a month's object and its bytes from the bucket."""
    wrong = None
    for path in _names(place, month, each):
        held = objects.found(path)
        if held is None:
            continue
        if disk.digest(held.content) == each.sha256:
            return path, held.content
        wrong = wrong or path
    raise manifest.absent(place, month) if wrong is None else manifest.damaged(wrong)


def _adopted(place: Path) -> dict[str, tuple[bytes, MonthFile]]:
    """Return the months that lie there without a manifest: it was deleted, or was never put.

    Two objects of one month are of two writes that were broken off: both were meant, and what
    both say is kept.
    """
    found: dict[str, tuple[bytes, MonthFile]] = {}
    lying: dict[str, list[Path]] = {}
    for path in objects.names(place):
        if path.parent.parent == place and _OURS.fullmatch(path.name):
            lying.setdefault(manifest.month_of(path), []).append(path)
    for month, paths in lying.items():
        rows = None
        for path in paths:
            held = objects.found(path)
            if held is None:
                continue
            rows = versions.merge(rows, manifest.of_lake(path, held.content)).rows
        if rows is not None:
            made = disk.parquet(rows)
            found[month] = made, manifest.about(rows, made, manifest.bar_ms(place))
    return found
