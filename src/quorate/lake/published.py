"""One symbol of an archive, before anything is brought: its plan, what is published, what is here.

In: the archive's list, if it has one, and the record of what was taken. Out: for every file
whether it is there to be had, and whether it is the one that was taken before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.lake.taken import Taken
    from quorate.venues.archive.listing import Listed
    from quorate.venues.archive.names import File
    from quorate.venues.archive.plan import MonthPlan


class Look(NamedTuple):
    """A symbol as it stands.

    Attributes
    ----------
    symbol : str
        Which coin.
    months : list[MonthPlan]
        Its plan.
    listed : dict or None
        What the archive lists of it; None if it lists nothing, so that files are asked for.
    taken : dict
        What was taken before.
    stored : set[str]
        The months, ``2023-01``, that the lake has of it.
    """

    symbol: str
    months: list[MonthPlan]
    listed: dict[str, Listed] | None
    taken: dict[str, Taken]
    stored: set[str]

    def may_be_had(self, file: File) -> bool:
        """Return whether a file is published, or may be."""
        return self.listed is None or file.key in self.listed

    def tags(self, file: File) -> tuple[str, ...]:
        """Return the list's tags of a file and of its checksum file, empty where there is none."""
        names = (file.key, f"{file.key}.CHECKSUM")
        found = [self.listed.get(name) if self.listed else None for name in names]
        return tuple(each.tag if each else "" for each in found)

    def size(self, file: File) -> int:
        """Return the bytes that are to come for a file, 0 if none or not known."""
        if self.listed is None or file.key not in self.listed or self.is_taken(file):
            return 0
        return self.listed[file.key].size

    def is_taken(self, file: File, sha256: str = "") -> bool:
        """Return whether a file is the one taken before, by its tags or by its sha256."""
        before = self.taken.get(file.key)
        if before is None:
            return False
        tags = self.tags(file)
        same = before.sha256 == sha256 if sha256 else all(tags) and before.tags == tags
        # Whoever deleted a month of the lake gets it again.
        return same and (before.n_rows == 0 or f"{file.period.first:%Y-%m}" in self.stored)

    def likely(self, month: MonthPlan) -> Sequence[File]:
        """Return the files that a month will be made of, as far as is known."""
        whole = () if month.whole is None else (month.whole,)
        if self.listed is None:
            return whole or month.days
        if whole and self.may_be_had(whole[0]):
            return whole
        return [file for file in month.days if self.may_be_had(file)]

    def lacks(self) -> list[MonthPlan]:
        """Return the months whose days stand in for a file of their own."""
        return [
            month
            for month in self.months
            if month.days and (month.whole is None or not self.may_be_had(month.whole))
        ]
