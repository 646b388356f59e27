"""A vault in files: one for each scope, encrypted to an X25519 identity with age.

In: a folder of mode 0700. Out: the text of a scope, and another one in its place. The one file
that knows pyrage. Keys that read and keys that trade have files and identities of their own, so
the file that trades need not be on a machine that does research, and is of no use there.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from quorate.errors import SecretsError
from quorate.live.secrets import files, identity
from quorate.live.secrets.port import Backing, Holder, VaultText
from quorate.live.secrets.scrubber import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.live.secrets.entry import Scope
    from quorate.live.secrets.secret import Secret

_LOCK: Final = ".lock"


class AgeFiles(Backing):
    """Age files in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is missing, mode 0700.
    said : str
        Where identities come from, as ``identity.source`` reads it.
    ask : callable, optional
        Asks a person for a passphrase.
    passphrase : callable, optional
        Returns the passphrase that an identity made here is encrypted with; none when left out.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a scope without a file is empty. Files and identities have
    mode 0600; others are refused, with what to do.
    RELIABILITY 5 (secrets choice).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from quorate.live.secrets.entry import Scope
    >>> with tempfile.TemporaryDirectory() as made:
    ...     kept = AgeFiles(pathlib.Path(made))
    ...     kept.save(Scope.READ_ONLY, "a text", "")
    ...     b"a text" in (pathlib.Path(made) / "read-only.age").read_bytes()
    ...     kept.load(Scope.READ_ONLY).text
    False
    'a text'
    """

    def __init__(
        self,
        folder: Path,
        said: str = "",
        ask: Callable[[str], str] | None = None,
        passphrase: Callable[[], str] | None = None,
    ) -> None:
        self._folder = folder
        self._said = said
        self._ask = ask
        self._passphrase = passphrase
        self._found: dict[Scope, Secret] = {}

    @override
    def load(self, scope: Scope) -> VaultText:
        """Decrypt the file of a scope; empty where there is none."""
        path = self._path(scope)
        if not self._folder.exists():
            return VaultText("", "")
        files.check_folder(self._folder)
        if not path.exists():
            return VaultText("", "")
        raw = files.read(path)
        age = _pyrage()
        try:
            text = age.decrypt(raw, [age.x25519.Identity.from_str(self._identity(scope).reveal())])
        except (age.DecryptError, age.IdentityError) as error:
            raise SecretsError(
                f"{path} is not opened by the identity here: {error}",
                hint="give the identity it was encrypted to, or restore both from one backup",
            ) from error
        return VaultText(text.decode(), _version(raw))

    @override
    def save(self, scope: Scope, text: str, version: str) -> None:
        """Encrypt a text into the file of a scope, whole or not at all."""
        files.check_folder(self._folder, make=True)
        path, age = self._path(scope), _pyrage()
        with files.locked(self._folder / _LOCK):
            if (_version(files.read(path)) if path.exists() else "") != version:
                raise SecretsError(
                    f"{path} was changed by another process meanwhile", hint="do it again"
                )
            held = age.x25519.Identity.from_str(self._made(scope).reveal())
            files.replace(path, age.encrypt(text.encode(), [held.to_public()]))

    @override
    def holder(self, scope: Scope) -> Holder:
        """Return the public key of a scope's identity, made where there is none."""
        files.check_folder(self._folder, make=True)
        with files.locked(self._folder / _LOCK):
            text = self._made(scope).reveal()
        public = str(_pyrage().x25519.Identity.from_str(text).to_public())
        return Holder(public, hashlib.sha256(f"quorate holder {text}".encode()).digest())

    @override
    def remarks(self) -> tuple[str, ...]:
        """Say where an identity that no passphrase protects lies beside what it opens."""
        beside = [
            path.name
            for path in sorted(self._folder.glob("*.key"))
            if not files.read(path).startswith(identity.LOCKED)
        ]
        if not beside:
            return ()
        return (
            (
                f"{', '.join(beside)} in {self._folder}: whoever copies the folder has the keys; "
                "give identities by systemd (LoadCredential), or with a passphrase"
            ),
        )

    def _path(self, scope: Scope) -> Path:
        return self._folder / f"{scope.value}.age"

    def _identity(self, scope: Scope) -> Secret:
        if scope not in self._found:
            where = identity.source(self._said, scope, self._folder)
            found = identity.read(where, self._ask, _unlocked)
            KNOWN.learn(found)
            self._found[scope] = found
        return self._found[scope]

    def _made(self, scope: Scope) -> Secret:
        """Return the identity of a scope; it is made where nothing is encrypted to another."""
        where = identity.source(self._said, scope, self._folder)
        if where.path is None or where.is_given or where.path.exists():
            return self._identity(scope)
        if self._path(scope).exists():
            raise SecretsError(
                f"the identity {where.path} is gone, {self._path(scope)} is there",
                hint="restore it from its backup: nothing else opens that file",
            )
        age = _pyrage()
        made = age.x25519.Identity.generate()
        text = f"# public key: {made.to_public()}\n{made}\n".encode()
        if self._passphrase is not None:
            text = age.passphrase.encrypt(text, self._passphrase())
        files.replace(where.path, text)
        return self._identity(scope)


def _version(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _unlocked(raw: bytes, passphrase: str) -> bytes:
    age = _pyrage()
    try:
        opened: bytes = age.passphrase.decrypt(raw, passphrase)
    except age.DecryptError as error:
        raise SecretsError("that is not the passphrase", hint="try again") from error
    return opened


def _pyrage() -> Any:  # noqa: ANN401  (untyped)
    try:
        import pyrage
    except ImportError as error:
        raise SecretsError(
            "secrets are kept with the package pyrage, which is not installed",
            hint='install it: pip install "quorate[live]"',
        ) from error
    return pyrage
