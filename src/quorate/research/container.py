"""The bytes of a model file: parts with their hashes, a digest of all, a signature of the digest.

In: a header and named parts. Out: one run of bytes, the same for the same content and key. From
the start::

    magic        16 bytes, the version of this layout in them
    n            length of the header, 8 bytes, little-endian
    header       canonical JSON (``records.canonical_json``); ``parts`` lists name, form, length
                 and SHA-256 of each part
    parts        one after another, in the order of the header
    digest       SHA-256 of all before it: the hash of the model
    key          Ed25519 public key of who signed, 32 bytes
    signature    64 bytes, of the digest behind a word that says what is signed

A JSON header and NumPy's own ``.npy`` for arrays, not a zip of them: a zip carries times and names
that bytes would depend on, and readers disagree on what a damaged one holds. Nothing is ever
unpickled: a part is an array of plain numbers, or bytes in a library's safe format. Everything is
hashed and its signature checked before any of it is parsed.
"""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import ModelFileError
from quorate.records import canonical_json
from quorate.research import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.research.keys import Signer

MAGIC = b"quorate model 1\n"
_SAID = b"I stand for the model with this digest\n"
_DIGEST, _KEY, _SIGNATURE = 32, 32, 64
_END = _DIGEST + _KEY + _SIGNATURE
MOST_BYTES = 1 << 30
"""A file that is larger is refused before it is read."""

AGAIN = "fit again, or restore the file from a backup"


class Content(NamedTuple):
    """What a file holds: the header without its parts, arrays (read-only), blobs, the digest."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray[Any, Any]]
    blobs: dict[str, bytes]
    digest: str


def pack(
    header: Mapping[str, object],
    arrays: Mapping[str, np.ndarray[Any, Any]],
    blobs: Mapping[str, bytes],
    by: Signer,
) -> tuple[bytes, str]:
    """Return the bytes of a model file and its digest in hex.

    Parameters
    ----------
    header : Mapping
        What canonical JSON can hold; ``parts`` is added.
    arrays : Mapping of str to array
        Of plain numbers. Kept in C order, little-endian, by name.
    blobs : Mapping of str to bytes
        In a library's safe format.
    by : Signer
        Who signs.

    Raises
    ------
    ValueError
        A name is used twice, an array holds anything but numbers, or the header no plain values.

    Notes
    -----
    Units: none.  Causal: no data.  Missing: NaN in an array is kept bit by bit.
    """
    if set(arrays) & set(blobs) or "parts" in header:
        raise ValueError(
            f"names are used twice: {sorted(set(arrays) & set(blobs)) or ['parts']}; rename one"
        )
    parts = [(name, "npy", _npy(name, arrays[name])) for name in sorted(arrays)]
    parts += [(name, "bytes", bytes(blobs[name])) for name in sorted(blobs)]
    listed = [
        {"name": name, "form": form, "n_bytes": len(held), "sha256": _sha256(held).hex()}
        for name, form, held in parts
    ]
    head = canonical_json({**header, "parts": listed}).encode()
    content = b"".join(
        (MAGIC, len(head).to_bytes(8, "little"), head, *(held for _, _, held in parts))
    )
    digest = _sha256(content)
    return content + digest + by.public + by.sign(_SAID + digest), digest.hex()


def unpack(held: bytes, what: str, trusted: Sequence[bytes]) -> Content:
    """Return what the bytes of a file hold, or raise ``ModelFileError``.

    Parameters
    ----------
    held : bytes
        All of the file.
    what : str
        Names it in errors.
    trusted : sequence of bytes
        Public keys whose signature is taken.

    Raises
    ------
    ModelFileError
        It is no model file, damaged, cut short, unsigned, signed by a key that is not trusted,
        or its signature is of other content.

    Notes
    -----
    Units: none.  Causal: no data.  Missing: refused.
    """
    content, digest, public, signature = _checked(held, what)
    if not any(public) and not any(signature):
        raise _unsigned(what)
    if public not in trusted:
        known = ", ".join(keys.fingerprint(each) for each in trusted) or "none"
        raise ModelFileError(
            f"{what} is signed by the key {keys.fingerprint(public)}, trusted are: {known}",
            hint="fit it here, or trust that key if you know whose it is",
        )
    if not keys.is_signed(public, signature, _SAID + digest):
        raise ModelFileError(
            f"the signature of {what} is not that of its content: somebody changed it", hint=AGAIN
        )
    header, body = _header(content, what)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    blobs: dict[str, bytes] = {}
    at = 0
    for part in header.pop("parts"):
        name, end = part["name"], at + part["n_bytes"]
        piece = body[at:end]
        at = end
        if len(piece) != part["n_bytes"] or _sha256(piece).hex() != part["sha256"]:
            raise _odd(what, f"its part {name!r} is not what the header says")
        if part["form"] == "npy":
            arrays[name] = _array(piece, name, what)
        else:
            blobs[name] = piece
    if at != len(body):
        raise _odd(what, f"{len(body) - at} bytes belong to no part")
    return Content(header, arrays, blobs, digest.hex())


def _checked(held: bytes, what: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return content, digest, key and signature of bytes that match their digest."""
    if not held.startswith(MAGIC):
        if held.startswith(MAGIC[:14]):
            layout = held[14:15].decode("ascii", "replace")
            raise ModelFileError(
                f"{what} has layout {layout!r}, this version of Quorate reads layout 1",
                hint="use the version of Quorate that wrote it, or fit again",
            )
        raise ModelFileError(f"{what} is not a model file", hint="name a file that fits wrote")
    content, end = held[:-_END], held[-_END:]
    digest = end[:_DIGEST]
    if len(held) < len(MAGIC) + 8 + _END or _sha256(content) != digest:
        if _lacks_seal(held):
            raise _unsigned(what)
        raise ModelFileError(
            f"{what} is damaged or cut short: its {len(held)} bytes do not match their SHA-256",
            hint=AGAIN,
        )
    return content, digest, end[_DIGEST : _DIGEST + _KEY], end[_DIGEST + _KEY :]


