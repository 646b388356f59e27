"""The vault: slots, scopes and a short memory over whatever keeps the text.

In: a backing and a clock. Out: a provider for one scope, and changes to what is kept. Keys that
trade are opened only where the enrolment says so, whoever asks.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from quorate.errors import SecretsError
from quorate.live.secrets import enrolment, files, slots
from quorate.live.secrets.entry import Scope, Slot, listed, read, written
from quorate.live.secrets.port import Backing, SecretProvider
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from quorate.live.secrets.entry import NamedSecret, SecretKind, SlotRow

KEEP_MS: Final = 300_000
"""How long what was read is believed."""


class Vault:
    """Named secrets, kept by a backing.

    Parameters
    ----------
    backing : Backing
        Age files, or a server.
    enrolled : Path
        The file that says whether this machine may open keys that trade.
    now_ms : callable
        The clock, ms since 1970.
    box : callable, optional
        Names this machine.

    Notes
    -----
    Units: ms since 1970.  Causal: as kept, at most five minutes ago.  Missing: ``SecretsError``.
    Spec 14 (secrets in vault, read-only keys for research, trade keys only on live box);
    RELIABILITY 5.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from quorate.live.secrets.age import AgeFiles
    >>> from quorate.live.secrets.entry import SecretKind
    >>> with tempfile.TemporaryDirectory() as made:
    ...     folder = pathlib.Path(made)
    ...     vault = Vault(AgeFiles(folder), folder / "enrolment.json", lambda: 0)
    ...     vault.set("hook", SecretKind.TOKEN, Secret("correct horse")).value
    ...     vault.open().get("hook")
    'current'
    <secret>
    """

    def __init__(
        self,
        backing: Backing,
        enrolled: Path,
        now_ms: Callable[[], int],
        box: Callable[[], str] = enrolment.machine,
    ) -> None:
        self._backing = backing
        self._enrolled = enrolled
        self._now_ms = now_ms
        self._box = box

    def open(self, scope: Scope = Scope.READ_ONLY) -> ScopedSecrets:
        """Return the secrets of a scope.

        Parameters
        ----------
        scope : Scope
            Keys that read, unless keys that trade are asked for.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            This machine is not enrolled; it cannot be opened; nobody answers.
        """
        self._admit(scope)
        return ScopedSecrets(self._backing, scope, self._now_ms, self._admit)

    def set(
        self, name: str, kind: SecretKind, value: Secret, scope: Scope = Scope.READ_ONLY
    ) -> Slot:
        """Keep a value: current where there is none of the name, next otherwise.

        Parameters
        ----------
        name, kind, value
            As ``slots.put`` takes them.
        scope : Scope
            Which keys it is among.

        Returns
        -------
        Slot
            Where it went.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            As of ``open``, or the value is none.
        """
        KNOWN.learn(value)
        with self._changing(scope) as entries:
            entries[:], slot = slots.put(entries, name, kind, value, self._now_ms())
        return slot

    def rotate(self, name: str, scope: Scope = Scope.READ_ONLY, grace_ms: int = 0) -> None:
        """Make the next value of a name the current one; the old one goes on for a grace time.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            As of ``open``, or nothing waits under the name.
        """
        with self._changing(scope) as entries:
            entries[:] = slots.rotated(entries, name, self._now_ms(), grace_ms)

    def entries(self, scope: Scope = Scope.READ_ONLY) -> tuple[SlotRow, ...]:
        """Return every slot of a scope: kinds and dates, no values."""
        return self.open(scope).entries()

    def enrol(self, by: str) -> str:
        """Let this machine open keys that trade; return the public name of who opens them here.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            Nobody says so, the machine has no id, or the enrolment cannot be written.
        """
        files.check_folder(self._enrolled.parent, make=True)
        holder = self._backing.holder(Scope.TRADE)
        enrolment.enrol(self._enrolled, self._box(), holder, by, self._now_ms())
        return holder.name

    def remarks(self) -> tuple[str, ...]:
        """Return what is unwise in how secrets are kept, each with what to do."""
        return self._backing.remarks()

    def _admit(self, scope: Scope) -> None:
        if scope is not Scope.TRADE:
            return
        if not self._enrolled.exists():  # before any identity is read or made
            why = f"this machine is not enrolled as live ({self._enrolled})"
            raise SecretsError(f"keys that trade stay shut: {why}", hint=enrolment.HINT)
        why = enrolment.refusal(self._enrolled, self._box(), self._backing.holder(scope))
        if why:
            raise SecretsError(f"keys that trade stay shut: {why}", hint=enrolment.HINT)

    @contextmanager
    def _changing(self, scope: Scope) -> Iterator[list[NamedSecret]]:
        self._admit(scope)
        text, version = self._backing.load(scope)
        entries = list(read(text))
        _learn(entries)
        yield entries
        self._backing.save(scope, written(entries), version)


class ScopedSecrets(SecretProvider):
    """The secrets of one scope, read again when they were read five minutes ago.

    Notes
    -----
    Units: ms.  Causal: as kept at most five minutes ago.  Missing: ``SecretsError``. What cannot be
    read again is not given out of memory.
    """

    def __init__(
        self,
        backing: Backing,
        scope: Scope,
        now_ms: Callable[[], int],
        admit: Callable[[Scope], None],
    ) -> None:
        self._backing = backing
        self._scope = scope
        self._now_ms = now_ms
        self._admit = admit
        self._held: tuple[NamedSecret, ...] | None = None
        self._read_ms = 0
        self._entries()

    @override
    def get(self, name: str) -> Secret:
        """Return the current value of a name."""
        return self.active(name)[0]

    @override
    def active(self, name: str) -> tuple[Secret, ...]:
        """Return the values of a name that are in use, the current one first."""
        entry = slots.named(self._entries(), name)
        return tuple(Secret(each.reveal()) for each in slots.active(entry, self._now_ms()))

    @override
    def entries(self) -> tuple[SlotRow, ...]:
        """Return every slot there is."""
        return listed(self._entries(), self._scope)

    def close(self) -> None:
        """Overwrite what is held here."""
        for entry in self._held or ():
            for held in entry.slots.values():
                held.value.wipe()
        self._held = None

    def _entries(self) -> tuple[NamedSecret, ...]:
        now = self._now_ms()
        # a clock that went back says nothing about an age
        if self._held is None or not 0 <= now - self._read_ms < KEEP_MS:
            self.close()
            self._admit(self._scope)
            self._held = read(self._backing.load(self._scope).text)
            self._read_ms = now
            _learn(self._held)
        return self._held


def _learn(entries: tuple[NamedSecret, ...] | list[NamedSecret]) -> None:
    KNOWN.learn(*(held.value for entry in entries for held in entry.slots.values()))
