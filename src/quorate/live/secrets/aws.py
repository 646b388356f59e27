"""A vault at AWS Secrets Manager: one secret for each scope, below a path.

In: a path and a region. Out: the text of a scope, and another one in its place. The one file that
knows boto3. Who may read which scope is said by the policies there; the machine's role is taken as
boto3 finds it, from the metadata of the instance and not from the environment.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from quorate.errors import SecretsError, SecretsUnavailableError
from quorate.live.secrets.port import Backing, Holder, VaultText
from quorate.live.secrets.scrubber import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.live.secrets.entry import Scope

_LATER: Final = ("InternalServiceError", "ThrottlingException", "ServiceUnavailable")
_CHANGED: Final = ("ResourceExistsException", "InvalidParameterException")
_PENDING: Final = "AWSPENDING"
_CURRENT: Final = "AWSCURRENT"


class AwsSecrets(Backing):
    """AWS Secrets Manager.

    Parameters
    ----------
    path : str
        Secrets are PATH/read-only and PATH/trade.
    region : str
        Empty: as the machine says.
    client : object, optional
        A client of boto3; made when first used where not given.

    Notes
    -----
    Units: none.  Causal: as the service answers.  Missing: a secret that is not there is empty.
    Another text is put as a new version, which becomes the current one only while the one that was
    read still is.
    RELIABILITY 5 (secrets choice).
    """

    def __init__(self, path: str, region: str = "", client: Any = None) -> None:  # noqa: ANN401
        self._path = path
        self._region = region
        self._given = client

    @override
    def load(self, scope: Scope) -> VaultText:
        """Read the current version of a scope's secret."""
        with self._answering(scope) as client:
            try:
                found = client.get_secret_value(SecretId=self._name(scope), VersionStage=_CURRENT)
            except client.exceptions.ResourceNotFoundException:
                return VaultText("", "")
        return VaultText(found["SecretString"], found["VersionId"])

    @override
    def save(self, scope: Scope, text: str, version: str) -> None:
        """Put a new version, and make it the current one in the place of the one that was read."""
        name = self._name(scope)
        with self._answering(scope) as client:
            if not version:
                client.create_secret(Name=name, SecretString=text)
                return
            put = client.put_secret_value(
                SecretId=name, SecretString=text, VersionStages=[_PENDING]
            )
            # refused by the service where another version has become current meanwhile
            client.update_secret_version_stage(
                SecretId=name,
                VersionStage=_CURRENT,
                MoveToVersionId=put["VersionId"],
                RemoveFromVersionId=version,
            )

    @override
    def holder(self, scope: Scope) -> Holder:
        """Return the secret's name: who may open it, AWS says."""
        return Holder(f"aws:{self._region}:{self._name(scope)}", b"")

    @override
    def remarks(self) -> tuple[str, ...]:
        """Say nothing: who may read is said at AWS."""
        return ()

    def _name(self, scope: Scope) -> str:
        return f"{self._path}/{scope.value}"

    @contextmanager
    def _answering(self, scope: Scope) -> Iterator[Any]:
        """Give a client, and turn what it raises into our errors, without values."""
        boto3, errors, config = _boto3()
        name = self._name(scope)
        try:
            if self._given is None:
                self._given = boto3.client(
                    "secretsmanager",
                    region_name=self._region or None,
                    config=config(connect_timeout=5, read_timeout=5, retries={"max_attempts": 3}),
                )
            yield self._given
        except errors.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _LATER:
                raise _silent(name, code) from None
            hint = (
                "do it again" if code in _CHANGED else "look at the policy of this machine's role"
            )
            said = "was changed by another meanwhile" if code in _CHANGED else "is refused"
            raise SecretsError(f"the secret {name} at AWS {said}: {code}", hint=hint) from None
        except errors.BotoCoreError as error:
            raise _silent(name, KNOWN.scrub(str(error))) from None


def _silent(name: str, said: str) -> SecretsUnavailableError:
    return SecretsUnavailableError(
        f"AWS does not answer for the secret {name}: {said}", hint="try again in a minute"
    )


def _boto3() -> tuple[Any, Any, Any]:
    try:
        import boto3
        from botocore import exceptions
        from botocore.config import Config
    except ImportError as error:
        raise SecretsError(
            "AWS Secrets Manager is asked with the package boto3, which is not installed",
            hint='install it: pip install "quorate[vault]"',
        ) from error
    return boto3, exceptions, Config