def _lacks_seal(held: bytes) -> bool:
    """Return whether bytes are whole up to their digest, and the signature or the key is gone."""
    ends = (len(held), len(held) - _KEY)
    return any(_sha256(held[: end - _DIGEST]) == held[end - _DIGEST : end] for end in ends)


def _unsigned(what: str) -> ModelFileError:
    return ModelFileError(
        f"{what} is not signed: nobody vouches for what it holds",
        hint="fit again, what is written is signed; or restore the file from a backup",
    )


def _header(content: bytes, what: str) -> tuple[dict[str, Any], bytes]:
    """Return the header and the bytes behind it; only the canonical text is taken."""
    start = len(MAGIC) + 8
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    text = content[start:end]
    try:
        header = json.loads(text)
        is_canonical = end <= len(content) and canonical_json(header).encode() == text
    except ValueError as error:
        raise _odd(what, "its header is not JSON") from error
    if not is_canonical or not isinstance(header, dict) or not _lists_parts(header.get("parts")):
        raise _odd(what, "its header is not in its one form")
    return header, content[end:]


def _lists_parts(parts: object) -> bool:
    """Say whether a header lists parts with a name of their own, a form, a length and a hash."""
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        return False
    names = [each.get("name") for each in parts]
    return len(set(map(str, names))) == len(names) and all(
        each.keys() == {"name", "form", "n_bytes", "sha256"}
        and isinstance(each["name"], str)
        and each["form"] in ("npy", "bytes")
        and isinstance(each["n_bytes"], int)
        and each["n_bytes"] >= 0
        for each in parts
    )


def _npy(name: str, array: np.ndarray[Any, Any]) -> bytes:
    """Return an array of numbers as the bytes of a ``.npy`` file."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"array {name!r} is {array.dtype}; only plain numbers are kept")
    plain = np.require(array, array.dtype.newbyteorder("<"), ["C"])
    stream = io.BytesIO()
    np.lib.format.write_array(stream, plain, version=(1, 0))
    return stream.getvalue()


def _array(piece: bytes, name: str, what: str) -> np.ndarray[Any, Any]:
    """Return the read-only array of a part, which must be written as we write it."""
    try:
        array = np.lib.format.read_array(io.BytesIO(piece))
        is_ours = _npy(name, array) == piece
    except ValueError as error:
        raise _odd(what, f"its part {name!r} is not an array of numbers") from error
    if not is_ours:
        raise _odd(what, f"its part {name!r} is not written as Quorate writes arrays")
    array.flags.writeable = False
    return array


def _odd(what: str, said: str) -> ModelFileError:
    return ModelFileError(
        f"{what} is signed, but {said}", hint="fit again; if that does not help, report it"
    )


def _sha256(held: bytes) -> bytes:
    return hashlib.sha256(held).digest()
