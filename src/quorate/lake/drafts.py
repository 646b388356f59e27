"""One symbol's months, open for one write: what is there, and its replacement.

In: a symbol's folder, or its prefix in object storage. Out: what ``months.put`` needs of either,
and nothing else: the manifest, a month's bytes, and a replacement that a kill leaves old or new.

On disk a lock keeps a second writer out, and a manifest announced first names whatever a kill
leaves. In object storage there is no lock: the new files are put under names of their own, and the
write counts once the manifest is swapped, which fails if somebody else was faster.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from quorate.errors import DataError
from quorate.lake import disk, locking, manifest, prefixes
from quorate.lake.address import is_object
from quorate.lake.manifest import PART

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from quorate.lake.manifest import MonthFile

    Changed = Mapping[str, tuple[bytes, MonthFile]]


class Draft(Protocol):
    """A symbol for whoever writes it."""

    @property
    def known(self) -> Mapping[str, MonthFile]:
        """Return the months that the manifest names."""

    @property
    def swept(self) -> Sequence[Path]:
        """Return the temporary files of killed writers that were deleted."""

    def content(self, month: str) -> bytes:
        """Return a month's bytes, or a ``DataError`` if they are not those that were written."""

    def replace(self, changed: Changed) -> None:
        """Replace months; ``OvertakenError`` if somebody else did since the draft was opened."""


class Folder:
    """A symbol's folder on disk, for whoever holds its lock."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.known = manifest.settle(place)
        self.swept = manifest.sweep(place)

    def content(self, month: str) -> bytes:
        """Return a month's bytes, checked by their hash."""
        path = self.place / f"month={month}" / PART
        held = disk.content(path)
        if disk.digest(held) != self.known[month].sha256:
            raise manifest.damaged(path)
        return held

    def replace(self, changed: Changed) -> None:
        """Replace files: the manifest to be first, then the data, then it is the manifest."""
        try:
            told = {month: each for month, (_, each) in changed.items()}
            manifest.announce(self.place, {**self.known, **told})
            for month, (held, _) in changed.items():
                disk.replace(self.place / f"month={month}" / PART, held)
            manifest.commit(self.place)
        except DataError:
            # a full disk may have room for a manifest of what did get there; else the next write
            with suppress(DataError):
                manifest.settle(self.place)
            raise


@contextmanager
def writing(place: Path) -> Iterator[Draft]:
    """Open a symbol for one write, made if missing.

    Raises
    ------
    DataError
        On disk, another process or thread is writing there; a stored file is damaged or gone.
    """
    if is_object(place):
        yield prefixes.Prefix(place)
        return
    with locking.writing(place):
        yield Folder(place)
