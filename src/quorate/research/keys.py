"""The key that signs model files: made on first use, kept for its owner alone, never in a project.

In: a folder. Out: a ``Signer``, and the public keys that loading trusts. The signature says that
a file came from who holds the key, so that nobody who can merely write to a folder of models can
put another one to trade with. A vault will hold the key when there is one: it gives a ``Signer``
too, and nothing else changes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "signing.pem"
_PRIVATE = 0o600


class Signer(NamedTuple):
    """Who signs: an Ed25519 public key of 32 bytes, and what makes a signature of 64 bytes."""

    public: bytes
    sign: Callable[[bytes], bytes]


def folder() -> Path:
    """Return the user's folder of Quorate: ``QUORATE_CONFIG_DIR``, else the system's convention."""
    chosen = os.environ.get("QUORATE_CONFIG_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "quorate"


def signer(where: Path | None = None) -> Signer:
    """Return the local signer; its key is made, mode 600, where there is none.

    Parameters
    ----------
    where : Path, optional
        Folder of the key; ``folder()`` where not given.

    Raises
    ------
    ConfigError
        The key cannot be read or made, is none, or others may read it.

    Notes
    -----
    Units: none.  Causal: no data.  Missing: made. Two processes that make it at once end with one.
    """
    path = (where or folder()) / FILE
    if not os.path.lexists(path):
        _make(path)
    return _signer(path)


def trusted(where: Path | None = None) -> tuple[bytes, ...]:
    """Return the public keys that loading trusts: the local one; nothing is made."""
    path = (where or folder()) / FILE
    return (_signer(path).public,) if os.path.lexists(path) else ()


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether a signature of a message is that of a public key."""
    ed25519, _, errors = _cryptography()
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (errors.InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """Return 16 hexadecimal digits that name a public key.

    Examples
    --------
    >>> fingerprint(bytes(32))
    '66687aadf862bd77'
    """
    return hashlib.sha256(public).hexdigest()[:16]


def _signer(path: Path) -> Signer:
    """Read the key, or raise ``ConfigError``."""
    ed25519, serialization, errors = _cryptography()
    held = _private_bytes(path)
    try:
        key = serialization.load_pem_private_key(held, password=None)
    except (ValueError, TypeError, errors.UnsupportedAlgorithm) as error:
        raise _no_key(path, "is not a private key without a password") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise _no_key(path, "is a key of another kind than Ed25519")
    raw = serialization.Encoding.Raw
    return Signer(key.public_key().public_bytes(raw, serialization.PublicFormat.Raw), key.sign)


def _private_bytes(path: Path) -> bytes:
    """Return the content of a plain file of ours that nobody else may read."""
    try:
        # no link is followed, and what is checked is what is read
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise _no_key(path, f"cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.getuid():
            raise _no_key(path, "is not a plain file of yours")
        if about.st_mode & 0o077:
            raise ConfigError(
                f"the signing key {path} has mode {stat.S_IMODE(about.st_mode):o}: others may use "
                "it, so its signature says nothing",
                hint=f"chmod 600 {path}; if others had access, move it away and fit again",
            )
        return stream.read(65_536)


def _make(path: Path) -> None:
    """Make the key in one step; where another process was first, its key stands."""
    ed25519, serialization, _ = _cryptography()
    held = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(handle, _PRIVATE)
            stream.write(held)
            stream.flush()
            os.fsync(handle)
        # a link is refused where the name is taken, a rename would replace a key that has signed
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError as error:
        raise _no_key(path, f"cannot be made: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _no_key(path: Path, said: str) -> ConfigError:
    return ConfigError(
        f"the signing key {path} {said}",
        hint="check the folder, or move the file away to have a new key made; models signed with "
        "the old one must then be fitted again",
    )


def _cryptography() -> tuple[Any, Any, Any]:
    """Return the modules of the library: keys, their formats, errors."""
    try:
        from cryptography import exceptions
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ConfigError(
            "model files are signed with the package cryptography, which is not installed",
            hint='install it: pip install "quorate[research]"',
        ) from error
    return ed25519, serialization, exceptions
