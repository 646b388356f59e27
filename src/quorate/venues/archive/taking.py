"""One file of the archive, brought and held against its checksum.

The checksum comes first: it says whether the file is published and whether it is the one taken
before. A file that does not match is fetched once more, past every cache, and then refused.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from quorate.errors import DataError, VenueError
from quorate.venues.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.venues.archive.names import File
    from quorate.venues.http import Reply, Session

_SUM = re.compile(r"([0-9a-fA-F]{64})\s+\*?(\S+)")
_BLOCK = 1 << 20
_GONE = frozenset({404, 410})


async def checksum(session: Session, url: str, file: File) -> str | None:
    """Return the sha256 that the archive says a file has, or None if it is not published.

    Raises
    ------
    DataError
        The checksum file says nothing of that kind, or of another file.
    VenueError
        The archive refuses, or does not answer.
    """
    reply = await session.text(f"{url}/{file.key}.CHECKSUM", max_bytes=4096)
    if reply.status in _GONE:
        return None
    _check_status(reply, f"{url}/{file.key}.CHECKSUM")
    said = _SUM.fullmatch(reply.text.strip())
    if said is None or said[2] != f"{file.name}.zip":
        raise DataError(
            f"{file.name}.zip.CHECKSUM says {reply.text.strip()[:100]!r}, which is no sha256 of "
            f"{file.name}.zip",
            hint="try again later; if it stays so, tell the vendor and leave the span out",
        )
    return said[1].lower()


async def take(
    session: Session, url: str, file: File, sha256: str, folder: Path, told: Callable[[int], None]
) -> tuple[Path, str] | None:
    """Bring a file into a folder, whole and checked.

    Parameters
    ----------
    session : Session
        Who asks.
    url : str
        The archive's address.
    file : File
        What is wanted.
    sha256 : str
        What ``checksum`` said.
    folder : Path
        Where it goes; a whole file of an earlier run is taken as it is, half a one gone on with.
    told : callable
        Called with the number of bytes that came; a negative one takes bytes back.

    Returns
    -------
    tuple or None
        Where it is, and its sha256, which is another one than was asked for if the vendor
        replaced the file meanwhile; None if it is gone.

    Raises
    ------
    DataError
        The file does not match its checksum, twice; or the disk refuses.
    VenueError
        The archive refuses, or does not answer.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: None.  Spec 13.
    """
    path = folder / f"{file.name}.zip"
    if path.exists():
        if _sha256(path) == sha256:
            told(path.stat().st_size)
            return path, sha256
        path.unlink()
    part = Part(path.with_name(f"{path.name}.part"))
    n_told = 0

    def count(n: int) -> None:
        nonlocal n_told
        n_told += n
        told(n)

    wanted, found = sha256, ""
    for is_second in (False, True):
        if is_second:
            wanted = await checksum(session, url, file) or ""
        if not wanted:
            return None
        if part.size() and _sha256(part.path) == wanted:
            count(part.size())
        else:
            reply = await session.download(
                f"{url}/{file.key}", part.path, count, past_caches=is_second
            )
            if reply.status in _GONE:
                return None
            _check_status(reply, f"{url}/{file.key}")
        found = _sha256(part.path)
        if found == wanted:
            part.finish(path)
            return path, wanted
        told(-n_told)
        n_told = 0
        part.drop()
    raise DataError(
        f"{file.name}.zip has sha256 {found}, its checksum file says {wanted}",
        hint="it was fetched twice: try again in a day, or leave the span out; "
        "the vendor's checksum or the file is wrong",
    )


def _check_status(reply: Reply, url: str) -> None:
    """Refuse what is neither there nor missing."""
    if reply.status not in {200, 206}:
        hint = "check the address, and whether this place may read it"
        raise VenueError(f"{url} answered {reply.status}", hint=hint)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
