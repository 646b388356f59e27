"""The two ports: what the desk asks of secrets, and what keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from quorate.live.secrets.entry import Scope, SlotRow
    from quorate.live.secrets.secret import Secret


class SecretProvider(Protocol):
    """Secrets of one scope, by name. What the desk is given; where they are kept it cannot see."""

    def get(self, name: str) -> Secret:
        """Return the current value of a name, or raise ``SecretsError``."""

    def active(self, name: str) -> tuple[Secret, ...]:
        """Return the values of a name that are in use, the current one first."""

    def entries(self) -> tuple[SlotRow, ...]:
        """Return every slot there is: kinds and dates, no values."""


class VaultText(NamedTuple):
    """The text of a vault, empty where there is none yet, and which version of it that is."""

    text: str
    version: str


class Holder(NamedTuple):
    """Who opens a scope: a public name, and what only this one knows, to seal an enrolment with."""

    name: str
    key: bytes


class Backing(Protocol):
    """Where the text of a vault is kept, encrypted; each scope apart."""

    def load(self, scope: Scope) -> VaultText:
        """Return what is kept.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            It cannot be opened; or whoever keeps it does not answer.
        """

    def save(self, scope: Scope, text: str, version: str) -> None:
        """Keep another text, whole or not at all, where the one kept is still of a version.

        Raises
        ------
        SecretsError, SecretsUnavailableError
            Somebody else has changed it meanwhile, it cannot be written, or nobody answers.
        """

    def holder(self, scope: Scope) -> Holder:
        """Return who opens a scope here, made where this is the first time."""

    def remarks(self) -> tuple[str, ...]:
        """Return what is unwise in how it is kept, each with what to do."""
