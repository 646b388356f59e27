"""A signature beside a digest: what lies in a plain file came from who holds the key.

In: what is signed, in a word, and its digest. Out: a seal, plain values that stand in the file; and
why one does not hold. Model files have theirs in their bytes (``container``).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from quorate.records import canonical_json
from quorate.research import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.research.keys import Signer


def seal(word: str, digest: str, by: Signer | None = None) -> dict[str, str]:
    """Return the seal of a digest.

    Parameters
    ----------
    word : str
        What kind of thing it is of: a seal of an audit is none of anything else.
    digest : str
        Of the thing, in hex.
    by : Signer, optional
        Who signs; the local key, made on first use, where not given.

    Raises
    ------
    ConfigError
        There is no key, or no library to sign with.
    """
    who = keys.signer() if by is None else by
    return {"key": who.public.hex(), "signature": who.sign(_said(word, digest)).hex()}


def digest_of(told: Mapping[str, Any]) -> str:
    """Return the digest of plain values; their own digest and seal are no part of it.

    Examples
    --------
    >>> digest_of({"a": 1}) == digest_of({"a": 1, "seal": {}, "digest": ""})
    True
    """
    rest = {name: value for name, value in told.items() if name not in ("seal", "digest")}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


def broken(
    found: Mapping[str, Any] | None, word: str, digest: str, trusted: Iterable[bytes]
) -> str:
    """Return in words why a seal does not hold; empty where it does.

    Parameters
    ----------
    found : Mapping or None
        As ``seal`` gave it; None where there is none.
    word, digest : str
        As of ``seal``; the digest is computed anew from what is in the file.
    trusted : iterable of bytes
        Public keys whose signature is taken.

    Examples
    --------
    >>> broken(None, "audit", "ab", ())
    'the audit is not signed'
    """
    if found is None:
        return f"the {word} is not signed"
    try:
        public, signature = (bytes.fromhex(str(found[name])) for name in ("key", "signature"))
    except (KeyError, ValueError, TypeError):
        return f"the signature of the {word} is none"
    known = tuple(trusted)
    if public not in known:
        names = ", ".join(map(keys.fingerprint, known)) or "none"
        return f"the {word} is signed by the key {keys.fingerprint(public)}, trusted are: {names}"
    if not keys.is_signed(public, signature, _said(word, digest)):
        return f"the signature of the {word} is not that of its content: somebody changed it"
    return ""


def _said(word: str, digest: str) -> bytes:
    return f"quorate {word} {digest}".encode()
