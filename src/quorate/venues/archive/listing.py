"""What the archive has, by its own list: the XML of an S3 bucket, a thousand names a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from quorate.errors import VenueError

if TYPE_CHECKING:
    from quorate.venues.http import Session

_HINT = "check the address, or name symbols and leave --listing out"


class Listed(NamedTuple):
    """A file as it is listed: its bytes and a tag that changes with them."""

    size: int
    tag: str


class Page(NamedTuple):
    """A part of a list; ``marker`` is where the next begins, empty after the last."""

    files: dict[str, Listed]
    folders: list[str]
    marker: str


async def listed(
    session: Session, url: str, prefix: str, after: str = ""
) -> tuple[dict[str, Listed], list[str]] | None:
    """Return the files and folders directly under a prefix.

    Parameters
    ----------
    session : Session
        Who asks.
    url : str
        The bucket's address.
    prefix : str
        A folder, with the slash at its end.
    after : str
        Only names behind this one, which need not be there itself.

    Returns
    -------
    tuple or None
        Files by full name, and full names of folders; None if the address lists nothing.

    Raises
    ------
    VenueError
        The list is none, or comes back to where it was.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: an empty list is no error.  Spec 13.
    """
    files: dict[str, Listed] = {}
    folders: list[str] = []
    while True:
        asked = {"prefix": prefix, "delimiter": "/"} | ({"marker": after} if after else {})
        reply = await session.text(url, asked)
        page = read(reply.text) if reply.status == 200 else None
        if page is None:
            return None
        files |= page.files
        folders += page.folders
        if not page.marker:
            return files, folders
        if page.marker <= after:
            raise VenueError(
                f"the list of {prefix} goes back from {after} to {page.marker}", hint=_HINT
            )
        after = page.marker


def read(text: str) -> Page | None:
    """Return a page of a list, or None if the text is none.

    Raises
    ------
    VenueError
        The text defines entities, which no list does and an attack would.

    Examples
    --------
    >>> read("<html></html>") is None
    True
    """
    if "<!DOCTYPE" in text[:4096] and "<ListBucketResult" not in text:
        return None
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise VenueError("the list of the archive defines entities", hint=_HINT)
    try:
        root = ET.fromstring(text)  # noqa: S314  (entities were refused above)
    except ET.ParseError:
        return None
    space = root.tag.removesuffix("ListBucketResult")
    if space == root.tag:
        return None
    files = {
        each.findtext(f"{space}Key", ""): Listed(
            int(each.findtext(f"{space}Size", "0")), each.findtext(f"{space}ETag", "").strip('"')
        )
        for each in root.iter(f"{space}Contents")
    }
    folders = [each.findtext(f"{space}Prefix", "") for each in root.iter(f"{space}CommonPrefixes")]
    marker = ""
    if root.findtext(f"{space}IsTruncated") == "true":
        marker = root.findtext(f"{space}NextMarker") or max([*files, *folders], default="")
    return Page(files, folders, marker)
