"""A zip file of the archive holds one CSV file, of its own name; anything else is refused."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from quorate.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 256 << 20
"""Forty times a month of one-minute bars."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_ENCRYPTED = 0x1
_HINT = "fetch it again later; if it stays so, tell the vendor and leave the span out"


def csv_of(path: Path, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the CSV of a zip file.

    Parameters
    ----------
    path : Path
        The zip file.
    name : str
        What it is called in the archive, without ``.zip``.
    max_bytes : int
        A longer CSV is refused, whatever length the zip file claims.

    Raises
    ------
    DataError
        The file is cut short, holds several files or one of another name, or more than
        ``max_bytes``.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: an empty CSV is returned as it is.  Spec 13.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            wanted = f"{name}.csv"
            if [each.filename for each in members] != [wanted]:
                held = ", ".join(each.filename for each in members[:3]) or "nothing"
                raise DataError(
                    f"{name}.zip holds {held} ({len(members)} files), it must hold {wanted} alone",
                    hint=_HINT,
                )
            if members[0].flag_bits & _ENCRYPTED:
                raise DataError(f"{name}.zip is encrypted", hint=_HINT)
            with archive.open(members[0]) as stream:
                content = stream.read(max_bytes + 1)
                if len(content) <= max_bytes:
                    stream.read(1)  # to the end, where the check sum is compared
    except _BROKEN as error:
        raise DataError(
            f"{name}.zip cannot be unpacked: {error or type(error).__name__}", hint=_HINT
        ) from (None if isinstance(error, OSError) else error)
    if len(content) > max_bytes:
        raise DataError(
            f"{name}.zip unpacks to more than {max_bytes} bytes ({path.stat().st_size} packed)",
            hint=_HINT,
        )
    return content
