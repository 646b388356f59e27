"""What the kill switch did, on the disk before it does it, in files that need no database.

``killed.json`` is there from the moment a kill is asked for until a desk is armed again; whoever
starts looks for it first. ``kills.jsonl`` has one line a step, each hashed with the one before.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import StoreError
from quorate.records import GENESIS, canonical_json, digest

if TYPE_CHECKING:
    from pathlib import Path

SENTINEL: Final = "KILL"
"""The file that asks for a kill, with the level, who asks and a reason in it."""

_MARK: Final = "killed.json"
_ARMING: Final = "arming.json"
_LINES: Final = "kills.jsonl"
_WIDTH: Final = 64
_LONGEST: Final = 500


class Level(IntEnum):
    """How far a kill goes; each level does what the ones below it do."""

    BLOCK = 1
    CANCEL = 2
    FLATTEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A kill that was asked for: how far, by whom, why, when.

    Notes
    -----
    Units: ms since 1970.  Causal: written before anything is sent.  Missing: none.
    """

    level: Level
    by: str
    why: str
    at_ms: int


class Arming(NamedTuple):
    """Who has asked that a kill be lifted, and when: another may lift it, the same one waits."""

    by: str
    at_ms: int


def ask_by_file(folder: Path, level: Level, *, by: str, why: str) -> None:
    """Ask for a kill by the sentinel file of a folder: it is there whole, and on the disk.

    Raises
    ------
    OSError
        If the disk refuses.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     ask_by_file(Path(folder), Level.CANCEL, by="ann", why="the feed is wrong")
    ...     asked_by_file(Path(folder), 5).by
    'ann'
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    said = {"level": level.name.lower(), "by": by[:_LONGEST], "why": why[:_LONGEST]}
    _put(folder / SENTINEL, canonical_json(said))


def asked_by_file(folder: Path, at_ms: int) -> Killed | None:
    """Return what the sentinel file of a folder asks for, None where there is none.

    It is what ``ask_by_file`` writes, or what a person does: a level and a reason.  A file that
    says nothing readable asks for everything; who it is from is "file" where it does not say.
    """
    path = folder / SENTINEL
    if not path.exists():
        return None
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        text = f"{SENTINEL} cannot be read: {error.strerror}"
    level, by, why = _said(text)
    wanted = Level[level.upper()] if level.upper() in Level.__members__ else Level.FLATTEN
    why = (why or text or "no reason given")[:_LONGEST]
    return Killed(level=wanted, by=by[:_LONGEST] or "file", why=why, at_ms=at_ms)


def _said(text: str) -> tuple[str, str, str]:
    """Return level, who and why of a sentinel's text, each "" where it does not say."""
    if text.startswith("{"):
        try:
            row = json.loads(text)
            return str(row["level"]), str(row["by"]).strip(), str(row["why"])
        except (ValueError, KeyError, RecursionError):
            return "", "", ""
    level, _, why = text.partition(" ")
    return level, "", why


