"""The errors Quorate raises, as a tree; every one carries what to do next.

::

    QuorateError
    ├─ ConfigError          unknown key, value out of bounds
    │  └─ SecretsError      a secret is not there, not for this machine, or cannot be opened
    │     └─ SecretsUnavailableError *   whoever keeps them does not answer
    ├─ DataError
    │  ├─ GapError          bars are missing where they must not be
    │  ├─ SchemaError       a column, type or order is not what it must be
    │  ├─ StaleDataError    data are older than their limit
    │  └─ StorageError      object storage refuses
    │     └─ StorageUnavailableError *   it does not answer, or says: later
    ├─ EngineError          an engine raised, or returned what is not a vote
    ├─ ResearchError
    │  ├─ TooLittleHistoryError   not enough history for what was asked
    │  ├─ LeakageError      what a model learns from reaches into what it is tested on
    │  ├─ ModelFileError    a model file is damaged, not ours, or made for other features
    │  └─ RegistryError     a registry of models refuses: evidence lacks, no champion, too old
    ├─ VenueError           a venue answered with an error, or what cannot be read
    │  ├─ VenueUnavailableError *   no answer, or one that says: later
    │  ├─ RateLimitError *  too many requests; it says how long to wait
    │  ├─ CredentialsError  a key is missing, wrong or not allowed to do this
    │  └─ NotOfferedError   the venue has no such data, or not for this symbol
    └─ StoreError
       ├─ MigrationError    the database has another schema than this version
       ├─ DuplicateEventError
       ├─ DuplicateIntentError   an intent, or its client id, is in the journal already
       ├─ DuplicateFillError     a trade is in the journal already
       ├─ ChainError        the hash chain of the events, or of a journal, is broken
       ├─ LeaseError *      another process writes the journal of this account
       ├─ FencedError       another process has taken the journal over
       └─ CommitInDoubtError   whether rows were committed is not known: settle it

``*``: the same call may succeed later (``retryable``).
A refusal to trade is not an error: it is a value, ``core.types.Reason``.
"""

from __future__ import annotations


class QuorateError(Exception):
    """An error with a way out.

    Parameters
    ----------
    message : str
        What is wrong, which value, which bound.
    hint : str
        What to do next; shown on its own line.

    Notes
    -----
    ``retryable`` says whether the same call may succeed later without a change.

    Examples
    --------
    >>> print(ConfigError("risk.preset is 'wild'", hint="use one of: conservative, balanced"))
    risk.preset is 'wild'
      next: use one of: conservative, balanced
    """

    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}\n  next: {hint}" if hint else message)
        self.message = message
        self.hint = hint


class ConfigError(QuorateError):
    """A setting is unknown or outside its bounds."""


class SecretsError(ConfigError):
    """A secret is not there, not for this machine or process, or cannot be opened."""


class SecretsUnavailableError(SecretsError):
    """Whoever keeps secrets gave no answer, or one that says: later."""

    retryable = True


class DataError(QuorateError):
    """Market data cannot be used as they are."""


class GapError(DataError):
    """Bars are missing where they must not be."""


class SchemaError(DataError):
    """A column, a type or an order of rows is not what it must be."""


class StaleDataError(DataError):
    """Data are older than their limit."""


class StorageError(DataError):
    """Object storage refuses: no such bucket, no key, not allowed."""


class StorageUnavailableError(StorageError):
    """Object storage gave no answer, or one that says: later."""

    retryable = True


class EngineError(QuorateError):
    """An engine cannot be loaded, raised, or returned what is not a vote."""


class ResearchError(QuorateError):
    """A model cannot be made or judged as asked."""


class TooLittleHistoryError(ResearchError):
    """There is not enough history for what was asked."""


class LeakageError(ResearchError):
    """What a model learns from reaches into what it is tested on."""


class ModelFileError(ResearchError):
    """A model file is damaged, not signed by a known key, or made for other features."""


class RegistryError(ResearchError):
    """A registry of models refuses a move, or has no champion that may vote."""


class VenueError(QuorateError):
    """A venue answered with an error, or with what cannot be read."""


class VenueUnavailableError(VenueError):
    """A venue gave no answer, or one that says: later; ``wait_s`` is how much, if it said."""

    retryable = True

    def __init__(self, message: str, *, hint: str = "", wait_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class RateLimitError(VenueError):
    """A venue was asked too often; ``wait_s`` is how long it wants to be left alone, if it said.

    Examples
    --------
    >>> RateLimitError("binance: 429", wait_s=3.0).retryable
    True
    """

    retryable = True

    def __init__(self, message: str, *, hint: str = "", wait_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class CredentialsError(VenueError):
    """A key is missing, wrong, or not allowed to do what was asked."""


class NotOfferedError(VenueError):
    """A venue has no such data, or not for this symbol."""


class StoreError(QuorateError):
    """The operational store cannot do what was asked."""


class MigrationError(StoreError):
    """The database has a schema that this version does not know."""


class DuplicateEventError(StoreError):
    """An event with this id is already in the store."""


class DuplicateIntentError(StoreError):
    """An intent, or its client id, is in the journal already: it is not sent again."""


class DuplicateFillError(StoreError):
    """A trade is in the journal already; nothing of the batch was written."""


class ChainError(StoreError):
    """The hash chain of the events, or of a journal, is broken."""


class LeaseError(StoreError):
    """Another process holds the journal of this account."""

    retryable = True


class FencedError(StoreError):
    """Another process has taken the journal over: this one may write, and send, no more."""


class CommitInDoubtError(StoreError):
    """The connection was lost in a commit and could not be made again: ``Writer.settle`` asks."""
