"""The text of an age identity: from a file, from systemd, from an open descriptor.

Never from the environment, which every child and every crash report inherits.

In: a source in words. Out: the text, which is a secret. A file that is itself encrypted with a
passphrase is opened by asking for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import SecretsError
from quorate.live.secrets import files
from quorate.live.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.secrets.entry import Scope

CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what ``LoadCredential=`` names; a path, no secret."""
LOCKED: Final = b"age-encryption.org/v1"
_MARK: Final = "AGE-SECRET-KEY-"
_DESCRIPTOR: Final = "fd:"


class IdentitySource(NamedTuple):
    """Where an identity comes from.

    Parameters
    ----------
    path : Path or None
        A file.
    descriptor : int or None
        An open descriptor, which is read to its end and closed.
    is_given : bool
        Whether systemd has put the file there: the group may then read it, and it is never made.
    """

    path: Path | None
    descriptor: int | None = None
    is_given: bool = False


def source(said: str, scope: Scope, folder: Path) -> IdentitySource:
    """Return where the identity of a scope comes from.

    Parameters
    ----------
    said : str
        A path, in which ``{scope}`` is read-only or trade; ``fd:N``; or nothing: what systemd
        gives under quorate-read-only or quorate-trade, else SCOPE.key in the folder.
    scope : Scope
        Of which keys.
    folder : Path
        Of the vault.

    Raises
    ------
    SecretsError
        The number of a descriptor is none.

    Examples
    --------
    >>> from quorate.live.secrets.entry import Scope
    >>> source("fd:3", Scope.TRADE, Path("vault")).descriptor
    3
    >>> str(source("keys/{scope}.key", Scope.TRADE, Path("vault")).path)
    'keys/trade.key'
    """
    if said.startswith(_DESCRIPTOR):
        number = said.removeprefix(_DESCRIPTOR)
        if not number.isdigit():
            raise SecretsError(f"secrets.identity is {said!r}", hint="write fd:3, or a path")
        return IdentitySource(None, int(number))
    if said:
        return IdentitySource(Path(said.replace("{scope}", scope.value)))
    given = os.environ.get(CREDENTIALS)
    if given and (path := Path(given) / f"quorate-{scope.value}").exists():
        return IdentitySource(path, is_given=True)
    return IdentitySource(folder / f"{scope.value}.key")


def read(
    where: IdentitySource, ask: Callable[[str], str] | None, unlock: Callable[[bytes, str], bytes]
) -> Secret:
    """Return the text of an identity.

    Parameters
    ----------
    where : IdentitySource
        From ``source``.
    ask : callable or None
        Asks a person for a passphrase; None: nobody is there.
    unlock : callable
        Decrypts with a passphrase.

    Raises
    ------
    SecretsError
        It cannot be read, others may read it, nobody is there to ask, or it is none.
    """
    name = str(where.path) if where.path else f"descriptor {where.descriptor}"
    if where.path is not None:
        raw = files.read(where.path, others=0o007 if where.is_given else 0o077)
    else:
        raw = _drained(where.descriptor or 0)
    if raw.startswith(LOCKED):
        if ask is None:
            raise SecretsError(
                f"the identity {name} wants a passphrase and nobody is there to ask",
                hint="run it at a terminal, or give the identity by systemd (LoadCredential)",
            )
        raw = unlock(raw, ask(f"passphrase of {name}: "))
    for line in raw.decode("ascii", "replace").splitlines():
        if line.startswith(_MARK):
            return Secret(line.strip())
    raise SecretsError(f"{name} holds no age identity", hint="restore it from its backup")


def _drained(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(1 << 16)
    except OSError as error:
        raise SecretsError(
            f"descriptor {descriptor} cannot be read: {error.strerror}",
            hint="open it in the shell: 3< <(...), with secrets.identity fd:3",
        ) from error