class Record:
    """The kill switch's own memory, in a folder.

    Parameters
    ----------
    folder : path
        Made if missing, for its owner only.

    Notes
    -----
    Units: none.  Causal: each line is on the disk before ``write`` returns.  Missing: none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     record = Record(Path(folder) / "guard")
    ...     _ = record.mark(Killed(level=Level.CANCEL, by="ann", why="drill", at_ms=5))
    ...     again = Record(Path(folder) / "guard").killed()
    >>> again.why, again.level.name
    ('drill', 'CANCEL')
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"the guard's folder {folder} cannot be made: {error.strerror}",
                hint="give a folder on a local disk that can be written",
            ) from error

    def killed(self) -> Killed | None:
        """Return the kill in force, None where there is none.

        Raises
        ------
        StoreError
            If the mark is there and cannot be read: that is a kill too, of unknown level.
        """
        try:
            text = (self._folder / _MARK).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            row = json.loads(text)
            return Killed(**{**row, "level": Level(row["level"])})
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"{self._folder / _MARK} cannot be read: {error}",
                hint="a kill is in force; look at the account, then arm the desk",
            ) from error

    def in_force(self, at_ms: int) -> Killed | None:
        """Return the kill in force; a mark that cannot be read is one, of the highest level."""
        try:
            return self.killed()
        except StoreError as error:
            return Killed(level=Level.FLATTEN, by="mark", why=str(error)[:_LONGEST], at_ms=at_ms)

    def arming(self) -> Arming | None:
        """Return who has asked to lift the kill in force; what cannot be read asks for nothing."""
        try:
            row = json.loads((self._folder / _ARMING).read_text(encoding="utf-8"))
            return Arming(str(row["by"]), int(row["at_ms"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def ask(self, *, by: str, why: str, at_ms: int) -> None:
        """Keep that somebody asked to lift the kill in force."""
        self.write("asked", at_ms=at_ms, by=by, why=why)
        _put(self._folder / _ARMING, canonical_json({"by": by, "at_ms": at_ms}))

    def mark(self, killed: Killed) -> Killed:
        """Say on the disk that a kill is in force; the first reason and the higher level stay.

        The mark says who asked first, the lines of the record who asked each time, and why.  A
        mark that is there and cannot be read counts as the highest level.  Who had asked to lift
        the kill has to ask again once somebody else asks for one; carrying out the one in force,
        as a guard does that is started again, changes nothing of it.
        """
        try:
            before = self.killed()
        except StoreError:
            before = None
            killed = replace(killed, level=Level.FLATTEN)
        if killed != before:
            (self._folder / _ARMING).unlink(missing_ok=True)
        asked = killed
        if before is not None:
            killed = Killed(
                level=max(before.level, killed.level),
                by=before.by,
                why=before.why,
                at_ms=before.at_ms,
            )
        _put(self._folder / _MARK, canonical_json(asdict(killed)))
        self.write("killed", at_ms=asked.at_ms, level=int(killed.level), by=asked.by, why=asked.why)
        return killed

    def lift(self, *, by: str, why: str, at_ms: int) -> None:
        """Take the mark away, and the file that asks for one: somebody says who, why and when."""
        self.write("lifted", at_ms=at_ms, by=by, why=why)
        for name in (SENTINEL, _ARMING, _MARK):
            (self._folder / name).unlink(missing_ok=True)
        _sync_folder(self._folder)

    def write(self, step: str, *, at_ms: int, **what: object) -> None:
        """Add a line and have it on the disk before going on."""
        path = self._folder / _LINES
        payload = canonical_json({"step": step, "at_ms": at_ms, **what})
        line = f"{digest(self._head(), payload)} {payload}\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self) -> list[dict[str, object]]:
        """Return every step, checked against its hash.

        Raises
        ------
        StoreError
            At the first line that was changed, removed or put in; a last line that was torn by a
            loss of power is left out.
        """
        found, head = [], GENESIS
        # a line without its end was torn: it was never on the disk when ``write`` returned
        rows = self._text().split("\n")[:-1]
        for number, row in enumerate(rows, 1):
            said, _, payload = row.partition(" ")
            head = digest(head, payload)
            if said != head:
                raise StoreError(
                    f"line {number} of {self._folder / _LINES} does not follow from the one before",
                    hint="do not trust this record; look at the venue's own history",
                )
            found.append(json.loads(payload))
        return found

    def _head(self) -> str:
        text = self._text()
        if text and not text.endswith("\n"):  # torn by a loss of power: leave it, begin a new line
            rows = text.splitlines()[:-1]
            _put(self._folder / _LINES, "".join(f"{row}\n" for row in rows))
            text = self._text()
        last = text.splitlines()[-1] if text else ""
        return last[:_WIDTH] or GENESIS

    def _text(self) -> str:
        try:
            return (self._folder / _LINES).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def _put(path: Path, text: str) -> None:
    """Replace a file whole: after a crash there is the old one or the new one."""
    beside = path.with_suffix(".tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    beside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
